//! A value that is not made of others goes into a column, exactly or not at all.

use std::fmt::Display;

use super::read::{Value, Zone};
use crate::builder::{ColumnBuilder, Values};
use crate::cql_type::cql_type;
use crate::error::{Error, ErrorKind, Result};
use crate::text::{
    Duration, EpochUnit, TextOptions, append_literal, append_plain, epoch_millis, inexact, refused,
};
use crate::wire::{Decimal, Integer};

const MILLIS_PER_DAY: i64 = 86_400_000;
const NANOS_PER_DAY: i128 = 86_400_000_000_000;

/// Integers of this size and more are not all doubles, so one that is may have been another before it was
/// made a double.
const DOUBLE_LIMIT: f64 = 9_007_199_254_740_992.0;

/// The same of floats of 32 bits.
const FLOAT_LIMIT: f64 = 16_777_216.0;

/// Appends a value that is not null. After an error the column is as before, unless it is made of others.
pub(super) fn append_value(
    value: Value<'_>,
    column: &mut ColumnBuilder,
    options: &TextOptions,
) -> Result<()> {
    match value {
        Value::Boolean(truth) => match &mut column.values {
            Values::Boolean(values) => {
                values.push(truth);
                Ok(())
            }
            _ => text(truth, column, options),
        },
        Value::Integer(number) => integer(number, column, options),
        Value::Float(number) => float(number, column),
        Value::Double(number) => double(number, column),
        Value::Decimal(number) => decimal(&number, column, options),
        Value::Text(text) => append_plain(column, text, options),
        Value::Bytes(value) => bytes(value, column, options),
        Value::Timestamp(moment, unit, zone) => timestamp(moment, unit, zone, column, options),
        Value::Date(millis) => date(millis, column, options),
        Value::Time(nanos) => {
            let time = time_of_day(nanos);
            let time = time.ok_or_else(|| refuse(format_args!("{nanos} ns"), column))?;
            match &mut column.values {
                Values::Time(values) => values.push(time),
                _ => return Err(no_way(column)),
            }
            Ok(())
        }
        Value::Duration(months, days, nanoseconds) => {
            let shown = format_args!("{months} months {days} days {nanoseconds} ns");
            let nanoseconds = i64::try_from(nanoseconds).map_err(|_| refuse(shown, column))?;
            let duration = Duration { months, days, nanoseconds };
            if !duration.is_of_one_sign() {
                return Err(refuse(shown, column));
            }
            match &mut column.values {
                Values::Duration(values) => values.push(months, days, nanoseconds),
                _ => return Err(no_way(column)),
            }
            Ok(())
        }
    }
}

fn integer(number: i128, column: &mut ColumnBuilder, options: &TextOptions) -> Result<()> {
    let typ = &column.typ;
    let refused = || refused(&number.to_string(), typ);
    match &mut column.values {
        Values::TinyInt(values) => values.push(fit(number).ok_or_else(refused)?),
        Values::SmallInt(values) => values.push(fit(number).ok_or_else(refused)?),
        Values::Int(values) => values.push(fit(number).ok_or_else(refused)?),
        Values::BigInt(values) => values.push(fit(number).ok_or_else(refused)?),
        Values::Timestamp(values) => {
            let millis = fit(number).and_then(|number| epoch_millis(number, options.epoch));
            values.push(millis.ok_or_else(refused)?);
        }
        // As CQL's own literals of a time may be numbers, and as Iceberg tables have it, whose times end at
        // microseconds.
        Values::Time(values) => values.push(time_of_day(number).ok_or_else(refused)?),
        Values::Float(values) => {
            #[expect(clippy::cast_possible_truncation, reason = "it is compared, or saturates")]
            let (float, back) = (number as f32, (number as f32) as i128);
            values.push(Some(float).filter(|_| back == number).ok_or_else(refused)?);
        }
        Values::Double(values) => {
            #[expect(clippy::cast_possible_truncation, reason = "it is compared, or saturates")]
            let (double, back) = (number as f64, (number as f64) as i128);
            values.push(Some(double).filter(|_| back == number).ok_or_else(refused)?);
        }
        _ => {
            let number = Decimal { unscaled: Integer::Small(number), scale: 0 };
            return decimal(&number, column, options);
        }
    }
    Ok(())
}

fn decimal(number: &Decimal, column: &mut ColumnBuilder, options: &TextOptions) -> Result<()> {
    let typ = &column.typ;
    let refused = || refused(&number.to_string(), typ);
    match &mut column.values {
        Values::Decimal(values) => values.print(number)?,
        Values::Decimal128(values, precision, scale) => {
            let unscaled = number.to_decimal128(*precision, *scale);
            values.push(unscaled.ok_or_else(|| inexact(&number.to_string(), *precision, *scale))?);
        }
        Values::Decimal256(values, precision, scale) => {
            let unscaled = number.to_decimal256(*precision, *scale);
            values.push(unscaled.ok_or_else(|| inexact(&number.to_string(), *precision, *scale))?);
        }
        Values::Varint(values) => values.print(number.to_integer().ok_or_else(refused)?)?,
        Values::Text(_) => return text(number, column, options),
        Values::TinyInt(_) | Values::SmallInt(_) | Values::Int(_) | Values::BigInt(_) => {
            let whole = number.to_integer().and_then(|number| number.to_i128());
            return integer(whole.ok_or_else(refused)?, column, options);
        }
        _ => return Err(no_way(column)),
    }
    Ok(())
}

fn float(number: f32, column: &mut ColumnBuilder) -> Result<()> {
    match &mut column.values {
        Values::Float(values) => values.push(number),
        Values::Double(values) => values.push(number.into()),
        _ => return rational(number.into(), FLOAT_LIMIT, number, column),
    }
    Ok(())
}

