//! One partition: the tuple of its values, as exact text, and as the name of a folder for people.
//!
//! The text is a JSON array with an element for each field of the spec. It differs from Iceberg's
//! "single-value JSON" where that does not hold all values (dates and timestamps beyond the year 9999,
//! NaN) or where readers of JSON round: days and instants are numbers since 1970 in the unit of the type,
//! floats and the digits of decimals are text.

use iceberg::spec::{
    Literal, PartitionSpec, PrimitiveLiteral, PrimitiveType, Schema, Struct, Transform, Type,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::transform::civil;

/// The most bytes of a name or a value that are in the name of a folder.
const SHOWN: usize = 100;

/// The text of a tuple.
///
/// # Errors
///
/// [`ErrorKind::Internal`] for values that no partition has.
pub(crate) fn to_json<'a>(tuple: impl IntoIterator<Item = Option<&'a Literal>>) -> Result<String> {
    let odd = || Error::new(ErrorKind::Internal, "a value of a partition is not a simple one");
    let values = tuple.into_iter().map(|value| {
        Ok(match value {
            None => Value::Null,
            Some(Literal::Primitive(value)) => match value {
                PrimitiveLiteral::Boolean(value) => (*value).into(),
                PrimitiveLiteral::Int(value) => (*value).into(),
                PrimitiveLiteral::Long(value) => (*value).into(),
                PrimitiveLiteral::Float(value) => format!("{:?}", value.0).into(),
                PrimitiveLiteral::Double(value) => format!("{:?}", value.0).into(),
                PrimitiveLiteral::String(value) => value.as_str().into(),
                PrimitiveLiteral::Binary(value) => hex(value).into(),
                PrimitiveLiteral::Int128(value) => value.to_string().into(),
                PrimitiveLiteral::UInt128(value) => Uuid::from_u128(*value).to_string().into(),
                PrimitiveLiteral::AboveMax | PrimitiveLiteral::BelowMin => return Err(odd()),
            },
            Some(_) => return Err(odd()),
        })
    });
    Ok(Value::Array(values.collect::<Result<_>>()?).to_string())
}

/// Reads the text of a tuple again.
///
/// # Errors
///
/// [`ErrorKind::Data`] for a text that is not of this spec.
pub(crate) fn partition_from_json(
    text: &str,
    spec: &PartitionSpec,
    schema: &Schema,
) -> Result<Struct> {
    let odd = || Error::new(ErrorKind::Data, format!("{text:?} is no partition of the table"));
    let types = spec.partition_type(schema).map_err(|source| odd().with_source(source))?;
    let values: Vec<Value> =
        serde_json::from_str(text).map_err(|source| odd().with_source(source))?;
    if values.len() != types.fields().len() {
        return Err(odd());
    }
    let values = values.iter().zip(types.fields()).map(|(value, field)| match value {
        Value::Null => Ok(None),
        value => match field.field_type.as_ref() {
            Type::Primitive(typ) => literal(value, typ).map(Some).ok_or_else(odd),
            _ => Err(odd()),
        },
    });
    Ok(Struct::from_iter(values.collect::<Result<Vec<_>>>()?))
}

fn literal(value: &Value, typ: &PrimitiveType) -> Option<Literal> {
    Some(match typ {
        PrimitiveType::Boolean => Literal::bool(value.as_bool()?),
        PrimitiveType::Int => Literal::int(i32::try_from(value.as_i64()?).ok()?),
        PrimitiveType::Date => Literal::date(i32::try_from(value.as_i64()?).ok()?),
        PrimitiveType::Long
        | PrimitiveType::Time
        | PrimitiveType::Timestamp
        | PrimitiveType::Timestamptz
        | PrimitiveType::TimestampNs
        | PrimitiveType::TimestamptzNs => Literal::long(value.as_i64()?),
        PrimitiveType::Float => Literal::float(value.as_str()?.parse::<f32>().ok()?),
        PrimitiveType::Double => Literal::double(value.as_str()?.parse::<f64>().ok()?),
        PrimitiveType::Decimal { .. } => Literal::decimal(value.as_str()?.parse().ok()?),
        PrimitiveType::String => Literal::string(value.as_str()?),
        PrimitiveType::Uuid => Literal::uuid(value.as_str()?.parse().ok()?),
        PrimitiveType::Binary => Literal::binary(unhex(value.as_str()?)?),
        PrimitiveType::Fixed(length) => {
            let bytes = unhex(value.as_str()?)?;
            Literal::fixed(Some(bytes).filter(|bytes| u64::try_from(bytes.len()) == Ok(*length))?)
        }
    })
}

/// The folder of one field: `ts_day=2024-01-01`.
///
/// It has only letters, digits, `-`, `_`, `.` and `=`, which every store and every reader of URLs takes as
/// they are. What had others, or was too long, ends with a hash of it, so that partitions mostly do not
/// share a folder. They may: nobody reads values from there.
pub(crate) fn folder(
    name: &str,
    transform: Transform,
    typ: &PrimitiveType,
    value: Option<&Literal>,
) -> String {
    let value = match value {
        Some(Literal::Primitive(value)) => shown(transform, typ, value),
        _ => "null".to_owned(),
    };
    format!("{}={}", safe(name), safe(&value))
}

