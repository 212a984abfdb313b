//! Values go over as they are, or not at all.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Int8Type, Int16Type, Int32Type, Int64Type, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType,
};
use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, Int32Array, ListArray, RecordBatch, StringArray,
    StructArray, TimestampMillisecondArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Fields, Schema};
use lakehouse::ErrorKind;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use proptest::prelude::*;
use scylla::frame::response::result::NativeType;

use crate::arbitrary::{all_fields, batch, columns, natives, table};

/// Whether a value of the source and one of the files are the same.
fn is_same(own: &dyn Array, file: &dyn Array, row: usize, other: usize) -> bool {
    if own.is_null(row) || file.is_null(other) {
        return own.is_null(row) && file.is_null(other);
    }
    let all_same = |own: ArrayRef, file: ArrayRef| {
        own.len() == file.len() && (0..own.len()).all(|row| is_same(&own, &file, row, row))
    };
    match own.data_type() {
        DataType::Int8 => {
            let number = own.as_primitive::<Int8Type>().value(row);
            i32::from(number) == file.as_primitive::<Int32Type>().value(other)
        }
        DataType::Int16 => {
            let number = own.as_primitive::<Int16Type>().value(row);
            i32::from(number) == file.as_primitive::<Int32Type>().value(other)
        }
        DataType::Timestamp(_, _) => {
            let millis = own.as_primitive::<TimestampMillisecondType>().value(row);
            i128::from(millis) * 1000
                == i128::from(file.as_primitive::<TimestampMicrosecondType>().value(other))
        }
        DataType::Time64(_) => {
            own.as_primitive::<Time64NanosecondType>().value(row)
                == file.as_primitive::<Int64Type>().value(other)
        }
        DataType::Decimal256(_, 3) => {
            let digits = file.as_string::<i32>().value(other).replace('.', "");
            let (sign, digits) = digits.split_at(usize::from(digits.starts_with('-')));
            let digits = format!("{sign}{}", digits.trim_start_matches('0'));
            let own = own.as_primitive::<arrow_array::types::Decimal256Type>().value(row);
            own.to_string() == if digits.is_empty() { "0".to_owned() } else { digits }
        }
        DataType::List(_) => {
            all_same(own.as_list::<i32>().value(row), file.as_list::<i32>().value(other))
        }
        DataType::FixedSizeList(_, _) => {
            all_same(own.as_fixed_size_list().value(row), file.as_list::<i32>().value(other))
        }
        DataType::Map(_, _) => {
            let (own, file) = (own.as_map().value(row), file.as_map().value(other));
            all_same(Arc::new(own), Arc::new(file))
        }
        DataType::Struct(_) => {
            let (own, file) = (own.as_struct(), file.as_struct());
            let mut columns = own.columns().iter().zip(file.columns());
            own.column_names() == file.column_names()
                && columns.all(|(own, file)| is_same(own, file, row, other))
        }
        // Floats by their bits: NaN is like itself in these.
        _ => own.slice(row, 1).to_data() == file.slice(other, 1).to_data(),
    }
}

fn with_field_renamed(field: &Field) -> Field {
    field.clone().with_name("c")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_value_of_every_type_is_in_the_files_as_it_was(
        columns in columns(),
        rows in 1..12_usize,
        seed in any::<u64>(),
    ) {
        let layout = table(&columns, None).layout().unwrap();
        let batch = batch(&columns, rows, seed);
        let parts = layout.split(&batch).unwrap();
        prop_assert_eq!(parts.len(), 1);
        prop_assert_eq!(&parts[0].folder, "");
        prop_assert_eq!(&parts[0].partition, &None);
        let files = &parts[0].rows;
        prop_assert_eq!(files.schema_ref(), layout.schema());
        prop_assert_eq!(files.num_columns(), batch.num_columns());
        for (own, file) in batch.columns().iter().zip(files.columns()) {
            for row in 0..rows {
                prop_assert!(is_same(own, file, row, row), "{own:?} {file:?} {row}");
            }
        }
        // What needs no change is not copied.
        for (own, file) in batch.columns().iter().zip(files.columns()) {
            if own.data_type() == file.data_type() && !own.data_type().is_nested() {
                prop_assert!(Arc::ptr_eq(own, file));
            }
        }
    }

    #[test]
    fn every_field_has_an_id_of_its_own(columns in columns()) {
        let layout = table(&columns, None).layout().unwrap();
        let fields = all_fields(layout.schema());
        let ids: HashSet<i32> = fields
            .iter()
            .map(|field| field.metadata()[PARQUET_FIELD_ID_META_KEY].parse().unwrap())
            .collect();
        prop_assert_eq!(ids.len(), fields.len());
        // Without gaps, from 1: as a catalog gives them again when it makes the table.
        prop_assert_eq!(ids.iter().max().copied(), i32::try_from(fields.len()).ok());
        prop_assert_eq!(ids.iter().min().copied(), Some(1));
        let top = layout.schema().fields().iter().zip(1..);
        for (field, id) in top {
            prop_assert_eq!(&field.metadata()[PARQUET_FIELD_ID_META_KEY], &id.to_string());
        }
    }
}

