//! The laws of the text forms, over arrays of any type there is: what is written reads back to the same
//! array, and no text breaks a builder.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::i256;
use arrow_schema::{Field, Schema};
use proptest::prelude::*;
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType, UserDefinedType};

use super::{JsonRows, JsonRowsBuilder, TextBuilder, TextColumn};
use crate::builder::{ColumnBuilder, Values};
use crate::cql_type::NATIVE;
use crate::mapping::{DecimalMapping, MappingOptions, field};
use crate::wire::{Decimal, Integer};

/// Names that a key of JSON may be mistaken for something else by.
const NAMES: [&str; 6] = ["a", "\"a\"", "Ab\"c\\", "$serde_json::private::Number", "", "\u{e9}\n"];

/// Characters that some format gives a meaning to.
const CHARACTERS: [char; 16] = [
    'a',
    '0',
    '"',
    '\\',
    '\n',
    '\r',
    '\0',
    ',',
    '{',
    '[',
    'n',
    ' ',
    '\u{7f}',
    '\u{e9}',
    '\u{2028}',
    '\u{1f600}',
];

fn native() -> impl Strategy<Value = ColumnType<'static>> {
    let native = NATIVE.map(|(native, _)| native);
    prop::sample::select(native.to_vec()).prop_map(ColumnType::Native)
}

/// Any type, up to three levels deep.
pub(super) fn typ() -> impl Strategy<Value = ColumnType<'static>> {
    let collection = |typ| ColumnType::Collection { frozen: true, typ };
    native().prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            inner.clone().prop_map(move |t| collection(CollectionType::List(Box::new(t)))),
            inner.clone().prop_map(move |t| collection(CollectionType::Set(Box::new(t)))),
            (inner.clone(), inner.clone()).prop_map(move |(key, value)| collection(
                CollectionType::Map(Box::new(key), Box::new(value))
            )),
            (inner.clone(), 1..4_u16)
                .prop_map(|(t, dimensions)| ColumnType::Vector { typ: Box::new(t), dimensions }),
            prop::collection::vec(inner.clone(), 1..4).prop_map(ColumnType::Tuple),
            prop::collection::vec(inner, 1..=NAMES.len()).prop_map(|types| {
                let names = NAMES.into_iter().map(Into::into);
                let field_types = names.zip(types).collect();
                let (name, keyspace) = ("t".into(), "k".into());
                let definition = UserDefinedType { name, keyspace, field_types };
                ColumnType::UserDefinedType { frozen: true, definition: Arc::new(definition) }
            }),
        ]
    })
}

pub(super) fn options() -> impl Strategy<Value = MappingOptions> {
    let fixed = |precision, scale| DecimalMapping::Fixed { precision, scale };
    let decimals =
        prop::sample::select(vec![DecimalMapping::Text, fixed(38, 9), fixed(5, 5), fixed(76, 0)]);
    decimals.prop_map(|decimals| MappingOptions { decimals })
}

/// Bytes that values are made of; zeros when they are used up, which makes for short values.
struct Entropy<'a>(&'a [u8]);

impl Entropy<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    fn below(&mut self, limit: u8) -> usize {
        usize::from(self.byte() % limit)
    }

    /// Any number, but small ones often.
    fn long(&mut self) -> i64 {
        let number = i64::from_le_bytes(self.bytes());
        number >> [0, 8, 16, 24, 40, 63][self.below(6)]
    }

    /// Any number, but small ones often.
    fn int(&mut self) -> i32 {
        let number = i32::from_le_bytes(self.bytes());
        number >> [0, 8, 16, 31][self.below(4)]
    }

    fn text(&mut self) -> String {
        (0..self.below(6)).map(|_| CHARACTERS[self.below(16)]).collect()
    }

    fn integer(&mut self) -> Integer {
        let count = self.below(20) + 1;
        let bytes: Vec<u8> = (0..count).map(|_| self.byte()).collect();
        Integer::from_bytes(&bytes).unwrap()
    }
}

