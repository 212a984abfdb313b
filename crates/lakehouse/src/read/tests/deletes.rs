//! Rows that were deleted do not come, and all others do.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, StringArray};
use iceberg::spec::{
    DataFileFormat, Literal, PrimitiveType, Struct, Transform, UnboundPartitionField,
    UnboundPartitionSpec,
};

use super::fixture::{
    Fixture, built, column, deletion_vector, field, filter, ids, in_partition, numbered, rows,
    schema, three,
};
use crate::error::ErrorKind;
use crate::read::{Pin, ReadOptions};

fn ints(values: &[Option<i32>]) -> ArrayRef {
    Arc::new(Int32Array::from(values.to_vec()))
}

fn all() -> ReadOptions {
    ReadOptions::default()
}

#[tokio::test]
async fn positions_are_deleted_in_every_row_group_and_part_of_a_file() {
    let mut fixture = Fixture::new(three());
    let file = fixture.write_as("a.parquet", &fixture.schema(), numbered(0..100), 10).await;
    let bytes = built(file.clone()).file_size_in_bytes();
    let other = fixture.write("b.parquet", numbered(200..203)).await;
    fixture.commit(vec![built(file), built(other)]).await;
    // The first and the last row, all of one group, both sides of a border, and positions that are not there.
    let mut gone: Vec<i64> = vec![0, 99, 49, 50, 13, 1000];
    gone.extend(20..30);
    let one: Vec<(&str, i64)> = gone.iter().map(|position| ("a.parquet", *position)).collect();
    let one = fixture.positions("1.parquet", &one).await;
    let two = fixture
        .positions("2.parquet", &[("a.parquet", 13), ("a.parquet", 14), ("b.parquet", 1)])
        .await;
    fixture.commit(vec![built(one), built(two)]).await;
    gone.push(14);
    let left: Vec<i64> = (0..100).filter(|id| !gone.contains(id)).chain([200, 202]).collect();
    let table = fixture.table();
    for parts in [1, 3, 10, 40] {
        let options = ReadOptions { split_bytes: bytes / parts, ..all() };
        assert_eq!(ids(&table, &options).await, left, "{parts}");
        let options = ReadOptions { filter: Some("id >= 45 AND id < 202".to_owned()), ..options };
        let some: Vec<i64> = left.iter().copied().filter(|id| (45..202).contains(id)).collect();
        assert_eq!(ids(&table, &options).await, some, "{parts}");
    }
    let before = ReadOptions { pin: Pin::Snapshot(1001), ..all() };
    assert_eq!(ids(&table, &before).await.len(), 103);
    let read = table.read(&all()).await.unwrap();
    assert_eq!(read.tasks()[0].rows(), None);
}

#[tokio::test]
async fn positions_apply_to_files_of_the_same_commit_and_older_ones() {
    let mut fixture = Fixture::new(three());
    let old = fixture.write("old.parquet", numbered(0..3)).await;
    fixture.commit(vec![built(old)]).await;
    let same = fixture.write("same.parquet", numbered(10..13)).await;
    let deletes = fixture
        .positions("d.parquet", &[("old.parquet", 0), ("same.parquet", 1), ("young.parquet", 2)])
        .await;
    fixture.commit(vec![built(same), built(deletes)]).await;
    let young = fixture.write("young.parquet", numbered(20..23)).await;
    fixture.commit(vec![built(young)]).await;
    assert_eq!(ids(&fixture.table(), &all()).await, [1, 2, 10, 12, 20, 21, 22]);
}

#[tokio::test]
async fn equality_deletes_apply_to_older_files_only() {
    let mut fixture = Fixture::new(three());
    let old = fixture.write("old.parquet", numbered(0..4)).await;
    fixture.commit(vec![built(old)]).await;
    let same = fixture.write("same.parquet", numbered(0..4)).await;
    let deletes =
        fixture.equality("d.parquet", &[1], vec![ints(&[Some(1), Some(3), Some(77)])]).await;
    fixture.commit(vec![built(same), built(deletes)]).await;
    let young = fixture.write("young.parquet", numbered(0..4)).await;
    fixture.commit(vec![built(young)]).await;
    assert_eq!(ids(&fixture.table(), &all()).await, [0, 2, 0, 1, 2, 3, 0, 1, 2, 3]);
}

