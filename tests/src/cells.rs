//! Rows as the server sends them: what is compared where nothing at all may have changed. A type of
//! Rust would hide the difference between an empty value and none, or between `-0.0` and `0.0`.

use std::fmt;

use scylla::deserialize::row::{ColumnIterator, DeserializeRow};
use scylla::deserialize::{DeserializationError, TypeCheckError};
use scylla::frame::response::result::ColumnSpec;
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;

/// A message shows so many bytes of a cell.
const SHOWN: usize = 200;

/// The bytes of each cell of a row; `None` is null.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cells(pub Vec<Option<Vec<u8>>>);

impl<'frame, 'metadata> DeserializeRow<'frame, 'metadata> for Cells {
    fn type_check(_: &[ColumnSpec<'_>]) -> Result<(), TypeCheckError> {
        Ok(())
    }

    fn deserialize(row: ColumnIterator<'frame, 'metadata>) -> Result<Self, DeserializationError> {
        let cell = |slice: &[u8]| slice.to_vec();
        row.map(|column| Ok(column?.slice.map(|slice| cell(slice.as_slice()))))
            .collect::<Result<_, _>>()
            .map(Cells)
    }
}

/// What was read may be bound, to find the same row.
impl SerializeRow for Cells {
    fn serialize(
        &self,
        _: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        for cell in &self.0 {
            let writer = writer.make_cell_writer();
            let _written = match cell {
                Some(bytes) => writer.set_value(bytes).map_err(SerializationError::new)?,
                None => writer.set_null(),
            };
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, cell) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "[" } else { ", " })?;
            let Some(bytes) = cell else {
                f.write_str("null")?;
                continue;
            };
            f.write_str("0x")?;
            for byte in bytes.iter().take(SHOWN) {
                write!(f, "{byte:02x}")?;
            }
            if bytes.len() > SHOWN {
                write!(f, "… of {} bytes", bytes.len())?;
            }
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use anyhow::ensure;

    use super::*;
    use crate::{RF1, Table, run};

    #[test]
    fn what_looks_the_same_is_told_apart() {
        run(async {
            let columns = "(id int PRIMARY KEY, d double, t text)";
            let table = Table::create(RF1, "cells_told_apart", columns).await?;
            table.query("INSERT INTO {} (id, d, t) VALUES (1, 0.0, '')").await?;
            table.query("INSERT INTO {} (id, d) VALUES (2, -0.0)").await?;
            let mut found = table.rows::<Cells>("SELECT d, t FROM {}").await?;
            found.sort();
            let of = |sign: u8| Some(vec![sign, 0, 0, 0, 0, 0, 0, 0]);
            let expected = [Cells(vec![of(0), Some(Vec::new())]), Cells(vec![of(0x80), None])];
            ensure!(found == expected, "{found:?}");
            Ok(())
        });
    }
}
