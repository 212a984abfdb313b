//! From one field to another.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, new_null_array};
use arrow_schema::{DataType, Field};
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};

use super::append::{Texts, append};
use super::cells::Cells;
use super::way::Way;
use crate::builder::ColumnBuilder;
use crate::cql_type::cql_type;
use crate::error::{Error, ErrorKind, Result};
use crate::mapping::column_type;
use crate::text::TextOptions;

/// Turns arrays of a foreign type into columns of a CQL type.
///
/// | Arrow | CQL |
/// |---|---|
/// | what [`crate::field`] gives the type | itself, without a copy where every Arrow value is a CQL value |
/// | integers | integers, `counter`, `varint`, `decimal`; `float`, `double` if exact; `timestamp` by [`TextOptions::epoch`]; `time` as nanoseconds since midnight; `text` |
/// | floats | `double`; the nearest `float`, if it is not infinite; integers if whole and below 2⁵³ (2²⁴ for 32 bits), where none was rounded; `decimal` by the shortest digits |
/// | decimals | `decimal`, fixed ones if exact; integers and `varint` if whole; `text` |
/// | text, of any layout | whatever type, as [`TextBuilder::append_plain`](crate::TextBuilder::append_plain) reads it |
/// | binary, of any layout | `blob`; `uuid`, `timeuuid` of 16 bytes; `text` if it is UTF-8 |
/// | `Boolean` | `boolean`, `text` |
/// | timestamps | `timestamp` if of whole milliseconds, where those without a zone are in [`TextOptions::zone`]; `date` at midnight, unless their zone is a name |
/// | dates | `date`; `timestamp` at midnight in [`TextOptions::zone`] |
/// | times | `time` |
/// | durations, intervals, structs of `months`, `days` and `nanoseconds` | `duration`, if of one sign |
/// | lists, of any layout | `list`, `set`; `vector` if of its size |
/// | maps | `map` |
/// | structs | user-defined types by names, in any order, where fields may be lacking; tuples by order |
/// | dictionaries | as their values |
/// | `Null` | whatever type |
///
/// A value goes over exactly, or fails: it is never wrapped or cut, and never rounded but for doubles that become
/// the nearest float, as the digits of a text do.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{Array, ArrayRef, Int8Array, Int64Array};
/// use arrow_schema::{DataType, Field};
/// use cql_arrow::{Conversion, MappingOptions, TextOptions, field};
/// use scylla::frame::response::result::{ColumnType, NativeType};
/// let tinyint = ColumnType::Native(NativeType::TinyInt);
/// let target = field("n", &tinyint, &MappingOptions::default())?;
/// let source = Field::new("n", DataType::Int64, true);
/// let conversion = Conversion::new(&source, &target, &TextOptions::default())?;
/// let array: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), Some(300), None]));
/// let converted = conversion.convert(&array);
/// assert_eq!(converted.array.as_ref(), &Int8Array::from(vec![Some(7), None, None]));
/// let (row, error) = &converted.failures[0];
/// assert_eq!((*row, error.to_string().as_str()), (1, r#"column "n": "300" is no tinyint"#));
///
/// let source = Field::new("n", DataType::Date32, true);
/// let error = Conversion::new(&source, &target, &TextOptions::default()).unwrap_err();
/// assert!(error.to_string().contains("Date32 can't become tinyint without loss"));
/// # Ok::<(), cql_arrow::Error>(())
/// ```
#[derive(Debug)]
pub struct Conversion {
    source: DataType,
    target: Field,
    options: TextOptions,
    /// `None` where arrays stay as they are.
    way: Option<Way>,
}

/// What became of an array.
#[derive(Debug)]
pub struct Converted {
    /// As many rows, of the target's type. Rows that failed are null.
    pub array: ArrayRef,
    /// The rows that failed, in their order, with why. Each error names the target's column.
    pub failures: Vec<(usize, Error)>,
}

