//! Metrics of files as the Parquet writer leaves them: every value lies within its file's bounds.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{FixedSizeBinaryBuilder, Int32Builder, ListBuilder, StructBuilder};
use arrow_array::{
    Array as _, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array,
    Float64Array, Int32Array, Int64Array, LargeBinaryArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use bytes::Bytes;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::io::FileIO;
use iceberg::spec::{
    DataFile, Datum, FormatVersion, ListType, NestedField, PartitionSpec, PrimitiveType, Schema,
    SortOrder, Struct, StructType, TableMetadata, TableMetadataBuilder, Type,
};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use proptest::prelude::*;
use uuid::Uuid;

use crate::commit::NewFile;
use crate::metrics::{MetricsConfig, data_file};

/// The types of the columns, whose ids are their places, from 1.
fn primitives() -> [PrimitiveType; 13] {
    [
        PrimitiveType::Boolean,
        PrimitiveType::Int,
        PrimitiveType::Long,
        PrimitiveType::Float,
        PrimitiveType::Double,
        PrimitiveType::Date,
        PrimitiveType::Timestamptz,
        PrimitiveType::String,
        PrimitiveType::Binary,
        PrimitiveType::Uuid,
        PrimitiveType::Decimal { precision: 5, scale: 2 },
        PrimitiveType::Decimal { precision: 15, scale: 3 },
        PrimitiveType::Decimal { precision: 38, scale: 10 },
    ]
}

const LIST: i32 = 14;
const ELEMENT: i32 = 15;
const STRUCT: i32 = 16;
const FIELD: i32 = 17;
const COLUMNS: i32 = 13;

fn schema() -> Schema {
    let int = || Type::Primitive(PrimitiveType::Int);
    let primitives = (1..).zip(primitives()).map(|(id, kind)| {
        Arc::new(NestedField::optional(id, format!("c{id}"), Type::Primitive(kind)))
    });
    let element = Arc::new(NestedField::list_element(ELEMENT, int(), false));
    let field = Arc::new(NestedField::optional(FIELD, "x", int()));
    Schema::builder()
        .with_fields(primitives.chain([
            Arc::new(NestedField::optional(LIST, "list", Type::List(ListType::new(element)))),
            Arc::new(NestedField::optional(
                STRUCT,
                "struct",
                Type::Struct(StructType::new(vec![field])),
            )),
        ]))
        .build()
        .unwrap()
}

fn table(mode: &str) -> TableMetadata {
    let mode = ("write.metadata.metrics.default".to_owned(), mode.to_owned());
    TableMetadataBuilder::new(
        schema(),
        PartitionSpec::unpartition_spec(),
        SortOrder::unsorted_order(),
        "memory:///t".to_owned(),
        FormatVersion::V2,
        HashMap::from([mode]),
    )
    .unwrap()
    .build()
    .unwrap()
    .metadata
}

#[derive(Clone, Debug)]
struct Row {
    flag: Option<bool>,
    int: Option<i32>,
    long: Option<i64>,
    float: Option<f32>,
    double: Option<f64>,
    text: Option<String>,
    blob: Option<Vec<u8>>,
    uuid: Option<u128>,
    decimal: Option<i128>,
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let text = prop_oneof![
        any::<String>(),
        "[a-b\u{10FFFF}]{0,40}",
        Just("\u{10FFFF}".repeat(20)),
        "x{60}[a-z]{0,20}",
    ];
    let blob = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        prop::collection::vec(Just(255_u8), 0..80),
    ];
    let double = prop_oneof![any::<f64>(), Just(f64::NAN), Just(-0.0), Just(0.0)];
    let float = prop_oneof![any::<f32>(), Just(f32::NAN), Just(-0.0), Just(0.0)];
    let row = (
        any::<Option<bool>>(),
        any::<Option<i32>>(),
        any::<Option<i64>>(),
        prop::option::of(float),
        prop::option::of(double),
        prop::option::of(text),
        prop::option::of(blob),
        any::<Option<u128>>(),
        prop::option::of(-(10_i128.pow(38) - 1)..10_i128.pow(38)),
    );
    let row = row.prop_map(|(flag, int, long, float, double, text, blob, uuid, decimal)| Row {
        flag,
        int,
        long,
        float,
        double,
        text,
        blob,
        uuid,
        decimal,
    });
    prop::collection::vec(row, 0..30)
}

