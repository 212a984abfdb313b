//! A value that is not made of others, read from its text into a column.
//!
//! What is read is wider than what is written, since files come from other tools too; but nothing is
//! read that would lose something, such as digits that a type has no room for.

use std::net::IpAddr;
use std::num::ParseFloatError;
use std::str::FromStr;

use scylla::frame::response::result::{ColumnType, NativeType};
use uuid::Uuid;

use super::duration::Duration;
use super::moment::{parse_date, parse_time, parse_timestamp};
use super::options::TextOptions;
use crate::builder::{ColumnBuilder, Values};
use crate::cql_type::cql_type;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{Decimal, Integer};

/// Characters of a refused text that an error shows.
const SHOWN: usize = 60;

/// Whether a JSON number, `true` or `false` may stand for a value of the column. Cassandra wants strings
/// for the rest, among them dates, where a number could be days of several kinds.
pub(super) fn may_be_bare(column: &ColumnBuilder) -> bool {
    !matches!(
        column.values,
        Values::Text(_)
            | Values::Inet(_)
            | Values::Blob(_)
            | Values::Uuid(_)
            | Values::Date(_)
            | Values::Time(_)
            | Values::Duration(_)
    )
}

/// Appends a value that is not made of others. After an error the column is as before.
pub(crate) fn append_literal(
    column: &mut ColumnBuilder,
    text: &str,
    options: &TextOptions,
) -> Result<()> {
    let typ = &column.typ;
    let refused = || refused(text, typ);
    match &mut column.values {
        Values::Boolean(values) => values.push(options.boolean(text).ok_or_else(refused)?),
        Values::TinyInt(values) => values.push(parse(text).ok_or_else(refused)?),
        Values::SmallInt(values) => values.push(parse(text).ok_or_else(refused)?),
        Values::Int(values) => values.push(parse(text).ok_or_else(refused)?),
        Values::BigInt(values) => values.push(parse(text).ok_or_else(refused)?),
        Values::Float(values) => values.push(float(text, f32::NAN).ok_or_else(refused)?),
        Values::Double(values) => values.push(float(text, f64::NAN).ok_or_else(refused)?),
        Values::Text(values) => {
            if *typ == ColumnType::Native(NativeType::Ascii) && !text.is_ascii() {
                return Err(refused());
            }
            values.push(text)?;
        }
        Values::Varint(values) => values.print(Integer::parse(text).ok_or_else(refused)?)?,
        Values::Decimal(values) => values.print(Decimal::parse(text).ok_or_else(refused)?)?,
        Values::Decimal128(values, precision, scale) => {
            let decimal = Decimal::parse(text).ok_or_else(refused)?;
            let number = decimal.to_decimal128(*precision, *scale);
            values.push(number.ok_or_else(|| inexact(text, *precision, *scale))?);
        }
        Values::Decimal256(values, precision, scale) => {
            let decimal = Decimal::parse(text).ok_or_else(refused)?;
            let number = decimal.to_decimal256(*precision, *scale);
            values.push(number.ok_or_else(|| inexact(text, *precision, *scale))?);
        }
        Values::Inet(values) => values.print(parse::<IpAddr>(text).ok_or_else(refused)?)?,
        Values::Blob(values) => values.push(&options.bytes(text).ok_or_else(refused)?)?,
        Values::Uuid(values) => {
            let uuid: Uuid = parse(text).ok_or_else(refused)?;
            values.push(i128::from_ne_bytes(uuid.into_bytes()));
        }
        Values::Timestamp(values) => {
            let millis = parse_timestamp(text, options.epoch, options.zone);
            values.push(millis.ok_or_else(refused)?);
        }
        Values::Date(values) => values.push(parse_date(text).ok_or_else(refused)?),
        Values::Time(values) => values.push(parse_time(text).ok_or_else(refused)?),
        Values::Duration(values) => {
            let Duration { months, days, nanoseconds } =
                Duration::parse(text).ok_or_else(refused)?;
            values.push(months, days, nanoseconds);
        }
        Values::List(_) | Values::Map(_) | Values::Vector(_) | Values::Struct(_) => {
            return Err(refused());
        }
    }
    Ok(())
}

/// Whether an empty text is a null of the column.
pub(super) fn is_null(column: &ColumnBuilder, text: &str, options: &TextOptions) -> bool {
    options.empty_as_null
        && text.is_empty()
        && !matches!(column.values, Values::Text(_) | Values::Blob(_))
}

/// What a column cannot hold.
pub(crate) fn refused(text: &str, typ: &ColumnType<'_>) -> Error {
    Error::new(ErrorKind::Value, format!("{} is no {}", shown(text), cql_type(typ)))
}

pub(crate) fn inexact(text: &str, precision: u8, scale: i8) -> Error {
    let text = shown(text);
    Error::new(
        ErrorKind::Value,
        format!(
            "{text} does not fit decimal({precision}, {scale}) exactly; choose a wider one, or decimals as \
             text"
        ),
    )
}

/// A text in quotes, shortened.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// The nearest number. One too large is refused: it would become infinite. All NaN become one.
fn float<N>(text: &str, nan: N) -> Option<N>
where
    N: FromStr<Err = ParseFloatError> + Into<f64> + Copy,
{
    let number: N = parse(text)?;
    let wide: f64 = number.into();
    if wide.is_nan() {
        return Some(nan);
    }
    let has_digits = || text.bytes().any(|byte| byte.is_ascii_digit());
    (wide.is_finite() || !has_digits()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_too_large_are_not_infinite() {
        assert_eq!(float("1e39", f32::NAN), None);
        assert_eq!(float("1e39", f64::NAN), Some(1e39));
        assert_eq!(float("-INF", f32::NAN), Some(f32::NEG_INFINITY));
        assert_eq!(float("-nan", f64::NAN).map(f64::to_bits), Some(f64::NAN.to_bits()));
    }

    #[test]
    fn what_is_shown_is_short() {
        assert_eq!(shown("a\"b"), r#""a\"b""#);
        let long = "\u{e9}".repeat(61);
        assert_eq!(shown(&long), format!("\"{}\"…", "\u{e9}".repeat(60)));
    }
}
