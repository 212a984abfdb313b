//! A Parquet file as batches.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::async_reader::ParquetObjectReader;

use crate::blocking::{BATCH_ROWS, BatchStream};
use crate::error::{Error, Result};
use crate::location::Location;

/// Reads one file. One row group is held at a time, compressed, besides a batch.
pub(crate) async fn read(location: &Location, name: &str) -> Result<BatchStream> {
    let path = location.path(name)?;
    let shown = location.shown(name);
    let failed = move |source| Error::of_data(format_args!("{shown} could not be read"), source);
    let source = ParquetObjectReader::new(Arc::clone(location.store()), path);
    let file = ParquetRecordBatchStreamBuilder::new(source).await.map_err(&failed)?;
    let batches = file.with_batch_size(BATCH_ROWS).build().map_err(&failed)?;
    Ok(batches.map_err(failed).boxed())
}