/// The decimal with so many digits that a row has.
fn digits(row: &Row, digits: u32) -> Option<i128> {
    Some(row.decimal? % 10_i128.pow(digits))
}

fn batch(rows: &[Row]) -> RecordBatch {
    fn decimals(rows: &[Row], precision: u8, scale: i8) -> ArrayRef {
        let values = rows.iter().map(|row| digits(row, u32::from(precision)));
        let array: Decimal128Array = values.collect();
        Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
    }
    let mut uuids = FixedSizeBinaryBuilder::new(16);
    let arrow = Arc::new(schema_to_arrow_schema(&schema()).unwrap());
    let element = match arrow.field_with_name("list").unwrap().data_type() {
        arrow_schema::DataType::List(element) => Arc::clone(element),
        other => panic!("{other}"),
    };
    let fields = match arrow.field_with_name("struct").unwrap().data_type() {
        arrow_schema::DataType::Struct(fields) => fields.clone(),
        other => panic!("{other}"),
    };
    let mut lists = ListBuilder::new(Int32Builder::new()).with_field(element);
    let mut structs = StructBuilder::from_fields(fields, rows.len());
    for row in rows {
        match row.uuid {
            Some(uuid) => uuids.append_value(uuid.to_be_bytes()).unwrap(),
            None => uuids.append_null(),
        }
        lists.append_option(row.int.map(|int| [Some(int), None]));
        structs.field_builder::<Int32Builder>(0).unwrap().append_option(row.int);
        structs.append(row.flag.is_some());
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.flag).collect::<BooleanArray>()),
        Arc::new(rows.iter().map(|row| row.int).collect::<Int32Array>()),
        Arc::new(rows.iter().map(|row| row.long).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| row.float).collect::<Float32Array>()),
        Arc::new(rows.iter().map(|row| row.double).collect::<Float64Array>()),
        Arc::new(rows.iter().map(|row| row.int).collect::<Date32Array>()),
        Arc::new(
            rows.iter()
                .map(|row| row.long)
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("+00:00"),
        ),
        Arc::new(rows.iter().map(|row| row.text.as_deref()).collect::<StringArray>()),
        Arc::new(rows.iter().map(|row| row.blob.as_deref()).collect::<LargeBinaryArray>()),
        Arc::new(uuids.finish()),
        decimals(rows, 5, 2),
        decimals(rows, 15, 3),
        decimals(rows, 38, 10),
        Arc::new(lists.finish()),
        Arc::new(structs.finish()),
    ];
    RecordBatch::try_new(arrow, columns).unwrap()
}

/// A row's value of a column, as Iceberg has it.
fn datum(row: &Row, id: i32) -> Option<Datum> {
    let decimal = |value: Option<i128>, kind: &PrimitiveType| {
        Datum::try_from_bytes(&value?.to_be_bytes(), kind.clone()).ok()
    };
    let kinds = primitives();
    match id {
        1 => row.flag.map(Datum::bool),
        2 => row.int.map(Datum::int),
        3 => row.long.map(Datum::long),
        4 => row.float.map(Datum::float),
        5 => row.double.map(Datum::double),
        6 => row.int.map(Datum::date),
        7 => row.long.map(Datum::timestamptz_micros),
        8 => row.text.as_ref().map(Datum::string),
        9 => row.blob.clone().map(Datum::binary),
        10 => row.uuid.map(|uuid| Datum::uuid(Uuid::from_u128(uuid))),
        11 => decimal(digits(row, 5), &kinds[10]),
        12 => decimal(digits(row, 15), &kinds[11]),
        13 => decimal(digits(row, 38), &kinds[12]),
        FIELD => row.flag.and(row.int).map(Datum::int),
        _ => None,
    }
}

