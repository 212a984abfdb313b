//! The records of Arrow files and streams.
//!
//! **Why not the readers of `arrow-ipc`?** They allocate what a length in the file says, before they know
//! whether there is so much, and take a stream that was cut for a shorter one. Its decoders do the work
//! here as well, and are given no more than there is.

use std::io::Read;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::fb_to_schema;
use arrow_ipc::reader::{FileDecoder, StreamDecoder, read_footer_length};
use arrow_ipc::{Block, root_as_footer};
use arrow_schema::{ArrowError, SchemaRef};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::runtime::Handle;

use crate::blocking::{BytesRead, ChunkSink, RandomAccess};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::records::{Batches, RecordOptions};

use super::message;

/// What stands before the length of a message; very old streams do not have it.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// The length of the footer and the mark after it.
const TRAILER: u64 = 10;

/// A file or a stream of which the schema has been read.
pub(crate) struct IpcFile {
    schema: SchemaRef,
    source: Source,
}

enum Source {
    File {
        file: RandomAccess,
        decoder: FileDecoder,
        batches: std::vec::IntoIter<Block>,
    },
    Stream(Stream),
    /// Batches that are there already.
    Given {
        runtime: Handle,
        batches: BoxStream<'static, Result<RecordBatch>>,
    },
}

struct Stream {
    source: Box<dyn Read + Send>,
    decoder: StreamDecoder,
    /// What has been read and not decoded.
    piece: Buffer,
    /// The first batch, where it came with the schema.
    first: Option<RecordBatch>,
}

impl IpcFile {
    /// The file format, whose footer is at its end. It waits, on a thread where it may.
    pub(crate) fn file(location: &Location, name: &str, read: BytesRead) -> Result<Self> {
        let file = RandomAccess::open(location, name, read)?;
        let too_short = || Error::data("it is too short for an Arrow file");
        let end = file.size().checked_sub(TRAILER).ok_or_else(too_short)?;
        let trailer = file.read(end..file.size())?;
        let trailer = trailer.as_ref().try_into().map_err(|_| too_short())?;
        let length = read_footer_length(trailer).map_err(unreadable)?;
        let start = end.checked_sub(length as u64).ok_or_else(too_short)?;
        let footer = file.read(start..end)?;
        let footer = root_as_footer(&footer)
            .map_err(|source| Error::data(format!("its footer is damaged: {source}")))?;
        let schema = footer.schema().ok_or_else(|| Error::data("its footer has no schema"))?;
        let schema = Arc::new(fb_to_schema(schema));
        let mut decoder = FileDecoder::new(Arc::clone(&schema), footer.version());
        for block in footer.dictionaries().iter().flatten() {
            let bytes = block_of(&file, block)?;
            decoder.read_dictionary(block, &bytes).map_err(unreadable)?;
        }
        let batches = footer.recordBatches().iter().flatten().copied().collect::<Vec<_>>();
        Ok(IpcFile { schema, source: Source::File { file, decoder, batches: batches.into_iter() } })
    }

    /// Batches of a schema, as if they were of a file.
    pub(crate) fn given(
        schema: SchemaRef,
        batches: BoxStream<'static, Result<RecordBatch>>,
    ) -> Self {
        IpcFile { schema, source: Source::Given { runtime: Handle::current(), batches } }
    }

    pub(crate) fn stream(source: Box<dyn Read + Send>) -> Result<Self> {
        let (decoder, piece) = (StreamDecoder::new(), Buffer::from(&[]));
        let mut stream = Stream { source, decoder, piece, first: None };
        let schema = loop {
            let batch = stream.decode().map_err(|source| {
                Error::of_data("it is neither an Arrow file nor an Arrow stream", source)
            })?;
            stream.first = batch;
            if let Some(schema) = stream.decoder.schema() {
                break schema;
            }
            if !stream.read()? {
                return Err(Error::data("it is no Arrow stream: it ends before its schema"));
            }
        };
        Ok(IpcFile { schema, source: Source::Stream(stream) })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Gets ready to read the records.
    pub(crate) fn records(self, options: RecordOptions) -> Result<IpcReader> {
        let batches = Batches::new(&self.schema, options)?;
        Ok(IpcReader { source: self.source, batches })
    }
}

/// Reads the records of one file, a batch at a time, as large as it was written.
pub(crate) struct IpcReader {
    source: Source,
    batches: Batches,
}

impl IpcReader {
    /// Reads all of them.
    pub(crate) fn run(self, sink: &ChunkSink) -> Result<()> {
        let IpcReader { mut source, mut batches } = self;
        while let Some(batch) = source.next()? {
            let batch = batch.project(batches.needed()).map_err(unreadable)?;
            if !batches.append(&batch, sink)? {
                break;
            }
        }
        Ok(())
    }
}

impl Source {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self {
            Source::Stream(stream) => stream.next(),
            Source::Given { runtime, batches } => runtime.block_on(batches.next()).transpose(),
            Source::File { file, decoder, batches } => {
                for block in batches.by_ref() {
                    let bytes = block_of(file, &block)?;
                    let batch = decoder.read_record_batch(&block, &bytes).map_err(unreadable)?;
                    if batch.is_some() {
                        return Ok(batch);
                    }
                }
                Ok(None)
            }
        }
    }
}