#[test]
fn a_timestamp_that_microseconds_do_not_reach_is_an_error_wherever_it_is() {
    let at = |millis: i64| {
        let times = TimestampMillisecondArray::from(vec![Some(0), Some(millis)]);
        Arc::new(times.with_timezone("UTC")) as ArrayRef
    };
    let flat = natives(&[("at", NativeType::Timestamp)]);
    let field = Arc::new(with_field_renamed(flat.field(0)));
    for millis in [i64::MAX, i64::MIN, i64::MAX / 1000 + 1, i64::MIN / 1000 - 1] {
        let times = at(millis);
        let pairs = Fields::from(vec![Arc::clone(&field)]);
        let nested: [ArrayRef; 4] = [
            Arc::clone(&times),
            Arc::new(ListArray::new(
                Arc::clone(&field),
                OffsetBuffer::from_lengths([2]),
                Arc::clone(&times),
                None,
            )),
            Arc::new(FixedSizeListArray::new(Arc::clone(&field), 2, Arc::clone(&times), None)),
            Arc::new(StructArray::new(pairs, vec![Arc::clone(&times)], None)),
        ];
        for array in nested {
            let schema = Schema::new(vec![Field::new("at", array.data_type().clone(), true)]);
            let schema = Arc::new(schema);
            let layout = table(&schema, None).layout().unwrap();
            let batch = RecordBatch::try_new(schema, vec![array]).unwrap();
            let error = layout.split(&batch).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Value);
            let text = error.to_string();
            assert!(text.contains("column at") && text.contains(&millis.to_string()), "{text}");
        }
    }
    for millis in [i64::MAX / 1000, i64::MIN / 1000] {
        let layout = table(&flat, None).layout().unwrap();
        let batch = RecordBatch::try_new(Arc::clone(&flat), vec![at(millis)]).unwrap();
        let rows = &layout.split(&batch).unwrap()[0].rows;
        let micros = rows.column(0).as_primitive::<TimestampMicrosecondType>().value(1);
        assert_eq!(micros, millis * 1000);
    }
}

#[test]
fn a_null_in_a_key_column_is_an_error_with_its_name() {
    let columns = natives(&[("id", NativeType::Int), ("name", NativeType::Text)]);
    let mut table = table(&columns, None);
    table.key = vec!["id".to_owned()];
    let layout = table.layout().unwrap();
    assert!(!layout.schema().field(0).is_nullable());
    assert!(layout.schema().field(1).is_nullable());
    let batch = |id| {
        let arrays: Vec<ArrayRef> =
            vec![Arc::new(Int32Array::from(vec![id])), Arc::new(StringArray::new_null(1))];
        RecordBatch::try_new(Arc::clone(&columns), arrays).unwrap()
    };
    assert_eq!(layout.split(&batch(Some(1))).unwrap().len(), 1);
    let error = layout.split(&batch(None)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Value);
    assert!(error.to_string().contains("column id"), "{error}");
}

#[test]
fn a_batch_of_other_columns_is_refused_and_one_without_rows_has_no_parts() {
    let columns = natives(&[("id", NativeType::Int)]);
    let layout = table(&columns, Some("id")).layout().unwrap();
    let other = natives(&[("id", NativeType::BigInt)]);
    let error = layout.split(&RecordBatch::new_empty(other)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(layout.split(&RecordBatch::new_empty(columns)).unwrap().is_empty());
}
