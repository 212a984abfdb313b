//! A row of any table as JSON.
//!
//! Values are written as Cassandra's own `SELECT JSON` writes them, so that `INSERT … JSON` reads them
//! back to the same value (the encoding table in Cassandra's CQL reference, "JSON support"), and as
//! the other form that `INSERT … JSON` reads where that one loses something:
//!
//! - `NaN` and the infinities are strings instead of `null`;
//! - decimals are strings: a JSON number with a point is read as a double;
//! - moments outside the years 1 to 9999 are milliseconds.
//!
//! Column names are plain; `INSERT … JSON` wants quotes inside the string of a case-sensitive one.

use std::fmt;

use bigdecimal::BigDecimal;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SecondsFormat, Utc};
use num_bigint::BigInt;
use scylla::deserialize::row::{ColumnIterator, DeserializeRow};
use scylla::deserialize::value::DeserializeValue;
use scylla::errors::{DeserializationError, TypeCheckError};
use scylla::frame::response::result::ColumnSpec;
use scylla::value::{CqlDuration, CqlTimestamp, CqlValue};
use serde_json::{Map, Number, Value};

/// A row of any table: its columns by name, in the order they were selected.
///
/// Displayed as one line of JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonRow(Vec<(String, Value)>);

impl JsonRow {
    /// The columns.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A column's value.
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.columns().find(|(name, _)| *name == column).map(|(_, value)| value)
    }

    /// The row as a JSON object.
    pub fn into_value(self) -> Value {
        Value::Object(self.0.into_iter().collect())
    }

    /// Takes the last column off.
    pub(crate) fn pop(&mut self) -> Option<(String, Value)> {
        self.0.pop()
    }
}

impl fmt::Display for JsonRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (name, value)) in self.columns().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}:{value}", Value::from(name))?;
        }
        f.write_str("}")
    }
}

