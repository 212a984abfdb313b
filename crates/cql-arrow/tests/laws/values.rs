//! What the bytes of each type mean, by example, at the edges above all.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time64NanosecondType, TimestampMillisecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};
use cql_arrow::{
    DecimalMapping, DecodeOptions, Decoder, EmptyValues, Error, MappingOptions, Nulls, field,
};
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType, UserDefinedType};

use crate::arbitrary::NATIVE;
use crate::page::{Page, bind};

fn native(native: NativeType) -> ColumnType<'static> {
    ColumnType::Native(native)
}

fn list(element: NativeType) -> ColumnType<'static> {
    let typ = CollectionType::List(Box::new(native(element)));
    ColumnType::Collection { frozen: true, typ }
}

fn map(key: NativeType, value: NativeType) -> ColumnType<'static> {
    let typ = CollectionType::Map(Box::new(native(key)), Box::new(native(value)));
    ColumnType::Collection { frozen: false, typ }
}

fn vector(element: NativeType, dimensions: u16) -> ColumnType<'static> {
    ColumnType::Vector { typ: Box::new(native(element)), dimensions }
}

fn address() -> ColumnType<'static> {
    let field_types = vec![
        ("street".into(), native(NativeType::Text)),
        ("number".into(), native(NativeType::Int)),
    ];
    let definition = UserDefinedType { name: "address".into(), keyspace: "k".into(), field_types };
    ColumnType::UserDefinedType { frozen: true, definition: Arc::new(definition) }
}

fn read(typ: &ColumnType<'static>, cell: &[u8]) -> Result<ArrayRef, Error> {
    let batch = Page::of_cells(typ, &[Some(cell)]).decode(DecodeOptions::default())?;
    Ok(batch.column(0).clone())
}

fn value(typ: NativeType, cell: &[u8]) -> ArrayRef {
    let array = read(&native(typ), cell).unwrap();
    assert!(array.is_valid(0));
    array
}

fn text(typ: NativeType, cell: &[u8]) -> String {
    value(typ, cell).as_string::<i32>().value(0).to_owned()
}

#[test]
fn numbers_are_big_endian() {
    let int = value(NativeType::Int, &[0xff, 0xff, 0xff, 0xfe]);
    assert_eq!(int.as_primitive::<Int32Type>().value(0), -2);
    let tinyint = value(NativeType::TinyInt, &[0x80]);
    assert_eq!(tinyint.as_primitive::<Int8Type>().value(0), -128);
    let smallint = value(NativeType::SmallInt, &[0x01, 0x00]);
    assert_eq!(smallint.as_primitive::<Int16Type>().value(0), 256);
    let counter = value(NativeType::Counter, &[0, 0, 0, 0, 0, 0, 1, 0]);
    assert_eq!(counter.as_primitive::<Int64Type>().value(0), 256);
    let nan = value(NativeType::Float, &[0x7f, 0xc0, 0x12, 0x34]);
    assert_eq!(nan.as_primitive::<Float32Type>().value(0).to_bits(), 0x7fc0_1234);
}

#[test]
fn any_byte_but_zero_is_true() {
    for (byte, expected) in [(0, false), (1, true), (0xff, true)] {
        let boolean = value(NativeType::Boolean, &[byte]);
        assert_eq!(boolean.as_boolean().value(0), expected);
    }
}

#[test]
fn days_are_counted_from_2_to_the_31st_before_1970() {
    for (days, expected) in [(0, i32::MIN), (1 << 31, 0), (u32::MAX, i32::MAX)] {
        let date = value(NativeType::Date, &u32::to_be_bytes(days));
        assert_eq!(date.as_primitive::<Date32Type>().value(0), expected);
    }
}

