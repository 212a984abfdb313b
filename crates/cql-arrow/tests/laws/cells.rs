//! Cells bound one by one.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, RecordBatch};
use arrow_schema::Schema;
use cql_arrow::{BoundRows, DecodeOptions, ErrorKind, MappingOptions, Nulls, field};
use proptest::collection::vec;
use proptest::prelude::*;
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};
use scylla::serialize::writers::CellWriter;
use scylla::value::CqlValue;

use crate::arbitrary::{cell, types};
use crate::page::{Page, specs};

const NULL: [u8; 4] = [0xff; 4];
const UNSET: [u8; 4] = [0xff, 0xff, 0xff, 0xfe];

fn bound(typ: &ColumnType<'static>, values: &[Option<CqlValue>], nulls: Nulls) -> BoundRows {
    let rows: Vec<_> = values.iter().map(|value| vec![value.clone()]).collect();
    let page = Page::of_values(std::slice::from_ref(typ), &rows);
    BoundRows::new(&page.decode(DecodeOptions::default()).unwrap(), nulls).unwrap()
}

/// The bytes of a cell as the driver writes it.
fn written(typ: &ColumnType<'static>, value: Option<CqlValue>) -> Vec<u8> {
    Page::of_values(std::slice::from_ref(typ), &[vec![value]]).bytes.to_vec()
}

/// A value of a list, set or map, and some of its elements.
fn collection() -> impl Strategy<Value = (ColumnType<'static>, Option<CqlValue>, Vec<usize>)> {
    let typ = (types(), types(), 0..3).prop_map(|(one, other, shape)| {
        let (one, other) = (Box::new(one), Box::new(other));
        let typ = match shape {
            0 => CollectionType::List(one),
            1 => CollectionType::Set(one),
            _ => CollectionType::Map(one, other),
        };
        ColumnType::Collection { frozen: false, typ }
    });
    typ.prop_flat_map(|typ| (Just(typ.clone()), cell(&typ))).prop_flat_map(|(typ, value)| {
        let len = match &value {
            Some(CqlValue::List(values) | CqlValue::Set(values)) => values.len(),
            Some(CqlValue::Map(entries)) => entries.len(),
            _ => 0,
        };
        let elements = vec(0..len.max(1), 0..if len == 0 { 1 } else { 4 });
        (Just(typ), Just(value), elements)
    })
}

/// A value of a tuple or user-defined type, and one of its fields.
fn parts() -> impl Strategy<Value = (ColumnType<'static>, Option<CqlValue>, usize)> {
    let size = |typ: &ColumnType<'_>| match typ {
        ColumnType::Tuple(types) => types.len(),
        ColumnType::UserDefinedType { definition, .. } => definition.field_types.len(),
        _ => 0,
    };
    let typ = prop_oneof![types(), vec(types(), 1..4).prop_map(ColumnType::Tuple)];
    let typ = typ.prop_map(move |typ| match size(&typ) {
        0 => ColumnType::Tuple(vec![typ]),
        _ => typ,
    });
    typ.prop_flat_map(move |typ| (Just(typ.clone()), cell(&typ), 0..size(&typ)))
}

