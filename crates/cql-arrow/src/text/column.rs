//! The cells of a column as text.

use arrow_array::Array;
use arrow_schema::Field;

use super::cells::Cells;
use crate::error::{Error, Result};

/// The cells of one column of a batch, as text.
///
/// Types are resolved once, here; writing a cell then allocates nothing, except for decimals of more
/// than 38 digits and for maps.
///
/// # Forms
///
/// There is one form for each value, and it reads back to the same value. It is that of Cassandra's
/// `SELECT JSON`, except where that loses something or is hard to read; `INSERT … JSON` of
/// Cassandra 5.0 reads the values written here, but for the limits marked ¹.
///
/// | CQL | text | JSON | read as well |
/// |---|---|---|---|
/// | integers, `counter` | `-7` | number | `+7`, in quotes |
/// | `varint` | `-7` | number if it fits 64 bits, else string | a number or string of any length |
/// | `decimal` | `1.50`, `1E+10` (`BigDecimal.toString`) | string | a number: its digits as they stand |
/// | fixed `decimal` | as `decimal`, always with the scale of its Arrow type | string | whatever fits exactly |
/// | `float`, `double` | the shortest that reads back: `0.1`, `1e+300` | number | `.5`, `5.` in quotes |
/// | | `NaN`, `Infinity`, `-Infinity` | string | `inf`, upper and lower case |
/// | `boolean` | `true`, `false` | literal | upper and lower case, other words² |
/// | `text`, `ascii` | as it is | string | |
/// | `inet` | as it is | string | |
/// | `blob` | `0x00ff` | string | upper case, without `0x`; Base64² |
/// | `uuid`, `timeuuid` | with hyphens, lower case | string | upper case, without hyphens, in braces |
/// | `timestamp`, years 1–9999 | `2024-02-29T12:34:56.789Z` | string | any offset; no fraction, no time; a space for `T`; no offset is UTC² |
/// | others | milliseconds | number | other units² |
/// | `date`, years 1–9999 | `2024-02-29` | string | |
/// | others | days, where 2147483648 is 1970-01-01 | string | |
/// | `time` | `12:34:56.123456789` | string | no or fewer digits after the point; nanoseconds |
/// | `duration` | `1y2mo25d5h6m7s8ms9us10ns`¹ | string | weeks; ISO 8601: `P1Y2M3DT4H5M6S` |
/// | `list`, `set`, `tuple`, `vector` | the JSON | array | CQL literals³ |
/// | `map` | the JSON | object; a key is its text as a string | CQL literals³ |
/// | user-defined type | the JSON | object, by field names | fewer fields: the rest is null; CQL literals³ |
///
/// ¹ A part of −2³¹ months or days, or −2⁶³ nanoseconds, has a text that Cassandra does not read.\
/// ² By choice: [`TextOptions`](crate::TextOptions).\
/// ³ In plain text only, as cqlsh's `COPY TO` writes them: `[1, 2]`, `{'a': 1}`, `{1, 2}`, `(1, 'x')`,
/// `{name: 'x'}`.
///
/// - **Null** is nothing in plain text, and `null` in JSON, also inside of tuples and user-defined types,
///   and of collections, though CQL has no nulls there. An empty collection is `[]` or `{}`, which is not null.
/// - **NaN** is one: its other bits are not kept. `-0.0` is kept.
/// - **Dates and times of a file** are in UTC where they name no offset. Cassandra would take the zone of
///   the server. Digits beyond milliseconds, or nanoseconds for a `time`, must be zeros.
/// - **Names** of columns and fields are written as they are. Those that are not all lower case Cassandra
///   writes, and wants, in quotes of their own inside the string; that is read, not written.
/// - **A key that comes twice** is an error in a row and in a user-defined type. In a map both entries are
///   kept, and the database keeps one of them.
/// - **Nested types** may be 127 levels deep in JSON, which is where `serde_json` stops.
///
/// ```
/// use arrow_array::Int32Array;
/// use cql_arrow::{MappingOptions, TextColumn, field};
/// use scylla::frame::response::result::{ColumnType, NativeType};
/// let field = field("n", &ColumnType::Native(NativeType::Int), &MappingOptions::default())?;
/// let array = Int32Array::from(vec![Some(7), None]);
/// let column = TextColumn::new(&field, &array)?;
/// let mut out = Vec::new();
/// column.write_json(0, &mut out)?;
/// column.write_json(1, &mut out)?;
/// assert_eq!(out, b"7null");
/// # Ok::<(), cql_arrow::Error>(())
/// ```
pub struct TextColumn<'a> {
    name: String,
    cells: Cells<'a>,
}

impl<'a> TextColumn<'a> {
    /// The cells of an array, whose CQL type is in the metadata of its field.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`](crate::ErrorKind::Schema) where the field has no CQL type, or the array is
    /// not of the field's type.
    pub fn new(field: &Field, array: &'a dyn Array) -> Result<Self> {
        let cells = Cells::new(field, array).map_err(|error| error.of_column(field.name()))?;
        Ok(TextColumn { name: field.name().clone(), cells })
    }

    /// Whether a row is null.
    ///
    /// # Panics
    ///
    /// This and the other methods may, if there is no such row, as an index into a slice does.
    pub fn is_null(&self, row: usize) -> bool {
        self.cells.is_null(row)
    }

    /// Appends what a CSV field holds, before any quoting: nothing for null; JSON for collections, vectors,
    /// tuples and user-defined types.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) for a duration whose parts have different signs.
    /// Nothing is appended then.
    #[inline]
    pub fn write_plain(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        self.cells.cell(row).write_plain(out).map_err(|error| self.undo(error, start, out))
    }

    /// Appends a JSON value, `null` for null.
    ///
    /// # Errors
    ///
    /// As [`TextColumn::write_plain`].
    #[inline]
    pub fn write_json(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        self.cells.cell(row).write_json(out).map_err(|error| self.undo(error, start, out))
    }

    #[cold]
    fn undo(&self, error: Error, start: usize, out: &mut Vec<u8>) -> Error {
        out.truncate(start);
        error.of_column(&self.name)
    }
}
