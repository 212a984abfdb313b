//! Values of any type at random, of which Iceberg holds the moments: these are microseconds there.

#[path = "../imports/values.rs"]
mod any;

use rand::rngs::StdRng;
use scylla::value::{CqlTimestamp, CqlValue};

use crate::types::Type;

/// A value, which is never null.
pub(crate) fn value(typ: &Type, random: &mut StdRng) -> CqlValue {
    held(any::value(typ, random))
}

fn held(value: CqlValue) -> CqlValue {
    let all = |values: Vec<CqlValue>| values.into_iter().map(held).collect();
    let some = |value: Option<CqlValue>| value.map(held);
    match value {
        CqlValue::Timestamp(CqlTimestamp(at)) => {
            CqlValue::Timestamp(CqlTimestamp(at.clamp(-i64::MAX / 1000, i64::MAX / 1000)))
        }
        CqlValue::List(values) => CqlValue::List(all(values)),
        CqlValue::Set(values) => CqlValue::Set(all(values)),
        CqlValue::Vector(values) => CqlValue::Vector(all(values)),
        CqlValue::Map(pairs) => {
            let pairs = pairs.into_iter().map(|(key, value)| (held(key), held(value)));
            CqlValue::Map(pairs.collect())
        }
        CqlValue::Tuple(values) => CqlValue::Tuple(values.into_iter().map(some).collect()),
        CqlValue::UserDefinedType { keyspace, name, fields } => CqlValue::UserDefinedType {
            keyspace,
            name,
            fields: fields.into_iter().map(|(name, value)| (name, some(value))).collect(),
        },
        other => other,
    }
}