fn double(number: f64, column: &mut ColumnBuilder) -> Result<()> {
    match &mut column.values {
        Values::Double(values) => values.push(number),
        Values::Float(values) => {
            // The nearest, as a text is read: a column of floats is asked for no more.
            #[expect(clippy::cast_possible_truncation, reason = "infinity is refused")]
            let float = number as f32;
            if float.is_infinite() && number.is_finite() {
                return Err(refuse(number, column));
            }
            values.push(float);
        }
        _ => return rational(number, DOUBLE_LIMIT, number, column),
    }
    Ok(())
}

/// A float becomes an integer that it must have been made of, or the decimal of its shortest digits.
fn rational(
    number: f64,
    limit: f64,
    shown: impl Display,
    column: &mut ColumnBuilder,
) -> Result<()> {
    let options = &TextOptions::default();
    match &mut column.values {
        Values::Decimal(_) | Values::Decimal128(..) | Values::Decimal256(..) => {
            let shortest = shown.to_string();
            let shortest = Decimal::parse(&shortest).ok_or_else(|| refuse(shown, column))?;
            decimal(&shortest, column, options)
        }
        _ => {
            if number.fract() != 0.0 || number.is_nan() || number.abs() >= limit {
                return Err(refuse(shown, column));
            }
            #[expect(clippy::cast_possible_truncation, reason = "it is whole, and below the limit")]
            integer(number as i128, column, options)
        }
    }
}

fn bytes(value: &[u8], column: &mut ColumnBuilder, options: &TextOptions) -> Result<()> {
    match &mut column.values {
        Values::Blob(values) => values.push(value),
        Values::Uuid(values) => {
            let Ok(uuid) = <[u8; 16]>::try_from(value) else {
                return Err(refuse(format_args!("a value of {} bytes", value.len()), column));
            };
            values.push(i128::from_ne_bytes(uuid));
            Ok(())
        }
        Values::Text(_) => match std::str::from_utf8(value) {
            Ok(text) => append_literal(column, text, options),
            Err(source) => Err(refuse(String::from_utf8_lossy(value), column).with_source(source)),
        },
        _ => Err(no_way(column)),
    }
}

fn timestamp(
    moment: i64,
    unit: EpochUnit,
    zone: Zone,
    column: &mut ColumnBuilder,
    options: &TextOptions,
) -> Result<()> {
    let millis = epoch_millis(moment, unit);
    let value = match &mut column.values {
        Values::Timestamp(values) => {
            let millis = millis.and_then(|millis| match zone {
                Zone::Local => in_utc(millis, options),
                Zone::Offset(_) | Zone::Named => Some(millis),
            });
            millis.map(|millis| values.push(millis))
        }
        Values::Date(values) => {
            let local = millis.and_then(|millis| match zone {
                Zone::Local => Some(millis),
                Zone::Offset(offset) => {
                    millis.checked_add(i64::from(offset.local_minus_utc()) * 1000)
                }
                Zone::Named => None,
            });
            local.and_then(whole_days).map(|days| values.push(days))
        }
        _ => return Err(no_way(column)),
    };
    value.ok_or_else(|| {
        let part = match unit {
            EpochUnit::Seconds => "s",
            EpochUnit::Milliseconds => "ms",
            EpochUnit::Microseconds => "us",
            EpochUnit::Nanoseconds => "ns",
        };
        refuse(format_args!("{moment} {part} since 1970"), column)
    })
}

fn date(millis: i64, column: &mut ColumnBuilder, options: &TextOptions) -> Result<()> {
    let days = whole_days(millis);
    let value = match &mut column.values {
        Values::Date(values) => days.map(|days| values.push(days)),
        Values::Timestamp(values) => {
            days.and_then(|_| in_utc(millis, options)).map(|millis| values.push(millis))
        }
        _ => return Err(no_way(column)),
    };
    value.ok_or_else(|| refuse(format_args!("{millis} ms since 1970"), column))
}

/// Days since 1970, of a moment at midnight.
fn whole_days(millis: i64) -> Option<i32> {
    let is_midnight = millis % MILLIS_PER_DAY == 0;
    i32::try_from(millis / MILLIS_PER_DAY).ok().filter(|_| is_midnight)
}

/// What local clocks show is, like text without an offset, in the zone that was chosen.
fn in_utc(millis: i64, options: &TextOptions) -> Option<i64> {
    millis.checked_sub(i64::from(options.zone.local_minus_utc()) * 1000)
}

/// Nanoseconds since midnight, if they are of one day.
fn time_of_day(nanos: i128) -> Option<i64> {
    fit(nanos).filter(|_| (0..NANOS_PER_DAY).contains(&nanos))
}

fn fit<N: TryFrom<i128>>(number: i128) -> Option<N> {
    number.try_into().ok()
}

/// A `text` of what has only one text.
fn text(value: impl Display, column: &mut ColumnBuilder, options: &TextOptions) -> Result<()> {
    match &column.values {
        Values::Text(_) => append_literal(column, &value.to_string(), options),
        _ => Err(no_way(column)),
    }
}

#[cold]
fn refuse(value: impl Display, column: &ColumnBuilder) -> Error {
    refused(&value.to_string(), &column.typ)
}

/// What the table of ways does not let happen.
#[cold]
pub(super) fn no_way(column: &ColumnBuilder) -> Error {
    let typ = cql_type(&column.typ);
    Error::new(ErrorKind::Unsupported, format!("such a value can't become a {typ}"))
}
