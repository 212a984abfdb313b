//! The records of a Parquet file.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use futures::StreamExt as _;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::ProjectionMask;
use parquet::arrow::async_reader::ParquetObjectReader;
use parquet::errors::ParquetError;
use tokio::runtime::Handle;

use crate::blocking::{self, BytesRead, ChunkSink};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::records::{Batches, RecordOptions};

use super::source::Source;

/// A file of which the footer has been read.
pub(crate) struct ParquetFile {
    file: ParquetRecordBatchStreamBuilder<Source>,
}

impl ParquetFile {
    pub(crate) async fn open(location: &Location, name: &str) -> Result<Self> {
        let path = location.path(name)?;
        let source = Source(ParquetObjectReader::new(Arc::clone(location.store()), path));
        // A damaged schema of Arrow makes its reader panic: there that ends the file, and nothing else.
        let open = move || Handle::current().block_on(ParquetRecordBatchStreamBuilder::new(source));
        let file = blocking::run(move || open().map_err(unreadable)).await?;
        Ok(ParquetFile { file })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(self.file.schema())
    }

    /// Gets ready to read the records.
    pub(crate) fn records(self, options: RecordOptions) -> Result<ParquetReader> {
        let ParquetFile { file } = self;
        let batches = Batches::new(file.schema(), options)?;
        Ok(ParquetReader { file, batches })
    }
}

/// Reads the records of one file. One row group is held at a time, compressed, besides a batch.
pub(crate) struct ParquetReader {
    file: ParquetRecordBatchStreamBuilder<Source>,
    batches: Batches,
}

impl ParquetReader {
    /// Reads all of them.
    pub(crate) fn run(self, sink: &ChunkSink, read: &BytesRead) -> Result<()> {
        let ParquetReader { file, mut batches } = self;
        let needed = batches.needed().iter().copied();
        let projection = ProjectionMask::roots(file.parquet_schema(), needed);
        let rows = rows_of(file.metadata().row_groups(), batches.chunk_bytes());
        let rows = rows.clamp(1, batches.chunk_rows());
        let file = file.with_projection(projection).with_batch_size(rows);
        let groups = file.metadata().row_groups();
        let bytes: i64 = groups.iter().map(|group| group.compressed_size()).sum();
        let rows: i64 = groups.iter().map(|group| group.num_rows()).sum();
        // A double tells a progress exactly enough.
        let row_bytes = bytes.max(0) as f64 / rows.max(1) as f64;
        let mut file = file.build().map_err(unreadable)?;
        let runtime = Handle::current();
        let mut seen = 0;
        while let Some(batch) = runtime.block_on(file.next()) {
            let batch = batch.map_err(unreadable)?;
            let before = share(seen, row_bytes);
            seen += batch.num_rows();
            read.add(share(seen, row_bytes) - before);
            if !batches.append(&batch, sink)? {
                break;
            }
        }
        Ok(())
    }
}

/// About how many bytes so many rows take in the file.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturating")]
fn share(rows: usize, row_bytes: f64) -> u64 {
    (rows as f64 * row_bytes) as u64
}

/// How many rows have about so many bytes, before they are encoded, where they are widest.
fn rows_of(groups: &[parquet::file::metadata::RowGroupMetaData], bytes: usize) -> usize {
    let rows = groups.iter().map(|group| {
        let rows = usize::try_from(group.num_rows()).unwrap_or_default();
        let group_bytes = usize::try_from(group.total_byte_size()).unwrap_or_default();
        rows.saturating_mul(bytes) / group_bytes.max(1)
    });
    rows.min().unwrap_or(usize::MAX)
}

fn unreadable(source: ParquetError) -> Error {
    Error::of_data("it is not a whole Parquet file", source)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    /// Why a file with this footer cannot be opened.
    async fn refused(footer: &[u8]) -> String {
        let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
        let file = [b"PAR1", footer, &length, b"PAR1"].concat();
        let location = Location::in_memory();
        location.put("a", file.into()).await.unwrap();
        let error = ParquetFile::open(&location, "a").await.err().unwrap();
        error.source().unwrap().to_string()
    }

    #[tokio::test]
    async fn a_count_in_the_footer_does_not_decide_how_much_memory_is_taken() {
        // What the decoder reads as 20 million pairs of a key and a value.
        let why = refused(&[0x3a, 0x00, 0x25, 0xf8, 0xb7, 0xff, 0xfc, 0x09]).await;
        assert!(why.contains("its footer is malformed: a field has another type"), "{why}");
        // A list of two thousand million elements of a schema.
        let why = refused(&[0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00]).await;
        assert!(why.contains("a list has more elements than bytes"), "{why}");
    }

    #[tokio::test]
    async fn a_size_in_the_header_of_a_page_does_not_decide_how_much_memory_is_taken() {
        // The first byte is for the fuzzer.
        let file = include_bytes!("../../../../fuzz/seeds/parquet/page-of-2-gib.parquet");
        let location = Location::in_memory();
        location.put("a", bytes::Bytes::from_static(&file[1..])).await.unwrap();
        let mut file = ParquetFile::open(&location, "a").await.unwrap().file.build().unwrap();
        let why = file.next().await.unwrap().unwrap_err().to_string();
        assert!(why.contains("a page is far larger than its compressed bytes can be"), "{why}");
    }

    #[tokio::test]
    async fn files_of_other_writers_come_through() {
        let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/parquet");
        for (name, rows) in [
            ("plain", 4),
            ("snappy", 4),
            ("zstd-v2", 4),
            ("gzip-schema", 4),
            ("lz4", 4),
            ("brotli", 4),
            ("delta", 4),
            ("delta-text", 4),
            ("nested", 2),
            ("nested-no-schema", 2),
        ] {
            let file = std::fs::read(format!("{seeds}/{name}.parquet")).unwrap();
            let location = Location::in_memory();
            location.put("a", bytes::Bytes::from(file).slice(1..)).await.unwrap();
            let file = ParquetFile::open(&location, "a").await.unwrap().file.build().unwrap();
            let read = file.map(|batch| batch.unwrap().num_rows()).collect::<Vec<_>>().await;
            assert_eq!(read.iter().sum::<usize>(), rows, "{name}");
        }
    }

    #[tokio::test]
    async fn groups_within_groups_do_not_end_the_process() {
        // A list of 100,000 elements, each a group with the name "g" and one child.
        let header = [0x29, 0xfc, 0xa0, 0x8d, 0x06];
        let groups = [0x48, 0x01, b'g', 0x15, 0x02, 0x00].repeat(100_000);
        let why = refused(&[&header[..], &groups, &[0x00]].concat()).await;
        assert!(why.contains("its groups are nested too deeply"), "{why}");
    }
}
