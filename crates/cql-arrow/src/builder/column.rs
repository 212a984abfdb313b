//! A column, and its values by CQL type.

use arrow_buffer::i256;
use arrow_schema::{DataType, Field};
use scylla::frame::response::result::{ColumnType, NativeType};

use super::buffer::{Booleans, Bytes, Fixed, Text};
use super::nested::{Durations, Lists, Maps, Structs, Vectors};
use crate::error::{Error, ErrorKind, Result};
use crate::mapping::column_type;

/// A column being built. It is empty again after [`ColumnBuilder::finish`].
pub(crate) struct ColumnBuilder {
    pub(crate) typ: ColumnType<'static>,
    pub(crate) values: Values,
    pub(super) data_type: DataType,
}

/// The values, by CQL type.
pub(crate) enum Values {
    Boolean(Booleans),
    TinyInt(Fixed<i8>),
    SmallInt(Fixed<i16>),
    Int(Fixed<i32>),
    /// `bigint` and `counter`.
    BigInt(Fixed<i64>),
    Float(Fixed<f32>),
    Double(Fixed<f64>),
    /// `ascii` and `text`.
    Text(Text),
    /// Decimal digits.
    Varint(Text),
    /// Digits with the scale kept.
    Decimal(Text),
    /// Unscaled, with digits in all and after the point.
    Decimal128(Fixed<i128>, u8, i8),
    /// Unscaled, with digits in all and after the point.
    Decimal256(Fixed<i256>, u8, i8),
    Inet(Text),
    Blob(Bytes),
    /// `uuid` and `timeuuid`: their 16 bytes, as they are in memory (`i128::from_ne_bytes`).
    Uuid(Fixed<i128>),
    /// Milliseconds since 1970.
    Timestamp(Fixed<i64>),
    /// Days since 1970-01-01.
    Date(Fixed<i32>),
    /// Nanoseconds since midnight.
    Time(Fixed<i64>),
    Duration(Durations),
    /// `list` and `set`.
    List(Lists),
    Map(Maps),
    Vector(Vectors),
    /// Tuples and user-defined types.
    Struct(Structs),
}

/// Calls a method that all kinds of values have.
macro_rules! each {
    ($values:expr, $inside:ident => $call:expr) => {
        match $values {
            Values::Boolean($inside) => $call,
            Values::TinyInt($inside) => $call,
            Values::SmallInt($inside) => $call,
            Values::Int($inside) | Values::Date($inside) => $call,
            Values::BigInt($inside) | Values::Timestamp($inside) | Values::Time($inside) => $call,
            Values::Float($inside) => $call,
            Values::Double($inside) => $call,
            Values::Text($inside)
            | Values::Varint($inside)
            | Values::Decimal($inside)
            | Values::Inet($inside) => $call,
            Values::Decimal128($inside, ..) | Values::Uuid($inside) => $call,
            Values::Decimal256($inside, ..) => $call,
            Values::Blob($inside) => $call,
            Values::Duration($inside) => $call,
            Values::List($inside) => $call,
            Values::Map($inside) => $call,
            Values::Vector($inside) => $call,
            Values::Struct($inside) => $call,
        }
    };
}

impl ColumnBuilder {
    /// An empty column of a field that [`crate::field`] made.
    pub(crate) fn new(field: &Field) -> Result<Self> {
        let typ = column_type(field)?;
        let data_type = field.data_type().clone();
        let values = Values::new(&typ, &data_type)?;
        Ok(ColumnBuilder { typ, values, data_type })
    }

    pub(crate) fn append_null(&mut self) {
        self.append_nulls(1);
    }

    /// Appends nulls, also to the parts that Arrow wants as long as their parent.
    pub(crate) fn append_nulls(&mut self, count: usize) {
        each!(&mut self.values, inside => inside.push_nulls(count));
    }

    /// Makes room for values to come, where their number tells how much.
    pub(crate) fn reserve(&mut self, count: usize) {
        each!(&mut self.values, inside => inside.reserve(count));
    }

    pub(crate) fn len(&self) -> usize {
        each!(&self.values, inside => inside.len())
    }

    /// Bytes that the values take, without what is only reserved. Cheap: it looks at no value.
    pub(crate) fn bytes(&self) -> usize {
        each!(&self.values, inside => inside.bytes())
    }

    /// Takes back all after the first `len`, and also what was appended to the parts of a value that was
    /// never closed.
    pub(crate) fn truncate(&mut self, len: usize) {
        each!(&mut self.values, inside => inside.truncate(len));
    }
}

impl Values {
    fn new(typ: &ColumnType<'_>, data_type: &DataType) -> Result<Self> {
        Ok(match (typ, data_type) {
            (ColumnType::Native(native), _) => return Values::native(native, data_type),
            (ColumnType::Collection { .. }, DataType::List(element)) => {
                Values::List(Lists::new(element)?)
            }
            (ColumnType::Collection { .. }, DataType::Map(entries, _)) => match entries.data_type()
            {
                DataType::Struct(fields) if fields.len() == 2 => {
                    Values::Map(Maps::new(&fields[0], &fields[1])?)
                }
                _ => return Err(no_values(data_type)),
            },
            (ColumnType::Vector { dimensions, .. }, DataType::FixedSizeList(element, _)) => {
                Values::Vector(Vectors::new(element, usize::from(*dimensions))?)
            }
            (_, DataType::Struct(fields)) => {
                Values::Struct(Structs::new(fields.iter().map(AsRef::as_ref))?)
            }
            _ => return Err(no_values(data_type)),
        })
    }

    fn native(native: &NativeType, data_type: &DataType) -> Result<Self> {
        Ok(match (native, data_type) {
            (NativeType::Boolean, _) => Values::Boolean(Booleans::new()),
            (NativeType::TinyInt, _) => Values::TinyInt(Fixed::new()),
            (NativeType::SmallInt, _) => Values::SmallInt(Fixed::new()),
            (NativeType::Int, _) => Values::Int(Fixed::new()),
            (NativeType::BigInt | NativeType::Counter, _) => Values::BigInt(Fixed::new()),
            (NativeType::Float, _) => Values::Float(Fixed::new()),
            (NativeType::Double, _) => Values::Double(Fixed::new()),
            (NativeType::Ascii | NativeType::Text, _) => Values::Text(Text::new()),
            (NativeType::Varint, _) => Values::Varint(Text::new()),
            (NativeType::Decimal, DataType::Decimal128(precision, scale)) => {
                Values::Decimal128(Fixed::new(), *precision, *scale)
            }
            (NativeType::Decimal, DataType::Decimal256(precision, scale)) => {
                Values::Decimal256(Fixed::new(), *precision, *scale)
            }
            (NativeType::Decimal, _) => Values::Decimal(Text::new()),
            (NativeType::Inet, _) => Values::Inet(Text::new()),
            (NativeType::Blob, _) => Values::Blob(Bytes::new()),
            (NativeType::Uuid | NativeType::Timeuuid, _) => Values::Uuid(Fixed::new()),
            (NativeType::Timestamp, _) => Values::Timestamp(Fixed::new()),
            (NativeType::Date, _) => Values::Date(Fixed::new()),
            (NativeType::Time, _) => Values::Time(Fixed::new()),
            (NativeType::Duration, _) => Values::Duration(Durations::new()),
            _ => return Err(no_values(data_type)),
        })
    }
}

pub(super) fn no_values(data_type: &DataType) -> Error {
    Error::new(ErrorKind::Schema, format!("no CQL value becomes the Arrow type {data_type}"))
}
