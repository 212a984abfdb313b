//! A typed array of values that are not made of others: downcast once, read cell by cell.

use std::fmt::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64NanosecondType, TimestampMillisecondType,
};
use arrow_array::{
    Array, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array,
    FixedSizeBinaryArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, StringArray, Time64NanosecondArray, TimestampMillisecondArray,
};
use arrow_schema::DataType;
use scylla::frame::response::result::NativeType;
use uuid::Uuid;

use super::duration::Duration;
use super::moment::{date_text, time_text, timestamp_text};
use super::scalar::Scalar;
use super::short::Short;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{Decimal, Integer};

/// The array of a native type.
pub(super) enum ScalarArray<'a> {
    Boolean(&'a BooleanArray),
    Int8(&'a Int8Array),
    Int16(&'a Int16Array),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    Float32(&'a Float32Array),
    Float64(&'a Float64Array),
    /// `text`, `ascii`, `inet`, and `decimal` with a scale for each value.
    Text(&'a StringArray),
    Varint(&'a StringArray),
    /// With the digits after the point.
    Decimal128(&'a Decimal128Array, i8),
    /// With the digits after the point.
    Decimal256(&'a Decimal256Array, i8),
    Blob(&'a BinaryArray),
    Uuid(&'a FixedSizeBinaryArray),
    Timestamp(&'a TimestampMillisecondArray),
    Date(&'a Date32Array),
    Time(&'a Time64NanosecondArray),
    Duration {
        months: &'a Int32Array,
        days: &'a Int32Array,
        nanoseconds: &'a Int64Array,
    },
}

impl<'a> ScalarArray<'a> {
    /// `None` where the array is not one of the type.
    pub(super) fn new(native: &NativeType, array: &'a dyn Array) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Boolean => ScalarArray::Boolean(array.as_boolean_opt()?),
            DataType::Int8 => ScalarArray::Int8(array.as_primitive_opt::<Int8Type>()?),
            DataType::Int16 => ScalarArray::Int16(array.as_primitive_opt::<Int16Type>()?),
            DataType::Int32 => ScalarArray::Int32(array.as_primitive_opt::<Int32Type>()?),
            DataType::Int64 => ScalarArray::Int64(array.as_primitive_opt::<Int64Type>()?),
            DataType::Float32 => ScalarArray::Float32(array.as_primitive_opt::<Float32Type>()?),
            DataType::Float64 => ScalarArray::Float64(array.as_primitive_opt::<Float64Type>()?),
            DataType::Utf8 if *native == NativeType::Varint => {
                ScalarArray::Varint(array.as_string_opt()?)
            }
            DataType::Utf8 => ScalarArray::Text(array.as_string_opt()?),
            DataType::Decimal128(_, scale) => {
                ScalarArray::Decimal128(array.as_primitive_opt::<Decimal128Type>()?, *scale)
            }
            DataType::Decimal256(_, scale) => {
                ScalarArray::Decimal256(array.as_primitive_opt::<Decimal256Type>()?, *scale)
            }
            DataType::Binary => ScalarArray::Blob(array.as_binary_opt()?),
            DataType::FixedSizeBinary(16) => ScalarArray::Uuid(array.as_fixed_size_binary_opt()?),
            DataType::Timestamp(..) => {
                ScalarArray::Timestamp(array.as_primitive_opt::<TimestampMillisecondType>()?)
            }
            DataType::Date32 => ScalarArray::Date(array.as_primitive_opt::<Date32Type>()?),
            DataType::Time64(_) => {
                ScalarArray::Time(array.as_primitive_opt::<Time64NanosecondType>()?)
            }
            DataType::Struct(_) => {
                let [months, days, nanoseconds] = array.as_struct_opt()?.columns() else {
                    return None;
                };
                ScalarArray::Duration {
                    months: months.as_primitive_opt::<Int32Type>()?,
                    days: days.as_primitive_opt::<Int32Type>()?,
                    nanoseconds: nanoseconds.as_primitive_opt::<Int64Type>()?,
                }
            }
            _ => return None,
        })
    }

    /// The value of a row that is not null.
    #[inline]
    pub(super) fn value(&self, row: usize) -> Result<Scalar<'a>> {
        Ok(match self {
            ScalarArray::Boolean(array) => Scalar::Boolean(array.value(row)),
            ScalarArray::Int8(array) => Scalar::Integer(array.value(row).into()),
            ScalarArray::Int16(array) => Scalar::Integer(array.value(row).into()),
            ScalarArray::Int32(array) => Scalar::Integer(array.value(row).into()),
            ScalarArray::Int64(array) => Scalar::Integer(array.value(row)),
            ScalarArray::Float32(array) => Scalar::Float(array.value(row)),
            ScalarArray::Float64(array) => Scalar::Double(array.value(row)),
            ScalarArray::Text(array) => Scalar::Text(array.value(row)),
            ScalarArray::Varint(array) => varint(array.value(row)),
            ScalarArray::Decimal128(array, scale) => {
                let unscaled = Integer::Small(array.value(row));
                let mut text = Short::default();
                // Writing to a Short does not fail.
                let _ = write!(text, "{}", Decimal { unscaled, scale: i32::from(*scale) });
                Scalar::Short(text)
            }
            ScalarArray::Decimal256(array, scale) => {
                let unscaled = Integer::from(array.value(row));
                Scalar::Long(Decimal { unscaled, scale: i32::from(*scale) }.to_string())
            }
            ScalarArray::Blob(array) => Scalar::Blob(array.value(row)),
            ScalarArray::Uuid(array) => uuid(array.value(row)),
            ScalarArray::Timestamp(array) => {
                let millis = array.value(row);
                timestamp_text(millis).map_or(Scalar::Integer(millis), Scalar::Short)
            }
            ScalarArray::Date(array) => Scalar::Short(date_text(array.value(row))),
            ScalarArray::Time(array) => Scalar::Short(time_text(array.value(row))),
            ScalarArray::Duration { months, days, nanoseconds } => {
                let (months, days) = (months.value(row), days.value(row));
                let duration = Duration { months, days, nanoseconds: nanoseconds.value(row) };
                Scalar::Short(duration.text().ok_or_else(|| mixed_signs(duration))?)
            }
        })
    }
}

/// A number where every reader of JSON can hold it: a reader of larger ones would round.
fn varint(digits: &str) -> Scalar<'_> {
    digits.parse().map_or(Scalar::Text(digits), Scalar::Integer)
}

fn uuid(bytes: &[u8]) -> Scalar<'_> {
    let mut text = Short::default();
    if let Ok(uuid) = Uuid::from_slice(bytes) {
        text.push(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
    }
    Scalar::Short(text)
}

fn mixed_signs(duration: Duration) -> Error {
    let Duration { months, days, nanoseconds } = duration;
    Error::new(
        ErrorKind::Value,
        format!(
            "a duration of {months} months, {days} days and {nanoseconds} nanoseconds has both signs; \
             CQL has durations of one sign only"
        ),
    )
}
