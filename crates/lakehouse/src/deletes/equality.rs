//! Rows deleted by the values of some columns, where a null is equal to a null.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_row::{RowConverter, Rows as EncodedRows, SortField};
use arrow_schema::ArrowError;
use futures::TryStreamExt;

use super::file::DeleteFile;
use crate::catalog::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::read::{ParquetFile, Rows, Wanted};

/// The values of rows that are deleted, encoded so that equal bytes are equal values.
#[derive(Debug)]
pub(super) struct Equality {
    ids: Vec<i32>,
    values: HashSet<Box<[u8]>>,
}

impl Equality {
    pub(super) async fn load(
        table: &Table,
        file: &DeleteFile,
        wanted: &[Wanted],
    ) -> Result<Equality> {
        let mut ids = file.equality_ids().to_vec();
        ids.sort_unstable();
        ids.dedup();
        let columns = columns(&ids, wanted)?;
        let opened = ParquetFile::open(table.inner.file_io(), file.path(), file.bytes()).await?;
        // A required column may be one that was optional when the deletes were written.
        let optional = columns.iter().map(|place| wanted[*place].clone().optional());
        let optional: Vec<Wanted> = optional.collect();
        let metadata = table.inner.metadata();
        let mut batches = opened.rows(metadata, &optional, &Rows::all(), None, None)?;
        let mut values = HashSet::new();
        while let Some(batch) = batches.try_next().await? {
            let rows = encode(batch.columns())?;
            values.extend(rows.iter().map(|row| Box::from(row.as_ref())));
        }
        Ok(Equality { ids, values })
    }

    pub(super) fn ids(&self) -> &[i32] {
        &self.ids
    }

    pub(super) fn deletes(&self, encoded: &[u8]) -> bool {
        self.values.contains(encoded)
    }
}

/// The columns with these ids, as rows of bytes.
pub(super) fn rows(ids: &[i32], batch: &RecordBatch, wanted: &[Wanted]) -> Result<EncodedRows> {
    let columns = columns(ids, wanted)?;
    let columns: Vec<ArrayRef> =
        columns.iter().map(|place| Arc::clone(batch.column(*place))).collect();
    encode(&columns)
}

/// Where they are among those that are wanted.
fn columns(ids: &[i32], wanted: &[Wanted]) -> Result<Vec<usize>> {
    let place = |id: &i32| wanted.iter().position(|column| column.field.id == *id);
    let places: Option<Vec<usize>> = ids.iter().map(place).collect();
    places
        .ok_or_else(|| Error::new(ErrorKind::Internal, "a column of equality deletes is not read"))
}

fn encode(columns: &[ArrayRef]) -> Result<EncodedRows> {
    let failed = |source: ArrowError| {
        let message = "the columns of equality deletes are of types without equality; compact the table \
                       by rewrite_data_files first";
        Error::new(ErrorKind::Unsupported, message).with_source(source)
    };
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields).map_err(failed)?;
    converter.convert_columns(columns).map_err(failed)
}
