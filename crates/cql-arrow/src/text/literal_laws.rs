//! The laws of CQL literals: whatever value, written as CQL has it, reads back to the same; and of reading by
//! choice.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field};
use proptest::prelude::*;
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};

use super::laws::{column, options, plain, typ};
use super::{BlobText, EpochUnit, TextBuilder, TextColumn, TextOptions};
use crate::mapping::{MappingOptions, column_type, field};

/// How a literal is written where CQL leaves it open.
#[derive(Clone, Copy, Debug)]
struct Style {
    spaces: bool,
    /// Whether also values are in quotes that need none.
    quotes: bool,
}

fn quoted(text: &str, quote: char) -> String {
    let doubled = String::from_iter([quote, quote]);
    format!("{quote}{}{quote}", text.replace(quote, &doubled))
}

/// A value as a CQL literal.
fn literal(field: &Field, array: &ArrayRef, row: usize, style: Style) -> String {
    if array.is_null(row) {
        return "null".to_owned();
    }
    let space = if style.spaces { " " } else { "" };
    let list = |items: Vec<String>, open: &str, close: &str| {
        let items = items.join(&format!("{space},{space}"));
        format!("{space}{open}{space}{items}{space}{close}{space}")
    };
    let all = |element: &Field, array: &ArrayRef| {
        (0..array.len()).map(|row| literal(element, array, row, style)).collect::<Vec<_>>()
    };
    let typ = column_type(field).unwrap();
    match (field.data_type(), &typ) {
        (_, ColumnType::Native(native)) => {
            let text = plain(&TextColumn::new(field, array).unwrap(), row);
            let is_bare = matches!(
                native,
                NativeType::Boolean
                    | NativeType::TinyInt
                    | NativeType::SmallInt
                    | NativeType::Int
                    | NativeType::BigInt
                    | NativeType::Counter
                    | NativeType::Varint
                    | NativeType::Decimal
                    | NativeType::Float
                    | NativeType::Double
                    | NativeType::Blob
                    | NativeType::Uuid
                    | NativeType::Timeuuid
                    | NativeType::Duration
            );
            if is_bare && !style.quotes { text } else { quoted(&text, '\'') }
        }
        (DataType::List(element), typ) => {
            let items = all(element, &array.as_list::<i32>().value(row));
            match typ {
                ColumnType::Collection { typ: CollectionType::Set(_), .. } => list(items, "{", "}"),
                _ => list(items, "[", "]"),
            }
        }
        (DataType::FixedSizeList(element, _), _) => {
            list(all(element, &array.as_fixed_size_list().value(row)), "[", "]")
        }
        (DataType::Map(entries, _), _) => {
            let DataType::Struct(fields) = entries.data_type() else { panic!("a map of entries") };
            let entries = array.as_map().value(row);
            let keys = all(&fields[0], entries.column(0));
            let values = all(&fields[1], entries.column(1));
            let pairs = keys.iter().zip(&values);
            list(pairs.map(|(key, value)| format!("{key}: {value}")).collect(), "{", "}")
        }
        (DataType::Struct(fields), typ) => {
            let array = array.as_struct();
            let parts = fields.iter().zip(array.columns());
            let parts = parts.map(|(field, array)| (field, literal(field, array, row, style)));
            if matches!(typ, ColumnType::Tuple(_)) {
                return list(parts.map(|(_, part)| part).collect(), "(", ")");
            }
            let named = |(field, part): (&_, String)| {
                let field: &std::sync::Arc<Field> = field;
                format!("{}{space}:{space}{part}", quoted(field.name(), '"'))
            };
            list(parts.map(named).collect(), "{", "}")
        }
        (data_type, _) => panic!("no literals of {data_type}"),
    }
}

fn style() -> impl Strategy<Value = Style> {
    any::<(bool, bool)>().prop_map(|(spaces, quotes)| Style { spaces, quotes })
}

fn choices() -> impl Strategy<Value = TextOptions> {
    let epoch = prop::sample::select(vec![
        EpochUnit::Seconds,
        EpochUnit::Milliseconds,
        EpochUnit::Microseconds,
        EpochUnit::Nanoseconds,
    ]);
    let blob = prop::sample::select(vec![BlobText::Hex, BlobText::Base64]);
    let words = || prop::collection::vec("[a-z0-9é]{0,2}", 0..3);
    let zone = (-86_399..86_400).prop_map(|offset| chrono::FixedOffset::east_opt(offset).unwrap());
    (epoch, blob, words(), words(), zone, any::<bool>()).prop_map(
        |(epoch, blob, true_words, mut false_words, zone, empty_as_null)| {
            false_words.retain(|word| !true_words.contains(word));
            TextOptions { epoch, blob, true_words, false_words, zone, empty_as_null }
        },
    )
}

