//! Which columns are bound to which markers, and what is not bound at all.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow_schema::Schema;
use cql_arrow::{BoundRows, DecodeOptions, Decoder, ErrorKind, MappingOptions, Nulls, field};
use scylla::frame::response::result::{ColumnSpec, ColumnType, NativeType, TableSpec};

use crate::page::{Page, bind};

fn marker(name: &str, native: NativeType) -> ColumnSpec<'static> {
    let table = TableSpec::owned("k".to_owned(), "t".to_owned());
    ColumnSpec::owned(name.to_owned(), ColumnType::Native(native), table)
}

fn batch(columns: Vec<(&str, NativeType, ArrayRef)>) -> RecordBatch {
    let options = MappingOptions::default();
    let fields: Vec<_> = columns
        .iter()
        .map(|(name, native, _)| {
            field(name, &ColumnType::Native(native.clone()), &options).unwrap()
        })
        .collect();
    let arrays = columns.into_iter().map(|(_, _, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn id_and_name() -> RecordBatch {
    batch(vec![
        ("id", NativeType::Int, Arc::new(Int32Array::from(vec![7]))),
        ("name", NativeType::Text, Arc::new(StringArray::from(vec![None::<&str>]))),
    ])
}

const ID: [u8; 8] = [0, 0, 0, 4, 0, 0, 0, 7];
const NULL: [u8; 4] = [0xff; 4];
const UNSET: [u8; 4] = [0xff, 0xff, 0xff, 0xfe];

#[test]
fn markers_find_their_columns_by_name() {
    let (id, name) = (marker("id", NativeType::Int), marker("name", NativeType::Ascii));
    let bound = |markers: &[ColumnSpec<'_>]| bind(&id_and_name(), Nulls::Null, markers).unwrap();
    assert_eq!(bound(&[id.clone(), name.clone()]), [&ID[..], &NULL].concat());
    assert_eq!(bound(&[name.clone(), id.clone()]), [&NULL[..], &ID].concat());
    assert_eq!(bound(&[id.clone(), name, id]), [&ID[..], &NULL, &ID].concat());
}

#[test]
fn a_null_can_be_unset() {
    let markers = [marker("id", NativeType::Int), marker("name", NativeType::Text)];
    let bound = bind(&id_and_name(), Nulls::Unset, &markers).unwrap();
    assert_eq!(bound, [&ID[..], &UNSET].concat());
}

#[test]
fn what_does_not_fit_is_an_error_that_names_the_column() {
    let (id, name) = (marker("id", NativeType::Int), marker("name", NativeType::Text));
    let error = |markers: &[ColumnSpec<'_>]| {
        bind(&id_and_name(), Nulls::Null, markers).unwrap_err().to_string()
    };
    assert!(
        error(std::slice::from_ref(&id))
            .contains("column \"name\": the rows have it, but no marker is for it")
    );
    assert!(
        error(&[id.clone(), name.clone(), marker("age", NativeType::Int)])
            .contains("column \"age\": the statement binds it, but the rows don't have it")
    );
    assert!(
        error(&[marker("id", NativeType::BigInt), name])
            .contains("column \"id\": the rows have int where the statement binds bigint")
    );
}

#[test]
fn text_that_is_no_value_is_an_error() {
    let table = [
        (NativeType::Varint, "12a"),
        (NativeType::Varint, ""),
        (NativeType::Decimal, "1_0.5"),
        (NativeType::Inet, "localhost"),
        (NativeType::Inet, "1.2.3"),
    ];
    for (native, text) in table {
        let rows = vec![("c", native.clone(), Arc::new(StringArray::from(vec![text])) as ArrayRef)];
        let error = bind(&batch(rows), Nulls::Null, &[marker("c", native.clone())]).unwrap_err();
        let name = cql_arrow::cql_type(&ColumnType::Native(native));
        let expected = format!("column \"c\": {text:?} is not a value of type {name}");
        assert!(error.to_string().contains(&expected), "{error}");
    }
}

#[test]
fn two_columns_of_one_name_are_an_error() {
    let id = || Arc::new(Int32Array::from(vec![7])) as ArrayRef;
    let batch = batch(vec![("id", NativeType::Int, id()), ("id", NativeType::Int, id())]);
    let error = BoundRows::new(&batch, Nulls::Null).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert_eq!(error.to_string(), "column \"id\": more than one column has this name");
}

#[test]
fn rows_end_where_the_batch_does() {
    let batch = id_and_name();
    let rows = BoundRows::new(&batch, Nulls::Null).unwrap();
    assert_eq!((rows.len(), rows.is_empty(), rows.iter().len()), (1, false, 1));
    assert!(rows.row(0).is_some() && rows.row(1).is_none());
}

#[test]
fn a_page_of_other_columns_is_refused() {
    let int = ColumnType::Native(NativeType::Int);
    let page = Page::of_cells(&int, &[None]);
    let mut decoder = Decoder::new(page.schema(), DecodeOptions::default()).unwrap();
    let error = decoder.append_rows(&[], []).unwrap_err();
    assert_eq!(error.to_string(), "a page has 0 columns where its schema has 1");
    let text = Page::of_cells(&ColumnType::Native(NativeType::Text), &[None]);
    let error = text.append_to(&mut decoder).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(
        error.to_string().contains("a page has it as text, which is not the int of the schema")
    );
    assert_eq!(decoder.rows(), 0);
}