fn write(batch: &RecordBatch, properties: WriterProperties) -> Bytes {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes.into()
}

fn metrics_of(bytes: Bytes, rows: usize, mode: &str) -> DataFile {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let io = FileIO::new_with_memory();
        let file = NewFile {
            path: "memory:///t/data/f.parquet".to_owned(),
            partition: None,
            rows: rows as u64,
            bytes: bytes.len() as u64,
        };
        io.new_output(&file.path).unwrap().write(bytes).await.unwrap();
        let table = table(mode);
        let config = MetricsConfig::new(&table, table.current_schema());
        data_file(&io, &file, Struct::empty(), 0, table.current_schema(), &config).await.unwrap()
    })
}

fn properties(group: usize, truncate: Option<usize>) -> WriterProperties {
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .set_statistics_truncate_length(truncate)
        .build()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn every_value_lies_within_its_files_bounds(
        rows in rows(),
        group in 1_usize..12,
        truncate in prop::option::of(1_usize..64),
        mode in prop_oneof![Just("full"), Just("truncate(16)"), Just("truncate(3)")],
    ) {
        let bytes = write(&batch(&rows), properties(group, truncate));
        let file = metrics_of(bytes, rows.len(), mode);
        for id in (1..=COLUMNS).chain([FIELD]) {
            let values: Vec<Datum> = rows.iter().filter_map(|row| datum(row, id)).collect();
            if !rows.is_empty() {
                prop_assert_eq!(file.value_counts()[&id], rows.len() as u64);
                let nulls = (rows.len() - values.len()) as u64;
                prop_assert_eq!(file.null_value_counts()[&id], nulls);
            }
            let (lower, upper) = (file.lower_bounds().get(&id), file.upper_bounds().get(&id));
            for value in values.iter().filter(|value| !value.is_nan()) {
                prop_assert!(lower.is_none_or(|lower| lower <= value), "{} < {:?}", value, lower);
                prop_assert!(upper.is_none_or(|upper| upper >= value), "{} > {:?}", value, upper);
            }
            // What has a fixed width has exact bounds, wherever there are values at all.
            let is_cut = truncate.is_some_and(|length| length < 16) && matches!(id, 10 | 13);
            let is_uuid = id == 10 && mode != "full";
            let is_fixed = !matches!(id, 4 | 5 | 8 | 9) && !is_cut && !is_uuid;
            if is_uuid {
                prop_assert_eq!((lower, upper), (None, None));
            }
            if is_fixed && !values.is_empty() {
                prop_assert!(values.iter().any(|value| Some(value) == lower), "{:?}", lower);
                prop_assert!(values.iter().any(|value| Some(value) == upper), "{:?}", upper);
            }
            if values.is_empty() {
                prop_assert_eq!((lower, upper), (None, None));
            }
        }
        prop_assert!(!file.lower_bounds().contains_key(&ELEMENT));
        prop_assert!(!file.upper_bounds().contains_key(&ELEMENT));
        prop_assert!(!file.value_counts().contains_key(&LIST));
        prop_assert_eq!(file.split_offsets().unwrap().len(), rows.len().div_ceil(group));
    }
}

fn row(text: &str, double: f64) -> Row {
    Row {
        flag: None,
        int: Some(1),
        long: None,
        float: None,
        double: Some(double),
        text: Some(text.to_owned()),
        blob: None,
        uuid: None,
        decimal: None,
    }
}

