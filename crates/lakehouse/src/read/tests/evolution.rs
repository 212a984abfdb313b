//! Files that were written when the table's schema was another, or by others.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, Float32Array, Float64Array, Int32Array, Int64Array, ListArray, StringArray,
    StructArray,
};
use arrow_schema::{DataType, Field, Schema as ArrowSchema};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{
    ListType, Literal, NestedField, PrimitiveType, Schema, Struct, StructType, Transform, Type,
    UnboundPartitionField, UnboundPartitionSpec,
};

use super::fixture::{Fixture, batches, built, column, field, filter, ids, in_partition, schema};
use crate::error::ErrorKind;
use crate::read::ReadOptions;

fn ints(values: &[i32]) -> ArrayRef {
    Arc::new(Int32Array::from(values.to_vec()))
}

#[tokio::test]
async fn columns_of_one_type_are_told_apart_by_ids_whatever_their_order_and_names() {
    let (a, b) = (field(1, "a", PrimitiveType::Int), field(2, "b", PrimitiveType::Int));
    let mut fixture = Fixture::new(schema([a.clone(), b.clone()]));
    let file = fixture.write("1.parquet", vec![ints(&[1]), ints(&[2])]).await;
    fixture.commit(vec![built(file)]).await;
    // The names are exchanged, and so is the order.
    let changed = schema([field(2, "a", PrimitiveType::Int), field(1, "b", PrimitiveType::Int)]);
    fixture.change(|builder| builder.add_current_schema(changed));
    // Another writer has the columns in its own order.
    let arrow = schema_to_arrow_schema(&schema([b, a])).unwrap();
    let renamed = arrow
        .fields()
        .iter()
        .zip(["a", "b"])
        .map(|(field, name)| field.as_ref().clone().with_name(name));
    let arrow = Arc::new(ArrowSchema::new(renamed.collect::<Vec<_>>()));
    let file = fixture
        .write_arrow("2.parquet", &fixture.schema(), arrow, vec![ints(&[2]), ints(&[1])], 10)
        .await;
    fixture.commit(vec![built(file)]).await;
    let read = fixture.table().read(&ReadOptions::default()).await.unwrap();
    assert_eq!(column(&read, "a").await.unwrap(), [Some(2), Some(2)]);
    assert_eq!(column(&read, "b").await.unwrap(), [Some(1), Some(1)]);
    let options = ReadOptions { columns: vec!["b".into(), "a".into()], ..Default::default() };
    let read = fixture.table().read(&options).await.unwrap();
    let all = batches(&read).await.unwrap();
    let values: Vec<(i32, i32)> = all
        .iter()
        .map(|batch| {
            let int = |place: usize| batch.column(place).as_primitive::<Int32Type>().value(0);
            (int(0), int(1))
        })
        .collect();
    assert_eq!(values, [(1, 2), (1, 2)]);
}

