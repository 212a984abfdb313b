//! What a filter gives is what it is true for, whatever files it lets be passed over.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use futures::TryStreamExt;
use iceberg::spec::{
    Datum, Literal, PrimitiveType, Schema, Struct, Transform, UnboundPartitionField,
    UnboundPartitionSpec,
};
use iceberg::transform::create_transform_function;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::ParquetMetaDataReader;
use proptest::prelude::*;

use super::fixture::{Fixture, batches, built, column, field, filter, ids, in_partition, schema};
use crate::catalog::Table;
use crate::filter::Filter;
use crate::read::row_groups::RowGroups;
use crate::read::{PinnedRead, ReadOptions, Wanted};

/// An `a`, an `f`, an `s` and a `ts`.
type Row = (Option<i32>, Option<f64>, Option<&'static str>, Option<i64>);

fn columns() -> Schema {
    schema([
        field(1, "id", PrimitiveType::Int),
        field(2, "a", PrimitiveType::Int),
        field(3, "f", PrimitiveType::Double),
        field(4, "s", PrimitiveType::String),
        field(5, "ts", PrimitiveType::Timestamptz),
    ])
}

fn arrays(first: i32, rows: &[Row]) -> Vec<ArrayRef> {
    let ids: Int32Array = (first..).take(rows.len()).map(Some).collect();
    let times: TimestampMicrosecondArray = rows.iter().map(|row| row.3).collect();
    vec![
        Arc::new(ids),
        Arc::new(rows.iter().map(|row| row.0).collect::<Int32Array>()),
        Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>()),
        Arc::new(rows.iter().map(|row| row.2).collect::<StringArray>()),
        Arc::new(times.with_timezone("+00:00")),
    ]
}

const HOUR: i64 = 3_600_000_000;

const TEXTS: [&str; 6] = ["", "a", "ab", "abc", "b", "é"];

fn row() -> impl Strategy<Value = Row> {
    let numbers = [0.0, -0.0, 1.5, -1.5, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let text = proptest::sample::select(TEXTS.to_vec());
    let time = (-40..40_i64).prop_map(|hours| hours * HOUR + hours.rem_euclid(2));
    (
        proptest::option::weighted(0.8, -3..4_i32),
        proptest::option::weighted(0.8, proptest::sample::select(numbers.to_vec())),
        proptest::option::weighted(0.8, text),
        proptest::option::weighted(0.8, time),
    )
}

fn comparison() -> impl Strategy<Value = String> {
    let operator = || proptest::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let text = || proptest::sample::select(TEXTS.to_vec());
    prop_oneof![
        (operator(), -4..5_i32).prop_map(|(operator, number)| format!("a {operator} {number}")),
        (operator(), -3..4_i32).prop_map(|(operator, number)| format!("f {operator} {number}.5")),
        operator().prop_map(|operator| format!("f {operator} 0")),
        (operator(), text()).prop_map(|(operator, text)| format!("s {operator} '{text}'")),
        (operator(), -48..48_i64).prop_map(|(operator, hours)| {
            let time = chrono::DateTime::from_timestamp(hours * 3600, 0).unwrap();
            format!("ts {operator} '{}'", time.to_rfc3339())
        }),
        text().prop_map(|text| format!("s LIKE '{text}%'")),
        (-4..5_i32, -4..5_i32).prop_map(|(one, two)| format!("a IN ({one}, {two})")),
        (-4..5_i32, -4..5_i32).prop_map(|(one, two)| format!("a BETWEEN {one} AND {two}")),
        (text(), text()).prop_map(|(one, two)| format!("s NOT IN ('{one}', '{two}')")),
        proptest::sample::select(vec!["a", "f", "s", "ts"])
            .prop_map(|name| format!("{name} IS NULL")),
        Just("IS_NAN(f)".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    comparison().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("NOT ({inner})")),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("({one} AND {two})")),
            (inner.clone(), inner).prop_map(|(one, two)| format!("({one} OR {two})")),
        ]
    })
}

/// The rows of all files for which a condition is true.
async fn expected(table: &Table, text: &str) -> Vec<i64> {
    let all = table.read(&ReadOptions::default()).await.unwrap();
    let condition = Filter::parse(text, table.inner.metadata().current_schema()).unwrap();
    let mut found = Vec::new();
    for batch in batches(&all).await.unwrap() {
        let place = |id: i32| usize::try_from(id - 1).ok();
        let rows = condition.evaluate(&batch, &place).unwrap();
        let ids = batch.column(0).as_primitive::<Int32Type>();
        let rows = ids.iter().zip(rows.iter()).filter(|(_, is_true)| *is_true == Some(true));
        found.extend(rows.map(|(id, _)| i64::from(id.unwrap())));
    }
    found
}

