//! What a cell of a flat Arrow array holds.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, ArrowTimestampType, Date32Type, Date64Type, Decimal32Type, Decimal64Type,
    Decimal128Type, Decimal256Type, DecimalType, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalDayTimeType, IntervalMonthDayNanoType,
    IntervalYearMonthType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_schema::{DataType, IntervalUnit, TimeUnit};
use chrono::FixedOffset;

use super::way::offset;
use crate::text::EpochUnit;
use crate::wire::{Decimal, Integer};

/// A value that is not null, by what it is rather than by how wide it is.
pub(super) enum Value<'a> {
    Boolean(bool),
    Integer(i128),
    Float(f32),
    Double(f64),
    Decimal(Decimal),
    Text(&'a str),
    Bytes(&'a [u8]),
    Timestamp(i64, EpochUnit, Zone),
    /// Milliseconds since 1970, which should be whole days.
    Date(i64),
    /// Nanoseconds since midnight.
    Time(i128),
    /// Nanoseconds, besides months and days.
    Duration(i32, i32, i128),
}

/// What is known of where a timestamp's clock stands.
#[derive(Clone, Copy)]
pub(super) enum Zone {
    /// It is local, wherever that may be.
    Local,
    /// Counted from 1970 in UTC, and shown at this offset.
    Offset(FixedOffset),
    /// Counted from 1970 in UTC, and shown in a zone of some name.
    Named,
}

/// Reads the cell of a row.
pub(super) type Read<'a> = Box<dyn Fn(usize) -> Value<'a> + 'a>;

/// How cells are read; `None` for arrays of other types.
pub(super) fn read(array: &dyn Array) -> Option<Read<'_>> {
    let units = |unit: &TimeUnit| match unit {
        TimeUnit::Second => EpochUnit::Seconds,
        TimeUnit::Millisecond => EpochUnit::Milliseconds,
        TimeUnit::Microsecond => EpochUnit::Microseconds,
        TimeUnit::Nanosecond => EpochUnit::Nanoseconds,
    };
    match array.data_type() {
        DataType::Boolean => {
            let array = array.as_boolean_opt()?;
            Some(Box::new(|row| Value::Boolean(array.value(row))))
        }
        DataType::Int8 => primitive::<Int8Type>(array, |number| Value::Integer(number.into())),
        DataType::Int16 => primitive::<Int16Type>(array, |number| Value::Integer(number.into())),
        DataType::Int32 => primitive::<Int32Type>(array, |number| Value::Integer(number.into())),
        DataType::Int64 => primitive::<Int64Type>(array, |number| Value::Integer(number.into())),
        DataType::UInt8 => primitive::<UInt8Type>(array, |number| Value::Integer(number.into())),
        DataType::UInt16 => primitive::<UInt16Type>(array, |number| Value::Integer(number.into())),
        DataType::UInt32 => primitive::<UInt32Type>(array, |number| Value::Integer(number.into())),
        DataType::UInt64 => primitive::<UInt64Type>(array, |number| Value::Integer(number.into())),
        DataType::Float16 => {
            primitive::<Float16Type>(array, |number| Value::Float(number.to_f32()))
        }
        DataType::Float32 => primitive::<Float32Type>(array, Value::Float),
        DataType::Float64 => primitive::<Float64Type>(array, Value::Double),
        DataType::Decimal32(..) => {
            decimals::<Decimal32Type>(array, |number| Integer::Small(number.into()))
        }
        DataType::Decimal64(..) => {
            decimals::<Decimal64Type>(array, |number| Integer::Small(number.into()))
        }
        DataType::Decimal128(..) => decimals::<Decimal128Type>(array, Integer::Small),
        DataType::Decimal256(..) => decimals::<Decimal256Type>(array, Integer::from),
        DataType::Utf8 => {
            let array = array.as_string_opt::<i32>()?;
            Some(Box::new(|row| Value::Text(array.value(row))))
        }
        DataType::LargeUtf8 => {
            let array = array.as_string_opt::<i64>()?;
            Some(Box::new(|row| Value::Text(array.value(row))))
        }
        DataType::Utf8View => {
            let array = array.as_string_view_opt()?;
            Some(Box::new(|row| Value::Text(array.value(row))))
        }
        DataType::Binary => {
            let array = array.as_binary_opt::<i32>()?;
            Some(Box::new(|row| Value::Bytes(array.value(row))))
        }
        DataType::LargeBinary => {
            let array = array.as_binary_opt::<i64>()?;
            Some(Box::new(|row| Value::Bytes(array.value(row))))
        }
        DataType::BinaryView => {
            let array = array.as_binary_view_opt()?;
            Some(Box::new(|row| Value::Bytes(array.value(row))))
        }
        DataType::FixedSizeBinary(_) => {
            let array = array.as_fixed_size_binary_opt()?;
            Some(Box::new(|row| Value::Bytes(array.value(row))))
        }
        DataType::Timestamp(unit, zone) => {
            let zone = zone
                .as_ref()
                .map_or(Zone::Local, |zone| offset(zone).map_or(Zone::Named, Zone::Offset));
            let epoch = units(unit);
            match unit {
                TimeUnit::Second => timestamps::<TimestampSecondType>(array, epoch, zone),
                TimeUnit::Millisecond => timestamps::<TimestampMillisecondType>(array, epoch, zone),
                TimeUnit::Microsecond => timestamps::<TimestampMicrosecondType>(array, epoch, zone),
                TimeUnit::Nanosecond => timestamps::<TimestampNanosecondType>(array, epoch, zone),
            }
        }
        DataType::Date32 => {
            primitive::<Date32Type>(array, |days| Value::Date(i64::from(days) * 86_400_000))
        }
        DataType::Date64 => primitive::<Date64Type>(array, Value::Date),
        DataType::Time32(TimeUnit::Second) => {
            primitive::<Time32SecondType>(array, |time| Value::Time(nanos(time, 1_000_000_000)))
        }
        DataType::Time32(_) => {
            primitive::<Time32MillisecondType>(array, |time| Value::Time(nanos(time, 1_000_000)))
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            primitive::<Time64MicrosecondType>(array, |time| Value::Time(nanos(time, 1000)))
        }
        DataType::Time64(_) => {
            primitive::<Time64NanosecondType>(array, |time| Value::Time(time.into()))
        }
        DataType::Duration(TimeUnit::Second) => primitive::<DurationSecondType>(array, |span| {
            Value::Duration(0, 0, nanos(span, 1_000_000_000))
        }),
        DataType::Duration(TimeUnit::Millisecond) => {
            primitive::<DurationMillisecondType>(array, |span| {
                Value::Duration(0, 0, nanos(span, 1_000_000))
            })
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            primitive::<DurationMicrosecondType>(array, |span| {
                Value::Duration(0, 0, nanos(span, 1000))
            })
        }
        DataType::Duration(TimeUnit::Nanosecond) => {
            primitive::<DurationNanosecondType>(array, |span| Value::Duration(0, 0, span.into()))
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            primitive::<IntervalYearMonthType>(array, |months| Value::Duration(months, 0, 0))
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            primitive::<IntervalDayTimeType>(array, |span| {
                Value::Duration(0, span.days, nanos(span.milliseconds, 1_000_000))
            })
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            primitive::<IntervalMonthDayNanoType>(array, |span| {
                Value::Duration(span.months, span.days, span.nanoseconds.into())
            })
        }
        _ => None,
    }
}

fn primitive<'a, T: ArrowPrimitiveType>(
    array: &'a dyn Array,
    value: impl Fn(T::Native) -> Value<'a> + 'a,
) -> Option<Read<'a>> {
    let array: &PrimitiveArray<T> = array.as_primitive_opt()?;
    Some(Box::new(move |row| value(array.value(row))))
}

fn decimals<T: DecimalType>(
    array: &dyn Array,
    unscaled: fn(T::Native) -> Integer,
) -> Option<Read<'_>> {
    let scale = i32::from(array.as_primitive_opt::<T>()?.scale());
    primitive::<T>(array, move |number| {
        Value::Decimal(Decimal { unscaled: unscaled(number), scale })
    })
}

fn timestamps<T: ArrowTimestampType>(
    array: &dyn Array,
    unit: EpochUnit,
    zone: Zone,
) -> Option<Read<'_>> {
    primitive::<T>(array, move |moment| Value::Timestamp(moment, unit, zone))
}

fn nanos(units: impl Into<i128>, each: i128) -> i128 {
    units.into() * each
}
