//! The text of each type by example. The types of Cassandra 5.0.6 (`AbstractType.fromJSONObject`) read
//! the JSON to the same values, except for a null inside a collection, which CQL does not have, and
//! `"Name"`, which they want in quotes of its own.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Int32Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow_schema::{Field, Schema};
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType, UserDefinedType};

use super::{JsonRows, JsonRowsBuilder, TextBuilder, TextColumn};
use crate::builder::{ColumnBuilder, Values};
use crate::error::ErrorKind;
use crate::mapping::{DecimalMapping, MappingOptions, field, schema};

use ColumnType::Native;
use NativeType::*;

fn column(typ: &ColumnType<'_>) -> Field {
    field("c", typ, &MappingOptions::default()).unwrap()
}

pub(super) fn list(typ: ColumnType<'static>) -> ColumnType<'static> {
    ColumnType::Collection { frozen: false, typ: CollectionType::List(Box::new(typ)) }
}

pub(super) fn map(key: ColumnType<'static>, value: ColumnType<'static>) -> ColumnType<'static> {
    let typ = CollectionType::Map(Box::new(key), Box::new(value));
    ColumnType::Collection { frozen: false, typ }
}

pub(super) fn set(typ: ColumnType<'static>) -> ColumnType<'static> {
    ColumnType::Collection { frozen: false, typ: CollectionType::Set(Box::new(typ)) }
}

pub(super) fn user_defined() -> ColumnType<'static> {
    let field_types = vec![("id".into(), Native(Int)), ("Name".into(), Native(Text))];
    let definition = UserDefinedType { name: "t".into(), keyspace: "k".into(), field_types };
    ColumnType::UserDefinedType { frozen: true, definition: Arc::new(definition) }
}

fn written(field: &Field, array: &dyn Array) -> (String, String) {
    let column = TextColumn::new(field, array).unwrap();
    let (mut plain, mut json) = (Vec::new(), Vec::new());
    column.write_plain(0, &mut plain).unwrap();
    column.write_json(0, &mut json).unwrap();
    (String::from_utf8(plain).unwrap(), String::from_utf8(json).unwrap())
}

/// What is read from the plain text, and from the JSON, is written as both again.
#[track_caller]
fn check(typ: &ColumnType<'_>, plain: &str, json: &str) {
    let field = column(typ);
    let mut builder = TextBuilder::new(&field).unwrap();
    builder.append_plain(plain).unwrap();
    let from_plain = builder.finish().unwrap();
    builder.append_json(json).unwrap();
    let from_json = builder.finish().unwrap();
    assert_eq!(&from_plain, &from_json);
    assert_eq!(written(&field, &from_plain), (plain.to_owned(), json.to_owned()));
}

/// What else is read, and what it is then written as.
#[track_caller]
fn check_read(typ: &ColumnType<'_>, json: &[&str], plain: &str) {
    let field = column(typ);
    let mut builder = TextBuilder::new(&field).unwrap();
    for json in json {
        builder.append_json(json).unwrap();
        assert_eq!(written(&field, &builder.finish().unwrap()).0, plain, "{json}");
    }
}

/// What plain text is written as again.
#[track_caller]
pub(super) fn check_read_plain(typ: &ColumnType<'_>, text: &str, expected: &str) {
    let field = column(typ);
    let mut builder = TextBuilder::new(&field).unwrap();
    builder.append_plain(text).unwrap();
    assert_eq!(written(&field, &builder.finish().unwrap()).0, expected, "{text}");
}

/// The error of what is refused as plain text.
#[track_caller]
pub(super) fn check_refused(typ: &ColumnType<'_>, text: &str) -> String {
    let mut builder = TextBuilder::new(&column(typ)).unwrap();
    let error = builder.append_plain(text).unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Value, Some("c")));
    assert_eq!(builder.len(), 0);
    let error = error.to_string();
    error.strip_prefix("column \"c\": ").unwrap().to_owned()
}

/// What is refused as plain text, with the error's text.
#[track_caller]
fn check_plain_refused(typ: &ColumnType<'_>, text: &str, expected: &str) {
    assert_eq!(check_refused(typ, text), expected);
}

