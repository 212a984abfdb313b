//! Pages made by hand: columns, and the bytes of their rows.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use cql_arrow::{BoundRows, DecodeOptions, Decoder, MappingOptions, Nulls, Result, schema};
use scylla::deserialize::FrameSlice;
use scylla::deserialize::result::TypedRowIterator;
use scylla::deserialize::row::ColumnIterator;
use scylla::frame::response::result::{ColumnSpec, ColumnType, TableSpec};
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::value::SerializeValue;
use scylla::serialize::writers::{CellWriter, RowWriter};
use scylla::value::CqlValue;
use scylla_cql_core::deserialize::result::RawRowIterator;

/// A page, as it comes from the cluster.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) specs: Vec<ColumnSpec<'static>>,
    pub(crate) rows: usize,
    pub(crate) bytes: Bytes,
}

impl Page {
    /// Columns `c0`, `c1`, …, with values that the driver writes.
    pub(crate) fn of_values(types: &[ColumnType<'static>], rows: &[Vec<Option<CqlValue>>]) -> Self {
        let mut bytes = Vec::new();
        for row in rows {
            for (typ, value) in types.iter().zip(row) {
                value.serialize(typ, CellWriter::new(&mut bytes)).unwrap();
            }
        }
        Page { specs: specs(types), rows: rows.len(), bytes: bytes.into() }
    }

    /// One column `c0`, with cells of any bytes.
    pub(crate) fn of_cells(typ: &ColumnType<'static>, cells: &[Option<&[u8]>]) -> Self {
        let mut bytes = Vec::new();
        for cell in cells {
            match cell {
                Some(cell) => drop(CellWriter::new(&mut bytes).set_value(cell).unwrap()),
                None => drop(CellWriter::new(&mut bytes).set_null()),
            }
        }
        let specs = specs(std::slice::from_ref(typ));
        Page { specs, rows: cells.len(), bytes: bytes.into() }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        let columns = self.specs.iter().map(|spec| (spec.name(), spec.typ()));
        schema(columns, &MappingOptions::default()).unwrap().into()
    }

    pub(crate) fn append_to(&self, decoder: &mut Decoder) -> Result<()> {
        let raw = RawRowIterator::new(self.rows, &self.specs, FrameSlice::new(&self.bytes));
        let rows = TypedRowIterator::<ColumnIterator<'_, '_>>::new(raw).unwrap();
        decoder.append_rows(&self.specs, rows)
    }

    pub(crate) fn decode(&self, options: DecodeOptions) -> Result<RecordBatch> {
        let mut decoder = Decoder::new(self.schema(), options)?;
        self.append_to(&mut decoder)?;
        decoder.finish()
    }
}

pub(crate) fn specs(types: &[ColumnType<'static>]) -> Vec<ColumnSpec<'static>> {
    let spec = |(index, typ): (usize, &ColumnType<'static>)| {
        let table = TableSpec::owned("k".to_owned(), "t".to_owned());
        ColumnSpec::owned(format!("c{index}"), typ.clone(), table)
    };
    types.iter().enumerate().map(spec).collect()
}

/// The rows of a batch, as they are bound to the markers of a statement.
pub(crate) fn bind(
    batch: &RecordBatch,
    nulls: Nulls,
    markers: &[ColumnSpec<'_>],
) -> Result<Vec<u8>, SerializationError> {
    let rows = BoundRows::new(batch, nulls).map_err(SerializationError::new)?;
    let mut bytes = Vec::new();
    for row in rows.iter() {
        let context = RowSerializationContext::from_specs(markers);
        row.serialize(&context, &mut RowWriter::new(&mut bytes))?;
    }
    Ok(bytes)
}
