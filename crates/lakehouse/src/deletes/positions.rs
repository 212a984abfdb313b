//! Rows deleted by their positions in data files.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use futures::TryStreamExt;
use iceberg::spec::{NestedField, PrimitiveType, Type};

use super::file::{DeleteFile, PATH_ID, POSITION_ID};
use crate::catalog::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::read::{ParquetFile, Rows, Wanted};

/// For each data file, the positions of rows in it, from 0, ascending and each once.
pub(super) type Positions = HashMap<String, Arc<[u64]>>;

pub(super) async fn load(table: &Table, file: &DeleteFile) -> Result<Positions> {
    let field = |id, name, typ| Arc::new(NestedField::required(id, name, Type::Primitive(typ)));
    let wanted = vec![
        Wanted::new(field(PATH_ID, "file_path", PrimitiveType::String))?,
        Wanted::new(field(POSITION_ID, "pos", PrimitiveType::Long))?,
    ];
    let opened = ParquetFile::open(table.inner.file_io(), file.path(), file.bytes()).await?;
    let mut batches = opened.rows(table.inner.metadata(), &wanted, &Rows::all(), None, None)?;
    let mut found: HashMap<String, Vec<u64>> = HashMap::new();
    while let Some(batch) = batches.try_next().await? {
        let paths = batch.column(0).as_string_opt::<i32>().ok_or_else(|| odd(file))?;
        let positions = batch.column(1).as_primitive_opt::<Int64Type>().ok_or_else(|| odd(file))?;
        for row in 0..batch.num_rows() {
            let position = u64::try_from(positions.value(row)).map_err(|_| odd(file))?;
            let path = paths.value(row);
            match found.get_mut(path) {
                Some(positions) => positions.push(position),
                None => {
                    found.insert(path.to_owned(), vec![position]);
                }
            }
        }
    }
    let sorted = found.into_iter().map(|(path, mut positions)| {
        positions.sort_unstable();
        positions.dedup();
        (path, positions.into())
    });
    Ok(sorted.collect())
}

fn odd(file: &DeleteFile) -> Error {
    let message = format!("{} has what is no path and position of a row", file.path());
    Error::new(ErrorKind::Data, message)
}