/// What is refused as JSON, with the error's text.
#[track_caller]
fn check_json_refused(typ: &ColumnType<'_>, json: &str, expected: &str) {
    let mut builder = TextBuilder::new(&column(typ)).unwrap();
    let error = builder.append_json(json).unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Value, Some("c")));
    assert_eq!(error.to_string(), format!("column \"c\": {expected}"));
    assert_eq!(builder.len(), 0);
}

#[test]
fn numbers_are_numbers_where_json_readers_keep_them() {
    check(&Native(TinyInt), "-128", "-128");
    check(&Native(BigInt), "-9223372036854775808", "-9223372036854775808");
    check(&Native(Counter), "7", "7");
    check(&Native(Varint), "9223372036854775807", "9223372036854775807");
    check(&Native(Varint), "9223372036854775808", r#""9223372036854775808""#);
    check(&Native(Decimal), "1.50", r#""1.50""#);
    check(&Native(Decimal), "1E-2147483647", r#""1E-2147483647""#);
    check(&Native(Float), "0.1", "0.1");
    check(&Native(Double), "1.7976931348623157e+308", "1.7976931348623157e+308");
    check(&Native(Double), "5e-324", "5e-324");
    check(&Native(Double), "-0.0", "-0.0");
    check(&Native(Double), "NaN", r#""NaN""#);
    check(&Native(Float), "-Infinity", r#""-Infinity""#);
    check(&Native(Boolean), "true", "true");
}

#[test]
fn a_fixed_decimal_has_the_text_of_any_other() {
    for precision in [38, 76] {
        let decimals = DecimalMapping::Fixed { precision, scale: 8 };
        let field = field("c", &Native(Decimal), &MappingOptions { decimals }).unwrap();
        let mut builder = TextBuilder::new(&field).unwrap();
        for (text, expected) in
            [("1.5", "1.50000000"), ("-25E-8", "-2.5E-7"), ("0", "0E-8"), ("1e3", "1000.00000000")]
        {
            builder.append_plain(text).unwrap();
            let array = builder.finish().unwrap();
            assert_eq!(written(&field, &array).0, expected);
        }
        let error = builder.append_plain("-25E-9").unwrap_err().to_string();
        assert!(error.contains(&format!("does not fit decimal({precision}, 8)")), "{error}");
    }
}

#[test]
fn what_json_has_no_kind_for_is_in_quotes() {
    check(&Native(Text), "a\"b\n\u{e9}", r#""a\"b\né""#);
    check(&Native(Text), "", r#""""#);
    check(&Native(Ascii), "null", r#""null""#);
    check(&Native(Blob), "0x00ff", r#""0x00ff""#);
    check(&Native(Blob), "0x", r#""0x""#);
    let uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    check(&Native(Timeuuid), uuid, &format!("\"{uuid}\""));
    check(&Native(Inet), "2001:db8::1", r#""2001:db8::1""#);
    check(&Native(Time), "23:59:59.999999999", r#""23:59:59.999999999""#);
    check(&Native(Duration), "-1y2mo3d4h5m6s7ms8us9ns", r#""-1y2mo3d4h5m6s7ms8us9ns""#);
    check(&Native(Duration), "0s", r#""0s""#);
}

#[test]
fn moments_are_dates_in_years_of_four_digits() {
    let instant = "2024-02-29T12:34:56.789Z";
    check(&Native(Timestamp), instant, &format!("\"{instant}\""));
    check(&Native(Timestamp), "253402300800000", "253402300800000");
    check(&Native(Timestamp), "-62135596800001", "-62135596800001");
    check(&Native(Date), "0001-01-01", r#""0001-01-01""#);
    check(&Native(Date), "0", r#""0""#);
}

#[test]
fn values_made_of_others_are_json() {
    let both = |typ: &ColumnType<'_>, text: &str| check(typ, text, text);
    both(&list(Native(Int)), "[]");
    both(&list(Native(Double)), r#"[1.0,null,"NaN"]"#);
    both(&ColumnType::Tuple(vec![Native(Int), Native(Text)]), r#"[1,null]"#);
    both(&ColumnType::Vector { typ: Box::new(Native(Float)), dimensions: 2 }, "[1.5,-0.0]");
    both(&user_defined(), r#"{"id":1,"Name":"x"}"#);
    both(&map(Native(Text), Native(Int)), r#"{"":1,"a\"b":null}"#);
    both(&map(Native(Timestamp), Native(Blob)), r#"{"2024-02-29T00:00:00.000Z":"0x01"}"#);
    both(&map(list(Native(Text)), list(Native(Int))), r#"{"[\"a\"]":[1,2]}"#);
    both(&list(map(Native(Boolean), user_defined())), r#"[{"true":{"id":null,"Name":null}}]"#);
}

#[test]
fn the_text_of_other_tools_is_read() {
    check_read(&Native(Int), &[" 7 ", r#""+7""#], "7");
    let digits = "1234567890123456789012345678901234567890";
    check_read(&Native(Varint), &[digits, &format!("\"+00{digits}\"")], digits);
    check_read(&Native(Decimal), &["1.50", r#""01.50""#, r#""150E-2""#], "1.50");
    check_read(&Native(Double), &["1", "1E0", r#"".1e1""#], "1.0");
    check_read(&Native(Double), &[r#""inf""#, r#""+INFINITY""#], "Infinity");
    check_read(&Native(Float), &["16777217", "16777216.000000001"], "16777216.0");
    check_read(&Native(Boolean), &["true", r#""TRUE""#], "true");
    check_read(&Native(Text), &[r#""\u00e9""#, r#""é""#], "é");
    check_read(&Native(Blob), &[r#""0XAB""#, r#""0xaB""#, r#""ab""#], "0xab");
    check_read(&Native(Inet), &[r#""0:0:0:0:0:0:0:1""#], "::1");
    check_read(&Native(Timestamp), &["0", r#""0""#, r#""1970-01-01""#], "1970-01-01T00:00:00.000Z");
    check_read(&Native(Date), &[r#""2147483648""#], "1970-01-01");
    check_read(&Native(Duration), &[r#""P1Y""#, r#""12MO""#], "1y");
    check_read(&user_defined(), &["{}", r#"{"\"Name\"":null}"#], r#"{"id":null,"Name":null}"#);
}

#[test]
fn errors_name_the_column_and_the_text() {
    check_plain_refused(&Native(Int), "2147483648", r#""2147483648" is no int"#);
    check_plain_refused(&Native(Int), "", r#""" is no int"#);
    check_plain_refused(&Native(Float), "1e39", r#""1e39" is no float"#);
    check_plain_refused(&Native(Ascii), "é", "\"é\" is no ascii");
    check_json_refused(&Native(Int), "1.0", r#""1.0" is no int"#);
    check_json_refused(&Native(Text), "1", r#""1" is no JSON string of a text"#);
    check_json_refused(&Native(Date), "5", r#""5" is no JSON string of a date"#);
    check_json_refused(&Native(Text), r#""\ud800""#, r#""\"\\ud800\"" is no JSON string"#);
    let ints = list(Native(Int));
    check_plain_refused(&ints, r#"[1,"x"]"#, r#""x" is no int at line 1 column 7"#);
    check_plain_refused(
        &ints,
        "[1",
        r#""[1" is no JSON: EOF while parsing a list at line 1 column 2; as a CQL literal, `,` or `]` was expected at its end"#,
    );
    check_json_refused(
        &ints,
        "5",
        "invalid type: integer `5`, expected a JSON array for list<int> at line 1 column 1",
    );
    let pair = ColumnType::Vector { typ: Box::new(Native(Int)), dimensions: 2 };
    check_plain_refused(&pair, "[1]", "1 values are too few for vector<int, 2> at line 1 column 3");
    check_plain_refused(&pair, "[1,2,3]", "too many values for vector<int, 2> at line 1 column 7");
}

#[test]
fn keys_of_objects_are_checked() {
    let lists = map(list(Native(Int)), Native(Int));
    check_plain_refused(
        &lists,
        r#"{"null":1}"#,
        "the key of a map can't be null at line 1 column 7",
    );
    check_plain_refused(
        &user_defined(),
        r#"{"name":1}"#,
        r#"unknown key "name": no field has this name at line 1 column 7"#,
    );
    check_plain_refused(
        &user_defined(),
        r#"{"id":1,"id":2}"#,
        r#"duplicate key "id": give it once at line 1 column 12"#,
    );
}

#[test]
fn a_duration_of_both_signs_is_refused_and_leaves_nothing() {
    let field = column(&list(Native(Duration)));
    let mut builder = ColumnBuilder::new(&field).unwrap();
    let Values::List(lists) = &mut builder.values else { panic!("a list is a list") };
    let Values::Duration(durations) = &mut lists.element.values else { panic!("of durations") };
    durations.push(1, 0, 0);
    durations.push(1, -1, 0);
    lists.close().unwrap();
    let array = builder.finish().unwrap();
    let column = TextColumn::new(&field, &array).unwrap();
    let mut out = b"before".to_vec();
    let error = column.write_plain(0, &mut out).unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Value, Some("c")));
    assert!(error.to_string().contains("1 months, -1 days"), "{error}");
    assert_eq!(out, b"before");
}

#[test]
fn null_is_nothing_or_null() {
    let array: ArrayRef = Arc::new(Int32Array::from(vec![None::<i32>]));
    let (plain, json) = written(&column(&Native(Int)), &array);
    assert_eq!((plain.as_str(), json.as_str()), ("", "null"));
}

#[test]
fn an_array_of_another_type_is_refused() {
    let text = StringArray::from(vec!["1"]);
    let error = TextColumn::new(&column(&Native(Int)), &text).err().unwrap();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Schema, Some("c")));
    let naive = TimestampMillisecondArray::from(vec![0]);
    assert!(TextColumn::new(&column(&Native(Timestamp)), &naive).is_err());
}

#[test]
fn rows_have_their_keys_in_any_order() {
    let columns = [("id", Native(Int)), ("Na\"me", Native(Text))];
    let columns = columns.iter().map(|(name, typ)| (*name, typ));
    let schema = Arc::new(schema(columns, &MappingOptions::default()).unwrap());
    let mut rows = JsonRowsBuilder::new(schema).unwrap();
    let refused = |rows: &mut JsonRowsBuilder, text| rows.append(text).unwrap_err().to_string();
    rows.append(r#"{"Na\"me":"x","id":1}"#).unwrap();
    rows.append(r#" { "\"Na\"\"me\"" : "y" } "#).unwrap();
    assert_eq!(
        refused(&mut rows, r#"{"id":3,"Na\"me":4}"#),
        r#"column "Na\"me": "4" is no JSON string of a text at line 1 column 19"#
    );
    assert_eq!(
        refused(&mut rows, r#"{"id":3,"id":4}"#),
        r#"duplicate key "id": give it once at line 1 column 12"#
    );
    assert!(refused(&mut rows, r#"{"id":3,"ID":4}"#).starts_with(r#"unknown key "ID""#));
    assert!(refused(&mut rows, "{} {}").contains("trailing characters"));
    assert!(refused(&mut rows, "null").contains("expected a JSON object for a row"));
    rows.append("{}").unwrap();
    assert_eq!(rows.rows(), 3);
    let batch = rows.finish().unwrap();
    assert_eq!(rows.rows(), 0);

    let rows = JsonRows::new(&batch).unwrap();
    let mut out = Vec::new();
    (0..3).for_each(|row| rows.write(row, &mut out).unwrap());
    let expected = r#"{"id":1,"Na\"me":"x"}{"id":null,"Na\"me":"y"}{"id":null,"Na\"me":null}"#;
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn rows_without_columns_are_counted() {
    let mut rows = JsonRowsBuilder::new(Arc::new(Schema::empty())).unwrap();
    rows.append("{}").unwrap();
    let batch: RecordBatch = rows.finish().unwrap();
    assert_eq!(batch.num_rows(), 1);
    let mut out = Vec::new();
    JsonRows::new(&batch).unwrap().write(0, &mut out).unwrap();
    assert_eq!(out, b"{}");
}
