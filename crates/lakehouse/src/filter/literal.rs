//! Literals of the types of columns.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float32Array,
    Float64Array, Int32Array, Int64Array, LargeBinaryArray, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow_schema::{DataType, TimeUnit};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use iceberg::arrow::type_to_arrow_type;
use iceberg::spec::{Datum, PrimitiveLiteral, PrimitiveType, Type};
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};

/// A value of a column's type.
#[derive(Clone, Debug)]
pub(crate) struct Literal {
    /// One row of the column's Arrow type.
    pub(super) array: ArrayRef,
    /// The same for Iceberg, for types whose bounds in manifests can be relied on.
    pub(super) datum: Option<Datum>,
}

/// A literal as it was written.
#[derive(Clone, Debug)]
pub(super) enum Written {
    /// With its sign.
    Number(String),
    Text(String),
    Boolean(bool),
    /// Hexadecimal digits.
    Hex(String),
}

impl Written {
    /// The value of a type; what else is needed, if it is none.
    pub(super) fn of_type(&self, typ: &PrimitiveType) -> Result<Literal, String> {
        let (value, datum) = self.value(typ)?;
        let arrow = type_to_arrow_type(&Type::Primitive(typ.clone()))
            .map_err(|source| format!("cannot be compared: {source}"))?;
        let array = constant(&value, &arrow).map_err(|error| error.to_string())?;
        Ok(Literal { array, datum })
    }

    fn value(&self, typ: &PrimitiveType) -> Result<(PrimitiveLiteral, Option<Datum>), String> {
        let needs = |what: &str| format!("is {typ}, and {self} is not: give {what}");
        let micros = |text: &str, has_zone| {
            let time = moment(text, has_zone).ok_or_else(|| match has_zone {
                true => needs("a time as '2024-01-01T00:00:00Z', to the microsecond"),
                false => needs("a time without zone as '2024-01-01 00:00:00', to the microsecond"),
            })?;
            Ok::<_, String>(time)
        };
        Ok(match (typ, self) {
            (PrimitiveType::Boolean, Written::Boolean(truth)) => {
                (PrimitiveLiteral::Boolean(*truth), Some(Datum::bool(*truth)))
            }
            (PrimitiveType::Int, Written::Number(text)) => {
                let number = text.parse().map_err(|_| needs("a whole number of 32 bits"))?;
                (PrimitiveLiteral::Int(number), Some(Datum::int(number)))
            }
            (PrimitiveType::Long, Written::Number(text)) => {
                let number = text.parse().map_err(|_| needs("a whole number of 64 bits"))?;
                (PrimitiveLiteral::Long(number), Some(Datum::long(number)))
            }
            (PrimitiveType::Float, Written::Number(text)) => {
                let number: f32 = text.parse().map_err(|_| needs("a number"))?;
                if !number.is_finite() {
                    return Err(needs("a number of 32 bits"));
                }
                (PrimitiveLiteral::Float(number.into()), Some(Datum::float(number)))
            }
            (PrimitiveType::Double, Written::Number(text)) => {
                let number: f64 = text.parse().map_err(|_| needs("a number"))?;
                if !number.is_finite() {
                    return Err(needs("a number of 64 bits"));
                }
                (PrimitiveLiteral::Double(number.into()), Some(Datum::double(number)))
            }
            (PrimitiveType::Decimal { precision, scale }, Written::Number(text)) => {
                let unscaled = unscaled(text, *precision, *scale)
                    .ok_or_else(|| needs("a number with as many digits"))?;
                (PrimitiveLiteral::Int128(unscaled), None)
            }
            (PrimitiveType::Date, Written::Text(text)) => {
                let days = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
                let days = days.and_then(|date| {
                    let days = date.signed_duration_since(NaiveDate::default()).num_days();
                    i32::try_from(days).ok()
                });
                let days = days.ok_or_else(|| needs("a date as '2024-01-01'"))?;
                (PrimitiveLiteral::Int(days), Some(Datum::date(days)))
            }
            (PrimitiveType::Time, Written::Text(text)) => {
                let time = time(text).ok_or_else(|| needs("a time as '12:30:00'"))?;
                (PrimitiveLiteral::Long(time), None)
            }
            (PrimitiveType::Timestamp, Written::Text(text)) => {
                let micros = micros(text, false)?;
                (PrimitiveLiteral::Long(micros), Some(Datum::timestamp_micros(micros)))
            }
            (PrimitiveType::Timestamptz, Written::Text(text)) => {
                let micros = micros(text, true)?;
                (PrimitiveLiteral::Long(micros), Some(Datum::timestamptz_micros(micros)))
            }
            (PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs, Written::Text(text)) => {
                let micros = micros(text, *typ == PrimitiveType::TimestamptzNs)?;
                let nanos =
                    micros.checked_mul(1000).ok_or_else(|| needs("a time of 1678 to 2261"))?;
                (PrimitiveLiteral::Long(nanos), None)
            }
            (PrimitiveType::String, Written::Text(text)) => {
                (PrimitiveLiteral::String(text.clone()), Some(Datum::string(text)))
            }
            (PrimitiveType::Uuid, Written::Text(text)) => {
                let uuid = Uuid::try_parse(text).map_err(|_| needs("a uuid"))?;
                (PrimitiveLiteral::UInt128(uuid.as_u128()), None)
            }
            (PrimitiveType::Binary, Written::Hex(digits)) => {
                let bytes = bytes(digits).ok_or_else(|| needs("whole bytes as X'cafe'"))?;
                (PrimitiveLiteral::Binary(bytes), None)
            }
            (PrimitiveType::Fixed(size), Written::Hex(digits)) => {
                let bytes = bytes(digits);
                let fits =
                    |bytes: &Vec<u8>| u64::try_from(bytes.len()).is_ok_and(|len| len == *size);
                let bytes = bytes.filter(fits).ok_or_else(|| needs("as many bytes as X'cafe'"))?;
                (PrimitiveLiteral::Binary(bytes), None)
            }
            (typ, _) => return Err(needs(example(typ))),
        })
    }
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Written::Number(number) => f.write_str(number),
            Written::Text(text) => write!(f, "'{}'", text.escape_debug()),
            Written::Boolean(truth) => write!(f, "{truth}"),
            Written::Hex(digits) => write!(f, "X'{digits}'"),
        }
    }
}