#[tokio::test]
async fn columns_that_were_added_are_null_and_filters_know_it() {
    let mut fixture = Fixture::new(schema([field(1, "id", PrimitiveType::Int)]));
    let old = fixture.write("old.parquet", vec![ints(&[1, 2])]).await;
    fixture.commit(vec![built(old)]).await;
    let more = schema([field(1, "id", PrimitiveType::Int), field(2, "n", PrimitiveType::Int)]);
    fixture.change(|builder| builder.add_current_schema(more));
    let new = fixture.write("new.parquet", vec![ints(&[3, 4]), ints(&[1, 9])]).await;
    fixture.commit(vec![built(new)]).await;
    let table = fixture.table();
    for (text, expected) in [
        ("n < 5", &[3][..]),
        ("n <= 9", &[3, 4]),
        ("NOT n < 5", &[4]),
        ("n != 1", &[4]),
        ("n NOT IN (1)", &[4]),
        ("n IS NULL", &[1, 2]),
        ("NOT (n = 1 OR n IS NULL)", &[4]),
        ("n < 5 OR id = 2", &[3, 2]),
    ] {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        let mut found = ids(&table, &filter(text)).await;
        found.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
}

#[tokio::test]
async fn types_that_grew_are_read_and_filtered_in_the_new_one() {
    let old = |typ, float| {
        schema([field(1, "id", PrimitiveType::Int), field(2, "n", typ), field(3, "x", float)])
    };
    let mut fixture = Fixture::new(old(PrimitiveType::Int, PrimitiveType::Float));
    let floats: ArrayRef = Arc::new(Float32Array::from(vec![1.5, 2.5]));
    let file = fixture.write("1.parquet", vec![ints(&[1, 2]), ints(&[i32::MIN, 7]), floats]).await;
    fixture.commit(vec![built(file)]).await;
    fixture.change(|builder| {
        builder.add_current_schema(old(PrimitiveType::Long, PrimitiveType::Double))
    });
    let longs: ArrayRef = Arc::new(Int64Array::from(vec![1 << 40]));
    let doubles: ArrayRef = Arc::new(Float64Array::from(vec![1e300]));
    let file = fixture.write("2.parquet", vec![ints(&[3]), longs, doubles]).await;
    fixture.commit(vec![built(file)]).await;
    let table = fixture.table();
    let read = table.read(&ReadOptions::default()).await.unwrap();
    let all = column(&read, "n").await.unwrap();
    assert_eq!(all, [Some(i32::MIN.into()), Some(7), Some(1 << 40)]);
    // Literals that the old type can't hold.
    assert_eq!(ids(&table, &filter("n < 1099511627776")).await, [1, 2]);
    assert_eq!(ids(&table, &filter("n >= 1099511627776")).await, [3]);
    assert_eq!(ids(&table, &filter("x < 1e299 AND x != 1.5")).await, [2]);
}

fn people(fields: Vec<Arc<NestedField>>) -> Schema {
    let list = ListType::new(Arc::new(NestedField::list_element(
        20,
        Type::Struct(StructType::new(fields)),
        false,
    )));
    schema([
        field(1, "id", PrimitiveType::Int),
        Arc::new(NestedField::optional(2, "people", Type::List(list))),
    ])
}

/// One row, with a list of one struct of these children.
fn one(schema: &Schema, children: Vec<ArrayRef>) -> Vec<ArrayRef> {
    let arrow = schema_to_arrow_schema(schema).unwrap();
    let DataType::List(element) = arrow.field(1).data_type() else { panic!("{arrow}") };
    let DataType::Struct(fields) = element.data_type() else { panic!("{element}") };
    let structs = StructArray::new(fields.clone(), children, None);
    let offsets = arrow_buffer::OffsetBuffer::from_lengths([1]);
    let list = ListArray::new(element.clone(), offsets, Arc::new(structs), None);
    vec![ints(&[1]), Arc::new(list)]
}

#[tokio::test]
async fn fields_within_columns_are_found_by_ids() {
    let text = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let before = people(vec![
        field(3, "first", PrimitiveType::String),
        field(4, "last", PrimitiveType::String),
        field(5, "age", PrimitiveType::Int),
    ]);
    let mut fixture = Fixture::new(before.clone());
    let file = fixture
        .write("1.parquet", one(&fixture.schema(), vec![text("Ada"), text("King"), ints(&[36])]))
        .await;
    fixture.commit(vec![built(file)]).await;
    let written = fixture.schema();
    let id = |name: &str| written.field_id_by_name(&format!("people.element.{name}")).unwrap();
    // One is renamed to the other's name, one moved, one added, one has grown.
    let element = written.field_id_by_name("people.element").unwrap();
    let list = ListType::new(Arc::new(NestedField::list_element(
        element,
        Type::Struct(StructType::new(vec![
            field(id("last"), "first", PrimitiveType::String),
            field(100, "city", PrimitiveType::String),
            field(id("first"), "last", PrimitiveType::String),
            field(id("age"), "age", PrimitiveType::Long),
        ])),
        false,
    )));
    let people = written.field_id_by_name("people").unwrap();
    let after = schema([
        field(1, "id", PrimitiveType::Int),
        Arc::new(NestedField::optional(people, "people", Type::List(list))),
    ]);
    fixture.change(|builder| builder.add_current_schema(after));
    let read = fixture.table().read(&ReadOptions::default()).await.unwrap();
    let all = batches(&read).await.unwrap();
    let people = all[0].column(1).as_list::<i32>().value(0);
    let people = people.as_struct();
    assert_eq!(people.column(0).as_string::<i32>().value(0), "King");
    assert!(people.column(1).is_null(0));
    assert_eq!(people.column(2).as_string::<i32>().value(0), "Ada");
    assert_eq!(people.column(3).as_primitive::<Int64Type>().value(0), 36);
}

#[tokio::test]
async fn a_partition_column_that_files_lack_is_taken_from_the_partition() {
    let spec = UnboundPartitionField {
        source_id: 2,
        field_id: Some(1000),
        name: "day".to_owned(),
        transform: Transform::Identity,
    };
    let spec = UnboundPartitionSpec::builder().add_partition_fields([spec]).unwrap().build();
    let all = schema([field(1, "id", PrimitiveType::Int), field(2, "day", PrimitiveType::Int)]);
    let mut fixture = Fixture::partitioned(all, spec);
    let part = Arc::new(schema([field(1, "id", PrimitiveType::Int)]));
    for (name, day) in [("1.parquet", 7), ("2.parquet", 8)] {
        let file = fixture.write_as(name, &part, vec![ints(&[day, day + 10])], 10).await;
        let partition = Struct::from_iter([Some(Literal::int(day))]);
        fixture.commit(vec![in_partition(file, partition)]).await;
    }
    let table = fixture.table();
    let read = table.read(&ReadOptions::default()).await.unwrap();
    assert_eq!(column(&read, "day").await.unwrap(), [Some(7), Some(7), Some(8), Some(8)]);
    let options = filter("day = 8 AND id > 8");
    assert_eq!(ids(&table, &options).await, [18]);
    assert_eq!(table.read(&options).await.unwrap().files_skipped(), 1);
}

#[tokio::test]
async fn files_without_ids_need_a_name_mapping() {
    let mut fixture = Fixture::new(schema([
        field(1, "id", PrimitiveType::Int),
        field(2, "n", PrimitiveType::Int),
    ]));
    let arrow = schema_to_arrow_schema(&fixture.schema()).unwrap();
    let plain = arrow.fields().iter().zip(["Number", "id"]);
    let plain = plain.map(|(field, name)| Field::new(name, field.data_type().clone(), true));
    let batch = arrow_array::RecordBatch::try_new(
        Arc::new(ArrowSchema::new(plain.collect::<Vec<_>>())),
        vec![ints(&[20]), ints(&[1])],
    );
    let mut bytes = Vec::new();
    let batch = batch.unwrap();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let mut file = fixture.write("1.parquet", vec![ints(&[20]), ints(&[1])]).await;
    let size = u64::try_from(bytes.len()).unwrap();
    let file = file.file_size_in_bytes(size).split_offsets(None).build().unwrap();
    fixture.io.new_output(file.file_path()).unwrap().write(bytes.into()).await.unwrap();
    fixture.commit(vec![file]).await;
    let read = fixture.table().read(&ReadOptions::default()).await.unwrap();
    let error = batches(&read).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("schema.name-mapping.default"), "{error}");
    let mapping =
        r#"[{"field-id": 1, "names": ["id"]}, {"field-id": 2, "names": ["n", "Number"]}]"#;
    let property = HashMap::from([("schema.name-mapping.default".to_owned(), mapping.to_owned())]);
    fixture.change(|builder| builder.set_properties(property));
    let read = fixture.table().read(&ReadOptions::default()).await.unwrap();
    assert_eq!(column(&read, "id").await.unwrap(), [Some(1)]);
    assert_eq!(column(&read, "n").await.unwrap(), [Some(20)]);
}

#[tokio::test]
async fn a_type_that_may_not_become_another_is_an_error() {
    let mut fixture = Fixture::new(schema([field(1, "id", PrimitiveType::Int)]));
    let other = Arc::new(schema([field(1, "id", PrimitiveType::Double)]));
    let doubles: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let mut file = fixture.write_as("1.parquet", &other, vec![doubles], 10).await;
    file.lower_bounds(HashMap::new()).upper_bounds(HashMap::new());
    fixture.commit(vec![built(file)]).await;
    let read = fixture.table().read(&ReadOptions::default()).await.unwrap();
    let error = batches(&read).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(error.to_string().contains(r#"column "id" is Float64"#), "{error}");
}