#[tokio::test]
async fn equality_deletes_need_not_be_of_columns_that_are_read() {
    let mut fixture = Fixture::new(three());
    let file = fixture.write("a.parquet", numbered(0..10)).await;
    fixture.commit(vec![built(file)]).await;
    let names: ArrayRef = Arc::new(StringArray::from(vec!["name 2", "name 3"]));
    let deletes = fixture.equality("d.parquet", &[2], vec![names]).await;
    fixture.commit(vec![built(deletes)]).await;
    let options = ReadOptions { columns: vec!["id".to_owned()], ..filter("n < 5") };
    let read = fixture.table().read(&options).await.unwrap();
    assert_eq!(read.schema().fields().len(), 1);
    let ids: Vec<Option<i64>> = column(&read, "id").await.unwrap();
    assert_eq!(ids, [Some(0), Some(1), Some(4)]);
}

#[tokio::test]
async fn nulls_are_deleted_by_nulls_and_kept_by_values() {
    let mut fixture = Fixture::new(three());
    let file = fixture.write(
        "a.parquet",
        rows(&[
            (Some(1), Some("a"), Some(1)),
            (Some(2), None, Some(1)),
            (Some(3), Some("a"), None),
            (Some(4), None, None),
            (Some(5), Some("b"), Some(1)),
        ]),
    );
    let file = file.await;
    fixture.commit(vec![built(file)]).await;
    let before = fixture.metadata.clone();
    // name = 'a' does not delete the rows without a name.
    let name: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let by_value = fixture.equality("1.parquet", &[2], vec![name]).await;
    fixture.commit(vec![built(by_value)]).await;
    assert_eq!(ids(&fixture.table(), &all()).await, [2, 4, 5]);
    // (name, n) = (null, null) deletes that row only.
    let pair: Vec<ArrayRef> = rows(&[(None, None, None)])[1..].to_vec();
    let by_null = fixture.equality("2.parquet", &[2, 3], pair).await;
    fixture.commit(vec![built(by_null)]).await;
    assert_eq!(ids(&fixture.table(), &all()).await, [2, 5]);
    assert_eq!(before.snapshots().len(), 1);
}

#[tokio::test]
async fn nan_is_deleted_by_nan() {
    let mut fixture = Fixture::new(schema([
        field(1, "id", PrimitiveType::Int),
        field(2, "x", PrimitiveType::Double),
    ]));
    let doubles = |values: &[f64]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let columns = vec![ints(&[Some(1), Some(2), Some(3)]), doubles(&[1.0, f64::NAN, 3.0])];
    let file = fixture.write("a.parquet", columns).await;
    fixture.commit(vec![built(file)]).await;
    let deletes = fixture.equality("d.parquet", &[2], vec![doubles(&[f64::NAN, 3.0])]).await;
    fixture.commit(vec![built(deletes)]).await;
    assert_eq!(ids(&fixture.table(), &all()).await, [1]);
}

#[tokio::test]
async fn files_older_than_a_column_are_kept_by_deletes_of_its_values() {
    let mut fixture = Fixture::new(schema([field(1, "id", PrimitiveType::Int)]));
    let old = fixture.write("old.parquet", vec![ints(&[Some(1), Some(2)])]).await;
    fixture.commit(vec![built(old)]).await;
    let more = schema([field(1, "id", PrimitiveType::Int), field(2, "kind", PrimitiveType::Int)]);
    fixture.change(|builder| builder.add_current_schema(more));
    let by_value = fixture.equality("1.parquet", &[2], vec![ints(&[Some(7)])]).await;
    fixture.commit(vec![built(by_value)]).await;
    assert_eq!(ids(&fixture.table(), &all()).await, [1, 2]);
    let by_null = fixture.equality("2.parquet", &[2], vec![ints(&[None])]).await;
    fixture.commit(vec![built(by_null)]).await;
    assert_eq!(ids(&fixture.table(), &all()).await, [0; 0]);
}

#[tokio::test]
async fn a_column_that_was_dropped_still_deletes() {
    let mut fixture = Fixture::new(three());
    let file = fixture.write("a.parquet", numbered(0..4)).await;
    fixture.commit(vec![built(file)]).await;
    let names: ArrayRef = Arc::new(StringArray::from(vec!["name 2"]));
    let deletes = fixture.equality("d.parquet", &[2], vec![names]).await;
    fixture.commit(vec![built(deletes)]).await;
    fixture
        .change(|builder| builder.add_current_schema(schema([field(1, "id", PrimitiveType::Int)])));
    let read = fixture.table().read(&all()).await.unwrap();
    assert_eq!(read.schema().fields().len(), 1);
    assert_eq!(column(&read, "id").await.unwrap(), [Some(0), Some(1), Some(3)]);
}