fn by(source_id: i32, transform: Transform) -> UnboundPartitionField {
    let name = format!("p{source_id}");
    UnboundPartitionField { source_id, field_id: None, name, transform }
}

/// The partition of a row, by these fields.
fn partition(row: &Row, fields: &[UnboundPartitionField]) -> Struct {
    let value = |field: &UnboundPartitionField| {
        let datum = match field.source_id {
            2 => row.0.map(Datum::int),
            4 => row.2.map(Datum::string),
            _ => row.3.map(Datum::timestamptz_micros),
        }?;
        let transform = create_transform_function(&field.transform).unwrap();
        transform
            .transform_literal(&datum)
            .unwrap()
            .map(|datum| Literal::Primitive(datum.literal().clone()))
    };
    fields.iter().map(value).collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn files_that_bounds_rule_out_have_no_rows(
        files in proptest::collection::vec(proptest::collection::vec(row(), 1..7), 1..5),
        conditions in proptest::collection::vec(condition(), 12),
    ) {
        runtime().block_on(async {
            let mut fixture = Fixture::new(columns());
            let mut committed = Vec::new();
            for (place, rows) in (0..).zip(&files) {
                let name = format!("{place}.parquet");
                let columns = arrays(place * 10, rows);
                let file = fixture.write_as(&name, &fixture.schema(), columns, 2).await;
                committed.push(built(file));
            }
            fixture.commit(committed).await;
            let table = fixture.table();
            for text in &conditions {
                assert_eq!(ids(&table, &filter(text)).await, expected(&table, text).await, "{text}");
            }
        });
    }

    #[test]
    fn files_that_partitions_rule_out_have_no_rows(
        rows in proptest::collection::vec(row(), 1..8),
        conditions in proptest::collection::vec(condition(), 12),
        transforms in proptest::sample::select(vec![
            [Transform::Identity, Transform::Truncate(2), Transform::Day],
            [Transform::Bucket(4), Transform::Identity, Transform::Hour],
            [Transform::Truncate(2), Transform::Bucket(3), Transform::Month],
            [Transform::Void, Transform::Truncate(1), Transform::Identity],
            [Transform::Truncate(3), Transform::Void, Transform::Year],
        ]),
    ) {
        runtime().block_on(async {
            let fields: Vec<_> =
                [2, 4, 5].into_iter().zip(transforms).map(|(id, transform)| by(id, transform)).collect();
            let spec = UnboundPartitionSpec::builder().add_partition_fields(fields.clone()).unwrap().build();
            let mut fixture = Fixture::partitioned(columns(), spec);
            let mut committed = Vec::new();
            for (place, row) in (0..).zip(&rows) {
                let mut file = fixture.write(&format!("{place}.parquet"), arrays(place, &[*row])).await;
                // Only the partition is known.
                file.lower_bounds(Default::default()).upper_bounds(Default::default());
                file.value_counts(Default::default()).null_value_counts(Default::default());
                file.nan_value_counts(Default::default());
                committed.push(in_partition(file, partition(row, &fields)));
            }
            fixture.commit(committed).await;
            let table = fixture.table();
            for text in &conditions {
                assert_eq!(ids(&table, &filter(text)).await, expected(&table, text).await, "{text}");
            }
        });
    }
}

#[tokio::test]
async fn files_are_passed_over_by_bounds_and_partitions() {
    let fields = vec![by(2, Transform::Bucket(16)), by(5, Transform::Day)];
    let spec =
        UnboundPartitionSpec::builder().add_partition_fields(fields.clone()).unwrap().build();
    let mut fixture = Fixture::partitioned(columns(), spec);
    let mut committed = Vec::new();
    for day in 0..10_i32 {
        let row = (
            Some(day),
            Some(f64::from(day)),
            Some(TEXTS[usize::try_from(day % 5).unwrap()]),
            Some(i64::from(day) * 24 * HOUR),
        );
        let file = fixture.write(&format!("{day}.parquet"), arrays(day, &[row])).await;
        committed.push(in_partition(file, partition(&row, &fields)));
    }
    fixture.commit(committed).await;
    let table = fixture.table();
    let skipped = async |text: &str| table.read(&filter(text)).await.unwrap().files_skipped();
    assert_eq!(skipped("a = 3").await, 9);
    assert_eq!(skipped("ts >= '1970-01-09'").await, 8);
    assert_eq!(skipped("ts >= '1970-01-09' OR a = 3").await, 7);
    assert_eq!(skipped("NOT ts >= '1970-01-09'").await, 2);
    assert_eq!(skipped("f < 2").await, 8);
    assert_eq!(skipped("s LIKE 'ab%'").await, 6);
    // A NaN might be above it.
    assert_eq!(skipped("f > 2").await, 0);
    assert_eq!(skipped("a IS NULL").await, 10);
}

