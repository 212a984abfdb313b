//! What other tools write, as columns of CQL types: exactly, or not at all.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{Array, ArrayRef, Int64Array, IntervalMonthDayNanoArray, NullArray};
use arrow_buffer::IntervalMonthDayNano;
use arrow_cast::{CastOptions, cast, cast_with_options};
use arrow_schema::{DataType, Field, Fields, IntervalUnit, TimeUnit};
use cql_arrow::{
    BlobText, Conversion, Converted, DecodeOptions, EpochUnit, ErrorKind, MappingOptions,
    TextColumn, TextOptions, field,
};
use proptest::collection::vec;
use proptest::prelude::*;
use scylla::frame::response::result::{ColumnType, NativeType};

use crate::arbitrary::{cell, types};
use crate::page::Page;

const INTEGERS: [DataType; 8] = [
    DataType::Int8,
    DataType::Int16,
    DataType::Int32,
    DataType::Int64,
    DataType::UInt8,
    DataType::UInt16,
    DataType::UInt32,
    DataType::UInt64,
];

/// Arrow's flat types, besides those made of bytes.
fn flat_types() -> Vec<DataType> {
    let units =
        [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];
    let mut types = INTEGERS.to_vec();
    types.extend([
        DataType::Null,
        DataType::Boolean,
        DataType::Float16,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal32(9, 2),
        DataType::Decimal64(18, 4),
        DataType::Decimal128(38, 9),
        DataType::Decimal128(20, -3),
        DataType::Decimal256(76, 20),
        DataType::Date32,
        DataType::Date64,
        DataType::Time32(TimeUnit::Second),
        DataType::Time32(TimeUnit::Millisecond),
        DataType::Time64(TimeUnit::Microsecond),
        DataType::Time64(TimeUnit::Nanosecond),
        DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Binary,
        DataType::LargeBinary,
        DataType::BinaryView,
        DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8)),
        DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Int64)),
    ]);
    for unit in units {
        types.push(DataType::Duration(unit));
        for zone in [None, Some("UTC"), Some("+05:30"), Some("Europe/Berlin")] {
            types.push(DataType::Timestamp(unit, zone.map(Into::into)));
        }
    }
    types
}

/// Numbers, but small ones often.
fn numbers() -> impl Strategy<Value = Vec<Option<i64>>> {
    let number = prop_oneof![any::<i64>(), -1000..1000_i64, Just(86_400_000), Just(1 << 53)];
    vec(prop::option::weighted(0.8, number), 0..6)
}

/// Numbers as values of a flat type, null where it has no such value.
fn flat(numbers: &[Option<i64>], typ: &DataType) -> ArrayRef {
    let longs: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
    match typ {
        DataType::Null => Arc::new(NullArray::new(numbers.len())),
        DataType::Interval(_) => {
            let span = |number: i64| {
                let bytes = number.to_le_bytes();
                IntervalMonthDayNano::new(
                    bytes[0].into(),
                    i8::from_le_bytes([bytes[1]]).into(),
                    number,
                )
            };
            let spans = numbers.iter().map(|number| number.map(span));
            Arc::new(spans.collect::<IntervalMonthDayNanoArray>())
        }
        DataType::Date32 | DataType::Time32(_) => {
            cast(&cast(&longs, &DataType::Int32).unwrap(), typ).unwrap()
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            cast(&cast(&longs, &DataType::Utf8).unwrap(), typ).unwrap()
        }
        typ => cast(&longs, typ).unwrap(),
    }
}

/// A type as tools have it that know only wide ones, and nothing of CQL.
fn widened(typ: &DataType) -> DataType {
    let inside = |field: &Field| {
        Arc::new(Field::new(field.name(), widened(field.data_type()), field.is_nullable()))
    };
    match typ {
        DataType::Int8 | DataType::Int16 | DataType::Int32 => DataType::Int64,
        DataType::Float32 => DataType::Float64,
        DataType::Utf8 => DataType::LargeUtf8,
        DataType::Binary => DataType::LargeBinary,
        DataType::Date32 => DataType::Date64,
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::List(element) => DataType::LargeList(inside(element)),
        DataType::FixedSizeList(element, size) => DataType::FixedSizeList(inside(element), *size),
        DataType::Map(entries, sorted) => DataType::Map(inside(entries), *sorted),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| inside(field)).collect::<Fields>())
        }
        other => other.clone(),
    }
}

/// A type as an Iceberg table holds it, with the field ids that its reader adds.
fn of_iceberg(typ: &DataType) -> DataType {
    let inside = |field: &Field| {
        let held = Field::new(field.name(), of_iceberg(field.data_type()), field.is_nullable());
        Arc::new(held.with_metadata([("PARQUET:field_id".to_owned(), "7".to_owned())].into()))
    };
    match typ {
        DataType::Int8 | DataType::Int16 => DataType::Int32,
        DataType::Binary => DataType::LargeBinary,
        DataType::Time64(_) => DataType::Int64,
        DataType::Timestamp(_, Some(_)) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()))
        }
        DataType::List(element) | DataType::FixedSizeList(element, _) => {
            DataType::List(inside(element))
        }
        DataType::Map(entries, sorted) => DataType::Map(inside(entries), *sorted),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| inside(field)).collect::<Fields>())
        }
        other => other.clone(),
    }
}

