//! An array as it is in a file becomes one of the table's type: fields of structs by their ids, and types that
//! Iceberg allows to grow.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, ListArray, MapArray, StructArray, new_null_array};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field, TimeUnit};

use super::projection::id;
use crate::error::{Error, ErrorKind, Result};

/// `from` is the file's field, with ids also inside of it, which the array's own type may lack.
pub(super) fn promote(array: &ArrayRef, from: &Field, to: &Field) -> Result<ArrayRef> {
    let broken = |source: ArrowError| {
        let message = format!("the column {:?} is not what the table says", to.name());
        Error::new(ErrorKind::Data, message).with_source(source)
    };
    match (from.data_type(), to.data_type()) {
        (DataType::Struct(children), DataType::Struct(targets)) => {
            let array = array.as_struct_opt().ok_or_else(|| odd(array, to))?;
            let parts = targets.iter().map(|target| {
                let ours = id(target);
                match children.iter().position(|child| ours.is_some() && id(child) == ours) {
                    Some(place) => promote(array.column(place), &children[place], target),
                    None if target.is_nullable() => {
                        Ok(new_null_array(target.data_type(), array.len()))
                    }
                    None => {
                        let message = format!("it lacks the required field {:?}", target.name());
                        Err(Error::new(ErrorKind::Data, message))
                    }
                }
            });
            let parts: Vec<ArrayRef> = parts.collect::<Result<_>>()?;
            let (fields, nulls) = (targets.clone(), array.nulls().cloned());
            let made = StructArray::try_new_with_length(fields, parts, nulls, array.len());
            Ok(Arc::new(made.map_err(broken)?))
        }
        (DataType::List(child), DataType::List(target)) => {
            let array = array.as_list_opt::<i32>().ok_or_else(|| odd(array, to))?;
            let values = promote(array.values(), child, target)?;
            let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
            let made = ListArray::try_new(Arc::clone(target), offsets, values, nulls);
            Ok(Arc::new(made.map_err(broken)?))
        }
        (DataType::Map(entries, _), DataType::Map(target, sorted)) => {
            let array = array.as_map_opt().ok_or_else(|| odd(array, to))?;
            let (DataType::Struct(pair), DataType::Struct(targets)) =
                (entries.data_type(), target.data_type())
            else {
                return Err(odd(array, to));
            };
            let ([key, value], [to_key, to_value]) = (pair.as_ref(), targets.as_ref()) else {
                return Err(odd(array, to));
            };
            let keys = promote(array.keys(), key, to_key)?;
            let values = promote(array.values(), value, to_value)?;
            let pairs = StructArray::try_new(targets.clone(), vec![keys, values], None);
            let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
            let pairs = pairs.map_err(broken)?;
            let made = MapArray::try_new(Arc::clone(target), offsets, pairs, nulls, *sorted);
            Ok(Arc::new(made.map_err(broken)?))
        }
        _ if array.data_type() == to.data_type() => Ok(Arc::clone(array)),
        (_, DataType::Timestamp(TimeUnit::Microsecond, zone))
            if matches!(array.data_type(), DataType::Timestamp(TimeUnit::Microsecond, _)) =>
        {
            // The same microseconds, whatever the zone is called.
            let micros = array.as_primitive::<TimestampMicrosecondType>().clone();
            Ok(Arc::new(micros.with_timezone_opt(zone.clone())))
        }
        (_, target) if grows(array.data_type(), target) => {
            let options = CastOptions { safe: false, ..Default::default() };
            cast_with_options(array, target, &options).map_err(broken)
        }
        _ => Err(odd(array, to)),
    }
}

#[cold]
fn odd(array: &dyn Array, to: &Field) -> Error {
    let (found, name, expected) = (array.data_type(), to.name(), to.data_type());
    let message =
        format!("its column {name:?} is {found}, which Iceberg does not let become {expected}");
    Error::new(ErrorKind::Data, message)
}

/// Whether each value of a type is one of another, by the rules of Iceberg, or by how old writers made files.
fn grows(from: &DataType, to: &DataType) -> bool {
    use DataType::{
        Binary, Date32, Decimal128, FixedSizeBinary, Float32, Float64, Int8, Int16, Int32, Int64,
        LargeBinary, LargeUtf8, Time32, Time64, Timestamp, UInt8, UInt16, UInt32, Utf8,
    };
    match (from, to) {
        (Int8 | Int16 | UInt8 | UInt16, Int32) => true,
        (Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32, Int64) => true,
        (Float32, Float64) => true,
        (Decimal128(from, scale), Decimal128(to, same)) => from <= to && scale == same,
        (Utf8 | LargeUtf8 | Binary | LargeBinary, Utf8) => true,
        (Utf8 | LargeUtf8 | Binary | LargeBinary | FixedSizeBinary(_), LargeBinary) => true,
        (Time32(_), Time64(TimeUnit::Microsecond)) => true,
        (Date32, Timestamp(_, None)) => true,
        (Timestamp(TimeUnit::Millisecond, _), Timestamp(TimeUnit::Microsecond, _)) => true,
        (
            Timestamp(TimeUnit::Millisecond | TimeUnit::Microsecond, _),
            Timestamp(TimeUnit::Nanosecond, _),
        ) => true,
        (Timestamp(TimeUnit::Nanosecond, _), Timestamp(TimeUnit::Nanosecond, _)) => true,
        _ => false,
    }
}
