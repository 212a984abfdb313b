//! What a core encodes and decodes: rows of (uuid, int, text, double, timestamp), in cells.
#![expect(clippy::unwrap_used, reason = "a bench that can't go on should stop")]

use std::io::Sink;
use std::sync::Arc;

use arrow_array::builder::FixedSizeBinaryBuilder;
use arrow_array::{Float64Array, Int32Array, RecordBatch, StringArray, TimestampMillisecondArray};
use cql_arrow::MappingOptions;
use divan::Bencher;
use divan::counter::ItemsCount;
use formats::{FileOptions, FileWriter, Format, Location, StreamWriter, read};
use futures::TryStreamExt;
use scylla::frame::response::result::{ColumnType, NativeType};

const ROWS: usize = 100_000;

fn main() {
    divan::main();
}

fn batch() -> RecordBatch {
    let columns = [
        ("id", NativeType::Uuid),
        ("n", NativeType::Int),
        ("name", NativeType::Text),
        ("value", NativeType::Double),
        ("at", NativeType::Timestamp),
    ];
    let columns = columns.map(|(name, typ)| (name, ColumnType::Native(typ)));
    let columns = columns.iter().map(|(name, typ)| (*name, typ));
    let schema = cql_arrow::schema(columns, &MappingOptions::default()).unwrap();
    // A simple generator of numbers that look random.
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 11
    };
    let mut ids = FixedSizeBinaryBuilder::new(16);
    for _ in 0..ROWS {
        ids.append_value([next().to_le_bytes(), next().to_le_bytes()].concat()).unwrap();
    }
    let numbers = (0..ROWS).map(|_| i32::try_from(next() % 1_000_000).unwrap());
    let numbers = Int32Array::from_iter_values(numbers);
    let names = (0..ROWS).map(|_| format!("user-{} of {}", next() % 100_000, next() % 97));
    let names = StringArray::from_iter_values(names);
    let values = Float64Array::from_iter_values((0..ROWS).map(|_| next() as f64 / 1e9));
    let times = (0..ROWS).scan(1_700_000_000_000, |now, _| {
        *now += (next() % 1000).cast_signed();
        Some(*now)
    });
    let times = TimestampMillisecondArray::from_iter_values(times).with_timezone("UTC");
    let columns = vec![
        Arc::new(ids.finish()) as _,
        Arc::new(numbers) as _,
        Arc::new(names) as _,
        Arc::new(values) as _,
        Arc::new(times) as _,
    ];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

const NAMES: [&str; 11] = [
    "csv none",
    "csv zstd",
    "csv gzip",
    "csv lz4",
    "jsonl none",
    "json none",
    "parquet zstd 1",
    "parquet zstd 2",
    "parquet zstd 3",
    "parquet snappy",
    "arrow none",
];

/// Of a format, a compression, and a level.
fn options(name: &str) -> FileOptions {
    let mut parts = name.split(' ');
    let mut next = || parts.next().unwrap_or_default();
    let (mut format, compression): (Format, _) = (next().parse().unwrap(), next());
    let level = next().parse().ok();
    if let Format::Parquet(parquet) = &mut format {
        parquet.compression = compression.parse().unwrap();
        parquet.level = level;
        return FileOptions { format, ..FileOptions::default() };
    }
    FileOptions { format, compression: compression.parse().unwrap(), level }
}

#[divan::bench(args = NAMES)]
fn write(bencher: Bencher<'_, '_>, name: &str) {
    let (batch, options) = (batch(), options(name));
    bencher.counter(ItemsCount::new(ROWS * batch.num_columns())).bench(|| {
        let mut writer: StreamWriter<Sink> =
            StreamWriter::new(std::io::sink(), batch.schema(), &options).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap()
    });
}

#[divan::bench(args = NAMES)]
#[expect(clippy::print_stdout, reason = "sizes are a result too")]
fn read_back(bencher: Bencher<'_, '_>, name: &str) {
    let (batch, options) = (batch(), options(name));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let location = Location::in_memory();
    runtime.block_on(async {
        let mut writer =
            FileWriter::create(&location, "a", batch.schema(), &options).await.unwrap();
        writer.write(&batch).await.unwrap();
        let bytes = writer.finish().await.unwrap().bytes;
        println!("{name}: {} bytes a row", bytes / ROWS as u64);
    });
    bencher.counter(ItemsCount::new(ROWS * batch.num_columns())).bench(|| {
        runtime.block_on(async {
            let batches = read(&location, "a", Some(batch.schema()), &options).await.unwrap();
            let batches: Vec<RecordBatch> = batches.try_collect().await.unwrap();
            assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), ROWS);
        });
    });
}
