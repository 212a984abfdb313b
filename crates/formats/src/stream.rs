//! The bytes of a file into any writer, as standard output.

use std::fmt;
use std::io::{BufWriter, Write};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::encoder::Encoder;
use crate::error::{Error, Result};
use crate::file::check_schema;
use crate::format::FileOptions;

const BUFFER: usize = 64 << 10;

/// Writes batches to a writer in the format of a file; for Arrow it is the stream format.
///
/// A reader that goes away is told by [`Error::is_broken_pipe`].
///
/// ```
/// use std::sync::Arc;
/// use formats::{FileOptions, Format, StreamWriter};
/// # let column = scylla::frame::response::result::ColumnType::Native(
/// #     scylla::frame::response::result::NativeType::Int,
/// # );
/// # let schema = Arc::new(cql_arrow::schema([("id", &column)], &Default::default())?);
/// let options = FileOptions { format: Format::JsonArray, ..FileOptions::default() };
/// let writer = StreamWriter::new(Vec::new(), schema, &options)?;
/// assert_eq!(writer.finish()?, b"[\n]\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StreamWriter<W: Write + Send> {
    encoder: Encoder<BufWriter<W>>,
    schema: SchemaRef,
}

impl<W: Write + Send> StreamWriter<W> {
    /// Begins a stream of batches of `schema`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for options that do not go together or do not
    /// suit the schema; or where `out` can't be written.
    pub fn new(out: W, schema: SchemaRef, options: &FileOptions) -> Result<Self> {
        let out = BufWriter::with_capacity(BUFFER, out);
        let encoder = Encoder::new(out, &schema, options, true)?;
        Ok(StreamWriter { encoder, schema })
    }

    /// Writes a batch. Some of it may stay in buffers.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a value that the format can't have; or where `out`
    /// can't be written. The stream is broken after that.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        check_schema(&self.schema, batch)?;
        let mut rows = self.encoder.rows(batch)?;
        while self.encoder.encode(&mut rows)? {}
        Ok(())
    }

    /// Hands over what is in buffers, but for the rows of a Parquet row group that is not full.
    ///
    /// # Errors
    ///
    /// Where `out` can't be written.
    pub fn flush(&mut self) -> Result<()> {
        self.encoder.flush()
    }

    /// Ends the stream, and gives `out` back.
    ///
    /// # Errors
    ///
    /// Where `out` can't be written.
    pub fn finish(self) -> Result<W> {
        let unwritable = |source| Error::of("the output could not be written", source);
        let mut out = self.encoder.finish()?;
        out.flush().map_err(unwritable)?;
        out.into_inner().map_err(|error| unwritable(error.into_error()))
    }
}

impl<W: Write + Send> fmt::Debug for StreamWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamWriter").field("schema", &self.schema).finish_non_exhaustive()
    }
}
