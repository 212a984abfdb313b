//! Values that are made of others.

use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::*;
use arrow_schema::{DataType, Field, Fields};
use scylla::frame::response::result::{ColumnType, NativeType};

use super::{check, converted_to, list, map, refused, target, user_defined, vector};
use crate::error::ErrorKind;
use crate::text::TextOptions;

use ColumnType::{Native, Tuple};
use NativeType::*;

#[test]
fn lists_go_with_their_elements() {
    let lists = || {
        let mut lists = ListBuilder::new(Int32Builder::new());
        lists.append_value([Some(1), None]);
        lists.append_null();
        lists.append_value([Some(300)]);
        lists.append_value([Some(1), Some(2)]);
        lists.append_value([]);
        lists.finish()
    };
    check(&list(Native(BigInt)), lists(), &["[1,null]", "null", "[300]", "[1,2]", "[]"]);
    check(
        &list(Native(TinyInt)),
        lists().slice(1, 3),
        &["null", r#"!"300" is no tinyint"#, "[1,2]"],
    );
    check(
        &vector(Native(BigInt), 2),
        lists().slice(2, 3),
        &["!a list of 1 is no vector<bigint, 2>", "[1,2]", "!a list of 0 is no vector<bigint, 2>"],
    );
    let pairs = FixedSizeListArray::new(
        Arc::new(Field::new("item", DataType::Int32, true)),
        2,
        Arc::new(Int32Array::from(vec![1, 2, 3, 4])),
        None,
    );
    check(&vector(Native(Float), 2), pairs.slice(1, 1), &["[3.0,4.0]"]);
    check(&list(Native(Int)), pairs.slice(1, 1), &["[3,4]"]);
    let typ = pairs.data_type();
    assert_eq!(refused(typ, &vector(Native(Float), 3)).kind(), ErrorKind::Unsupported);
    let element = Arc::new(Field::new("item", DataType::Int32, true));
    let views = ListViewArray::new(
        element,
        vec![1, 0].into(),
        vec![2, 1].into(),
        Arc::new(Int32Array::from(vec![1, 2, 3])),
        None,
    );
    check(&list(Native(Int)), views, &["[2,3]", "[1]"]);
}

#[test]
fn maps_go_with_their_keys_and_values() {
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for (key, value) in [("1", Some(10)), ("2", None)] {
        maps.keys().append_value(key);
        maps.values().append_option(value);
    }
    maps.append(true).unwrap();
    maps.keys().append_value("");
    maps.values().append_value(1);
    maps.append(true).unwrap();
    maps.append(false).unwrap();
    let typ = map(Native(Int), Native(TinyInt));
    let options = TextOptions { empty_as_null: true, ..TextOptions::default() };
    assert_eq!(
        converted_to(&target(&typ), maps.finish(), &options),
        [r#"{"1":10,"2":null}"#, r#"!"" is no int"#, "null"]
    );
}

#[test]
fn structs_become_user_defined_types_by_name_and_tuples_by_order() {
    let part = |name: &str, array: ArrayRef| {
        (Arc::new(Field::new(name, array.data_type().clone(), true)), array)
    };
    let name = part("Name", Arc::new(StringViewArray::from(vec![Some("x"), None])));
    let id = part("id", Arc::new(Int64Array::from(vec![1, 1 << 31])));
    let both = StructArray::from(vec![name.clone(), id.clone()]);
    check(&user_defined(), both.clone(), &[r#"{"id":1,"Name":"x"}"#, r#"!"2147483648" is no int"#]);
    check(
        &user_defined(),
        StructArray::from(vec![name.clone()]),
        &[r#"{"id":null,"Name":"x"}"#, r#"{"id":null,"Name":null}"#],
    );
    check(
        &Tuple(vec![Native(Text), Native(BigInt)]),
        both.clone(),
        &[r#"["x",1]"#, "[null,2147483648]"],
    );
    let refused = |fields: Vec<(&str, DataType)>, typ: &ColumnType<'_>| {
        let fields = fields.into_iter().map(|(name, typ)| Field::new(name, typ, true));
        refused(&DataType::Struct(fields.collect::<Fields>()), typ).kind()
    };
    let int = DataType::Int32;
    for fields in [
        vec![("id", int.clone()), ("more", int.clone())],
        vec![("id", int.clone()), ("id", int.clone())],
        vec![("ID", int.clone())],
        vec![("id", DataType::Date32)],
    ] {
        assert_eq!(refused(fields, &user_defined()), ErrorKind::Unsupported);
    }
    let pair = Tuple(vec![Native(Int), Native(Int)]);
    assert_eq!(refused(vec![("0", int.clone())], &pair), ErrorKind::Unsupported);
    assert_eq!(refused(vec![("0", int.clone()); 3], &pair), ErrorKind::Unsupported);
}