#[test]
fn times_are_those_of_a_day() {
    let timestamp = value(NativeType::Timestamp, &(-1_i64).to_be_bytes());
    assert_eq!(timestamp.as_primitive::<TimestampMillisecondType>().value(0), -1);
    let last = 86_399_999_999_999_i64;
    let time = value(NativeType::Time, &last.to_be_bytes());
    assert_eq!(time.as_primitive::<Time64NanosecondType>().value(0), last);
    for time in [last + 1, -1] {
        let error = read(&native(NativeType::Time), &time.to_be_bytes()).unwrap_err();
        let expected =
            format!("column \"c0\": it holds the time {time} ns, which is not within a day");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn numbers_of_any_size_become_text() {
    assert_eq!(text(NativeType::Varint, &[0xff, 0x7f]), "-129");
    assert_eq!(text(NativeType::Varint, &[0, 0, 0, 5]), "5");
    let two_to_the_128 = [&[1_u8][..], &[0; 16]].concat();
    let digits = "340282366920938463463374607431768211456";
    assert_eq!(text(NativeType::Varint, &two_to_the_128), digits);
    assert_eq!(text(NativeType::Decimal, &[0, 0, 0, 2, 0x00, 0x96]), "1.50");
    assert_eq!(text(NativeType::Decimal, &[0xff, 0xff, 0xff, 0xfd, 15]), "1.5E+4");
    assert_eq!(text(NativeType::Decimal, &[0x7f, 0xff, 0xff, 0xff, 1]), "1E-2147483647");
    assert!(read(&native(NativeType::Decimal), &[0, 0, 0, 2]).is_err());
}

#[test]
fn addresses_keep_their_family() {
    assert_eq!(text(NativeType::Inet, &[127, 0, 0, 1]), "127.0.0.1");
    let mut mapped = [0; 16];
    mapped[10..].copy_from_slice(&[0xff, 0xff, 127, 0, 0, 1]);
    assert_eq!(text(NativeType::Inet, &mapped), "::ffff:127.0.0.1");
    assert!(read(&native(NativeType::Inet), &[1, 2, 3, 4, 5]).is_err());
}

#[test]
fn a_duration_is_three_signed_parts() {
    // 1 month, -2 days, 300 ns: zig-zag, with 600 in two bytes.
    let duration = value(NativeType::Duration, &[2, 3, 0x82, 0x58]);
    let parts = duration.as_struct();
    assert_eq!(parts.column(0).as_primitive::<Int32Type>().value(0), 1);
    assert_eq!(parts.column(1).as_primitive::<Int32Type>().value(0), -2);
    assert_eq!(parts.column(2).as_primitive::<Int64Type>().value(0), 300);
}

#[test]
fn text_is_utf8_and_may_be_empty() {
    for typ in [NativeType::Text, NativeType::Ascii] {
        assert_eq!(text(typ.clone(), b""), "");
        assert_eq!(text(typ.clone(), "é".as_bytes()), "é");
        let error = read(&native(typ), &[0xff]).unwrap_err();
        assert_eq!(error.to_string(), "column \"c0\": it holds text that is not UTF-8");
    }
    assert_eq!(value(NativeType::Blob, b"").as_binary::<i32>().value(0), b"");
}

#[test]
fn empty_values_are_refused_or_null() {
    let texts = [NativeType::Ascii, NativeType::Text, NativeType::Blob];
    let natives = NATIVE.into_iter().filter(|native| !texts.contains(native)).map(native);
    for typ in natives.chain([list(NativeType::Int), vector(NativeType::Int, 2)]) {
        let page = Page::of_cells(&typ, &[Some(b"")]);
        let error = page.decode(DecodeOptions::default()).unwrap_err();
        let expected =
            format!("it holds an empty (zero-length) {}, which", cql_arrow::cql_type(&typ));
        assert!(error.to_string().contains(&expected), "{error}");
        let batch = page.decode(DecodeOptions { empty: EmptyValues::Null }).unwrap();
        assert!(batch.column(0).is_null(0));
    }
}

#[test]
fn an_empty_list_is_not_null() {
    let page = Page::of_cells(&list(NativeType::Int), &[Some(&[0; 4]), None]);
    let batch = page.decode(DecodeOptions::default()).unwrap();
    let lists = batch.column(0).as_list::<i32>();
    assert!(lists.is_valid(0) && lists.value(0).is_empty());
    assert!(lists.is_null(1));
}

#[test]
fn nulls_in_collections_are_kept_but_not_as_keys() {
    let null_and_empty = [0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let texts = read(&list(NativeType::Text), &null_and_empty).unwrap();
    let texts = texts.as_list::<i32>().value(0);
    assert!(texts.is_null(0) && texts.is_valid(1));
    let entry = [&[0, 0, 0, 1][..], &[0xff; 4], &[0; 4]].concat();
    let error = read(&map(NativeType::Text, NativeType::Text), &entry).unwrap_err();
    assert!(error.to_string().contains("12 bytes that are no value of type map<text, text>"));
}

#[test]
fn a_count_is_not_believed() {
    for count in [i32::MAX, -1] {
        let cell = [&count.to_be_bytes()[..], &[0, 0, 0, 0]].concat();
        assert!(read(&list(NativeType::Text), &cell).is_err());
    }
}

#[test]
fn fields_that_were_added_later_are_null() {
    let street = [&[0, 0, 0, 4][..], b"Main"].concat();
    let whole = [&street[..], &[0, 0, 0, 4, 0, 0, 0, 9]].concat();
    let page = Page::of_cells(&address(), &[Some(&whole), Some(&street), Some(b""), None]);
    let batch = page.decode(DecodeOptions::default()).unwrap();
    let addresses = batch.column(0).as_struct();
    let (streets, numbers) = (addresses.column(0), addresses.column(1));
    let valid = |array: &ArrayRef| (0..4).map(|row| array.is_valid(row)).collect::<Vec<_>>();
    assert_eq!(valid(batch.column(0)), [true, true, true, false]);
    assert_eq!(valid(streets), [true, true, false, false]);
    assert_eq!(valid(numbers), [true, false, false, false]);
    let more = [&whole[..], &[0, 0, 0, 0]].concat();
    assert!(read(&address(), &more).is_err());
}

#[test]
fn elements_of_a_vector_have_a_length_where_it_differs() {
    let floats = read(&vector(NativeType::Float, 2), &[0x3f, 0x80, 0, 0, 0x40, 0, 0, 0]).unwrap();
    let floats = floats.as_fixed_size_list().value(0);
    assert_eq!(floats.as_primitive::<Float32Type>().values().as_ref(), [1.0, 2.0]);
    let texts = read(&vector(NativeType::Text, 2), &[1, b'a', 0]).unwrap();
    let texts = texts.as_fixed_size_list().value(0);
    assert_eq!(texts.as_string::<i32>().iter().collect::<Vec<_>>(), [Some("a"), Some("")]);
    assert!(read(&vector(NativeType::Text, 2), &[1, b'a']).is_err());
    assert!(read(&vector(NativeType::Float, 2), &[0; 12]).is_err());
}

fn fixed(precision: u8, scale: u8, cell: &[u8]) -> Result<RecordBatch, Error> {
    let typ = native(NativeType::Decimal);
    let decimals = DecimalMapping::Fixed { precision, scale };
    let field: Field = field("c0", &typ, &MappingOptions { decimals })?;
    let schema = Arc::new(Schema::new(vec![field]));
    let mut decoder = Decoder::new(schema, DecodeOptions::default())?;
    Page::of_cells(&typ, &[Some(cell)]).append_to(&mut decoder)?;
    decoder.finish()
}

#[test]
fn a_fixed_decimal_is_exact_or_an_error() {
    let cell = [0, 0, 0, 2, 0x00, 0x96];
    let batch = fixed(10, 4, &cell).unwrap();
    assert_eq!(batch.column(0).as_primitive::<Decimal128Type>().value_as_string(0), "1.5000");
    let bound = bind(&batch, Nulls::Null, &Page::of_cells(&native(NativeType::Decimal), &[]).specs);
    assert_eq!(bound.unwrap(), [0, 0, 0, 6, 0, 0, 0, 4, 0x3a, 0x98]);
    let batch = fixed(60, 1, &cell).unwrap();
    assert_eq!(batch.column(0).as_primitive::<Decimal256Type>().value_as_string(0), "1.5");
    let bound = bind(&batch, Nulls::Null, &Page::of_cells(&native(NativeType::Decimal), &[]).specs);
    assert_eq!(bound.unwrap(), [0, 0, 0, 5, 0, 0, 0, 1, 15]);
    for (precision, scale) in [(10, 0), (50, 0), (3, 3)] {
        let error = fixed(precision, scale, &cell).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "column \"c0\": the decimal 1.50 does not fit decimal({precision}, {scale}) exactly; \
                 choose more digits, or decimals as text"
            )
        );
    }
    let huge = fixed(76, 0, &[0x80, 0, 0, 0, 1]).unwrap_err();
    assert!(huge.to_string().contains("the decimal 1E+2147483648 does not fit"));
}

#[test]
fn a_null_in_a_field_that_has_none_is_an_error() {
    let typ = native(NativeType::Int);
    let field = field("id", &typ, &MappingOptions::default()).unwrap().with_nullable(false);
    let schema = Arc::new(Schema::new(vec![field]));
    let mut decoder = Decoder::new(schema, DecodeOptions::default()).unwrap();
    Page::of_cells(&typ, &[None]).append_to(&mut decoder).unwrap();
    assert!(decoder.finish().is_err());
    Page::of_cells(&typ, &[Some(&[0; 4])]).append_to(&mut decoder).unwrap();
    assert_eq!(decoder.finish().unwrap().num_rows(), 1);
}
