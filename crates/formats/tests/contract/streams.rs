//! The same bytes into a pipe.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::RecordBatch;
use formats::{Compression, FileOptions, FileWriter, Location, StreamWriter};

use crate::sample::{batch, schema};

fn options(format: &str, compression: Compression) -> FileOptions {
    FileOptions { format: format.parse().unwrap(), compression, level: None }
}

#[tokio::test]
async fn a_stream_has_the_bytes_of_a_file() {
    let location = Location::in_memory();
    let formats = [
        ("csv", Compression::None),
        ("jsonl", Compression::Gzip),
        ("json", Compression::Zstd),
        ("json", Compression::None),
        ("parquet", Compression::None),
    ];
    for (format, compression) in formats {
        let options = options(format, compression);
        let mut file = FileWriter::create(&location, "a", schema(), &options).await.unwrap();
        let mut stream = StreamWriter::new(Vec::new(), schema(), &options).unwrap();
        for count in [3, 0, 700] {
            file.write(&batch(count)).await.unwrap();
            stream.write(&batch(count)).unwrap();
        }
        file.finish().await.unwrap();
        let stream = stream.finish().unwrap();
        assert!(location.read("a").await.unwrap() == stream, "{format}");
    }
}

#[test]
fn arrow_streams_have_no_footer() {
    let mut stream =
        StreamWriter::new(Vec::new(), schema(), &options("arrow", Compression::Lz4)).unwrap();
    stream.write(&batch(10)).unwrap();
    let bytes = stream.finish().unwrap();
    let reader = arrow_ipc::reader::StreamReader::try_new(bytes.as_slice(), None).unwrap();
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>().unwrap();
    assert_eq!(batches, [batch(10)]);
    assert_eq!(batches[0].schema(), schema());
}

#[test]
fn what_is_flushed_has_been_written() {
    let bytes = Arc::new(std::sync::Mutex::new(Vec::new()));
    struct Shared(Arc<std::sync::Mutex<Vec<u8>>>);
    impl Write for Shared {
        fn write(&mut self, content: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(content)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let options = options("jsonl", Compression::None);
    let mut stream = StreamWriter::new(Shared(Arc::clone(&bytes)), schema(), &options).unwrap();
    stream.write(&batch(1)).unwrap();
    stream.flush().unwrap();
    assert!(bytes.lock().unwrap().ends_with(b"}\n"));
}

#[test]
fn a_reader_that_went_away_is_recognised() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let formats = [
        ("csv", Compression::None),
        ("csv", Compression::Gzip),
        ("csv", Compression::Zstd),
        ("csv", Compression::Lz4),
        ("csv", Compression::Snappy),
        ("csv", Compression::Bzip2),
        ("csv", Compression::Xz),
        ("json", Compression::None),
        ("parquet", Compression::None),
        ("arrow", Compression::None),
    ];
    for (format, compression) in formats {
        let mut stream =
            StreamWriter::new(Closed, schema(), &options(format, compression)).unwrap();
        let written = stream.write(&batch(100)).and_then(|()| stream.flush());
        let error = written.and_then(|()| stream.finish().map(drop)).unwrap_err();
        assert!(error.is_broken_pipe(), "{format} {compression}: {error:?}");
    }
}
