//! Which rows are in which partition, and how it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, FixedSizeBinaryArray, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMillisecondArray,
};
use arrow_schema::{Field, Schema, SchemaRef};
use lakehouse::{ErrorKind, Part};
use proptest::prelude::*;
use scylla::frame::response::result::NativeType;

use crate::arbitrary::{batch, natives, table};

const COLUMNS: [(&str, NativeType); 10] = [
    ("id", NativeType::Uuid),
    ("name", NativeType::Text),
    ("n", NativeType::SmallInt),
    ("big", NativeType::BigInt),
    ("data", NativeType::Blob),
    ("flag", NativeType::Boolean),
    ("f", NativeType::Float),
    ("d", NativeType::Double),
    ("day", NativeType::Date),
    ("t", NativeType::Time),
];

/// The columns, with one that numbers the rows.
fn numbered(columns: &SchemaRef, batch: &RecordBatch) -> RecordBatch {
    let mut fields: Vec<Arc<Field>> = columns.fields().to_vec();
    fields.extend(natives(&[("row", NativeType::BigInt)]).fields().iter().cloned());
    let mut arrays = batch.columns().to_vec();
    arrays.push(Arc::new(Int64Array::from_iter_values(0..batch.num_rows() as i64)));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn rows(part: &Part) -> Vec<i64> {
    let numbers = part.rows.column_by_name("row").unwrap();
    numbers.as_primitive::<Int64Type>().values().to_vec()
}

fn split(column: &str, typ: NativeType, array: ArrayRef, by: &str) -> lakehouse::Result<Vec<Part>> {
    let columns = natives(&[(column, typ)]);
    let batch = RecordBatch::try_new(Arc::clone(&columns), vec![array]).unwrap();
    let batch = numbered(&columns, &batch);
    table(&batch.schema(), Some(by)).layout().unwrap().split(&batch)
}

/// Folder, partition and rows of each part.
fn told(parts: &[Part]) -> Vec<(&str, &str, Vec<i64>)> {
    let told = parts
        .iter()
        .map(|part| (part.folder.as_str(), part.partition.as_deref().unwrap(), rows(part)));
    told.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn each_row_is_in_one_part_in_its_order_and_rows_of_a_part_have_the_same_values(
        seed in any::<u64>(),
        count in 1..60_usize,
        by in prop::sample::subsequence(
            vec![
                "bucket(4, id)", "truncate(2, name)", "truncate(10, n)", "void(big)", "data",
                "flag", "f", "d", "bucket(3, day)", "month(day)", "t", "n", "name",
            ],
            1..5,
        ),
    ) {
        let columns = natives(&COLUMNS);
        let batch = numbered(&columns, &batch(&columns, count, seed));
        let layout = table(&batch.schema(), Some(&by.join(","))).layout().unwrap();
        let parts = layout.split(&batch).unwrap();
        let mut all: Vec<i64> = parts.iter().flat_map(rows).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..count as i64).collect::<Vec<_>>());
        let mut places = BTreeMap::new();
        for part in &parts {
            prop_assert!(rows(part).is_sorted());
            prop_assert_eq!(part.rows.schema_ref(), layout.schema());
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.=/".contains(c);
            prop_assert!(part.folder.chars().all(allowed), "{}", part.folder);
            let known = places.insert(part.partition.clone().unwrap(), part.folder.clone());
            // NaNs of different bits are one partition, though perhaps two parts.
            prop_assert!(known.is_none_or(|known| known == part.folder));
        }
        // The rows alone go to the same places.
        for part in &parts {
            let taken: Vec<usize> = rows(part).iter().map(|row| *row as usize).collect();
            let alone = layout.split(&batch.slice(taken[0], 1)).unwrap();
            prop_assert_eq!(&alone[0].partition, &part.partition);
            prop_assert_eq!(&alone[0].folder, &part.folder);
        }
    }
}

/// The values of Iceberg's specification, appendix B, of which the bucket is hash mod 1000.
#[test]
fn buckets_are_those_of_the_specification() {
    let bucket = |hash: i64| format!("[{}]", (hash & 0x7fff_ffff) % 1000);
    let uuid = 0xf79c_3e09_677c_4bbd_a479_3f34_9cb7_85e7_u128;
    let uuid = FixedSizeBinaryArray::try_from_iter([uuid.to_be_bytes()].into_iter());
    let day = Date32Array::from(vec![17_486]); // 2017-11-16
    let instant = TimestampMillisecondArray::from(vec![1_510_871_468_000]).with_timezone("UTC");
    let values: [(NativeType, ArrayRef, i64); 7] = [
        (NativeType::Int, Arc::new(Int32Array::from(vec![34])), 2_017_239_379),
        (NativeType::BigInt, Arc::new(Int64Array::from(vec![34])), 2_017_239_379),
        (NativeType::Date, Arc::new(day), -653_330_422),
        (NativeType::Timestamp, Arc::new(instant), -2_047_944_441),
        (NativeType::Text, Arc::new(StringArray::from(vec!["iceberg"])), 1_210_000_089),
        (NativeType::Uuid, Arc::new(uuid.unwrap()), 1_488_055_340),
        (NativeType::Blob, Arc::new(BinaryArray::from(vec![&[0_u8, 1, 2, 3][..]])), -188_683_207),
    ];
    for (typ, array, hash) in values {
        let parts = split("x", typ.clone(), array, "bucket(1000, x)").unwrap();
        assert_eq!(parts[0].partition.as_deref(), Some(bucket(hash).as_str()), "{typ:?}");
    }
}