fn shown(transform: Transform, typ: &PrimitiveType, value: &PrimitiveLiteral) -> String {
    let date = |day: i64| {
        let (year, month, day) = civil(day);
        format!("{year:04}-{month:02}-{day:02}")
    };
    let instant = |value: i64, per_second: i64| {
        let (second, fraction) = (value.div_euclid(per_second), value.rem_euclid(per_second));
        let (day, second) = (second.div_euclid(86_400), second.rem_euclid(86_400));
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let time = format!("{}T{hour:02}-{minute:02}-{second:02}", date(day));
        match fraction {
            0 => time,
            _ => format!("{time}.{:09}", fraction * (1_000_000_000 / per_second)),
        }
    };
    match (transform, typ, value) {
        (Transform::Year, _, PrimitiveLiteral::Int(year)) => {
            format!("{:04}", 1970 + i64::from(*year))
        }
        (Transform::Month, _, PrimitiveLiteral::Int(month)) => {
            let month = i64::from(*month);
            format!("{:04}-{:02}", 1970 + month.div_euclid(12), month.rem_euclid(12) + 1)
        }
        (Transform::Hour, _, PrimitiveLiteral::Int(hour)) => {
            let hour = i64::from(*hour);
            format!("{}-{:02}", date(hour.div_euclid(24)), hour.rem_euclid(24))
        }
        (_, PrimitiveType::Date, PrimitiveLiteral::Int(day)) => date(i64::from(*day)),
        (
            _,
            PrimitiveType::Timestamp | PrimitiveType::Timestamptz,
            PrimitiveLiteral::Long(micros),
        ) => instant(*micros, 1_000_000),
        (
            _,
            PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs,
            PrimitiveLiteral::Long(nanos),
        ) => instant(*nanos, 1_000_000_000),
        (_, PrimitiveType::Decimal { scale, .. }, PrimitiveLiteral::Int128(digits)) => {
            let scale = usize::try_from(*scale).unwrap_or_default();
            let sign = if *digits < 0 { "-" } else { "" };
            let digits = format!("{:0width$}", digits.unsigned_abs(), width = scale + 1);
            match digits.split_at_checked(digits.len() - scale) {
                Some((whole, fraction)) if scale > 0 => format!("{sign}{whole}.{fraction}"),
                _ => format!("{sign}{digits}"),
            }
        }
        (_, _, PrimitiveLiteral::Boolean(value)) => value.to_string(),
        (_, _, PrimitiveLiteral::Int(value)) => value.to_string(),
        (_, _, PrimitiveLiteral::Long(value)) => value.to_string(),
        (_, _, PrimitiveLiteral::Float(value)) => value.to_string(),
        (_, _, PrimitiveLiteral::Double(value)) => value.to_string(),
        (_, _, PrimitiveLiteral::String(value)) => value.clone(),
        (_, _, PrimitiveLiteral::Binary(value)) => hex(value),
        (_, _, PrimitiveLiteral::Int128(value)) => value.to_string(),
        (_, _, PrimitiveLiteral::UInt128(value)) => Uuid::from_u128(*value).to_string(),
        (_, _, PrimitiveLiteral::AboveMax | PrimitiveLiteral::BelowMin) => "null".to_owned(),
    }
}

/// A text of few and harmless characters.
fn safe(text: &str) -> String {
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let kept = text.chars().take(SHOWN).map(|c| if is_harmless(c) { c } else { '_' });
    let kept: String = kept.collect();
    if kept == text {
        return kept;
    }
    let hash = Sha256::digest(text.as_bytes());
    format!("{kept}-{}", hex(&hash[..4]))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    rest.is_empty().then(|| bytes.collect())?
}

#[cfg(test)]
mod tests {
    use iceberg::spec::NestedField;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Any value of any type that a partition can have.
    fn typed() -> impl Strategy<Value = (PrimitiveType, Option<Literal>)> {
        let long = |typ: PrimitiveType| {
            any::<i64>().prop_map(move |value| (typ.clone(), Literal::long(value)))
        };
        let value = prop_oneof![
            any::<bool>().prop_map(|value| (PrimitiveType::Boolean, Literal::bool(value))),
            any::<i32>().prop_map(|value| (PrimitiveType::Int, Literal::int(value))),
            any::<i32>().prop_map(|value| (PrimitiveType::Date, Literal::date(value))),
            long(PrimitiveType::Long),
            long(PrimitiveType::Time),
            long(PrimitiveType::Timestamp),
            long(PrimitiveType::Timestamptz),
            long(PrimitiveType::TimestamptzNs),
            prop::num::f32::ANY.prop_map(|value| (PrimitiveType::Float, Literal::float(value))),
            prop::num::f64::ANY.prop_map(|value| (PrimitiveType::Double, Literal::double(value))),
            (0..=38_u32).prop_flat_map(|scale| {
                let typ = PrimitiveType::Decimal { precision: 38, scale };
                any::<i128>().prop_map(move |value| (typ.clone(), Literal::decimal(value)))
            }),
            any::<String>().prop_map(|value| (PrimitiveType::String, Literal::string(value))),
            any::<u128>()
                .prop_map(|value| { (PrimitiveType::Uuid, Literal::uuid(Uuid::from_u128(value))) }),
            vec(any::<u8>(), 0..9)
                .prop_map(|value| { (PrimitiveType::Binary, Literal::binary(value)) }),
            vec(any::<u8>(), 5).prop_map(|value| (PrimitiveType::Fixed(5), Literal::fixed(value))),
        ];
        (value, any::<bool>())
            .prop_map(|((typ, value), is_null)| (typ, (!is_null).then_some(value)))
    }

