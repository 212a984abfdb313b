//! Any CQL type, and batches of any values of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::types::{Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Decimal128Array, Decimal256Array, FixedSizeBinaryArray,
    FixedSizeListArray, Float32Array, Float64Array, ListArray, MapArray, PrimitiveArray,
    RecordBatch, StringArray, StructArray,
};
use arrow_buffer::{ArrowNativeType, NullBuffer, OffsetBuffer, i256};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use cql_arrow::{DecimalMapping, MappingOptions};
use lakehouse::TableDefinition;
use proptest::collection::vec;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType, UserDefinedType};

const NATIVE: [NativeType; 20] = [
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
    native.prop_recursive(3, 12, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let collection = prop_oneof![
            boxed.clone().prop_map(CollectionType::List),
            boxed.clone().prop_map(CollectionType::Set),
            (boxed.clone(), boxed.clone()).prop_map(|(key, value)| CollectionType::Map(key, value)),
        ];
        prop_oneof![
            collection.prop_map(|typ| ColumnType::Collection { frozen: true, typ }),
            (boxed, 1..4_u16).prop_map(|(typ, dimensions)| ColumnType::Vector { typ, dimensions }),
            vec(inner.clone(), 1..4).prop_map(ColumnType::Tuple),
            ("[a-z]{1,3}|[A-Z ,\"é]{1,3}", vec(inner, 1..4)).prop_map(|(name, types)| {
                let named = |(index, typ)| (format!("{name}{index}").into(), typ);
                let field_types = types.into_iter().enumerate().map(named).collect();
                let definition =
                    UserDefinedType { name: name.into(), keyspace: "ks".into(), field_types };
                ColumnType::UserDefinedType { frozen: true, definition: Arc::new(definition) }
            }),
        ]
    })
}

/// Up to five columns, decimals by any mapping.
pub(crate) fn columns() -> impl Strategy<Value = SchemaRef> {
    let decimals = prop_oneof![
        Just(DecimalMapping::Text),
        Just(DecimalMapping::Fixed { precision: 20, scale: 3 }),
        Just(DecimalMapping::Fixed { precision: 60, scale: 3 }),
    ];
    (vec(types(), 1..6), decimals).prop_map(|(types, decimals)| {
        let names: Vec<String> = (0..types.len()).map(|index| format!("c{index}")).collect();
        schema(names.iter().map(String::as_str).zip(&types), decimals)
    })
}

pub(crate) fn schema<'a>(
    columns: impl IntoIterator<Item = (&'a str, &'a ColumnType<'a>)>,
    decimals: DecimalMapping,
) -> SchemaRef {
    Arc::new(cql_arrow::schema(columns, &MappingOptions { decimals }).unwrap())
}

/// A schema of columns of native types.
pub(crate) fn natives(columns: &[(&str, NativeType)]) -> SchemaRef {
    let types: Vec<_> =
        columns.iter().map(|(name, typ)| (*name, ColumnType::Native(typ.clone()))).collect();
    schema(types.iter().map(|(name, typ)| (*name, typ)), DecimalMapping::Text)
}

/// A table of these columns.
pub(crate) fn table(columns: &SchemaRef, partition_by: Option<&str>) -> TableDefinition {
    TableDefinition {
        columns: Arc::clone(columns),
        key: Vec::new(),
        identifies: true,
        partition_by: partition_by.map(str::to_owned),
        sort_by: None,
        properties: BTreeMap::new(),
        format_version: None,
    }
}

/// Rows of any values that are decided by `seed`. Timestamps are such that Iceberg has them.
pub(crate) fn batch(columns: &SchemaRef, rows: usize, seed: u64) -> RecordBatch {
    let mut rng = StdRng::seed_from_u64(seed);
    // Some rows more, cut off again: arrays are not always whole.
    let arrays = columns.fields().iter().map(|field| array(field, rows + 3, &mut rng));
    let batch = RecordBatch::try_new(Arc::clone(columns), arrays.collect()).unwrap();
    batch.slice(rng.random_range(0..4), rows)
}