#[test]
fn texts_have_bounds_of_sixteen_characters() {
    let rows = [row("abcdefghijklmnopqrstuvwxyz", 1.0), row(&"z".repeat(300), 2.0)];
    let bytes = write(&batch(&rows), WriterProperties::default());
    let file = metrics_of(bytes, 2, "truncate(16)");
    assert_eq!(file.lower_bounds()[&8], Datum::string("abcdefghijklmnop"));
    assert_eq!(file.upper_bounds()[&8], Datum::string("zzzzzzzzzzzzzzz{"));
    assert_eq!(file.upper_bounds()[&5], Datum::double(2.0));
}

#[test]
fn one_row_group_without_statistics_leaves_a_column_without_bounds() {
    // The second group has only NaN, of which the writer keeps no least and greatest.
    let rows = [row("a", 1.0), row("b", f64::NAN)];
    let bytes = write(&batch(&rows), properties(1, None));
    let file = metrics_of(bytes, 2, "full");
    assert!(!file.lower_bounds().contains_key(&5) && !file.upper_bounds().contains_key(&5));
    assert_eq!(file.lower_bounds()[&8], Datum::string("a"));
    assert_eq!(file.upper_bounds()[&8], Datum::string("b"));
}

#[test]
fn a_file_without_statistics_has_counts_of_values_only() {
    let properties =
        WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None).build();
    let file = metrics_of(write(&batch(&[row("a", 1.0)]), properties), 1, "full");
    assert!(file.lower_bounds().is_empty() && file.upper_bounds().is_empty());
    assert!(file.null_value_counts().is_empty());
    assert_eq!(file.value_counts()[&8], 1);
}

#[test]
fn modes_leave_out_bounds_and_counts() {
    let bytes = || write(&batch(&[row("a", 1.0)]), WriterProperties::default());
    let none = metrics_of(bytes(), 1, "none");
    assert!(none.value_counts().is_empty() && none.lower_bounds().is_empty());
    assert!(!none.column_sizes().is_empty());
    let counts = metrics_of(bytes(), 1, "counts");
    assert!(counts.lower_bounds().is_empty() && counts.upper_bounds().is_empty());
    assert_eq!(counts.null_value_counts()[&8], 0);
    assert_eq!(counts.null_value_counts()[&3], 1);
}

#[test]
fn a_column_in_another_unit_has_no_bounds() {
    // As a writer would that has milliseconds where the table has microseconds.
    let arrow = Arc::new(schema_to_arrow_schema(&schema()).unwrap());
    let field = arrow.field_with_name("c7").unwrap();
    let milliseconds =
        arrow_schema::DataType::Timestamp(arrow_schema::TimeUnit::Millisecond, Some("UTC".into()));
    let field = field.clone().with_data_type(milliseconds);
    let values = arrow_array::TimestampMillisecondArray::from(vec![5]).with_timezone("UTC");
    let batch = RecordBatch::try_new(
        Arc::new(arrow_schema::Schema::new(vec![field])),
        vec![Arc::new(values)],
    );
    let file = metrics_of(write(&batch.unwrap(), WriterProperties::default()), 1, "full");
    assert_eq!(file.value_counts()[&7], 1);
    assert!(file.lower_bounds().is_empty() && file.upper_bounds().is_empty());
}

#[test]
fn columns_that_the_schema_does_not_have_are_passed_over() {
    let field = arrow_schema::Field::new("binary", arrow_schema::DataType::Binary, false);
    let other =
        field.clone().with_metadata([("PARQUET:field_id".to_owned(), "99".to_owned())].into());
    let values = || Arc::new(BinaryArray::from(vec![&b"x"[..]])) as ArrayRef;
    assert_eq!(values().len(), 1);
    let batch = RecordBatch::try_new(
        Arc::new(arrow_schema::Schema::new(vec![field, other.with_name("other")])),
        vec![values(), values()],
    );
    let file = metrics_of(write(&batch.unwrap(), WriterProperties::default()), 1, "full");
    assert!(file.column_sizes().is_empty() && file.lower_bounds().is_empty());
}
