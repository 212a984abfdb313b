//! The bytes of a Parquet file, of which none are decoded before they have been looked through.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, ParquetObjectReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;

use super::{footer, pages};

/// A file in a store.
pub(super) struct Source(pub(super) ParquetObjectReader);

impl AsyncFileReader for Source {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        self.0.get_bytes(range)
    }

    /// Columns of a row group, each with all of its pages: there is no index to choose pages by.
    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        let columns = self.0.get_byte_ranges(ranges);
        let check = |columns: Vec<Bytes>| {
            let broken = |why| ParquetError::General(format!("a column is malformed: {why}"));
            columns.iter().try_for_each(|column| pages::check(column).map_err(broken))?;
            Ok(columns)
        };
        columns.map(move |columns| columns.and_then(check)).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        footer::read(&mut self.0).boxed()
    }
}