#[test]
fn times_before_1970_are_in_the_period_that_holds_them() {
    let day = 86_400_000_i64;
    let instants = [0, -1, -day, -day - 1, -day - 500, -day - 999, -day - 1000, day - 1, day];
    let by = |by: &str| -> Vec<i64> {
        let periods = instants.iter().map(|instant| {
            let array = TimestampMillisecondArray::from(vec![*instant]).with_timezone("UTC");
            let parts = split("ts", NativeType::Timestamp, Arc::new(array), by).unwrap();
            let partition = parts[0].partition.clone().unwrap();
            partition.trim_matches(['[', ']']).parse().unwrap()
        });
        periods.collect()
    };
    let within = |millis: i64| instants.map(|instant| instant.div_euclid(millis)).to_vec();
    assert_eq!(by("day(ts)"), within(day));
    assert_eq!(by("hour(ts)"), within(day / 24));
    assert_eq!(by("year(ts)"), [0, -1, -1, -1, -1, -1, -1, 0, 0]);
    assert_eq!(by("month(ts)"), [0, -1, -1, -1, -1, -1, -1, 0, 0]);
}

#[test]
fn an_hour_that_has_no_number_is_an_error_with_the_column() {
    let instant = i64::MAX / 1000;
    let array = TimestampMillisecondArray::from(vec![instant]).with_timezone("UTC");
    let error = split("ts", NativeType::Timestamp, Arc::new(array), "hour(ts)").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Value);
    assert!(error.to_string().contains("hour(ts)"), "{error}");
}

#[test]
fn dates_of_any_year_have_years_months_and_days() {
    let days = vec![Some(0), Some(-1), Some(i32::MIN), Some(i32::MAX), None];
    let by = |by: &str| {
        let array = Arc::new(Date32Array::from(days.clone()));
        let parts = split("d", NativeType::Date, array, by).unwrap();
        parts.into_iter().map(|part| (part.folder, part.partition.unwrap())).collect::<Vec<_>>()
    };
    let pair = |folder: &str, partition: &str| (folder.to_owned(), partition.to_owned());
    assert_eq!(
        by("year(d)"),
        [
            pair("d_year=1970", "[0]"),
            pair("d_year=1969", "[-1]"),
            pair("d_year=-5877641", "[-5879611]"),
            pair("d_year=5881580", "[5879610]"),
            pair("d_year=null", "[null]"),
        ]
    );
    assert_eq!(by("month(d)")[1], pair("d_month=1969-12", "[-1]"));
    assert_eq!(by("month(d)")[3], pair("d_month=5881580-07", "[70555326]"));
    assert_eq!(by("day(d)")[3], pair("d_day=5881580-07-11", "[2147483647]"));
    assert_eq!(by("d")[2], pair("d=-5877641-06-23", "[-2147483648]"));
}

#[test]
fn numbers_are_truncated_downwards_and_never_wrap() {
    let array: ArrayRef = Arc::new(Int64Array::from(vec![1, -1, 10, i64::MAX]));
    let parts = split("n", NativeType::BigInt, array, "truncate(10, n)").unwrap();
    let largest = format!("[{}]", i64::MAX / 10 * 10);
    let found: Vec<_> = parts.iter().map(|part| part.partition.as_deref().unwrap()).collect();
    assert_eq!(found, ["[0]", "[-10]", "[10]", largest.as_str()]);
    let array: ArrayRef = Arc::new(Int32Array::from(vec![i32::MIN]));
    let error = split("n", NativeType::Int, array, "truncate(10, n)").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Value);
    assert!(error.to_string().contains("truncate(10, n)"), "{error}");
}

#[test]
fn folders_are_short_and_harmless_and_partitions_exact() {
    let long = "x".repeat(5000);
    let texts = ["a", "", "../#%\0\n", "ä", "null", long.as_str()];
    let mut values: Vec<Option<&str>> = texts.iter().copied().map(Some).collect();
    values.push(None);
    let array: ArrayRef = Arc::new(StringArray::from(values));
    let parts = split("Strange / name", NativeType::Text, array, "\"Strange / name\"").unwrap();
    assert_eq!(parts.len(), 7);
    let told = told(&parts);
    assert_eq!(told[0].1, "[\"a\"]");
    assert!(told[0].0.starts_with("Strange___name-") && told[0].0.ends_with("=a"), "{}", told[0].0);
    assert!(told[1].0.ends_with('='));
    assert_eq!(told[2].1, "[\"../#%\\u0000\\n\"]");
    assert!(told[2].0.contains("=.._____-"), "{}", told[2].0);
    assert_eq!((told[4].1, told[6].1), ("[\"null\"]", "[null]"));
    assert!(told[5].0.len() < 160);
    assert_eq!(told[5].1.len(), 5004);
    for (folder, _, _) in told {
        assert!(object_store::path::Path::parse(folder).is_ok() && !folder.contains('#'));
    }
}

#[test]
fn a_table_whose_partitions_are_all_void_has_one_part_and_a_tuple_of_nulls() {
    let array: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let columns = natives(&[("n", NativeType::Int)]);
    let layout = table(&columns, Some("void(n)")).layout().unwrap();
    assert!(!layout.is_partitioned());
    assert_eq!(layout.describe_spec(), "void(n)");
    let batch = RecordBatch::try_new(columns, vec![array]).unwrap();
    let parts = layout.split(&batch).unwrap();
    assert_eq!(parts.len(), 1);
    assert_eq!((parts[0].folder.as_str(), parts[0].partition.as_deref()), ("", Some("[null]")));
}

/// The crate that writes manifests can't write these.
#[test]
fn partitions_of_whole_uuids_are_refused_and_those_of_their_buckets_are_not() {
    let columns = natives(&[("id", NativeType::Uuid)]);
    let error = table(&columns, Some("id")).check().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("bucket(16, id)"), "{error}");
    table(&columns, Some("bucket(16, id)")).check().unwrap();
    table(&columns, Some("void(id)")).check().unwrap();
}
