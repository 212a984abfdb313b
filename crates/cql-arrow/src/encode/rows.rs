//! The rows of a batch, bound by name.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use scylla::frame::response::result::{ColumnSpec, ColumnType};
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::{CellWriter, RowWriter, WrittenCellProof};

use super::cell;
use super::values::Values;
use crate::cql_type::{cql_type, same_type};
use crate::error::{Error, ErrorKind, Result};
use crate::mapping::column_type;

/// What is bound for a null of a row. Nulls inside of values are always null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Nulls {
    /// Null, which deletes what was there: writes a tombstone.
    #[default]
    Null,
    /// Nothing: what was there stays, and no tombstone is written. A part of a primary key can't be unset.
    Unset,
}

/// The rows of a batch, to be bound to a statement.
///
/// Values go from the arrays straight to the bytes that are sent, each as [`crate::Decoder`] would read
/// it again. Columns are bound to the markers of their names, in whatever order; a marker may come twice,
/// but a column without a marker, or a marker without a column, is an error, and so are differing types.
///
/// Nulls inside of collections are sent as they are, although Cassandra refuses them.
///
/// For a statement that has other markers, a caller implements `SerializeRow` itself, and lets the cells be
/// written by [`BoundRows::write_cell`] and its kin.
///
/// ```no_run
/// # async fn example(
/// #     session: scylla::client::session::Session,
/// #     batch: arrow_array::RecordBatch,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use cql_arrow::{BoundRows, Nulls};
/// let insert = session.prepare("INSERT INTO shop.orders (id, total) VALUES (?, ?)").await?;
/// let rows = BoundRows::new(&batch, Nulls::Unset)?;
/// for row in rows.iter() {
///     session.execute_unpaged(&insert, row).await?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct BoundRows {
    pub(super) columns: Vec<BoundColumn>,
    by_name: HashMap<String, usize>,
    pub(super) rows: usize,
    nulls: Nulls,
}

pub(super) struct BoundColumn {
    pub(super) name: String,
    pub(super) typ: ColumnType<'static>,
    pub(super) values: Values,
}

impl BoundColumn {
    /// Whether a marker is of the column's type.
    pub(super) fn check_marker(&self, marker: &ColumnSpec<'_>) -> Result<()> {
        if same_type(marker.typ(), &self.typ) {
            return Ok(());
        }
        let (rows, statement) = (cql_type(&self.typ), cql_type(marker.typ()));
        let error = Error::new(
            ErrorKind::Schema,
            format!("the rows have {rows} where the statement binds {statement}"),
        );
        Err(error.of_column(marker.name()))
    }
}

impl BoundRows {
    /// The rows of a batch whose schema [`crate::schema`] made, or whose fields say their CQL types as
    /// such a schema does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] where a field has no CQL type, or two fields have one name.
    pub fn new(batch: &RecordBatch, nulls: Nulls) -> Result<Self> {
        let mut by_name = HashMap::with_capacity(batch.num_columns());
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            let name = field.name();
            let typ = column_type(field).map_err(|error| error.of_column(name))?;
            let values = Values::new(&typ, array).map_err(|error| error.of_column(name))?;
            if by_name.insert(name.clone(), columns.len()).is_some() {
                let error = Error::new(ErrorKind::Schema, "more than one column has this name");
                return Err(error.of_column(name));
            }
            columns.push(BoundColumn { name: name.clone(), typ, values });
        }
        Ok(BoundRows { columns, by_name, rows: batch.num_rows(), nulls })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// A row, counted from 0; `None` after the last one.
    pub fn row(&self, index: usize) -> Option<BoundRow<'_>> {
        (index < self.rows).then_some(BoundRow { rows: self, index })
    }

    /// All rows.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = BoundRow<'_>> {
        (0..self.rows).map(|index| BoundRow { rows: self, index })
    }

    /// Writes a value, or what stands for a null of a row.
    #[inline]
    pub(super) fn write_value<'b>(
        &self,
        values: &Values,
        row: usize,
        cell: CellWriter<'b>,
    ) -> Result<WrittenCellProof<'b>> {
        if values.is_null(row) {
            return Ok(self.write_null(cell));
        }
        cell::write(values, row, cell)
    }

    fn write_null<'b>(&self, cell: CellWriter<'b>) -> WrittenCellProof<'b> {
        match self.nulls {
            Nulls::Null => cell.set_null(),
            Nulls::Unset => cell.set_unset(),
        }
    }

    /// The columns for a statement's markers, in their order.
    fn matched<'a>(
        &'a self,
        markers: &'a [ColumnSpec<'_>],
    ) -> impl Iterator<Item = Result<&'a BoundColumn>> + 'a {
        markers.iter().enumerate().map(|(at, marker)| {
            // Most statements are written from the schema, and so have its order.
            let same = self.columns.get(at).filter(|column| column.name == marker.name());
            let column = same.or_else(|| self.columns.get(*self.by_name.get(marker.name())?));
            let column = column.ok_or_else(|| {
                Error::new(ErrorKind::Schema, "the statement binds it, but the rows don't have it")
                    .of_column(marker.name())
            })?;
            column.check_marker(marker)?;
            Ok(column)
        })
    }

    /// A column that no marker is for.
    fn surplus(&self, markers: &[ColumnSpec<'_>]) -> Option<&BoundColumn> {
        let in_order = self.columns.len() == markers.len()
            && self
                .columns
                .iter()
                .zip(markers)
                .all(|(column, marker)| column.name == marker.name());
        let bound =
            |column: &BoundColumn| markers.iter().any(|marker| marker.name() == column.name);
        if in_order { None } else { self.columns.iter().find(|column| !bound(column)) }
    }
}

impl std::fmt::Debug for BoundRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        f.debug_struct("BoundRows").field("columns", &columns).field("rows", &self.rows).finish()
    }
}

/// A row of a batch, to be bound to a statement.
#[derive(Clone, Copy, Debug)]
pub struct BoundRow<'a> {
    rows: &'a BoundRows,
    index: usize,
}

impl SerializeRow for BoundRow<'_> {
    fn serialize(
        &self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        let markers = context.columns();
        if let Some(column) = self.rows.surplus(markers) {
            let error = Error::new(ErrorKind::Schema, "the rows have it, but no marker is for it");
            return Err(SerializationError::new(error.of_column(&column.name)));
        }
        for column in self.rows.matched(markers) {
            let column = column.map_err(SerializationError::new)?;
            let cell = writer.make_cell_writer();
            if column.values.is_null(self.index) {
                self.rows.write_null(cell);
            } else {
                cell::write(&column.values, self.index, cell)
                    .map_err(|error| SerializationError::new(error.of_column(&column.name)))?;
            }
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.rows.columns.is_empty()
    }
}