#[tokio::test]
async fn each_row_group_is_filtered() {
    let mut fixture = Fixture::new(columns());
    let rows: Vec<Row> = (0..100).map(|number| (Some(number % 7), None, None, None)).collect();
    let file = fixture.write_as("a.parquet", &fixture.schema(), arrays(0, &rows), 10).await;
    fixture.commit(vec![built(file)]).await;
    let table = fixture.table();
    let expected: Vec<i64> = (0..100).filter(|id| id % 7 == 3).collect();
    assert_eq!(ids(&table, &filter("a = 3")).await, expected);
    let read: PinnedRead = table.read(&filter("a > 7")).await.unwrap();
    assert_eq!(column(&read, "id").await.unwrap(), []);
    for task in read.tasks() {
        let batches: Vec<RecordBatch> = read.batches(task).unwrap().try_collect().await.unwrap();
        assert_eq!(batches.len(), 0);
    }
}

#[tokio::test]
async fn row_groups_are_passed_over_by_what_they_tell_of_their_values() {
    let fixture = Fixture::new(columns());
    let row = |number: i32| (Some(number), Some(number.into()), Some("b"), Some(number.into()));
    let mut rows: Vec<Row> = (0..100).map(row).collect();
    rows[55] = (None, None, None, None);
    let file = fixture.write_as("a.parquet", &fixture.schema(), arrays(0, &rows), 10).await;
    let bytes = fixture.io.new_input(built(file).file_path()).unwrap().read().await.unwrap();
    let footer = ParquetMetaDataReader::new().parse_and_finish(&bytes).unwrap();
    let file = footer.file_metadata();
    let file = parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata()).unwrap();
    let schema = fixture.schema();
    let fields = schema.as_struct().fields().iter();
    let wanted: Vec<Wanted> = fields.map(|field| Wanted::new(field.clone()).unwrap()).collect();
    let all: Vec<usize> = (0..10).collect();
    for (text, kept) in [
        ("a = 37", &[3][..]),
        ("a < 10", &[0]),
        ("a <= 10", &[0, 1]),
        ("a > 89", &[9]),
        ("a >= 89", &[8, 9]),
        ("a IN (5, 95, 1000)", &[0, 9]),
        ("a = 5 OR ts >= '1970-01-01T00:00:00.000095Z'", &[0, 9]),
        ("a BETWEEN 35 AND 55 AND id > 42", &[4, 5]),
        ("s = 'a'", &[]),
        ("s <= 'b'", &all),
        // Nothing is known, or not enough.
        ("a IS NULL", &all),
        ("a != 5", &all),
        ("f = 5", &all),
        ("NOT a < 90", &all),
        ("a = 5 OR f = 5", &all),
    ] {
        let filter = Filter::parse(text, &schema).unwrap();
        let mut groups = RowGroups::beginning_in(&footer, &(0..u64::MAX));
        groups.retain(&filter, &file, &wanted);
        assert_eq!(groups.into_places(), kept, "{text}");
    }
}

#[tokio::test]
async fn a_flag_is_a_filter() {
    let mut fixture = Fixture::new(schema([
        field(1, "id", PrimitiveType::Int),
        field(2, "flag", PrimitiveType::Boolean),
    ]));
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]));
    let file =
        fixture.write("a.parquet", vec![Arc::new(Int32Array::from(vec![1, 2, 3])), flags]).await;
    fixture.commit(vec![built(file)]).await;
    let table = fixture.table();
    assert_eq!(ids(&table, &filter("flag")).await, [1]);
    assert_eq!(ids(&table, &filter("NOT flag")).await, [2]);
    assert_eq!(ids(&table, &filter("flag IS NULL")).await, [3]);
}