proptest! {
    #[test]
    fn cells_are_the_bytes_of_the_driver(
        (typ, values) in types().prop_flat_map(|typ| (Just(typ.clone()), vec(cell(&typ), 0..4))),
    ) {
        let rows = bound(&typ, &values, Nulls::Unset);
        prop_assert_eq!(rows.columns(), 1);
        prop_assert_eq!(rows.column_type(0), &typ);
        prop_assert!(rows.check_marker(0, &specs(std::slice::from_ref(&typ))[0]).is_ok());
        for (row, value) in values.into_iter().enumerate() {
            let mut bytes = Vec::new();
            rows.write_cell(0, row, CellWriter::new(&mut bytes)).unwrap();
            prop_assert_eq!(rows.is_null(0, row), value.is_none());
            let expected = value.map_or(UNSET.to_vec(), |value| written(&typ, Some(value)));
            prop_assert_eq!(bytes, expected);
        }
    }

    #[test]
    fn some_elements_are_a_smaller_collection((typ, value, elements) in collection()) {
        let rows = bound(&typ, std::slice::from_ref(&value), Nulls::Null);
        let mut bytes = Vec::new();
        rows.write_elements(0, 0, &elements, CellWriter::new(&mut bytes)).unwrap();
        fn some<T: Clone>(all: &[T], elements: &[usize]) -> Vec<T> {
            elements.iter().map(|at| all[*at].clone()).collect()
        }
        let smaller = value.map(|value| match value {
            CqlValue::List(all) => CqlValue::List(some(&all, &elements)),
            CqlValue::Set(all) => CqlValue::Set(some(&all, &elements)),
            CqlValue::Map(all) => CqlValue::Map(some(&all, &elements)),
            other => other,
        });
        prop_assert_eq!(bytes, written(&typ, smaller));
    }

    #[test]
    fn a_field_is_a_value_of_its_own((typ, value, field) in parts()) {
        let rows = bound(&typ, std::slice::from_ref(&value), Nulls::Unset);
        let mut bytes = Vec::new();
        rows.write_field(0, 0, field, CellWriter::new(&mut bytes)).unwrap();
        let (field_type, part) = match (typ, value) {
            (ColumnType::Tuple(types), Some(CqlValue::Tuple(parts))) => {
                (types[field].clone(), parts[field].clone())
            }
            (
                ColumnType::UserDefinedType { definition, .. },
                Some(CqlValue::UserDefinedType { fields, .. }),
            ) => (definition.field_types[field].1.clone(), fields[field].1.clone()),
            (typ, _) => (typ, None),
        };
        let expected = part.map_or(UNSET.to_vec(), |part| written(&field_type, Some(part)));
        prop_assert_eq!(bytes, expected);
    }
}

#[test]
fn what_is_not_there_is_an_error() {
    let int = ColumnType::Native(NativeType::Int);
    let set = CollectionType::Set(Box::new(int.clone()));
    let set = ColumnType::Collection { frozen: false, typ: set };
    let field = |name, typ| field(name, typ, &MappingOptions::default()).unwrap();
    let tags = Page::of_values(
        std::slice::from_ref(&set),
        &[vec![Some(CqlValue::Set(vec![CqlValue::Int(7)]))]],
    );
    let tags = tags.decode(DecodeOptions::default()).unwrap().column(0).clone();
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![None]));
    let schema = Schema::new(vec![field("id", &int), field("tags", &set)]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![ids, tags]).unwrap();
    let rows = BoundRows::new(&batch, Nulls::Null).unwrap();

    let mut bytes = Vec::new();
    rows.write_cell(0, 0, CellWriter::new(&mut bytes)).unwrap();
    assert_eq!(bytes, NULL);

    let mut bytes = Vec::new();
    let check = |error: cql_arrow::Error, kind, text: &str| {
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
    };
    macro_rules! cell {
        () => {
            CellWriter::new(&mut bytes)
        };
    }
    let schema = ErrorKind::Schema;
    check(rows.write_cell(2, 0, cell!()).err().unwrap(), schema, "the rows have 2 columns, none 2");
    check(
        rows.write_cell(1, 1, cell!()).err().unwrap(),
        schema,
        "column \"tags\": there are 1 rows, none 1",
    );
    check(
        rows.write_elements(1, 0, &[0, 1], cell!()).err().unwrap(),
        ErrorKind::Value,
        "column \"tags\": a collection of 1 has no element 1",
    );
    check(
        rows.write_field(1, 0, 0, cell!()).err().unwrap(),
        schema,
        "column \"tags\": it has no field 0",
    );
    let one = BoundRows::new(
        &RecordBatch::try_from_iter([("id", Arc::new(Int32Array::from(vec![1])) as ArrayRef)])
            .and_then(|batch| batch.with_schema(Arc::new(Schema::new(vec![field("id", &int)]))))
            .unwrap(),
        Nulls::Null,
    )
    .unwrap();
    check(
        one.write_elements(0, 0, &[], cell!()).err().unwrap(),
        schema,
        "column \"id\": it is no list, set or map, and so has no elements",
    );
    let markers = specs(&[ColumnType::Native(NativeType::BigInt)]);
    check(
        one.check_marker(0, &markers[0]).unwrap_err(),
        schema,
        "column \"c0\": the rows have int where the statement binds bigint",
    );
    assert_eq!(one.check_marker(1, &markers[0]).unwrap_err().kind(), schema);
}