impl Conversion {
    /// From a field of any Arrow type to one whose CQL type is in its metadata.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] where values could not go over without loss, or a word of the options is both
    /// true and false; [`ErrorKind::Schema`] where the target has no CQL type.
    pub fn new(source: &Field, target: &Field, text: &TextOptions) -> Result<Self> {
        text.check()?;
        let typ = column_type(target).map_err(|error| error.of_column(target.name()))?;
        let is_same = source.data_type() == target.data_type() && is_whole(&typ, target);
        let way = if is_same {
            None
        } else {
            let no_way = || {
                let (arrow, cql) = (source.data_type(), cql_type(&typ));
                let message = format!(
                    "the Arrow type {arrow} can't become {cql} without loss; cast it where the file is \
                     made, or leave it out"
                );
                Error::new(ErrorKind::Unsupported, message).of_column(target.name())
            };
            Some(Way::new(source.data_type(), &typ).ok_or_else(no_way)?)
        };
        let (source, target) = (source.data_type().clone(), target.clone());
        Ok(Conversion { source, target, options: text.clone(), way })
    }

    /// Converts an array of the source's type; where it is of another, all rows fail.
    pub fn convert(&self, array: &ArrayRef) -> Converted {
        let converted = match &self.way {
            _ if !array.data_type().equals_datatype(&self.source) => Err(self.odd(array)),
            None => Ok(Converted { array: Arc::clone(array), failures: Vec::new() }),
            Some(way) => self.rebuild(way, array),
        };
        converted.unwrap_or_else(|error| {
            let again = || Error::new(error.kind(), error.message()).of_column(self.target.name());
            Converted {
                array: new_null_array(self.target.data_type(), array.len()),
                failures: (0..array.len()).map(|row| (row, again())).collect(),
            }
        })
    }

    fn rebuild(&self, way: &Way, array: &ArrayRef) -> Result<Converted> {
        let cells = Cells::new(way, array).ok_or_else(|| self.odd(array))?;
        let mut column = ColumnBuilder::new(&self.target)?;
        column.reserve(array.len());
        let keys = TextOptions { empty_as_null: false, ..self.options.clone() };
        let texts = Texts { values: &self.options, keys: &keys };
        let mut failures = Vec::new();
        for row in 0..array.len() {
            if let Err(error) = append(&cells, row, &mut column, texts) {
                column.truncate(row);
                column.append_null();
                failures.push((row, error.of_column(self.target.name())));
            }
        }
        Ok(Converted { array: column.finish()?, failures })
    }

    fn odd(&self, array: &ArrayRef) -> Error {
        let (found, expected) = (array.data_type(), &self.source);
        let message = format!("an array is of the Arrow type {found}, not {expected}");
        Error::new(ErrorKind::Schema, message)
    }
}

/// Whether every value that Arrow can hold is one of the CQL type.
fn is_whole(typ: &ColumnType<'_>, field: &Field) -> bool {
    let inside = |typ: &ColumnType<'_>| match typ {
        ColumnType::Native(NativeType::Decimal) => false,
        typ => is_whole(typ, field),
    };
    match typ {
        ColumnType::Native(NativeType::Decimal) => *field.data_type() != DataType::Utf8,
        ColumnType::Native(native) => !matches!(
            native,
            NativeType::Ascii
                | NativeType::Duration
                | NativeType::Inet
                | NativeType::Time
                | NativeType::Varint
        ),
        ColumnType::Collection {
            typ: CollectionType::List(typ) | CollectionType::Set(typ),
            ..
        }
        | ColumnType::Vector { typ, .. } => inside(typ),
        ColumnType::Collection { typ: CollectionType::Map(key, value), .. } => {
            inside(key) && inside(value)
        }
        ColumnType::Tuple(types) => types.iter().all(inside),
        ColumnType::UserDefinedType { definition, .. } => {
            definition.field_types.iter().all(|(_, typ)| inside(typ))
        }
        _ => false,
    }
}