fn example(typ: &PrimitiveType) -> &'static str {
    match typ {
        PrimitiveType::Boolean => "true or false",
        PrimitiveType::Date => "a date as '2024-01-01'",
        PrimitiveType::Time => "a time as '12:30:00'",
        PrimitiveType::Timestamp | PrimitiveType::TimestampNs => "a time as '2024-01-01 00:00:00'",
        PrimitiveType::Timestamptz | PrimitiveType::TimestamptzNs => {
            "a time as '2024-01-01T00:00:00Z'"
        }
        PrimitiveType::String => "a text in single quotes",
        PrimitiveType::Uuid => "a uuid in single quotes",
        PrimitiveType::Binary | PrimitiveType::Fixed(_) => "bytes as X'cafe'",
        _ => "a number",
    }
}

/// Microseconds since 1970, of a text to the microsecond; the time of the day may be left out.
fn moment(text: &str, has_zone: bool) -> Option<i64> {
    let local = |text: &str| {
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"))
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M"))
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M"))
            .ok()
            .or_else(day)
            .map(|time| time.and_utc())
    };
    let zoned = || Some(DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc));
    let time = if has_zone { zoned().or_else(|| local(text)) } else { local(text) }?;
    let is_whole = time.timestamp_subsec_nanos() % 1000 == 0;
    is_whole.then(|| time.timestamp_micros())
}

/// Microseconds since midnight.
fn time(text: &str) -> Option<i64> {
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"))
        .ok()?;
    // A leap second is one of more than 999 999 999 ns.
    let nanos = i64::from(time.nanosecond());
    (nanos % 1000 == 0 && nanos < 1_000_000_000)
        .then(|| i64::from(time.num_seconds_from_midnight()) * 1_000_000 + nanos / 1000)
}