/// A column of this crate, and the same as another tool may have written it.
fn known() -> impl Strategy<Value = (Field, ArrayRef, ArrayRef)> {
    known_as(widened)
}

fn known_as(
    other: fn(&DataType) -> DataType,
) -> impl Strategy<Value = (Field, ArrayRef, ArrayRef)> {
    types().prop_flat_map(|typ| (Just(typ.clone()), vec(cell(&typ), 0..6))).prop_map(
        move |(typ, values)| {
            let rows: Vec<_> = values.into_iter().map(|value| vec![value]).collect();
            let page = Page::of_values(&[typ], &rows);
            let batch = page.decode(DecodeOptions::default()).unwrap();
            let array = batch.column(0);
            let strict = CastOptions { safe: false, ..CastOptions::default() };
            // Moments that microseconds do not reach stay as they are, and so do some maps.
            let wide = cast_with_options(array, &other(array.data_type()), &strict);
            let wide = wide.unwrap_or_else(|_| Arc::clone(array));
            (batch.schema().field(0).clone(), Arc::clone(array), wide)
        },
    )
}

fn choices() -> impl Strategy<Value = TextOptions> {
    let epoch = prop::sample::select(vec![
        EpochUnit::Seconds,
        EpochUnit::Milliseconds,
        EpochUnit::Microseconds,
        EpochUnit::Nanoseconds,
    ]);
    let blob = prop::sample::select(vec![BlobText::Hex, BlobText::Base64]);
    (epoch, blob, any::<bool>()).prop_map(|(epoch, blob, empty_as_null)| TextOptions {
        epoch,
        blob,
        empty_as_null,
        ..TextOptions::default()
    })
}

fn convert(array: &ArrayRef, target: &Field, options: &TextOptions) -> Option<Converted> {
    let source = Field::new("s", array.data_type().clone(), true);
    match Conversion::new(&source, target, options) {
        Ok(conversion) => Some(conversion.convert(array)),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            None
        }
    }
}

/// What must hold of whatever was converted.
fn is_sound(array: &ArrayRef, target: &Field, converted: &Converted) -> Result<(), TestCaseError> {
    prop_assert_eq!(converted.array.data_type(), target.data_type());
    prop_assert_eq!(converted.array.len(), array.len());
    prop_assert!(converted.failures.is_sorted_by(|one, other| one.0 < other.0));
    for (row, error) in &converted.failures {
        // No other kind: what has no way at all was refused before.
        prop_assert_eq!(error.kind(), ErrorKind::Value);
        prop_assert_eq!(error.column(), Some("c"));
        prop_assert!(converted.array.is_null(*row));
    }
    let nulls = array.logical_nulls();
    for row in 0..array.len() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            prop_assert!(converted.array.is_null(row));
            prop_assert!(converted.failures.iter().all(|(failed, _)| *failed != row));
        }
    }
    Ok(())
}

/// Other than numbers, texts can show a duration of both signs no more than CQL can have it.
fn comes_back(target: &Field, own: &ArrayRef, other: &ArrayRef) -> Result<(), TestCaseError> {
    let source = Field::new("s", other.data_type().clone(), true);
    let target = target.clone().with_name("c");
    let conversion = Conversion::new(&source, &target, &TextOptions::default()).unwrap();
    let converted = conversion.convert(other);
    is_sound(other, &target, &converted)?;
    let before = TextColumn::new(&target, own).unwrap();
    let after = TextColumn::new(&target, &converted.array).unwrap();
    for row in 0..own.len() {
        let failed = converted.failures.iter().find(|(failed, _)| *failed == row);
        let shown = text(&before, row);
        prop_assert_eq!(failed.is_some(), shown.is_none(), "{:?} {:?}", failed, shown);
        if failed.is_none() {
            prop_assert_eq!(text(&after, row), shown);
        }
    }
    Ok(())
}

fn text(column: &TextColumn<'_>, row: usize) -> Option<String> {
    let mut out = Vec::new();
    column.write_json(row, &mut out).ok()?;
    Some(String::from_utf8(out).unwrap())
}

