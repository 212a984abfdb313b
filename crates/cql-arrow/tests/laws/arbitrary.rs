//! Any CQL type, and any values of it.

use std::net::IpAddr;
use std::sync::Arc;

use num_bigint::BigInt;
use proptest::collection::vec;
use proptest::prelude::*;
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType, UserDefinedType};
use scylla::value::{
    Counter, CqlDate, CqlDecimal, CqlDuration, CqlTime, CqlTimestamp, CqlTimeuuid, CqlValue,
    CqlVarint,
};
use uuid::Uuid;

pub(crate) const NATIVE: [NativeType; 20] = [
    NativeType::Ascii,
    NativeType::BigInt,
    NativeType::Blob,
    NativeType::Boolean,
    NativeType::Counter,
    NativeType::Date,
    NativeType::Decimal,
    NativeType::Double,
    NativeType::Duration,
    NativeType::Float,
    NativeType::Inet,
    NativeType::Int,
    NativeType::SmallInt,
    NativeType::Text,
    NativeType::Time,
    NativeType::Timestamp,
    NativeType::Timeuuid,
    NativeType::TinyInt,
    NativeType::Uuid,
    NativeType::Varint,
];

/// Types of any depth up to three.
pub(crate) fn types() -> impl Strategy<Value = ColumnType<'static>> {
    let native = prop::sample::select(NATIVE.to_vec()).prop_map(ColumnType::Native);
    native.prop_recursive(3, 16, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let collection = prop_oneof![
            boxed.clone().prop_map(CollectionType::List),
            boxed.clone().prop_map(CollectionType::Set),
            (boxed.clone(), boxed.clone()).prop_map(|(key, value)| CollectionType::Map(key, value)),
        ];
        prop_oneof![
            (any::<bool>(), collection)
                .prop_map(|(frozen, typ)| ColumnType::Collection { frozen, typ }),
            (boxed, 1..5_u16).prop_map(|(typ, dimensions)| ColumnType::Vector { typ, dimensions }),
            vec(inner.clone(), 1..4).prop_map(ColumnType::Tuple),
            (any::<bool>(), name(), name(), vec(inner, 1..4), name()).prop_map(
                |(frozen, keyspace, name, types, field)| {
                    let named = |(index, typ)| (format!("{field}{index}").into(), typ);
                    let field_types = types.into_iter().enumerate().map(named).collect();
                    let definition = UserDefinedType {
                        name: name.into(),
                        keyspace: keyspace.into(),
                        field_types,
                    };
                    ColumnType::UserDefinedType { frozen, definition: Arc::new(definition) }
                }
            ),
        ]
    })
}

/// Names that look like other things, too.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,6}", "[a-zA-Z<>,. \"é]{1,6}", Just("list<int>".to_owned())]
}

/// A value of a type, or null.
pub(crate) fn cell(typ: &ColumnType<'_>) -> BoxedStrategy<Option<CqlValue>> {
    prop::option::weighted(0.8, value(typ)).boxed()
}

fn value(typ: &ColumnType<'_>) -> BoxedStrategy<CqlValue> {
    match typ {
        ColumnType::Native(native) => native_value(native),
        ColumnType::Collection { typ: CollectionType::List(element), .. } => {
            vec(value(element), 0..4).prop_map(CqlValue::List).boxed()
        }
        ColumnType::Collection { typ: CollectionType::Set(element), .. } => {
            vec(value(element), 0..4).prop_map(CqlValue::Set).boxed()
        }
        ColumnType::Collection { typ: CollectionType::Map(key, element), .. } => {
            vec((value(key), value(element)), 0..4).prop_map(CqlValue::Map).boxed()
        }
        ColumnType::Vector { typ, dimensions } => {
            vec(value(typ), usize::from(*dimensions)).prop_map(CqlValue::Vector).boxed()
        }
        ColumnType::Tuple(types) => {
            types.iter().map(cell).collect::<Vec<_>>().prop_map(CqlValue::Tuple).boxed()
        }
        ColumnType::UserDefinedType { definition, .. } => {
            let definition = Arc::new(definition.as_ref().clone());
            let (name, keyspace) = (definition.name.to_string(), definition.keyspace.to_string());
            let names: Vec<String> =
                definition.field_types.iter().map(|(name, _)| name.to_string()).collect();
            let fields: Vec<_> = definition.field_types.iter().map(|(_, typ)| cell(typ)).collect();
            fields
                .prop_map(move |fields| CqlValue::UserDefinedType {
                    keyspace: keyspace.clone(),
                    name: name.clone(),
                    fields: names.iter().cloned().zip(fields).collect(),
                })
                .boxed()
        }
        other => panic!("no values of {other:?}"),
    }
}

