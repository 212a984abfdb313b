//! Conversions by example: what goes over, as its text, and what does not.

mod moments;
mod nested;
mod numbers;

use std::sync::Arc;

use arrow_array::builder::FixedSizeBinaryBuilder;
use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::*;
use arrow_schema::{DataType, Field};
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType, UserDefinedType};

use super::Conversion;
use crate::error::{Error, ErrorKind};
use crate::mapping::{MappingOptions, field};
use crate::text::{BlobText, EpochUnit, TextColumn, TextOptions};

use ColumnType::Native;
use NativeType::*;

fn target(typ: &ColumnType<'_>) -> Field {
    field("c", typ, &MappingOptions::default()).unwrap()
}

/// The rows of what an array became, as JSON; those that failed as `!` and the error.
fn converted_to(target: &Field, array: impl Array + 'static, options: &TextOptions) -> Vec<String> {
    let array: ArrayRef = Arc::new(array);
    let source = Field::new("s", array.data_type().clone(), true);
    let conversion = Conversion::new(&source, target, options).unwrap();
    let converted = conversion.convert(&array);
    assert_eq!(converted.array.data_type(), target.data_type());
    assert_eq!(converted.array.len(), array.len());
    let column = TextColumn::new(target, &converted.array).unwrap();
    let mut failures = converted.failures.iter().peekable();
    let rows = (0..array.len()).map(|row| {
        if let Some((_, error)) = failures.next_if(|(failed, _)| *failed == row) {
            assert!(column.is_null(row));
            assert_eq!((error.kind(), error.column()), (ErrorKind::Value, Some("c")));
            return error.to_string().replace("column \"c\": ", "!");
        }
        let mut out = Vec::new();
        column.write_json(row, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    });
    let rows = rows.collect();
    assert!(failures.next().is_none());
    rows
}

#[track_caller]
fn check(typ: &ColumnType<'_>, array: impl Array + 'static, expected: &[&str]) {
    assert_eq!(converted_to(&target(typ), array, &TextOptions::default()), expected);
}

fn refused(source: &DataType, typ: &ColumnType<'_>) -> Error {
    let source = Field::new("s", source.clone(), true);
    Conversion::new(&source, &target(typ), &TextOptions::default()).unwrap_err()
}

fn list(typ: ColumnType<'static>) -> ColumnType<'static> {
    ColumnType::Collection { frozen: false, typ: CollectionType::List(Box::new(typ)) }
}

fn map(key: ColumnType<'static>, value: ColumnType<'static>) -> ColumnType<'static> {
    let typ = CollectionType::Map(Box::new(key), Box::new(value));
    ColumnType::Collection { frozen: false, typ }
}

fn vector(typ: ColumnType<'static>, dimensions: u16) -> ColumnType<'static> {
    ColumnType::Vector { typ: Box::new(typ), dimensions }
}

fn user_defined() -> ColumnType<'static> {
    let field_types = vec![("id".into(), Native(Int)), ("Name".into(), Native(Text))];
    let definition = UserDefinedType { name: "t".into(), keyspace: "k".into(), field_types };
    ColumnType::UserDefinedType { frozen: true, definition: Arc::new(definition) }
}

#[test]
fn text_of_any_layout_is_read_as_text_is() {
    let texts = vec![Some("7"), None, Some("x")];
    let expected = ["7", "null", r#"!"x" is no int"#];
    check(&Native(Int), StringArray::from(texts.clone()), &expected);
    check(&Native(Int), LargeStringArray::from(texts.clone()), &expected);
    check(&Native(Int), StringViewArray::from(texts.clone()), &expected);
    check(&Native(Int), DictionaryArray::<Int8Type>::from_iter(texts), &expected);
    check(&Native(Int), DictionaryArray::<Int32Type>::from_iter([None::<&str>]), &["null"]);
    let uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    check(&Native(Uuid), StringArray::from(vec![uuid]), &[&format!("\"{uuid}\"")]);
    check(&Native(Ascii), StringArray::from(vec!["a", "é"]), &[r#""a""#, r#"!"é" is no ascii"#]);
    check(&Native(Inet), StringArray::from(vec!["0::1"]), &[r#""::1""#]);
    check(&list(Native(Int)), StringArray::from(vec!["[1, 2]", "[]"]), &["[1,2]", "[]"]);
    check(&user_defined(), StringArray::from(vec!["{id: 1}"]), &[r#"{"id":1,"Name":null}"#]);

    let options = TextOptions {
        epoch: EpochUnit::Seconds,
        blob: BlobText::Base64,
        empty_as_null: true,
        ..TextOptions::default()
    };
    let converted =
        |typ, text| converted_to(&target(&typ), StringArray::from(vec![text]), &options).remove(0);
    assert_eq!(converted(Native(Timestamp), "1"), r#""1970-01-01T00:00:01.000Z""#);
    assert_eq!(converted(Native(Blob), "AAE"), r#""0x0001""#);
    assert_eq!(converted(Native(Int), ""), "null");
    assert_eq!(converted(Native(Text), ""), r#""""#);
}

#[test]
fn bytes_are_blobs_uuids_or_text() {
    let bytes: Vec<&[u8]> = vec![b"a", b"\xff"];
    let expected = [r#""0x61""#, r#""0xff""#];
    check(&Native(Blob), LargeBinaryArray::from(bytes.clone()), &expected);
    check(&Native(Blob), BinaryViewArray::from(bytes.clone()), &expected);
    check(&Native(Text), BinaryArray::from(bytes.clone()), &[r#""a""#, "!\"\u{fffd}\" is no text"]);
    check(
        &Native(Timeuuid),
        BinaryArray::from(vec![&[1; 16][..], b"a"]),
        &[r#""01010101-0101-0101-0101-010101010101""#, r#"!"a value of 1 bytes" is no timeuuid"#],
    );
    let mut sixteen = FixedSizeBinaryBuilder::new(16);
    sixteen.append_value([2; 16]).unwrap();
    let sixteen = sixteen.finish();
    check(&Native(Uuid), sixteen.clone(), &[r#""02020202-0202-0202-0202-020202020202""#]);
    check(&Native(Blob), sixteen, &[&format!("\"0x{}\"", "02".repeat(16))]);
    assert_eq!(
        refused(&DataType::FixedSizeBinary(8), &Native(Uuid)).kind(),
        ErrorKind::Unsupported
    );
}

#[test]
fn what_is_of_the_type_already_is_not_copied() {
    let array: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let source = Field::new("s", DataType::Utf8, true);
    let same = |typ| {
        let conversion = Conversion::new(&source, &target(&Native(typ)), &TextOptions::default());
        Arc::ptr_eq(&conversion.unwrap().convert(&array).array, &array)
    };
    assert!(same(Text));
    // Not every text is one of these.
    assert!(!same(Ascii) && !same(Inet) && !same(Varint) && !same(Decimal));
    check(&Native(Varint), StringArray::from(vec!["+07", "x"]), &["7", r#"!"x" is no varint"#]);
}

#[test]
fn nothing_becomes_nulls_of_any_type() {
    check(&Native(Int), NullArray::new(2), &["null", "null"]);
    check(&map(Native(Int), user_defined()), NullArray::new(1), &["null"]);
}

#[test]
fn what_has_no_way_is_refused_with_both_types() {
    let error = refused(&DataType::Float64, &Native(Blob));
    assert_eq!((error.kind(), error.column()), (ErrorKind::Unsupported, Some("c")));
    assert!(error.to_string().contains("Float64 can't become blob without loss"), "{error}");
    for (source, typ) in [
        (DataType::Int64, Native(Date)),
        (DataType::Boolean, Native(Int)),
        (DataType::Date32, Native(Text)),
        (DataType::Binary, Native(Inet)),
        (DataType::Int32, list(Native(Int))),
    ] {
        assert_eq!(refused(&source, &typ).kind(), ErrorKind::Unsupported, "{source}");
    }
}

#[test]
fn an_array_of_another_type_fails_in_every_row() {
    let source = Field::new("s", DataType::Int64, true);
    let target = target(&Native(Int));
    let conversion = Conversion::new(&source, &target, &TextOptions::default()).unwrap();
    let array: ArrayRef = Arc::new(Int8Array::from(vec![Some(1), None]));
    let converted = conversion.convert(&array);
    assert_eq!((converted.array.len(), converted.array.null_count()), (2, 2));
    let rows: Vec<_> = converted.failures.iter().map(|(row, error)| (*row, error.kind())).collect();
    assert_eq!(rows, [(0, ErrorKind::Schema), (1, ErrorKind::Schema)]);
}
