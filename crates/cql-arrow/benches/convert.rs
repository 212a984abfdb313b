//! Columns of other tools' files to columns of CQL types, the inner loop of loading Parquet.
//! `cargo bench -p cql-arrow --bench convert`.

use std::sync::Arc;

use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, ListArray, StringArray, TimestampMicrosecondArray};
use arrow_schema::Field;
use cql_arrow::{Conversion, MappingOptions, TextOptions, field};
use divan::Bencher;
use divan::counter::ItemsCount;
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};

const ROWS: i64 = 10_000;

fn main() {
    divan::main();
}

#[divan::bench]
fn bigint_as_it_is(bencher: Bencher<'_, '_>) {
    let array = Int64Array::from_iter_values(0..ROWS);
    convert(bencher, Arc::new(array), &ColumnType::Native(NativeType::BigInt));
}

#[divan::bench]
fn int_of_int64(bencher: Bencher<'_, '_>) {
    let array = Int64Array::from_iter_values(0..ROWS);
    convert(bencher, Arc::new(array), &ColumnType::Native(NativeType::Int));
}

#[divan::bench]
fn timestamp_of_microseconds(bencher: Bencher<'_, '_>) {
    let micros = (0..ROWS).map(|row| row * 1_000_000);
    let array = TimestampMicrosecondArray::from_iter_values(micros);
    convert(bencher, Arc::new(array), &ColumnType::Native(NativeType::Timestamp));
}

#[divan::bench]
fn uuid_of_text(bencher: Bencher<'_, '_>) {
    let uuids = (0..ROWS).map(|row| format!("6ba7b810-9dad-11d1-80b4-{row:012}"));
    let array = StringArray::from_iter_values(uuids);
    convert(bencher, Arc::new(array), &ColumnType::Native(NativeType::Uuid));
}

#[divan::bench]
fn list_of_int64(bencher: Bencher<'_, '_>) {
    let lists = (0..ROWS).map(|row| Some([Some(row), Some(row + 1)]));
    let array = ListArray::from_iter_primitive::<Int64Type, _, _>(lists);
    let ints = CollectionType::List(Box::new(ColumnType::Native(NativeType::Int)));
    convert(bencher, Arc::new(array), &ColumnType::Collection { frozen: false, typ: ints });
}

#[expect(clippy::unwrap_used, reason = "a bench that can't convert should stop")]
fn convert(bencher: Bencher<'_, '_>, array: ArrayRef, typ: &ColumnType<'_>) {
    let target = field("c", typ, &MappingOptions::default()).unwrap();
    let source = Field::new("c", array.data_type().clone(), true);
    let conversion = Conversion::new(&source, &target, &TextOptions::default()).unwrap();
    bencher.counter(ItemsCount::new(array.len())).bench_local(|| conversion.convert(&array));
}
