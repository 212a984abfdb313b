//! Cells to text and back, the inner loops of export to CSV and JSON, and of loading them.
//! `cargo bench -p cql-arrow --bench text`.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use cql_arrow::{
    JsonRows, JsonRowsBuilder, MappingOptions, Result, TextBuilder, TextColumn, field,
};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use scylla::frame::response::result::{ColumnType, NativeType};

const ROWS: usize = 10_000;

const TYPES: [NativeType; 10] = [
    NativeType::Blob,
    NativeType::BigInt,
    NativeType::Date,
    NativeType::Decimal,
    NativeType::Double,
    NativeType::Duration,
    NativeType::Text,
    NativeType::Timestamp,
    NativeType::Uuid,
    NativeType::Varint,
];

fn main() {
    divan::main();
}

/// A plausible value of each type.
fn sample(native: &NativeType, row: usize) -> String {
    let hash = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match native {
        NativeType::Blob => format!("0x{hash:016x}"),
        NativeType::BigInt => (hash >> 20).to_string(),
        NativeType::Date => {
            format!("20{:02}-{:02}-{:02}", hash % 100, hash % 12 + 1, hash % 28 + 1)
        }
        NativeType::Decimal => format!("{}.{:02}", hash % 100_000, hash % 100),
        NativeType::Double => f64::from_bits(0x3ff0_0000_0000_0000 | hash >> 12).to_string(),
        NativeType::Duration => format!("{}mo{}d{}ns", row % 12, row % 30, hash >> 20),
        NativeType::Timestamp => ((hash >> 23) % 1_900_000_000_000).to_string(),
        NativeType::Uuid => format!("{:032x}", u128::from(hash) << 64 | u128::from(hash)),
        NativeType::Varint => format!("{hash}{hash}"),
        _ => format!("customer {hash}"),
    }
}

fn batch() -> Result<RecordBatch> {
    let (mut fields, mut arrays) = (Vec::<Field>::new(), Vec::new());
    for native in TYPES {
        let options = MappingOptions::default();
        let field = field(&format!("{native:?}"), &ColumnType::Native(native.clone()), &options)?;
        let mut column = TextBuilder::new(&field)?;
        for row in 0..ROWS {
            column.append_plain(&sample(&native, row))?;
        }
        arrays.push(column.finish()?);
        fields.push(field);
    }
    #[expect(clippy::unwrap_used, reason = "a bench of a batch that is none should stop")]
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap())
}

/// The column of a type, as `TYPES` names it.
#[divan::bench(args = TYPES.map(|native| format!("{native:?}")))]
fn write_plain(bencher: Bencher<'_, '_>, name: &str) {
    each_cell(bencher, name, |column, row, out| column.write_plain(row, out));
}

#[divan::bench(args = TYPES.map(|native| format!("{native:?}")))]
fn write_json(bencher: Bencher<'_, '_>, name: &str) {
    each_cell(bencher, name, |column, row, out| column.write_json(row, out));
}

#[expect(clippy::unwrap_used, reason = "a bench that can't write should stop")]
fn each_cell(
    bencher: Bencher<'_, '_>,
    name: &str,
    write: impl Fn(&TextColumn<'_>, usize, &mut Vec<u8>) -> Result<()> + Sync,
) {
    let batch = batch().unwrap();
    let schema = batch.schema();
    let field = schema.field_with_name(name).unwrap();
    let column = TextColumn::new(field, batch.column_by_name(name).unwrap()).unwrap();
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        out.clear();
        (0..ROWS).for_each(|row| write(&column, row, &mut out).unwrap());
        black_box(out.len())
    });
}

#[divan::bench(args = TYPES.map(|native| format!("{native:?}")))]
#[expect(clippy::unwrap_used, reason = "a bench that can't read should stop")]
fn read_plain(bencher: Bencher<'_, '_>, name: &str) {
    let batch = batch().unwrap();
    let schema = batch.schema();
    let field = schema.field_with_name(name).unwrap();
    let column = TextColumn::new(field, batch.column_by_name(name).unwrap()).unwrap();
    let texts: Vec<String> = (0..ROWS)
        .map(|row| {
            let mut out = Vec::new();
            column.write_plain(row, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        })
        .collect();
    let mut builder = TextBuilder::new(field).unwrap();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        texts.iter().for_each(|text| builder.append_plain(text).unwrap());
        builder.finish().unwrap()
    });
}

/// Counted in cells.
#[divan::bench]
#[expect(clippy::unwrap_used, reason = "a bench that can't write should stop")]
fn write_rows(bencher: Bencher<'_, '_>) {
    let batch = batch().unwrap();
    let rows = JsonRows::new(&batch).unwrap();
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(ROWS * TYPES.len())).bench_local(|| {
        out.clear();
        (0..ROWS).for_each(|row| rows.write(row, &mut out).unwrap());
        black_box(out.len())
    });
}

/// Counted in cells.
#[divan::bench]
#[expect(clippy::unwrap_used, reason = "a bench that can't read should stop")]
fn read_rows(bencher: Bencher<'_, '_>) {
    let batch = batch().unwrap();
    let rows = JsonRows::new(&batch).unwrap();
    let texts: Vec<String> = (0..ROWS)
        .map(|row| {
            let mut out = Vec::new();
            rows.write(row, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        })
        .collect();
    let mut builder = JsonRowsBuilder::new(batch.schema()).unwrap();
    bencher.counter(ItemsCount::new(ROWS * TYPES.len())).bench_local(|| {
        texts.iter().for_each(|text| builder.append(text).unwrap());
        builder.finish().unwrap()
    });
}