fn by_name() -> UnboundPartitionSpec {
    let field = UnboundPartitionField {
        source_id: 2,
        field_id: Some(1000),
        name: "name".to_owned(),
        transform: Transform::Identity,
    };
    UnboundPartitionSpec::builder().add_partition_fields([field]).unwrap().build()
}

fn of(name: &str) -> Struct {
    Struct::from_iter([Some(Literal::string(name))])
}

#[tokio::test]
async fn deletes_of_a_partition_do_not_touch_the_others() {
    let mut fixture = Fixture::partitioned(three(), by_name());
    let rows_of = |name: &'static str, from: i32| {
        rows(&[(Some(from), Some(name), None), (Some(from + 1), Some(name), None)])
    };
    let x = fixture.write("x.parquet", rows_of("x", 1)).await;
    let y = fixture.write("y.parquet", rows_of("y", 1)).await;
    fixture.commit(vec![in_partition(x, of("x")), in_partition(y, of("y"))]).await;
    let deletes = fixture.equality("d.parquet", &[1], vec![ints(&[Some(1)])]).await;
    let positions = fixture.positions("p.parquet", &[("x.parquet", 1), ("y.parquet", 1)]).await;
    fixture.commit(vec![in_partition(deletes, of("x")), in_partition(positions, of("y"))]).await;
    // Of x, 1 by its value; of y, 2 by its position. The position in x is not of the partition of its file.
    assert_eq!(ids(&fixture.table(), &all()).await, [2, 1]);
    assert_eq!(ids(&fixture.table(), &filter("name = 'y'")).await, [1]);
}

#[tokio::test]
async fn equality_deletes_without_partition_are_of_all() {
    let mut fixture = Fixture::partitioned(three(), by_name());
    let x = fixture
        .write("x.parquet", rows(&[(Some(1), Some("x"), None), (Some(2), Some("x"), None)]))
        .await;
    let y = fixture
        .write("y.parquet", rows(&[(Some(1), Some("y"), None), (Some(3), Some("y"), None)]))
        .await;
    fixture.commit(vec![in_partition(x, of("x")), in_partition(y, of("y"))]).await;
    fixture.change(|builder| {
        builder.add_default_partition_spec(UnboundPartitionSpec::builder().build())
    });
    let spec = fixture.metadata.default_partition_spec_id();
    let deletes = fixture.equality("d.parquet", &[1], vec![ints(&[Some(1)])]).await;
    fixture.commit_as(spec, vec![built(deletes)]).await;
    assert_eq!(ids(&fixture.table(), &all()).await, [2, 3]);
    assert_eq!(ids(&fixture.table(), &filter("name = 'y'")).await, [3]);
}

#[tokio::test]
async fn deletion_vectors_are_refused_where_they_matter() {
    let mut fixture = Fixture::new(three());
    let a = fixture.write("a.parquet", numbered(0..3)).await;
    let b = fixture.write("b.parquet", numbered(10..13)).await;
    fixture.commit(vec![built(a), built(b)]).await;
    fixture.commit(vec![deletion_vector("a.parquet")]).await;
    let table = fixture.table();
    let error = table.read(&all()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("rewrite_data_files"), "{error}");
    // What is read has none.
    assert_eq!(ids(&table, &filter("id >= 10")).await, [10, 11, 12]);
    let before = ReadOptions { pin: Pin::Snapshot(1001), ..all() };
    assert_eq!(ids(&table, &before).await.len(), 6);
}

#[tokio::test]
async fn deletes_of_other_formats_are_refused() {
    let mut fixture = Fixture::new(three());
    let a = fixture.write("a.parquet", numbered(0..3)).await;
    fixture.commit(vec![built(a)]).await;
    let mut deletes = fixture.positions("d.avro", &[("a.parquet", 1)]).await;
    deletes.file_format(DataFileFormat::Avro);
    fixture.commit(vec![built(deletes)]).await;
    let error = fixture.table().read(&all()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("d.avro"), "{error}");
}