fn native_value(native: &NativeType) -> BoxedStrategy<CqlValue> {
    match native {
        NativeType::Ascii => "[ -~]{0,12}".prop_map(CqlValue::Ascii).boxed(),
        NativeType::BigInt => any::<i64>().prop_map(CqlValue::BigInt).boxed(),
        NativeType::Blob => vec(any::<u8>(), 0..20).prop_map(CqlValue::Blob).boxed(),
        NativeType::Boolean => any::<bool>().prop_map(CqlValue::Boolean).boxed(),
        NativeType::Counter => {
            any::<i64>().prop_map(|count| CqlValue::Counter(Counter(count))).boxed()
        }
        NativeType::Date => any::<u32>().prop_map(|days| CqlValue::Date(CqlDate(days))).boxed(),
        NativeType::Decimal => {
            let scale = prop_oneof![any::<i32>(), -5..30_i32];
            (integer(), scale)
                .prop_map(|(unscaled, scale)| {
                    CqlDecimal::from_signed_be_bytes_and_exponent(unscaled, scale)
                })
                .prop_map(CqlValue::Decimal)
                .boxed()
        }
        NativeType::Double => {
            any::<u64>().prop_map(|bits| CqlValue::Double(f64::from_bits(bits))).boxed()
        }
        NativeType::Duration => (any::<i32>(), any::<i32>(), any::<i64>())
            .prop_map(|(months, days, nanoseconds)| CqlDuration { months, days, nanoseconds })
            .prop_map(CqlValue::Duration)
            .boxed(),
        NativeType::Float => {
            any::<u32>().prop_map(|bits| CqlValue::Float(f32::from_bits(bits))).boxed()
        }
        NativeType::Inet => any::<IpAddr>().prop_map(CqlValue::Inet).boxed(),
        NativeType::Int => any::<i32>().prop_map(CqlValue::Int).boxed(),
        NativeType::SmallInt => any::<i16>().prop_map(CqlValue::SmallInt).boxed(),
        NativeType::Text => "\\PC{0,12}".prop_map(CqlValue::Text).boxed(),
        NativeType::Time => {
            (0..86_400_000_000_000_i64).prop_map(|time| CqlValue::Time(CqlTime(time))).boxed()
        }
        NativeType::Timestamp => {
            any::<i64>().prop_map(|time| CqlValue::Timestamp(CqlTimestamp(time))).boxed()
        }
        NativeType::Timeuuid => any::<[u8; 16]>()
            .prop_map(|bytes| CqlValue::Timeuuid(CqlTimeuuid::from_bytes(bytes)))
            .boxed(),
        NativeType::TinyInt => any::<i8>().prop_map(CqlValue::TinyInt).boxed(),
        NativeType::Uuid => {
            any::<[u8; 16]>().prop_map(|bytes| CqlValue::Uuid(Uuid::from_bytes(bytes))).boxed()
        }
        NativeType::Varint => integer()
            .prop_map(|bytes| CqlValue::Varint(CqlVarint::from_signed_bytes_be(bytes)))
            .boxed(),
        other => panic!("no values of {other:?}"),
    }
}

/// An integer of any size, in as few bytes as it takes.
fn integer() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..40)
        .prop_map(|bytes| BigInt::from_signed_bytes_be(&bytes).to_signed_bytes_be())
}
