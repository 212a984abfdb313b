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

/// A file of which the footer has been read.
pub(crate) struct ParquetFile {
    file: ParquetRecordBatchStreamBuilder<ParquetObjectReader>,
}

impl ParquetFile {
    pub(crate) async fn open(location: &Location, name: &str) -> Result<Self> {
        let path = location.path(name)?;
        let source = ParquetObjectReader::new(Arc::clone(location.store()), path);
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
    file: ParquetRecordBatchStreamBuilder<ParquetObjectReader>,
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
