//! Batches as a Parquet file.

use std::io::Write;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;

use super::options::ParquetOptions;
use crate::error::{Error, Result};

/// Writes one file, row group by row group. The schema of Arrow is embedded, so that nothing of it is
/// lost, and the CQL types with it.
///
/// It holds the encoded pages of one row group. What it holds is bounded by twice
/// [`ParquetOptions::row_group_bytes`], and a batch.
pub(crate) struct ParquetWriter<W: Write + Send> {
    writer: ArrowWriter<W>,
    most_held: usize,
}

impl<W: Write + Send> ParquetWriter<W> {
    pub(crate) fn new(out: W, schema: &SchemaRef, options: &ParquetOptions) -> Result<Self> {
        let properties = options.properties(schema)?;
        let writer = ArrowWriter::try_new(out, Arc::clone(schema), Some(properties));
        let writer = writer.map_err(failed)?;
        Ok(ParquetWriter { writer, most_held: options.row_group_bytes.saturating_mul(2) })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch).map_err(failed)?;
        if self.writer.memory_size() >= self.most_held {
            self.writer.flush().map_err(failed)?;
        }
        Ok(())
    }

    /// About how many bytes the rows that are held will have.
    pub(crate) fn buffered(&self) -> usize {
        self.writer.in_progress_size()
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn memory(&self) -> usize {
        self.writer.memory_size()
    }

    /// Ends the row group, however small it is.
    pub(crate) fn end_group(&mut self) -> Result<()> {
        self.writer.flush().map_err(failed)
    }

    pub(crate) fn get_mut(&mut self) -> &mut W {
        self.writer.inner_mut()
    }

    /// Writes what is held and the footer.
    pub(crate) fn finish(self) -> Result<W> {
        self.writer.into_inner().map_err(failed)
    }
}

fn failed(source: ParquetError) -> Error {
    Error::of_data("Parquet could not be written", source)
}