    fn spec(types: impl IntoIterator<Item = PrimitiveType>) -> (PartitionSpec, Schema) {
        let fields = (1..).zip(types).map(|(id, typ)| {
            NestedField::optional(id, format!("c{id}"), Type::Primitive(typ)).into()
        });
        let schema = Schema::builder().with_fields(fields).build().unwrap();
        let mut spec = PartitionSpec::builder(schema.clone());
        for field in schema.as_struct().fields() {
            spec = spec.add_partition_field(&field.name, &field.name, Transform::Identity).unwrap();
        }
        (spec.build().unwrap(), schema)
    }

    fn bits(value: &Option<Literal>) -> Option<u64> {
        match value {
            Some(Literal::Primitive(PrimitiveLiteral::Float(f))) if !f.is_nan() => {
                Some(f.to_bits().into())
            }
            Some(Literal::Primitive(PrimitiveLiteral::Double(f))) if !f.is_nan() => {
                Some(f.to_bits())
            }
            _ => None,
        }
    }

    proptest! {
        #[test]
        fn every_tuple_is_read_as_it_was_written(typed in vec(typed(), 1..5)) {
            let (spec, schema) = spec(typed.iter().map(|(typ, _)| typ.clone()));
            let tuple: Vec<_> = typed.iter().map(|(_, value)| value.clone()).collect();
            let text = to_json(tuple.iter().map(Option::as_ref)).unwrap();
            let read = partition_from_json(&text, &spec, &schema).unwrap();
            prop_assert_eq!(read.fields(), &tuple, "{}", text);
            // Zeros of both signs are equal, and yet not the same.
            let read: Vec<_> = read.fields().iter().map(bits).collect();
            prop_assert_eq!(read, tuple.iter().map(bits).collect::<Vec<_>>());
        }

        #[test]
        fn every_value_has_a_folder((typ, value) in typed(), name in any::<String>()) {
            let folder = folder(&name, Transform::Identity, &typ, value.as_ref());
            prop_assert!(folder.len() <= 2 * (SHOWN + 9) + 1);
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
            prop_assert!(folder.chars().all(allowed), "{}", folder);
        }

        #[test]
        fn no_text_does_harm(text in "[\\[\\]{}\",0-9a-z.-]{0,12}", typed in vec(typed(), 1..3)) {
            let (spec, schema) = spec(typed.into_iter().map(|(typ, _)| typ));
            let _ = partition_from_json(&text, &spec, &schema);
        }
    }

    #[test]
    fn a_text_of_another_spec_is_refused() {
        let (spec, schema) = spec([PrimitiveType::Int, PrimitiveType::Binary]);
        assert!(partition_from_json("[1,\"00ff\"]", &spec, &schema).is_ok());
        for text in [
            "",
            "null",
            "[1]",
            "[1,\"00\",2]",
            "[\"1\",\"00\"]",
            "[2147483648,\"00\"]",
            "[1.5,\"00\"]",
            "[1,\"0\"]",
            "[1,\"zz\"]",
        ] {
            let error = partition_from_json(text, &spec, &schema).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Data, "{text}");
        }
    }

    #[test]
    fn values_in_folders_are_for_people() {
        let (day, micros) = (PrimitiveType::Date, PrimitiveType::Timestamptz);
        let decimal = PrimitiveType::Decimal { precision: 9, scale: 2 };
        for (transform, typ, value, shown) in [
            (Transform::Year, &PrimitiveType::Int, Literal::int(54), "2024"),
            (Transform::Month, &PrimitiveType::Int, Literal::int(-1), "1969-12"),
            (Transform::Day, &day, Literal::date(19_723), "2024-01-01"),
            (Transform::Hour, &PrimitiveType::Int, Literal::int(-1), "1969-12-31-23"),
            (Transform::Identity, &micros, Literal::long(-1), "1969-12-31T23-59-59.999999000"),
            (Transform::Identity, &decimal, Literal::decimal(-5), "-0.05"),
            (Transform::Identity, &decimal, Literal::decimal(12_345), "123.45"),
            (Transform::Bucket(16), &PrimitiveType::Int, Literal::int(3), "3"),
            (Transform::Void, &PrimitiveType::Binary, Literal::binary([0, 255]), "00ff"),
        ] {
            assert_eq!(folder("x", transform, typ, Some(&value)), format!("x={shown}"));
        }
        assert_eq!(folder("x", Transform::Day, &day, None), "x=null");
    }
}
