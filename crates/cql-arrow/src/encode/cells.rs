//! Single cells of bound rows, for statements whose markers are not simply all columns.

use scylla::frame::response::result::{ColumnSpec, ColumnType};
use scylla::serialize::writers::{CellWriter, WrittenCellProof};

use super::cell;
use super::rows::{BoundColumn, BoundRows};
use super::values::Values;
use crate::error::{Error, ErrorKind, Result};

/// Cells one by one, by the place of their column in the batch.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{Int32Array, RecordBatch};
/// use cql_arrow::{BoundRows, MappingOptions, Nulls, schema};
/// use scylla::frame::response::result::{ColumnType, NativeType};
/// use scylla::serialize::writers::CellWriter;
/// let int = ColumnType::Native(NativeType::Int);
/// let schema = schema([("id", &int)], &MappingOptions::default())?;
/// let ids = Int32Array::from(vec![Some(7), None]);
/// let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids)])?;
/// let rows = BoundRows::new(&batch, Nulls::Unset)?;
/// let mut bytes = Vec::new();
/// rows.write_cell(0, 0, CellWriter::new(&mut bytes))?;
/// rows.write_cell(0, 1, CellWriter::new(&mut bytes))?;
/// assert_eq!(bytes, [0, 0, 0, 4, 0, 0, 0, 7, 255, 255, 255, 254]); // -2 is unset
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl BoundRows {
    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The type of a column.
    ///
    /// # Panics
    ///
    /// If there is no such column, as an index into a slice does.
    pub fn column_type(&self, column: usize) -> &ColumnType<'static> {
        &self.columns[column].typ
    }

    /// Whether a cell is null.
    ///
    /// # Panics
    ///
    /// If there is no such cell, as an index into a slice does.
    #[inline]
    pub fn is_null(&self, column: usize, row: usize) -> bool {
        self.columns[column].values.is_null(row)
    }

    /// Whether a marker may be given the cells of a column: whether it is of the same type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] where it is not, or there is no such column.
    pub fn check_marker(&self, column: usize, marker: &ColumnSpec<'_>) -> Result<()> {
        self.column(column)?.check_marker(marker)
    }

    /// Writes a cell; for null, what [`Nulls`](crate::Nulls) says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] for what CQL can't express, such as a text that is no `varint`;
    /// [`ErrorKind::Schema`] where there is no such cell. What was written then is no whole cell.
    #[inline]
    pub fn write_cell<'b>(
        &self,
        column: usize,
        row: usize,
        cell: CellWriter<'b>,
    ) -> Result<WrittenCellProof<'b>> {
        let column = self.cell_of(column, row)?;
        self.write_value(&column.values, row, cell).map_err(|error| error.of_column(&column.name))
    }

    /// Writes a collection of only some elements of a cell: of a list or set, or entries of a map.
    /// `elements` are places within the row's own collection, from 0, in the order to write them. A null
    /// cell is written as [`BoundRows::write_cell`] does.
    ///
    /// With `SET tags = tags + ?` each element of a non-frozen collection can so be given a write time of its
    /// own.
    ///
    /// # Errors
    ///
    /// As [`BoundRows::write_cell`]; [`ErrorKind::Value`] where there is no such element, and
    /// [`ErrorKind::Schema`] for a column that is no collection.
    pub fn write_elements<'b>(
        &self,
        column: usize,
        row: usize,
        elements: &[usize],
        cell: CellWriter<'b>,
    ) -> Result<WrittenCellProof<'b>> {
        let column = self.cell_of(column, row)?;
        if column.values.is_null(row) {
            return self.write_value(&column.values, row, cell);
        }
        cell::write_elements(&column.values, row, elements, cell)
            .map_err(|error| error.of_column(&column.name))
    }

    /// Writes one field of a user-defined type, or one part of a tuple, by its place in the type. A null
    /// field, and a field of a null, is written as a null cell is by [`BoundRows::write_cell`].
    ///
    /// # Errors
    ///
    /// As [`BoundRows::write_cell`]; [`ErrorKind::Schema`] for a column that has no such field.
    pub fn write_field<'b>(
        &self,
        column: usize,
        row: usize,
        field: usize,
        cell: CellWriter<'b>,
    ) -> Result<WrittenCellProof<'b>> {
        let column = self.cell_of(column, row)?;
        let child = match &column.values {
            Values::Struct { children, .. } => children.get(field),
            _ => None,
        };
        let child = child.ok_or_else(|| {
            Error::new(ErrorKind::Schema, format!("it has no field {field}"))
                .of_column(&column.name)
        })?;
        let values = if column.values.is_null(row) { &column.values } else { child };
        self.write_value(values, row, cell).map_err(|error| error.of_column(&column.name))
    }

    fn column(&self, column: usize) -> Result<&BoundColumn> {
        self.columns.get(column).ok_or_else(|| {
            let message = format!("the rows have {} columns, none {column}", self.columns.len());
            Error::new(ErrorKind::Schema, message)
        })
    }

    /// The column of a cell that exists.
    #[inline]
    fn cell_of(&self, column: usize, row: usize) -> Result<&BoundColumn> {
        let column = self.column(column)?;
        if row < self.rows {
            return Ok(column);
        }
        let message = format!("there are {} rows, none {row}", self.rows);
        Err(Error::new(ErrorKind::Schema, message).of_column(&column.name))
    }
}