proptest! {
    #[test]
    fn literals_read_back_to_the_same_array((field, array) in column(), style in style()) {
        let is_flat = matches!(column_type(&field).unwrap(), ColumnType::Native(_));
        let mut builder = TextBuilder::new(&field).unwrap();
        for row in 0..array.len() {
            if array.is_null(row) {
                builder.append_null();
            } else if is_flat {
                builder.append_plain(&plain(&TextColumn::new(&field, &array).unwrap(), row)).unwrap();
            } else {
                builder.append_plain(&literal(&field, &array, row, style)).unwrap();
            }
        }
        prop_assert_eq!(&builder.finish().unwrap(), &array);
    }

    #[test]
    fn a_literal_that_is_cut_leaves_no_trace(
        (field, array) in column(),
        style in style(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut tried = TextBuilder::new(&field).unwrap();
        let mut taken = TextBuilder::new(&field).unwrap();
        for row in 0..array.len() {
            let whole = literal(&field, &array, row, style);
            let chars: Vec<char> = whole.chars().collect();
            let part: String = chars[..cut.index(chars.len() + 1)].iter().collect();
            for text in [&part, &whole] {
                if tried.append_plain(text).is_ok() {
                    taken.append_plain(text).unwrap();
                }
                prop_assert_eq!(tried.len(), taken.len());
            }
        }
        prop_assert_eq!(&tried.finish().unwrap(), &taken.finish().unwrap());
    }

    #[test]
    fn no_text_is_too_odd_whatever_was_chosen(
        (typ, mapping, choices) in (typ(), options(), choices()),
        text in prop_oneof![any::<String>(), "[\\[\\]{}(),:' \"a1n.-]{0,24}"],
    ) {
        let field = field("c", &typ, &mapping).unwrap();
        let mut builder = TextBuilder::with_options(&field, &choices).unwrap();
        let mut len = 0;
        for text in [text.as_str(), "", "1", "null"] {
            len += usize::from(builder.append_plain(text).is_ok());
            len += usize::from(builder.append_json(text).is_ok());
            prop_assert_eq!(builder.len(), len);
        }
        prop_assert_eq!(builder.finish().unwrap().len(), len);
    }

    #[test]
    fn numbers_of_each_unit_are_the_same_moments(millis: i64, zone in -86_399..86_400_i32) {
        let field = field("c", &ColumnType::Native(NativeType::Timestamp), &MappingOptions::default());
        let field = field.unwrap();
        let zone = chrono::FixedOffset::east_opt(zone).unwrap();
        let read = |epoch, number: i128| {
            let options = TextOptions { epoch, zone, ..TextOptions::default() };
            let mut builder = TextBuilder::with_options(&field, &options).unwrap();
            builder.append_plain(&number.to_string()).ok().map(|()| builder.finish().unwrap())
        };
        let expected = read(EpochUnit::Milliseconds, millis.into());
        prop_assert!(expected.is_some());
        let wide = i128::from(millis);
        prop_assert_eq!(&read(EpochUnit::Microseconds, wide * 1000), &expected);
        prop_assert_eq!(&read(EpochUnit::Nanoseconds, wide * 1_000_000), &expected);
        prop_assert_eq!(read(EpochUnit::Microseconds, wide * 1000 + 1), None);
        prop_assert_eq!(read(EpochUnit::Nanoseconds, wide * 1_000_000 - 1), None);
        if millis % 1000 == 0 {
            prop_assert_eq!(&read(EpochUnit::Seconds, wide / 1000), &expected);
        }
    }

    #[test]
    fn base64_reads_back_to_the_same_bytes(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        use base64::Engine;
        use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
        let options = TextOptions { blob: BlobText::Base64, ..TextOptions::default() };
        for text in [STANDARD.encode(&bytes), STANDARD_NO_PAD.encode(&bytes)] {
            prop_assert_eq!(options.bytes(&text), Some(bytes.clone()));
        }
    }
}