fn array(field: &Field, rows: usize, rng: &mut StdRng) -> ArrayRef {
    let data_type = field.data_type();
    let nulls: Vec<bool> = (0..rows).map(|_| rng.random_bool(0.8)).collect();
    let nulls = field.is_nullable().then(|| NullBuffer::from(nulls));
    let is_valid = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let numbers: Vec<Option<i64>> = (0..rows)
        .map(|row| {
            let number: i64 = match rng.random_range(0..5) {
                0 => rng.random(),
                1 => [i64::MIN, i64::MAX, 0, -1][rng.random_range(0..4)],
                _ => rng.random_range(-3..3),
            };
            is_valid(row).then_some(number)
        })
        .collect();
    let texts = || numbers.iter().map(|number| number.map(|number| format!("ä/{number:x}")));
    match data_type {
        DataType::Utf8 => Arc::new(texts().collect::<StringArray>()),
        DataType::Binary => {
            let bytes = texts().map(|text| text.map(String::into_bytes));
            Arc::new(bytes.collect::<BinaryArray>())
        }
        DataType::Boolean => {
            Arc::new(numbers.iter().map(|n| n.map(|n| n > 0)).collect::<BooleanArray>())
        }
        DataType::Float32 => {
            let floats = numbers.iter().map(|n| n.map(|n| f32::from_bits(n as u32)));
            Arc::new(floats.collect::<Float32Array>())
        }
        DataType::Float64 => {
            let floats = numbers.iter().map(|n| n.map(|n| f64::from_bits(n as u64)));
            Arc::new(floats.collect::<Float64Array>())
        }
        DataType::FixedSizeBinary(16) => {
            let ids = numbers.iter().map(|n| n.map(|n| i128::from(n).to_be_bytes()));
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids, 16).unwrap())
        }
        DataType::Decimal128(precision, scale) => {
            let digits: Decimal128Array = numbers.iter().map(|n| n.map(i128::from)).collect();
            Arc::new(digits.with_precision_and_scale(*precision, *scale).unwrap())
        }
        DataType::Decimal256(precision, scale) => {
            let digits: Decimal256Array =
                numbers.iter().map(|n| n.map(|n| i256::from_i128(n.into()))).collect();
            Arc::new(digits.with_precision_and_scale(*precision, *scale).unwrap())
        }
        DataType::Int8 => Arc::new(integers::<Int8Type>(&numbers, |n| n as i8)),
        DataType::Int16 => Arc::new(integers::<Int16Type>(&numbers, |n| n as i16)),
        DataType::Int32 | DataType::Date32 => {
            cast(&integers::<Int32Type>(&numbers, |n| n as i32), data_type).unwrap()
        }
        DataType::Int64 => Arc::new(integers::<Int64Type>(&numbers, |n| n)),
        DataType::Timestamp(_, _) => {
            cast(&integers::<Int64Type>(&numbers, |n| n / 1000), data_type).unwrap()
        }
        DataType::Time64(_) => {
            let day = 86_400_000_000_000;
            cast(&integers::<Int64Type>(&numbers, |n| n.rem_euclid(day)), data_type).unwrap()
        }
        DataType::List(element) => {
            let (offsets, size) = offsets(rows, rng);
            let values = array(element, size, rng);
            Arc::new(ListArray::new(Arc::clone(element), offsets, values, nulls))
        }
        DataType::FixedSizeList(element, size) => {
            let values = array(element, rows * size.as_usize(), rng);
            Arc::new(FixedSizeListArray::new(Arc::clone(element), *size, values, nulls))
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(fields) = entries.data_type() else { unreachable!() };
            let (offsets, size) = offsets(rows, rng);
            let pairs = fields.iter().map(|field| array(field, size, rng)).collect();
            let pairs = StructArray::new(fields.clone(), pairs, None);
            Arc::new(MapArray::new(Arc::clone(entries), offsets, pairs, nulls, false))
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().map(|field| array(field, rows, rng)).collect();
            Arc::new(StructArray::new(fields.clone(), columns, nulls))
        }
        other => unreachable!("{other}"),
    }
}

fn integers<T: arrow_array::ArrowPrimitiveType>(
    numbers: &[Option<i64>],
    narrow: impl Fn(i64) -> T::Native,
) -> PrimitiveArray<T> {
    numbers.iter().map(|number| number.map(&narrow)).collect()
}

fn offsets(rows: usize, rng: &mut StdRng) -> (OffsetBuffer<i32>, usize) {
    let lengths: Vec<usize> = (0..rows).map(|_| rng.random_range(0..3)).collect();
    let size = lengths.iter().sum();
    (OffsetBuffer::from_lengths(lengths), size)
}

/// All fields, also those within others.
pub(crate) fn all_fields(schema: &Schema) -> Vec<&Field> {
    fn visit<'a>(field: &'a Field, out: &mut Vec<&'a Field>) {
        out.push(field);
        match field.data_type() {
            DataType::List(element) => visit(element, out),
            DataType::Struct(fields) => fields.iter().for_each(|field| visit(field, out)),
            DataType::Map(entries, _) => {
                // The entries themselves are no field of Iceberg.
                let DataType::Struct(fields) = entries.data_type() else { unreachable!() };
                fields.iter().for_each(|field| visit(field, out));
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    schema.fields().iter().for_each(|field| visit(field, &mut out));
    out
}
