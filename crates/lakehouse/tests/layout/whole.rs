//! The whole way: a table is made, rows are split and written, files committed, and read again.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, Int64Array, RecordBatch};
use arrow_schema::DataType;
use arrow_select::concat::concat_batches;
use cql_arrow::DecimalMapping;
use formats::{FileOptions, FileWriter, Format, ParquetOptions};
use futures::TryStreamExt as _;
use lakehouse::{Catalog, CatalogKind, CatalogOptions, Commit, Layout, Mode, NewFile, ReadOptions};
use scylla::frame::response::result::{ColumnType, NativeType};

use crate::arbitrary::{batch, schema, table};

/// Columns of all types that rows can be partitioned by, and the number of the row.
fn rows(seed: u64) -> RecordBatch {
    let types = [
        ("id", NativeType::Uuid),
        ("name", NativeType::Text),
        ("n", NativeType::Int),
        ("big", NativeType::BigInt),
        ("data", NativeType::Blob),
        ("flag", NativeType::Boolean),
        ("f", NativeType::Float),
        ("d", NativeType::Double),
        ("day", NativeType::Date),
        ("ts", NativeType::Timestamp),
        ("price", NativeType::Decimal),
        ("row", NativeType::BigInt),
    ];
    let types = types.map(|(name, typ)| (name, ColumnType::Native(typ)));
    let decimals = DecimalMapping::Fixed { precision: 20, scale: 3 };
    let columns = schema(types.iter().map(|(name, typ)| (*name, typ)), decimals);
    let batch = batch(&columns, 40, seed);
    let mut arrays = batch.columns().to_vec();
    let numbers: Int64Array = (0..40).map(Some).collect();
    arrays[11] = Arc::new(numbers);
    RecordBatch::try_new(columns, arrays).unwrap()
}

#[tokio::test]
async fn rows_of_every_partition_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = folder.path().display().to_string();
    let options = CatalogOptions::new(CatalogKind::Memory).with("warehouse", warehouse);
    let catalog = Catalog::open(&options).await.unwrap();
    let specs = [
        "",
        "bucket(4, id)",
        "name",
        "truncate(2, name)",
        "n",
        "truncate(1, n)",
        "big",
        "data",
        "truncate(3, data)",
        "flag",
        "f",
        "d",
        "day",
        "year(day)",
        "ts",
        "day(ts)",
        "price",
        "truncate(1, price)",
        "void(n)",
        "day, bucket(3, price), name",
    ];
    for (index, by) in (0..).zip(specs) {
        let batch = rows(index);
        let by = (!by.is_empty()).then_some(by);
        let definition = table(&batch.schema(), by);
        let name = format!("ns.t{index}").parse().unwrap();
        let made = catalog.create(&name, &definition).await.unwrap();
        let layout = Layout::new(&made, &batch.schema()).unwrap();
        let data = made.folder("data/run").unwrap();
        let mut files = Vec::new();
        let mut written = Vec::new();
        for (number, part) in layout.split(&batch).unwrap().into_iter().enumerate() {
            let mut path = format!("{}/{number}.parquet", part.folder);
            path = path.trim_start_matches('/').to_owned();
            let options = FileOptions {
                format: Format::Parquet(ParquetOptions::default()),
                ..FileOptions::default()
            };
            let schema = Arc::clone(layout.schema());
            let mut file = FileWriter::create(&data, &path, schema, &options).await.unwrap();
            file.write(&part.rows).await.unwrap();
            let file = file.finish().await.unwrap();
            files.push(NewFile {
                path: format!("{}/data/run/{path}", made.location()),
                partition: part.partition,
                rows: file.rows,
                bytes: file.bytes,
            });
            written.push(part.rows);
        }
        let commit = Commit {
            run_id: format!("run-{index}"),
            mode: Mode::Append,
            schema_id: layout.schema_id(),
            spec_id: layout.spec_id(),
            files,
            summary: BTreeMap::new(),
            properties: BTreeMap::new(),
        };
        catalog.commit_run(&name, &commit).await.unwrap();
        let written = concat_batches(layout.schema(), &written).unwrap();
        let stored = catalog.table(&name).await.unwrap();
        let pinned = stored.read(&ReadOptions::default()).await.unwrap();
        let mut read = Vec::new();
        for task in pinned.tasks() {
            let batches = pinned.batches(task).unwrap();
            let batches: Vec<_> = batches.try_collect().await.unwrap();
            read.extend(batches);
        }
        let read = concat_batches(pinned.schema(), &read).unwrap();
        assert_eq!(cells(&read), cells(&written), "{by:?}");
    }
}

/// The cells of each row, in the order of the rows' numbers.
fn cells(batch: &RecordBatch) -> BTreeMap<i64, Vec<String>> {
    let numbers = batch.column_by_name("row").unwrap().as_primitive::<Int64Type>();
    let cell = |row: usize, index: usize| {
        let array = batch.column(index).slice(row, 1);
        match array.data_type() {
            DataType::Timestamp(_, _) => {
                let micros = arrow_cast::cast(&array, &DataType::Int64).unwrap();
                format!("{:?}", micros.as_primitive::<Int64Type>())
            }
            DataType::LargeBinary => {
                format!("{:?}", arrow_cast::cast(&array, &DataType::Binary).unwrap())
            }
            _ => format!("{array:?}"),
        }
    };
    let row = |row| (0..batch.num_columns()).map(|index| cell(row, index)).collect();
    (0..batch.num_rows()).map(|index| (numbers.value(index), row(index))).collect()
}
