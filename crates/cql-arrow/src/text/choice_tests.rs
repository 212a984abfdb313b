//! What is read by choice: [`TextOptions`] and [`FieldPolicy`].

use std::sync::Arc;

use arrow_array::Array;
use arrow_schema::SchemaRef;
use scylla::frame::response::result::{ColumnType, NativeType};

use super::tests::{list, map, user_defined};
use super::{
    BlobText, FieldPolicy, JsonRows, JsonRowsBuilder, TextBuilder, TextColumn, TextOptions,
};
use crate::error::ErrorKind;
use crate::mapping::{MappingOptions, field, schema};

use ColumnType::Native;
use NativeType::*;

fn columns(columns: &[(&str, ColumnType<'static>)]) -> SchemaRef {
    let columns = columns.iter().map(|(name, typ)| (*name, typ));
    Arc::new(schema(columns, &MappingOptions::default()).unwrap())
}

/// What plain texts are written as again; `None` for those refused.
fn plain(typ: &ColumnType<'_>, options: &TextOptions, texts: &[&str]) -> Vec<Option<String>> {
    let field = field("c", typ, &MappingOptions::default()).unwrap();
    let mut builder = TextBuilder::with_options(&field, options).unwrap();
    let read = |text: &&str| {
        builder.append_plain(text).ok()?;
        let array = builder.finish().unwrap();
        let (column, mut out) = (TextColumn::new(&field, &array).unwrap(), Vec::new());
        column.write_json(0, &mut out).unwrap();
        Some(String::from_utf8(out).unwrap())
    };
    texts.iter().map(read).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn blobs_may_be_base64_also_inside_of_others() {
    let options = TextOptions { blob: BlobText::Base64, ..TextOptions::default() };
    let read = plain(&Native(Blob), &options, &["AAE=", "AAE", "", "0x0"]);
    assert_eq!(
        read,
        [some(r#""0x0001""#), some(r#""0x0001""#), some(r#""0x""#), some(r#""0xd31d""#)]
    );
    let read = plain(&list(Native(Blob)), &options, &[r#"["AAE="]"#, "['AAE=', AAE]"]);
    assert_eq!(read, [some(r#"["0x0001"]"#), some(r#"["0x0001","0x0001"]"#)]);
    let read = plain(&map(Native(Blob), Native(Int)), &options, &[r#"{"AAE=":1}"#]);
    assert_eq!(read, [some(r#"{"0x0001":1}"#)]);
}

#[test]
fn words_of_booleans_are_read_in_json_too() {
    let (true_words, false_words) = (vec!["1".to_owned()], vec!["0".to_owned()]);
    let options = TextOptions { true_words, false_words, ..TextOptions::default() };
    let texts = ["[1,\"0\",true]", "{1}", "[2]"];
    assert_eq!(
        plain(&list(Native(Boolean)), &options, &texts),
        [some("[true,false,true]"), None, None]
    );
}

#[test]
fn an_empty_text_is_null_by_choice_where_it_is_no_value() {
    let options = TextOptions { empty_as_null: true, ..TextOptions::default() };
    for typ in [Native(Int), Native(Inet), Native(Duration), list(Native(Int)), user_defined()] {
        assert_eq!(plain(&typ, &options, &[""]), [some("null")]);
        assert_eq!(plain(&typ, &TextOptions::default(), &[""]), [None]);
    }
    assert_eq!(plain(&Native(Text), &options, &[""]), [some(r#""""#)]);
    assert_eq!(plain(&Native(Ascii), &options, &[""]), [some(r#""""#)]);
    assert_eq!(plain(&Native(Blob), &options, &[""]), [None]);

    let read = plain(&user_defined(), &options, &[r#"{"id":"","Name":""}"#]);
    assert_eq!(read, [some(r#"{"id":null,"Name":""}"#)]);
    // A key has no null.
    assert_eq!(plain(&map(Native(Int), Native(Int)), &options, &[r#"{"":1}"#]), [None]);
    assert_eq!(plain(&map(list(Native(Int)), Native(Int)), &options, &[r#"{"":1}"#]), [None]);
}

#[test]
fn fields_of_objects_are_as_the_policy_says() {
    let schema = columns(&[("id", Native(Int)), ("n", Native(Int))]);
    let rows = |fields: FieldPolicy| {
        JsonRowsBuilder::with_options(schema.clone(), &TextOptions::default(), fields).unwrap()
    };
    let refused = |rows: &mut JsonRowsBuilder, text: &str| {
        let error = rows.append(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Value);
        (error.column().map(str::to_owned), error.to_string())
    };

    let mut strict = rows(FieldPolicy::default());
    strict.append(r#"{"id":1,"n":null}"#).unwrap();
    let (column, error) = refused(&mut strict, r#"{"id":1}"#);
    assert_eq!(column.as_deref(), Some("n"));
    assert!(error.ends_with(r#"the object lacks "n""#), "{error}");
    assert!(refused(&mut strict, r#"{"id":1,"n":1,"m":1}"#).1.starts_with(r#"unknown key "m""#));
    assert_eq!(strict.rows(), 1);
    assert_eq!(strict.finish().unwrap().num_rows(), 1);

    let mut optional = rows(FieldPolicy { optional: vec![false, true], ..FieldPolicy::default() });
    optional.append(r#"{"id":1}"#).unwrap();
    assert_eq!(refused(&mut optional, r#"{"n":1}"#).0.as_deref(), Some("id"));

    let mut missing = rows(FieldPolicy { allow_missing: true, ..FieldPolicy::default() });
    missing.append("{}").unwrap();
    assert!(refused(&mut missing, r#"{"m":1}"#).1.starts_with(r#"unknown key "m""#));

    let ignored = vec!["m".to_owned()];
    let mut ignoring = rows(FieldPolicy { ignored, ..FieldPolicy::default() });
    ignoring.append(r#"{"m":[{"x":1}],"id":1,"m":2,"n":3}"#).unwrap();
    assert!(refused(&mut ignoring, r#"{"id":1,"n":1,"k":1}"#).1.starts_with(r#"unknown key "k""#));

    let mut extra = rows(FieldPolicy { allow_extra: true, ..FieldPolicy::default() });
    extra.append(r#"{"k":{"id":2},"\"id\"":1,"n":2,"":null}"#).unwrap();
    let batch = extra.finish().unwrap();
    let mut out = Vec::new();
    JsonRows::new(&batch).unwrap().write(0, &mut out).unwrap();
    assert_eq!(out, br#"{"id":1,"n":2}"#);
    assert!(refused(&mut extra, r#"{"k":[1}"#).1.contains("is no JSON"));
    assert_eq!(extra.finish().unwrap().num_rows(), 0);
}

#[test]
fn a_policy_goes_with_its_schema() {
    let schema = columns(&[("id", Native(Int))]);
    let error = |fields: FieldPolicy| {
        JsonRowsBuilder::with_options(schema.clone(), &TextOptions::default(), fields)
            .err()
            .unwrap()
    };
    let optional = error(FieldPolicy { optional: vec![true; 2], ..FieldPolicy::default() });
    assert_eq!(optional.kind(), ErrorKind::Schema);
    let ignored = error(FieldPolicy { ignored: vec!["id".to_owned()], ..FieldPolicy::default() });
    assert_eq!(ignored.to_string(), r#"column "id": it can't be both read and ignored"#);
}

#[test]
fn the_column_of_a_bad_value_is_known_wherever_it_is() {
    let schema = columns(&[("id", Native(Int)), ("at", list(Native(Timestamp)))]);
    let mut rows = JsonRowsBuilder::new(schema).unwrap();
    for (text, column) in [
        (r#"{"id":"x"}"#, Some("id")),
        (r#"{"id":1,"at":["x"]}"#, Some("at")),
        (r#"{"at":5,"id":1}"#, Some("at")),
        (r#"{"id":1.5}"#, Some("id")),
        (r#"{"id":1"#, None),
    ] {
        assert_eq!(rows.append(text).unwrap_err().column(), column, "{text}");
    }
    assert_eq!(rows.finish().unwrap().column(0).len(), 0);
}