/// The unscaled value of a number that is a decimal exactly.
fn unscaled(text: &str, precision: u32, scale: u32) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    let scale = usize::try_from(scale).ok()?;
    let is_number = !(whole.is_empty() && part.is_empty())
        && whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit());
    if !is_number || part.len() > scale {
        return None;
    }
    let digits = format!("{whole}{part:0<scale$}");
    let number: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let limit = 10_i128.checked_pow(precision)?;
    (number < limit).then_some(sign * number)
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        pair.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
        u8::from_str_radix(pair, 16).ok()
    };
    pairs.map(byte).collect()
}

/// One row of an Arrow type that Iceberg's types have, with this value.
pub(crate) fn constant(value: &PrimitiveLiteral, typ: &DataType) -> Result<ArrayRef> {
    let odd = || {
        let message = format!("a value of the table is no {typ}");
        Error::new(ErrorKind::Data, message)
    };
    Ok(match (value, typ) {
        (PrimitiveLiteral::Boolean(truth), DataType::Boolean) => {
            Arc::new(BooleanArray::from(vec![*truth]))
        }
        (PrimitiveLiteral::Int(number), DataType::Int32) => {
            Arc::new(Int32Array::from(vec![*number]))
        }
        (PrimitiveLiteral::Int(number), DataType::Int64) => {
            Arc::new(Int64Array::from(vec![i64::from(*number)]))
        }
        (PrimitiveLiteral::Int(days), DataType::Date32) => Arc::new(Date32Array::from(vec![*days])),
        (PrimitiveLiteral::Long(number), DataType::Int64) => {
            Arc::new(Int64Array::from(vec![*number]))
        }
        (PrimitiveLiteral::Long(time), DataType::Time64(TimeUnit::Microsecond)) => {
            Arc::new(Time64MicrosecondArray::from(vec![*time]))
        }
        (PrimitiveLiteral::Long(time), DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
            let array = TimestampMicrosecondArray::from(vec![*time]);
            Arc::new(array.with_timezone_opt(zone.clone()))
        }
        (PrimitiveLiteral::Long(time), DataType::Timestamp(TimeUnit::Nanosecond, zone)) => {
            let array = TimestampNanosecondArray::from(vec![*time]);
            Arc::new(array.with_timezone_opt(zone.clone()))
        }
        (PrimitiveLiteral::Float(number), DataType::Float32) => {
            Arc::new(Float32Array::from(vec![number.0]))
        }
        (PrimitiveLiteral::Float(number), DataType::Float64) => {
            Arc::new(Float64Array::from(vec![f64::from(number.0)]))
        }
        (PrimitiveLiteral::Double(number), DataType::Float64) => {
            Arc::new(Float64Array::from(vec![number.0]))
        }
        (PrimitiveLiteral::String(text), DataType::Utf8) => {
            Arc::new(StringArray::from(vec![text.as_str()]))
        }
        (PrimitiveLiteral::Int128(unscaled), DataType::Decimal128(precision, scale)) => {
            let array = Decimal128Array::from(vec![*unscaled]);
            Arc::new(array.with_precision_and_scale(*precision, *scale).map_err(|_| odd())?)
        }
        (PrimitiveLiteral::UInt128(uuid), DataType::FixedSizeBinary(16)) => {
            fixed(&uuid.to_be_bytes(), 16).ok_or_else(odd)?
        }
        (PrimitiveLiteral::Binary(bytes), DataType::FixedSizeBinary(size)) => {
            fixed(bytes, *size).ok_or_else(odd)?
        }
        (PrimitiveLiteral::Binary(bytes), DataType::LargeBinary) => {
            Arc::new(LargeBinaryArray::from_vec(vec![bytes]))
        }
        _ => return Err(odd()),
    })
}

fn fixed(bytes: &[u8], size: i32) -> Option<ArrayRef> {
    let values = [bytes].into_iter();
    let array = FixedSizeBinaryArray::try_from_iter(values).ok()?;
    (array.value_length() == size).then(|| Arc::new(array) as ArrayRef)
}
