//! The decoder: columns that gather the rows of pages, all of a page or none of it.

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use scylla::deserialize::DeserializationError;
use scylla::deserialize::row::ColumnIterator;
use scylla::frame::response::result::ColumnSpec;
use scylla::response::query_result::QueryRowsResult;

use super::cell;
use crate::builder::{ColumnBuilder, finish_batch};
use crate::cql_type::{cql_type, same_type};
use crate::error::{Error, ErrorKind, Result};

/// More rows than this are not believed before they are seen.
const MAX_RESERVED_ROWS: usize = 1 << 16;

/// What becomes of values of no bytes that are neither null nor a value.
///
/// For almost every type, Cassandra knows a value that is "empty": it is there, and has no bytes. Such
/// values are made by drivers that bind them, by Thrift long ago, or by `blobAsInt(0x)`. Arrow has no
/// place for them. A text, an ascii or a blob of no bytes is not meant: that is a value like any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EmptyValues {
    /// They are an error, since reading them as anything else would lose them.
    #[default]
    Refuse,
    /// They are read as null.
    Null,
}

/// How pages are decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DecodeOptions {
    /// What becomes of "empty" values.
    pub empty: EmptyValues,
}

/// Builds batches from pages: each cell goes from the bytes that came straight into its column.
///
/// Values are read as the native protocol has them ("native_protocol_v5.spec", section 6):
///
/// - A null cell is null. An empty collection that is not frozen is null too, since Cassandra does not
///   tell the two apart; a frozen one stays an empty list.
/// - A user-defined type or tuple with fewer fields than its type has (it got more by `ALTER TYPE` since)
///   is read with nulls for them; so one of no bytes at all has only nulls.
/// - A collection or a vector of no bytes, which Cassandra lets no one write, is "empty"
///   ([`EmptyValues`]), as a number of no bytes is.
/// - Text that is not UTF-8 is an error. An `ascii` may hold any UTF-8: no server lets other bytes in, and
///   what came anyway is kept.
/// - A `varint` has its digits only; sign bytes that it does not need are not kept.
/// - A `time` outside of a day is an error: the protocol has none, and Arrow neither.
///
/// A null vector takes as much room as another, since Arrow wants it so. Where rows are few bytes but
/// vectors are wide, a page is better appended in parts ([`Decoder::append_rows`]).
///
/// ```no_run
/// # fn example(page: scylla::response::query_result::QueryRowsResult) -> cql_arrow::Result<()> {
/// use cql_arrow::{DecodeOptions, Decoder, MappingOptions, schema};
/// let specs = page.column_specs();
/// let columns = specs.iter().map(|column| (column.name(), column.typ()));
/// let schema = schema(columns, &MappingOptions::default())?;
/// let mut decoder = Decoder::new(schema.into(), DecodeOptions::default())?;
/// decoder.append(&page)?;
/// if decoder.bytes() > 64 << 20 {
///     let batch = decoder.finish()?;
///     println!("{} rows", batch.num_rows());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Decoder {
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    options: DecodeOptions,
}

impl Decoder {
    /// For rows of a schema that [`crate::schema`] made.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] where a field has no CQL type.
    pub fn new(schema: SchemaRef, options: DecodeOptions) -> Result<Self> {
        let fields = schema.fields().iter();
        let columns = fields
            .map(|field| ColumnBuilder::new(field).map_err(|error| error.of_column(field.name())))
            .collect::<Result<_>>()?;
        Ok(Decoder { schema, columns, rows: 0, options })
    }

    /// Appends all rows of a page.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] if the page's columns are not those of the schema, by number and CQL types;
    /// [`ErrorKind::Value`] for a cell that can't be read. The decoder then holds what it held before:
    /// no row of the page.
    pub fn append(&mut self, page: &QueryRowsResult) -> Result<()> {
        let rows = page.rows::<ColumnIterator<'_, '_>>().map_err(|source| {
            Error::new(ErrorKind::Schema, "a page can't be read").with_source(source)
        })?;
        self.append_rows(page.column_specs().as_slice(), rows)
    }

    /// Appends some rows of a page: `page.rows::<ColumnIterator>()?.skip(n).take(m)`, say.
    ///
    /// # Errors
    ///
    /// As [`Decoder::append`]; of the rows given, either all are appended or none.
    pub fn append_rows<'frame, 'metadata>(
        &mut self,
        specs: &[ColumnSpec<'_>],
        rows: impl IntoIterator<Item = Result<ColumnIterator<'frame, 'metadata>, DeserializationError>>,
    ) -> Result<()> {
        self.check(specs)?;
        let before = self.rows;
        let appended = self.append_checked(rows.into_iter());
        if appended.is_err() {
            self.rows = before;
            for column in &mut self.columns {
                column.truncate(before);
            }
        }
        appended
    }

    fn check(&self, specs: &[ColumnSpec<'_>]) -> Result<()> {
        if specs.len() != self.columns.len() {
            let (page, schema) = (specs.len(), self.columns.len());
            return Err(Error::new(
                ErrorKind::Schema,
                format!("a page has {page} columns where its schema has {schema}"),
            ));
        }
        let pairs = specs.iter().zip(self.schema.fields()).zip(&self.columns);
        for ((spec, field), column) in pairs {
            if !same_type(spec.typ(), &column.typ) {
                let (page, schema) = (cql_type(spec.typ()), cql_type(&column.typ));
                let error = Error::new(
                    ErrorKind::Schema,
                    format!(
                        "a page has it as {page}, which is not the {schema} of the schema; has the \
                         table changed since the schema was read?"
                    ),
                );
                return Err(error.of_column(field.name()));
            }
        }
        Ok(())
    }

    fn append_checked<'frame, 'metadata>(
        &mut self,
        rows: impl Iterator<Item = Result<ColumnIterator<'frame, 'metadata>, DeserializationError>>,
    ) -> Result<()> {
        let malformed = |source: DeserializationError| {
            Error::new(ErrorKind::Value, "a row of a page ends too early").with_source(source)
        };
        let expected = rows.size_hint().0.min(MAX_RESERVED_ROWS);
        for column in &mut self.columns {
            column.reserve(expected);
        }
        for row in rows {
            let mut cells = row.map_err(malformed)?;
            for (index, column) in self.columns.iter_mut().enumerate() {
                let cell = match cells.next() {
                    Some(cell) => cell.map_err(malformed)?.slice,
                    None => {
                        return Err(Error::new(ErrorKind::Value, "a row lacks columns"));
                    }
                };
                let cell = cell.map(|cell| cell.as_slice());
                cell::append(column, cell, self.options.empty)
                    .map_err(|error| error.of_column(self.schema.field(index).name()))?;
            }
            self.rows += 1;
        }
        Ok(())
    }

    /// Rows appended since the last batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes that the rows appended since the last batch take in memory, without what is only reserved.
    /// It looks at each column, not at each row.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(ColumnBuilder::bytes).sum()
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// A batch of the rows appended since the last one. The decoder is empty afterwards, also after an
    /// error.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] if a null is in a field that the schema says has none.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        finish_batch(&self.schema, &mut self.columns, rows)
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let schema: &Schema = &self.schema;
        f.debug_struct("Decoder").field("schema", schema).field("rows", &self.rows).finish()
    }
}