/// Appends any value of the column's type.
fn fill(column: &mut ColumnBuilder, from: &mut Entropy<'_>, may_be_null: bool) {
    if may_be_null && from.byte() % 8 == 1 {
        return column.append_null();
    }
    let is_ascii = column.typ == ColumnType::Native(NativeType::Ascii);
    match &mut column.values {
        Values::Boolean(values) => values.push(from.byte() % 2 == 1),
        Values::TinyInt(values) => values.push(i8::from_le_bytes(from.bytes())),
        Values::SmallInt(values) => values.push(i16::from_le_bytes(from.bytes())),
        Values::Int(values) | Values::Date(values) => values.push(from.int()),
        Values::BigInt(values) | Values::Timestamp(values) | Values::Time(values) => {
            values.push(from.long());
        }
        Values::Float(values) => {
            let number = f32::from_le_bytes(from.bytes());
            values.push(if number.is_nan() { f32::NAN } else { number });
        }
        Values::Double(values) => {
            let number = f64::from_le_bytes(from.bytes());
            values.push(if number.is_nan() { f64::NAN } else { number });
        }
        Values::Text(values) => {
            let text = from.text();
            let text = if is_ascii { text.replace(|c: char| !c.is_ascii(), "?") } else { text };
            values.push(&text).unwrap();
        }
        Values::Varint(values) => values.print(from.integer()).unwrap(),
        Values::Decimal(values) => {
            let (unscaled, scale) = (from.integer(), from.int());
            values.print(Decimal { unscaled, scale }).unwrap();
        }
        Values::Decimal128(values, precision, _) => {
            let limit = 10_i128.pow(u32::from(*precision));
            values.push(i128::from_le_bytes(from.bytes()) % limit);
        }
        Values::Decimal256(values, ..) => {
            let limit = i256::from_string(&format!("1{}", "0".repeat(76))).unwrap();
            values.push(i256::from_le_bytes(from.bytes()).wrapping_rem(limit));
        }
        Values::Inet(values) => {
            let address: IpAddr = match from.below(2) {
                0 => from.bytes::<4>().into(),
                _ => Ipv6Addr::from(from.bytes::<16>()).into(),
            };
            values.print(address).unwrap();
        }
        Values::Blob(values) => {
            let count = from.below(200);
            values.push(&(0..count).map(|_| from.byte()).collect::<Vec<u8>>()).unwrap();
        }
        Values::Uuid(values) => values.push(i128::from_ne_bytes(from.bytes())),
        Values::Duration(values) => {
            let parts = (from.int(), from.int(), from.long());
            let (months, days, nanoseconds) = match from.below(2) {
                0 => (parts.0 & i32::MAX, parts.1 & i32::MAX, parts.2 & i64::MAX),
                _ => (parts.0 | i32::MIN, parts.1 | i32::MIN, parts.2 | i64::MIN),
            };
            values.push(months, days, nanoseconds);
        }
        Values::List(lists) => {
            (0..from.below(4)).for_each(|_| fill(&mut lists.element, from, true));
            lists.close().unwrap();
        }
        Values::Map(maps) => {
            for _ in 0..from.below(4) {
                fill(&mut maps.key, from, false);
                fill(&mut maps.value, from, true);
            }
            maps.close().unwrap();
        }
        Values::Vector(vectors) => {
            (0..vectors.size).for_each(|_| fill(&mut vectors.element, from, true));
            vectors.close();
        }
        Values::Struct(structs) => {
            structs.children.iter_mut().for_each(|child| fill(child, from, true));
            structs.close();
        }
    }
}

/// Any array of any type, with its field.
pub(super) fn column() -> impl Strategy<Value = (Field, ArrayRef)> {
    columns(1).prop_map(|mut columns| columns.remove(0))
}

/// Columns of as many rows.
fn columns(most: usize) -> impl Strategy<Value = Vec<(Field, ArrayRef)>> {
    let column = (typ(), prop::collection::vec(any::<u8>(), 0..200));
    (prop::collection::vec(column, 1..=most), options(), 0..6).prop_map(
        |(columns, options, rows)| {
            let columns = columns.into_iter().zip(NAMES).map(|((typ, bytes), name)| {
                let field = field(name, &typ, &options).unwrap();
                let mut column = ColumnBuilder::new(&field).unwrap();
                let mut entropy = Entropy(&bytes);
                (0..rows).for_each(|_| fill(&mut column, &mut entropy, true));
                (field, column.finish().unwrap())
            });
            columns.collect()
        },
    )
}