proptest! {
    #[test]
    fn whatever_array_goes_to_whatever_type_without_harm(
        (_, own, wide) in known(),
        target in types(),
        options in choices(),
        start in 0..3_usize,
    ) {
        let target = field("c", &target, &MappingOptions::default()).unwrap();
        for array in [own, wide] {
            let start = start.min(array.len());
            let array = array.slice(start, array.len() - start);
            if let Some(converted) = convert(&array, &target, &options) {
                is_sound(&array, &target, &converted)?;
            }
        }
    }

    #[test]
    fn flat_values_go_to_whatever_type_without_harm(
        numbers in numbers(),
        source in prop::sample::select(flat_types()),
        target in types(),
        options in choices(),
    ) {
        let target = field("c", &target, &MappingOptions::default()).unwrap();
        let array = flat(&numbers, &source);
        if let Some(converted) = convert(&array, &target, &options) {
            is_sound(&array, &target, &converted)?;
        }
    }

    #[test]
    fn texts_go_to_whatever_type_without_harm(
        texts in vec(prop_oneof!["\\PC{0,8}", "[\\[{(]?['a1,: ]{0,4}[)}\\]]?"], 0..4),
        target in types(),
        options in choices(),
    ) {
        let target = field("c", &target, &MappingOptions::default()).unwrap();
        let mut builder = StringBuilder::new();
        texts.iter().for_each(|text| builder.append_value(text));
        let array: ArrayRef = Arc::new(builder.finish());
        let converted = convert(&array, &target, &options).unwrap();
        is_sound(&array, &target, &converted)?;
    }

    #[test]
    fn a_column_that_another_tool_has_widened_comes_back((target, own, wide) in known()) {
        comes_back(&target, &own, &wide)?;
    }

    #[test]
    fn a_column_that_an_iceberg_table_has_held_comes_back(
        (target, own, held) in known_as(of_iceberg),
    ) {
        comes_back(&target, &own, &held)?;
    }

    #[test]
    fn a_number_is_the_same_afterwards_or_fails(
        numbers in numbers(),
        source in prop::sample::select([&INTEGERS[..], &[
            DataType::Decimal128(38, 0),
            DataType::Decimal256(60, 0),
            DataType::Utf8,
            DataType::Utf8View,
        ]].concat()),
        target in prop::sample::select(vec![
            NativeType::TinyInt,
            NativeType::SmallInt,
            NativeType::Int,
            NativeType::BigInt,
            NativeType::Counter,
            NativeType::Varint,
            NativeType::Decimal,
            NativeType::Text,
        ]),
    ) {
        let array = flat(&numbers, &source);
        let target = field("c", &ColumnType::Native(target), &MappingOptions::default()).unwrap();
        let converted = convert(&array, &target, &TextOptions::default()).unwrap();
        is_sound(&array, &target, &converted)?;
        let digits = cast(&array, &DataType::Utf8).unwrap();
        let digits = TextColumn::new(
            &field("s", &ColumnType::Native(NativeType::Text), &MappingOptions::default()).unwrap(),
            &digits,
        ).map(|column| (0..array.len()).map(|row| text(&column, row)).collect::<Vec<_>>()).unwrap();
        let after = TextColumn::new(&target, &converted.array).unwrap();
        for (row, digits) in digits.iter().enumerate() {
            let unquoted = |text: Option<String>| text.map(|text| text.replace('"', ""));
            if converted.failures.iter().all(|(failed, _)| *failed != row) {
                prop_assert_eq!(unquoted(text(&after, row)), unquoted(digits.clone()));
            }
        }
    }

    #[test]
    fn an_integer_is_the_float_that_it_becomes(numbers in numbers()) {
        let array = flat(&numbers, &DataType::Int64);
        for native in [NativeType::Float, NativeType::Double] {
            let typ = ColumnType::Native(native);
            let target = field("c", &typ, &MappingOptions::default()).unwrap();
            let converted = convert(&array, &target, &TextOptions::default()).unwrap();
            is_sound(&array, &target, &converted)?;
            // And back: what a float has rounded would be another number.
            let exact = cast(&converted.array, &DataType::Decimal128(38, 0)).unwrap();
            let expected = cast(&array, &DataType::Decimal128(38, 0)).unwrap();
            for row in 0..array.len() {
                if converted.array.is_valid(row) {
                    prop_assert_eq!(&exact.slice(row, 1), &expected.slice(row, 1));
                }
            }
        }
    }

    #[test]
    fn a_moment_is_the_same_in_milliseconds_or_fails(
        numbers in numbers(),
        unit in prop::sample::select(vec![
            (TimeUnit::Second, 1_000_000_000_i128),
            (TimeUnit::Millisecond, 1_000_000),
            (TimeUnit::Microsecond, 1000),
            (TimeUnit::Nanosecond, 1),
        ]),
    ) {
        let array = flat(&numbers, &DataType::Timestamp(unit.0, None));
        let typ = ColumnType::Native(NativeType::Timestamp);
        let target = field("c", &typ, &MappingOptions::default()).unwrap();
        let converted = convert(&array, &target, &TextOptions::default()).unwrap();
        is_sound(&array, &target, &converted)?;
        let millis = cast(&converted.array, &DataType::Int64).unwrap();
        let millis = millis.as_any().downcast_ref::<Int64Array>().unwrap();
        for (row, number) in numbers.iter().enumerate() {
            let failed = converted.failures.iter().any(|(failed, _)| *failed == row);
            let nanos = number.map(|number| i128::from(number) * unit.1);
            let fits = nanos.is_none_or(|nanos| {
                nanos % 1_000_000 == 0 && i64::try_from(nanos / 1_000_000).is_ok()
            });
            prop_assert_eq!(failed, !fits);
            if let (false, Some(nanos)) = (failed, nanos) {
                prop_assert_eq!(i128::from(millis.value(row)) * 1_000_000, nanos);
            }
        }
    }
}
