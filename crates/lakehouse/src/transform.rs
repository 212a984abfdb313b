//! Iceberg's partition transforms, over whole arrays.
//!
//! Hashes and prefixes are the `iceberg` crate's. Years to hours and truncated numbers are ours, since a
//! partition value that is wrong hides rows from readers: the crate's day of an instant within a second
//! before the end of a day, before 1970, is the day after; years that `chrono` does not know become null;
//! hours and truncated integers wrap.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Decimal128Type, DecimalType as _, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array as _, ArrayRef, PrimitiveArray, new_null_array};
use arrow_schema::{DataType, TimeUnit};
use iceberg::spec::Transform;
use iceberg::transform::create_transform_function;

use crate::error::{Error, ErrorKind, Result};

/// The partition values of a column's values. The transform must apply to the type.
///
/// # Errors
///
/// [`ErrorKind::Value`] where a partition value is out of the range of its type.
pub(crate) fn apply(transform: Transform, array: &ArrayRef) -> Result<ArrayRef> {
    match transform {
        Transform::Identity => Ok(Arc::clone(array)),
        Transform::Void => Ok(new_null_array(array.data_type(), array.len())),
        Transform::Year | Transform::Month | Transform::Day | Transform::Hour => {
            periods(transform, array)
        }
        Transform::Truncate(width) => match truncated(array, width)? {
            Some(truncated) => Ok(truncated),
            None => of_crate(transform, array),
        },
        Transform::Bucket(_) | Transform::Unknown => of_crate(transform, array),
    }
}

fn of_crate(transform: Transform, array: &ArrayRef) -> Result<ArrayRef> {
    create_transform_function(&transform)
        .and_then(|function| function.transform(Arc::clone(array)))
        .map_err(|source| Error::of(format_args!("{transform} could not be computed"), source))
}

/// Years, months, days or hours since 1970.
fn periods(transform: Transform, array: &ArrayRef) -> Result<ArrayRef> {
    let period = |value: i64, per_day: i64| {
        let day = value.div_euclid(per_day);
        let period = match transform {
            Transform::Year => civil(day).0 - 1970,
            Transform::Month => {
                let (year, month, _) = civil(day);
                (year - 1970) * 12 + i64::from(month) - 1
            }
            Transform::Hour => value.div_euclid(per_day / 24),
            _ => day,
        };
        i32::try_from(period).map_err(|_| beyond(transform, &value))
    };
    const MICROS: i64 = 86_400_000_000;
    let periods: PrimitiveArray<Int32Type> = match array.data_type() {
        DataType::Date32 => {
            let days = array.as_primitive_opt::<Date32Type>().ok_or_else(|| other(array))?;
            days.try_unary(|day| period(i64::from(day), 1))?
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let times = array.as_primitive_opt::<TimestampMicrosecondType>();
            times.ok_or_else(|| other(array))?.try_unary(|time| period(time, MICROS))?
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let times = array.as_primitive_opt::<TimestampNanosecondType>();
            times.ok_or_else(|| other(array))?.try_unary(|time| period(time, MICROS * 1000))?
        }
        _ => return Err(other(array)),
    };
    Ok(match transform {
        Transform::Day => Arc::new(periods.reinterpret_cast::<Date32Type>()),
        _ => Arc::new(periods),
    })
}

/// Numbers, each as the next multiple of `width` that is not greater; nothing for what is no number.
fn truncated(array: &ArrayRef, width: u32) -> Result<Option<ArrayRef>> {
    let transform = Transform::Truncate(width);
    let width = i64::from(width);
    Ok(Some(match array.data_type() {
        DataType::Int32 => {
            let numbers = array.as_primitive_opt::<Int32Type>().ok_or_else(|| other(array))?;
            let truncated: PrimitiveArray<Int32Type> = numbers.try_unary(|number| {
                let number = i64::from(number);
                i32::try_from(number - number.rem_euclid(width))
                    .map_err(|_| beyond(transform, &number))
            })?;
            Arc::new(truncated)
        }
        DataType::Int64 => {
            let numbers = array.as_primitive_opt::<Int64Type>().ok_or_else(|| other(array))?;
            let truncated: PrimitiveArray<Int64Type> = numbers.try_unary(|number| {
                number
                    .checked_sub(number.rem_euclid(width))
                    .ok_or_else(|| beyond(transform, &number))
            })?;
            Arc::new(truncated)
        }
        DataType::Decimal128(precision, _) => {
            let numbers = array.as_primitive_opt::<Decimal128Type>().ok_or_else(|| other(array))?;
            let width = i128::from(width);
            let truncated: PrimitiveArray<Decimal128Type> = numbers.try_unary(|number| {
                number
                    .checked_sub(number.rem_euclid(width))
                    .filter(|truncated| {
                        Decimal128Type::is_valid_decimal_precision(*truncated, *precision)
                    })
                    .ok_or_else(|| beyond(transform, &number))
            })?;
            Arc::new(truncated.with_data_type(array.data_type().clone()))
        }
        _ => return Ok(None),
    }))
}