pub(super) fn plain(column: &TextColumn<'_>, row: usize) -> String {
    let mut out = Vec::new();
    column.write_plain(row, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(column: &TextColumn<'_>, row: usize) -> String {
    let mut out = Vec::new();
    column.write_json(row, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Text that is nearly right: with a piece cut out, or another one put in.
fn damaged(text: &str, at: usize, len: usize, put: &str) -> String {
    let kept = text.chars().take(at).chain(put.chars());
    kept.chain(text.chars().skip(at.saturating_add(len))).collect()
}

proptest! {
    #[test]
    fn plain_text_reads_back_to_the_same_array((field, array) in column()) {
        let column = TextColumn::new(&field, &array).unwrap();
        let mut builder = TextBuilder::new(&field).unwrap();
        for row in 0..array.len() {
            let text = plain(&column, row);
            if column.is_null(row) {
                prop_assert_eq!(text, "");
                builder.append_null();
            } else {
                builder.append_plain(&text).unwrap();
            }
        }
        prop_assert_eq!(&builder.finish().unwrap(), &array);
    }

    #[test]
    fn json_reads_back_to_the_same_array((field, array) in column()) {
        let column = TextColumn::new(&field, &array).unwrap();
        let mut builder = TextBuilder::new(&field).unwrap();
        for row in 0..array.len() {
            let text = json(&column, row);
            prop_assert!(!text.contains('\n'), "a value is one line");
            prop_assert_eq!(column.is_null(row), text == "null");
            builder.append_json(&format!(" {text}\n")).unwrap();
        }
        prop_assert_eq!(&builder.finish().unwrap(), &array);
    }

    #[test]
    fn a_slice_is_written_as_its_rows((field, array) in column(), start in 0..6_usize) {
        let start = start.min(array.len());
        let slice = array.slice(start, array.len() - start);
        let whole = TextColumn::new(&field, &array).unwrap();
        let part = TextColumn::new(&field, &slice).unwrap();
        for row in 0..slice.len() {
            prop_assert_eq!(json(&part, row), json(&whole, start + row));
        }
    }

    #[test]
    fn rows_read_back_to_the_same_batch(columns in columns(4)) {
        let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
        let rows = JsonRows::new(&batch).unwrap();
        let mut builder = JsonRowsBuilder::new(batch.schema()).unwrap();
        let mut out = Vec::new();
        for row in 0..batch.num_rows() {
            out.clear();
            rows.write(row, &mut out).unwrap();
            builder.append(std::str::from_utf8(&out).unwrap()).unwrap();
        }
        prop_assert_eq!(builder.rows(), batch.num_rows());
        prop_assert_eq!(builder.finish().unwrap(), batch);
    }

    /// One builder is given all texts, the other only those that the first one took.
    #[test]
    fn a_refused_value_leaves_no_trace(
        (field, array) in column(),
        any in "\\PC{0,20}",
        at in 0..30_usize,
        len in 0..4_usize,
        put in "[0-9a-z\"\\\\,:\\[\\]{}. -]{0,3}",
    ) {
        let column = TextColumn::new(&field, &array).unwrap();
        let mut tried = TextBuilder::new(&field).unwrap();
        let mut taken = TextBuilder::new(&field).unwrap();
        for row in 0..array.len() {
            for text in [plain(&column, row), damaged(&plain(&column, row), at, len, &put), any.clone()] {
                let before = tried.len();
                if tried.append_plain(&text).is_ok() {
                    taken.append_plain(&text).unwrap();
                }
                prop_assert_eq!(tried.len(), taken.len());
                prop_assert!(tried.len() <= before + 1);
            }
            for text in [json(&column, row), damaged(&json(&column, row), at, len, &put), any.clone()] {
                if tried.append_json(&text).is_ok() {
                    taken.append_json(&text).unwrap();
                }
                prop_assert_eq!(tried.len(), taken.len());
            }
        }
        prop_assert_eq!(&tried.finish().unwrap(), &taken.finish().unwrap());
    }

    #[test]
    fn a_refused_row_leaves_no_trace(
        columns in columns(3),
        at in 0..60_usize,
        len in 0..4_usize,
        put in "[0-9a-z\"\\\\,:\\[\\]{}. -]{0,3}",
    ) {
        let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
        let rows = JsonRows::new(&batch).unwrap();
        let mut tried = JsonRowsBuilder::new(batch.schema()).unwrap();
        let mut taken = JsonRowsBuilder::new(batch.schema()).unwrap();
        for row in 0..batch.num_rows() {
            let mut out = Vec::new();
            rows.write(row, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            for text in [damaged(&text, at, len, &put), text] {
                if tried.append(&text).is_ok() {
                    taken.append(&text).unwrap();
                }
                prop_assert_eq!(tried.rows(), taken.rows());
            }
        }
        prop_assert_eq!(tried.finish().unwrap(), taken.finish().unwrap());
    }

    #[test]
    fn no_text_is_too_odd((typ, options) in (typ(), options()), text in any::<String>()) {
        let field = field("c", &typ, &options).unwrap();
        let mut builder = TextBuilder::new(&field).unwrap();
        let plain = builder.append_plain(&text).is_ok();
        let json = builder.append_json(&text).is_ok();
        prop_assert_eq!(builder.len(), usize::from(plain) + usize::from(json));
        prop_assert_eq!(builder.finish().unwrap().len(), usize::from(plain) + usize::from(json));
    }
}
