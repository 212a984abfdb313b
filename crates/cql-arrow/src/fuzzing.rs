//! The laws of what reads bytes and text of others, on any bytes: what is taken for a value is written, and
//! read again to the same; all else is an error, of which nothing stays.
//!
//! The fuzz targets in `fuzz/` call these functions, and the test below calls them with each seed.
#![expect(clippy::unwrap_used, reason = "a law that is broken ends the run")]

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field};
use bytes::Bytes;
use scylla::deserialize::FrameSlice;
use scylla::deserialize::result::TypedRowIterator;
use scylla::deserialize::row::ColumnIterator;
use scylla::frame::response::result::{
    CollectionType, ColumnSpec, ColumnType, TableSpec, UserDefinedType,
};
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use scylla_cql_core::deserialize::result::RawRowIterator;

use crate::cql_type::NATIVE;
use crate::{
    BoundRows, CQL_TYPE, DecodeOptions, Decoder, EmptyValues, MappingOptions, Nulls, TextBuilder,
    TextColumn, column_type, field, schema,
};

/// The type that the first bytes stand for: one of `NATIVE`, or one made of others.
fn typ(from: &mut &[u8], depth: u8) -> ColumnType<'static> {
    let mut byte = || from.split_off_first().copied().unwrap_or_default();
    let kinds = NATIVE.len() + if depth == 0 { 0 } else { 6 };
    let kind = usize::from(byte()) % kinds;
    if let Some((native, _)) = NATIVE.get(kind) {
        return ColumnType::Native(native.clone());
    }
    let (frozen, count) = {
        let byte = byte();
        (byte % 2 == 1, u16::from(byte) % 3 + 1)
    };
    let mut inner = || typ(from, depth - 1);
    let collection = |typ| ColumnType::Collection { frozen, typ };
    match kind - NATIVE.len() {
        0 => collection(CollectionType::List(Box::new(inner()))),
        1 => collection(CollectionType::Set(Box::new(inner()))),
        2 => collection(CollectionType::Map(Box::new(inner()), Box::new(inner()))),
        3 => ColumnType::Vector { typ: Box::new(inner()), dimensions: count },
        4 => ColumnType::Tuple((0..count).map(|_| inner()).collect()),
        _ => {
            let field_types = (0..count).map(|at| (format!("f{at}").into(), inner())).collect();
            let (name, keyspace) = ("t".into(), "k".into());
            let definition = Arc::new(UserDefinedType { name, keyspace, field_types });
            ColumnType::UserDefinedType { frozen, definition }
        }
    }
}

/// A type, and text that may be a value of it: as plain text, and as JSON.
pub fn text(mut data: &[u8]) {
    let field = field("c", &typ(&mut data, 2), &MappingOptions::default()).unwrap();
    let Ok(text) = std::str::from_utf8(data) else { return };
    for json in [false, true] {
        let append = |text: &str| {
            let mut builder = TextBuilder::new(&field).unwrap();
            let read = if json { builder.append_json(text) } else { builder.append_plain(text) };
            assert_eq!(builder.len(), usize::from(read.is_ok()), "a value is there wholly or not");
            read.and_then(|()| builder.finish())
        };
        let Ok(array) = append(text) else { continue };
        let column = TextColumn::new(&field, &array).unwrap();
        if !json && column.is_null(0) {
            continue;
        }
        let mut out = Vec::new();
        if json { column.write_json(0, &mut out) } else { column.write_plain(0, &mut out) }
            .unwrap();
        let out = String::from_utf8(out).unwrap();
        assert_eq!(&append(&out).unwrap(), &array, "{text:?} was written as {out:?}");
    }
}

/// How many columns, their types, how many rows, and the bytes of these.
pub fn page(mut data: &[u8]) {
    let mut byte = || data.split_off_first().copied().unwrap_or_default();
    let (columns, rows) = (byte() % 3 + 1, usize::from(byte()));
    let specs: Vec<ColumnSpec<'static>> = (0..columns)
        .map(|at| {
            let table = TableSpec::owned("k".to_owned(), "t".to_owned());
            ColumnSpec::owned(format!("c{at}"), typ(&mut data, 2), table)
        })
        .collect();
    for empty in [EmptyValues::Refuse, EmptyValues::Null] {
        let Some(batch) = decode(&specs, rows, data, empty) else { continue };
        let bound = BoundRows::new(&batch, Nulls::Null).unwrap();
        let mut bytes = Vec::new();
        let written = bound.iter().try_for_each(|row| {
            let context = RowSerializationContext::from_specs(&specs);
            row.serialize(&context, &mut RowWriter::new(&mut bytes))
        });
        // Only nulls in vectors can't be bound.
        if written.is_ok() {
            assert_eq!(decode(&specs, rows, &bytes, empty), Some(batch), "written and read again");
        } else {
            assert_eq!(empty, EmptyValues::Null);
        }
    }
}

fn decode(
    specs: &[ColumnSpec<'static>],
    rows: usize,
    bytes: &[u8],
    empty: EmptyValues,
) -> Option<RecordBatch> {
    let columns = specs.iter().map(|spec| (spec.name(), spec.typ()));
    let schema = schema(columns, &MappingOptions::default()).unwrap();
    let mut decoder = Decoder::new(schema.into(), DecodeOptions { empty }).unwrap();
    let bytes = Bytes::copy_from_slice(bytes);
    let raw = RawRowIterator::new(rows, specs, FrameSlice::new(&bytes));
    let page = TypedRowIterator::<ColumnIterator<'_, '_>>::new(raw).unwrap();
    match decoder.append_rows(specs, page) {
        Ok(()) => {
            assert_eq!(decoder.rows(), rows);
            Some(decoder.finish().unwrap())
        }
        Err(_) => {
            assert_eq!(decoder.rows(), 0, "a page is there wholly or not");
            assert!(decoder.bytes() <= 64 * specs.len(), "nothing of it stays");
            None
        }
    }
}

/// An Arrow type, and text that may be the CQL type in its metadata.
pub fn metadata(mut data: &[u8]) {
    let field = field("c", &typ(&mut data, 2), &MappingOptions::default()).unwrap();
    let Ok(text) = std::str::from_utf8(data) else { return };
    let made = [(CQL_TYPE.to_owned(), text.to_owned())].into();
    for data_type in [field.data_type().clone(), DataType::Utf8] {
        let stranger = Field::new("c", data_type, true).with_metadata(Clone::clone(&made));
        let Ok(typ) = column_type(&stranger) else { continue };
        let own = crate::field("c", &typ, &MappingOptions::default()).unwrap();
        assert_eq!(column_type(&own).unwrap(), typ, "{text:?}");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_keep_the_laws() {
        seeds::keep("text", super::text);
        seeds::keep("page", super::page);
        seeds::keep("metadata", super::metadata);
    }
}