fn beyond(transform: Transform, value: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Value,
        format!("{transform} of {value} is out of the range of partition values"),
    )
}

fn other(array: &ArrayRef) -> Error {
    let typ = array.data_type();
    Error::new(ErrorKind::Internal, format!("{typ} can't be transformed so"))
}

/// Year, month and day of a day since 1970-01-01, in the proleptic Gregorian calendar, for every day that
/// an `i32` and all that a timestamp can name: `chrono` ends at the year 262,142, Iceberg and CQL do not.
/// The algorithm is Howard Hinnant's `civil_from_days`.
pub(crate) fn civil(day: i64) -> (i64, u8, u8) {
    let day = day + 719_468; // since 0000-03-01
    let (era, day_of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153; // months since March
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let small = |n: i64| u8::try_from(n).unwrap_or_default();
    (year, small(month), small(day_of_year - (153 * shifted + 2) / 5 + 1))
}

#[cfg(test)]
mod tests {
    use arrow_array::{BinaryArray, StringArray, TimestampMicrosecondArray};
    use chrono::{DateTime, Datelike as _, NaiveDate};
    use proptest::prelude::*;

    use super::*;

    fn numbers(array: &ArrayRef) -> Vec<Option<i32>> {
        let numbers = array.as_primitive_opt::<Int32Type>().map(|numbers| numbers.iter().collect());
        numbers.unwrap_or_else(|| array.as_primitive::<Date32Type>().iter().collect())
    }

    proptest! {
        #[test]
        fn days_are_those_of_chrono(day in -90_000_000..90_000_000_i32) {
            let date = NaiveDate::from_epoch_days(day).unwrap();
            let (year, month, of_month) = civil(day.into());
            prop_assert_eq!((year, u32::from(month)), (date.year().into(), date.month()));
            prop_assert_eq!(u32::from(of_month), date.day());
        }

        #[test]
        fn periods_are_those_of_chrono(
            micros in prop_oneof![-4_000_000_000_000_000..4_000_000_000_000_000_i64, -9_i64..9],
        ) {
            let time = DateTime::from_timestamp_micros(micros).unwrap();
            let array: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![Some(micros), None]));
            let of = |transform| numbers(&apply(transform, &array).unwrap());
            let expected = |period: i64| vec![i32::try_from(period).ok(), None];
            let year = i64::from(time.year()) - 1970;
            prop_assert_eq!(of(Transform::Year), expected(year));
            prop_assert_eq!(of(Transform::Month), expected(year * 12 + i64::from(time.month0())));
            prop_assert_eq!(of(Transform::Day), expected(time.timestamp().div_euclid(86_400)));
            prop_assert_eq!(of(Transform::Hour), expected(time.timestamp().div_euclid(3_600)));
        }

        #[test]
        fn truncated_numbers_are_multiples_below(number in any::<i64>(), width in 1..1000_u32) {
            let array: ArrayRef = Arc::new(PrimitiveArray::<Int64Type>::from(vec![number]));
            let width_of = i128::from(width);
            let below = i128::from(number).div_euclid(width_of) * width_of;
            match (apply(Transform::Truncate(width), &array), i64::try_from(below)) {
                (Ok(array), Ok(below)) => {
                    prop_assert_eq!(array.as_primitive::<Int64Type>().value(0), below);
                }
                (Err(error), Err(_)) => prop_assert_eq!(error.kind(), ErrorKind::Value),
                (found, below) => prop_assert!(false, "{found:?} {below:?}"),
            }
        }
    }

    #[test]
    fn texts_are_cut_between_characters_and_bytes_between_bytes() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("äöü"), Some("a"), None]));
        let cut = apply(Transform::Truncate(2), &texts).unwrap();
        assert_eq!(cut.as_string::<i32>(), &StringArray::from(vec![Some("äö"), Some("a"), None]));
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![Some(&[1, 2, 3][..]), None]));
        let cut = apply(Transform::Truncate(2), &bytes).unwrap();
        assert_eq!(cut.as_binary::<i32>(), &BinaryArray::from(vec![Some(&[1, 2][..]), None]));
    }

    #[test]
    fn a_decimal_is_truncated_by_its_digits_and_within_its_precision() {
        let of = |digits: i128| -> ArrayRef {
            let array = PrimitiveArray::<Decimal128Type>::from(vec![digits]);
            Arc::new(array.with_precision_and_scale(4, 2).unwrap())
        };
        let cut = apply(Transform::Truncate(50), &of(1065)).unwrap(); // 10.65
        assert_eq!(&cut, &of(1050));
        let error = apply(Transform::Truncate(50), &of(-9999)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Value);
    }
}