impl Stream {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        loop {
            if let Some(batch) = self.decode().map_err(unreadable)? {
                return Ok(Some(batch));
            }
            if !self.read()? {
                return self.decoder.finish().map(|()| None).map_err(unreadable);
            }
        }
    }

    fn decode(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        self.decoder.decode(&mut self.piece)
    }

    /// Reads the next message, which is looked through; `false` at the end.
    fn read(&mut self) -> Result<bool> {
        let mut bytes = Vec::new();
        self.message(&mut bytes)?;
        self.piece = Buffer::from_vec(bytes);
        Ok(!self.piece.is_empty())
    }

    /// A message and its body. What is cut, or is no message, is for the decoder to refuse.
    fn message(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        self.take(4, bytes)?;
        if *bytes == CONTINUATION {
            self.take(4, bytes)?;
        }
        let Some(length) = bytes.last_chunk().copied().map(u32::from_le_bytes) else {
            return Ok(());
        };
        let start = bytes.len();
        self.take(length.into(), bytes)?;
        let end = bytes.len();
        let Some(body) = bytes.get(start..).and_then(message::body_length) else { return Ok(()) };
        self.take(body, bytes)?;
        let (message, body) = bytes.split_at(end);
        message::check(message.get(start..).unwrap_or_default(), body).map_err(unreadable)
    }

    /// Reads so many bytes, or all there are.
    fn take(&mut self, count: u64, bytes: &mut Vec<u8>) -> Result<()> {
        let read = (&mut self.source).take(count).read_to_end(bytes);
        read.map(drop).map_err(|source| Error::of_data("it can't be read", source))
    }
}

/// The bytes of a block, if the file has so many, looked through.
fn block_of(file: &RandomAccess, block: &Block) -> Result<Buffer> {
    let damaged = || Error::data("its footer is damaged: it tells of blocks that are not there");
    let start = u64::try_from(block.offset()).map_err(|_| damaged())?;
    let metadata = u64::try_from(block.metaDataLength()).map_err(|_| damaged())?;
    let body = u64::try_from(block.bodyLength()).map_err(|_| damaged())?;
    let end = start.checked_add(metadata).and_then(|end| end.checked_add(body));
    let end = end.filter(|end| *end <= file.size() && metadata >= 8).ok_or_else(damaged)?;
    let bytes = file.read(start..end)?;
    let (message, body) = usize::try_from(metadata)
        .ok()
        .and_then(|metadata| bytes.split_at_checked(metadata))
        .ok_or_else(damaged)?;
    let message = message.strip_prefix(&CONTINUATION).unwrap_or(message);
    message::check(message.get(4..).unwrap_or_default(), body).map_err(unreadable)?;
    Ok(Buffer::from(bytes))
}

fn unreadable(source: ArrowError) -> Error {
    Error::of_data("it is not a whole Arrow file", source)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use super::*;

    const TOO_LONG: &str = "a buffer is far longer than its compressed bytes can be";

    /// A seed of the fuzzer, without its first byte, which is for the fuzzer.
    fn seed(name: &str) -> Vec<u8> {
        let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/arrow");
        std::fs::read(format!("{seeds}/{name}")).unwrap().split_off(1)
    }

    #[test]
    fn a_length_in_a_stream_does_not_decide_how_much_memory_is_taken() {
        let first = |name| IpcFile::stream(Box::new(io::Cursor::new(seed(name))))?.source.next();
        for (name, rows) in [("stream", 4), ("lz4.stream", 4), ("dictionary.stream", 2)] {
            assert_eq!(first(name).unwrap().unwrap().num_rows(), rows, "{name}");
        }
        let error = first("buffer-of-100-gib.stream").unwrap_err();
        assert!(error.source().unwrap().to_string().contains(TOO_LONG), "{error:?}");
    }

    #[tokio::test]
    async fn a_length_in_a_file_does_not_decide_how_much_memory_is_taken() {
        let open = |name: &'static str| async move {
            let location = Location::in_memory();
            location.put("a", seed(name).into()).await.unwrap();
            crate::blocking::run(move || IpcFile::file(&location, "a", BytesRead::default())).await
        };
        for name in ["file", "zstd.file"] {
            assert!(open(name).await.is_ok(), "{name}");
        }
        let error = open("buffer-of-100-gib.file").await.err().unwrap();
        assert!(error.source().unwrap().to_string().contains(TOO_LONG), "{error:?}");
    }
}