impl<'frame, 'metadata> DeserializeRow<'frame, 'metadata> for JsonRow {
    fn type_check(_specs: &[ColumnSpec<'_>]) -> Result<(), TypeCheckError> {
        Ok(())
    }

    fn deserialize(row: ColumnIterator<'frame, 'metadata>) -> Result<Self, DeserializationError> {
        let columns = row.map(|column| {
            let column = column?;
            let value = Option::<CqlValue>::deserialize(column.spec.typ(), column.slice)?;
            Ok((column.spec.name().to_owned(), value.as_ref().map_or(Value::Null, json)))
        });
        columns.collect::<Result<_, _>>().map(JsonRow)
    }
}

/// The JSON of a CQL value.
fn json(value: &CqlValue) -> Value {
    match value {
        CqlValue::Ascii(text) | CqlValue::Text(text) => Value::from(text.as_str()),
        CqlValue::Boolean(truth) => Value::from(*truth),
        CqlValue::TinyInt(number) => Value::from(*number),
        CqlValue::SmallInt(number) => Value::from(*number),
        CqlValue::Int(number) => Value::from(*number),
        CqlValue::BigInt(number) => Value::from(*number),
        CqlValue::Counter(count) => Value::from(count.0),
        CqlValue::Varint(number) => number_of(BigInt::from(number.clone()).to_string()),
        CqlValue::Decimal(number) => Value::from(decimal_text(&BigDecimal::from(number.clone()))),
        CqlValue::Float(number) if number.is_finite() => number_of(shortest(number)),
        CqlValue::Float(number) => Value::from(special(f64::from(*number))),
        CqlValue::Double(number) if number.is_finite() => number_of(shortest(number)),
        CqlValue::Double(number) => Value::from(special(*number)),
        CqlValue::Blob(bytes) => Value::from(hex(bytes)),
        CqlValue::Uuid(uuid) => Value::from(uuid.to_string()),
        CqlValue::Timeuuid(uuid) => Value::from(uuid.to_string()),
        CqlValue::Inet(address) => Value::from(address.to_string()),
        CqlValue::Timestamp(instant) => timestamp(*instant),
        CqlValue::Date(date) => match TryInto::<NaiveDate>::try_into(*date) {
            Ok(date) => Value::from(date.to_string()),
            // Beyond the calendar's years, the days as Cassandra counts them.
            Err(_) => Value::from(date.0.to_string()),
        },
        CqlValue::Time(time) => match TryInto::<NaiveTime>::try_into(*time) {
            Ok(time) => Value::from(time.format("%H:%M:%S%.9f").to_string()),
            Err(_) => Value::from(time.0.to_string()),
        },
        CqlValue::Duration(duration) => Value::from(duration_text(*duration)),
        CqlValue::Empty => Value::from(""),
        CqlValue::List(items) | CqlValue::Set(items) | CqlValue::Vector(items) => {
            items.iter().map(json).collect()
        }
        CqlValue::Tuple(fields) => fields.iter().map(nullable).collect(),
        CqlValue::UserDefinedType { fields, .. } => {
            let fields = fields.iter().map(|(name, field)| (name.clone(), nullable(field)));
            Value::Object(fields.collect())
        }
        CqlValue::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (map_key(key), json(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        // The driver's enum may grow; a type this release does not know is shown as the driver does.
        other => Value::from(other.to_string()),
    }
}

fn nullable(value: &Option<CqlValue>) -> Value {
    value.as_ref().map_or(Value::Null, json)
}

/// JSON has text keys only: what is not text is written as its JSON in a string.
fn map_key(key: &CqlValue) -> String {
    match json(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A number with all its digits.
fn number_of(digits: String) -> Value {
    match digits.parse::<Number>() {
        Ok(number) => Value::Number(number),
        Err(_) => Value::from(digits),
    }
}

/// All digits and the scale, as text: Cassandra reads a JSON number with a point as a double.
fn decimal_text(number: &BigDecimal) -> String {
    let (digits, scale) = number.as_bigint_and_exponent();
    let plain = number.to_plain_string();
    // Plain where that keeps the scale and is short.
    if (0..=64).contains(&scale) && plain.parse() == Ok(number.clone()) && !plain.starts_with("0E")
    {
        plain
    } else {
        format!("{digits}E{}", -scale)
    }
}

/// The shortest digits that read back as the same float; an exponent where plain digits are many.
fn shortest(number: &impl fmt::Debug) -> String {
    format!("{number:?}")
}

fn special(number: f64) -> &'static str {
    match number {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn timestamp(instant: CqlTimestamp) -> Value {
    match TryInto::<DateTime<Utc>>::try_into(instant) {
        // Cassandra reads years of four digits, from 1 on.
        Ok(moment) if (1..=9999).contains(&moment.year()) => {
            Value::from(moment.to_rfc3339_opts(SecondsFormat::Millis, true))
        }
        // Beyond them, milliseconds, which it reads too.
        _ => Value::from(instant.0),
    }
}

/// Cassandra's own notation, `1mo2d3ns`: three parts that are never folded into each other.
fn duration_text(duration: CqlDuration) -> String {
    let CqlDuration { months, days, nanoseconds } = duration;
    // The parts of a duration have one sign.
    let sign = if months < 0 || days < 0 || nanoseconds < 0 { "-" } else { "" };
    let (months, days) = (months.unsigned_abs(), days.unsigned_abs());
    format!("{sign}{months}mo{days}d{}ns", nanoseconds.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use scylla::value::{CqlDate, CqlDecimal, CqlTime, CqlVarint};

    use super::*;

    #[track_caller]
    fn check(value: CqlValue, expected: &str) {
        assert_eq!(json(&value).to_string(), expected, "{value:?}");
    }

    #[test]
    fn numbers_keep_every_digit() {
        check(CqlValue::BigInt(i64::MIN), "-9223372036854775808");
        check(CqlValue::Double(0.1), "0.1");
        check(CqlValue::Float(0.1), "0.1");
        check(CqlValue::Double(f64::MAX), "1.7976931348623157e+308");
        let huge = CqlVarint::from_signed_bytes_be(vec![0x7f; 20]);
        check(CqlValue::Varint(huge), "727885129180488904360266563744972327436484050815");
        let scaled = CqlDecimal::from_signed_be_bytes_and_exponent(vec![0x6e], 2);
        check(CqlValue::Decimal(scaled), r#""1.10""#);
        let large = CqlDecimal::from_signed_be_bytes_and_exponent(vec![1], -10);
        check(CqlValue::Decimal(large), r#""1E10""#);
    }

    #[test]
    fn what_json_has_no_number_for_is_text() {
        check(CqlValue::Double(f64::NAN), r#""NaN""#);
        check(CqlValue::Float(f32::NEG_INFINITY), r#""-Infinity""#);
    }

    #[test]
    fn moments_are_as_cassandra_writes_them() {
        check(CqlValue::Timestamp(CqlTimestamp(1)), r#""1970-01-01T00:00:00.001Z""#);
        check(CqlValue::Timestamp(CqlTimestamp(i64::MAX)), "9223372036854775807");
        check(CqlValue::Date(CqlDate(1 << 31)), r#""1970-01-01""#);
        check(CqlValue::Date(CqlDate(0)), r#""0""#);
        check(CqlValue::Time(CqlTime(1)), r#""00:00:00.000000001""#);
        let duration = CqlDuration { months: -1, days: 0, nanoseconds: -3 };
        check(CqlValue::Duration(duration), r#""-1mo0d3ns""#);
    }

    #[test]
    fn collections_nest() {
        let map = CqlValue::Map(vec![(CqlValue::Int(1), CqlValue::List(vec![CqlValue::Int(2)]))]);
        check(map, r#"{"1":[2]}"#);
        check(CqlValue::Tuple(vec![None, Some(CqlValue::Boolean(true))]), "[null,true]");
        check(CqlValue::Blob(vec![0, 255]), r#""0x00ff""#);
    }

    #[test]
    fn a_row_is_one_line() {
        let row =
            JsonRow(vec![("a\"b".to_owned(), Value::from("x\ny")), ("n".to_owned(), Value::Null)]);
        assert_eq!(row.to_string(), r#"{"a\"b":"x\ny","n":null}"#);
        assert_eq!(row.get("n"), Some(&Value::Null));
    }
}
