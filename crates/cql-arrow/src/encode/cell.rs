//! One value, from its array to its bytes.

use std::net::IpAddr;

use scylla::serialize::writers::{
    CellOverflowError, CellValueBuilder, CellWriter, WrittenCellProof,
};

use super::values::{Durations, Maps, Values, Vectors};
use crate::decode::DAY;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{Decimal, Integer, vint};

/// Writes a value that is not null.
#[inline]
pub(super) fn write<'b>(
    values: &Values,
    row: usize,
    cell: CellWriter<'b>,
) -> Result<WrittenCellProof<'b>> {
    let written = match values {
        Values::Boolean(array) => cell.set_value(&[u8::from(array.value(row))]),
        Values::TinyInt(array) => cell.set_value(&array.value(row).to_be_bytes()),
        Values::SmallInt(array) => cell.set_value(&array.value(row).to_be_bytes()),
        Values::Int(array) => cell.set_value(&array.value(row).to_be_bytes()),
        Values::BigInt(array) => cell.set_value(&array.value(row).to_be_bytes()),
        Values::Float(array) => cell.set_value(&array.value(row).to_be_bytes()),
        Values::Double(array) => cell.set_value(&array.value(row).to_be_bytes()),
        Values::Text(array) => cell.set_value(array.value(row).as_bytes()),
        Values::Varint(array) => {
            let text = array.value(row);
            let number = Integer::parse(text).ok_or_else(|| not_a("varint", text))?;
            number.with_bytes(|bytes| cell.set_value(bytes))
        }
        Values::Decimal(array) => {
            let text = array.value(row);
            let number = Decimal::parse(text).ok_or_else(|| not_a("decimal", text))?;
            decimal(&number, cell)
        }
        Values::Decimal128(array) => {
            let unscaled = Integer::Small(array.value(row));
            decimal(&Decimal { unscaled, scale: i32::from(array.scale()) }, cell)
        }
        Values::Decimal256(array) => {
            let unscaled = Integer::from(array.value(row));
            decimal(&Decimal { unscaled, scale: i32::from(array.scale()) }, cell)
        }
        Values::Inet(array) => {
            let text = array.value(row);
            match text.parse::<IpAddr>().map_err(|_| not_a("inet", text))? {
                IpAddr::V4(address) => cell.set_value(&address.octets()),
                IpAddr::V6(address) => cell.set_value(&address.octets()),
            }
        }
        Values::Blob(array) => cell.set_value(array.value(row)),
        Values::Uuid(array) => cell.set_value(array.value(row)),
        Values::Timestamp(array) => cell.set_value(&array.value(row).to_be_bytes()),
        // Days are counted from 2^31 days before 1970, so that no sign is needed.
        Values::Date(array) => {
            cell.set_value(&(array.value(row).cast_unsigned() ^ 1 << 31).to_be_bytes())
        }
        Values::Time(array) => match array.value(row) {
            time @ 0..DAY => cell.set_value(&time.to_be_bytes()),
            time => return Err(not_a("time", &format!("{time} ns"))),
        },
        Values::Duration(durations) => duration(durations, row, cell),
        Values::List { offsets, element, .. } => {
            return list(element, range(offsets, row), cell);
        }
        Values::Map(maps) => return map(maps, row, cell),
        Values::Vector(vectors) => return vector(vectors, row, cell),
        Values::Struct { children, .. } => {
            let mut fields = cell.into_value_builder();
            for child in children {
                write_or_null(child, row, fields.make_sub_writer())?;
            }
            fields.finish()
        }
    };
    written.map_err(too_long)
}

fn write_or_null(values: &Values, row: usize, cell: CellWriter<'_>) -> Result<()> {
    if values.is_null(row) {
        cell.set_null();
        return Ok(());
    }
    write(values, row, cell).map(|_| ())
}

fn too_long(source: CellOverflowError) -> Error {
    let message = "a value is longer than the 2 GiB that CQL has room for";
    Error::new(ErrorKind::Value, message).with_source(source)
}

fn not_a(typ: &str, text: &str) -> Error {
    let shown: String = text.chars().take(80).collect();
    Error::new(ErrorKind::Value, format!("{shown:?} is not a value of type {typ}"))
}

fn decimal<'b>(
    decimal: &Decimal,
    cell: CellWriter<'b>,
) -> Result<WrittenCellProof<'b>, CellOverflowError> {
    let mut bytes = cell.into_value_builder();
    bytes.append_bytes(&decimal.scale.to_be_bytes());
    decimal.unscaled.with_bytes(|unscaled| bytes.append_bytes(unscaled));
    bytes.finish()
}

fn duration<'b>(
    durations: &Durations,
    row: usize,
    cell: CellWriter<'b>,
) -> Result<WrittenCellProof<'b>, CellOverflowError> {
    let parts = [
        i64::from(durations.months.value(row)),
        i64::from(durations.days.value(row)),
        durations.nanoseconds.value(row),
    ];
    let (mut bytes, mut vint) = (cell.into_value_builder(), [0; vint::MAX_LEN]);
    for part in parts {
        bytes.append_bytes(vint::write(part, &mut vint));
    }
    bytes.finish()
}

/// Writes only some elements of a list or set, or entries of a map, by their place in it.
pub(super) fn write_elements<'b>(
    values: &Values,
    row: usize,
    elements: &[usize],
    cell: CellWriter<'b>,
) -> Result<WrittenCellProof<'b>> {
    let mut bytes = cell.into_value_builder();
    bytes.append_bytes(&count(elements.len())?);
    match values {
        Values::List { offsets, element, .. } => {
            let all = range(offsets, row);
            for place in elements {
                write_or_null(element, nth(&all, *place)?, bytes.make_sub_writer())?;
            }
        }
        Values::Map(maps) => {
            let all = range(&maps.offsets, row);
            for place in elements {
                entry(maps, nth(&all, *place)?, &mut bytes)?;
            }
        }
        _ => {
            let message = "it is no list, set or map, and so has no elements";
            return Err(Error::new(ErrorKind::Schema, message));
        }
    }
    bytes.finish().map_err(too_long)
}

fn nth(all: &std::ops::Range<usize>, place: usize) -> Result<usize> {
    all.clone().nth(place).ok_or_else(|| {
        let message = format!("a collection of {} has no element {place}", all.len());
        Error::new(ErrorKind::Value, message)
    })
}

/// The elements of a list or map.
fn range(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    let at = |index: usize| {
        offsets.get(index).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or_default()
    };
    at(row)..at(row + 1)
}

fn count(elements: usize) -> Result<[u8; 4]> {
    let count = i32::try_from(elements).map_err(|_| too_long(CellOverflowError))?;
    Ok(count.to_be_bytes())
}

fn list<'b>(
    element: &Values,
    elements: std::ops::Range<usize>,
    cell: CellWriter<'b>,
) -> Result<WrittenCellProof<'b>> {
    let mut bytes = cell.into_value_builder();
    bytes.append_bytes(&count(elements.len())?);
    for at in elements {
        write_or_null(element, at, bytes.make_sub_writer())?;
    }
    bytes.finish().map_err(too_long)
}

fn map<'b>(maps: &Maps, row: usize, cell: CellWriter<'b>) -> Result<WrittenCellProof<'b>> {
    let (mut bytes, entries) = (cell.into_value_builder(), range(&maps.offsets, row));
    bytes.append_bytes(&count(entries.len())?);
    for at in entries {
        entry(maps, at, &mut bytes)?;
    }
    bytes.finish().map_err(too_long)
}

fn entry(maps: &Maps, at: usize, bytes: &mut CellValueBuilder<'_>) -> Result<()> {
    write_or_null(&maps.key, at, bytes.make_sub_writer())?;
    write_or_null(&maps.value, at, bytes.make_sub_writer())
}

fn vector<'b>(vectors: &Vectors, row: usize, cell: CellWriter<'b>) -> Result<WrittenCellProof<'b>> {
    let mut bytes = cell.into_value_builder();
    let (mut element, mut vint) = (Vec::new(), [0; vint::MAX_LEN]);
    for at in row * vectors.size..(row + 1) * vectors.size {
        if vectors.element.is_null(at) {
            return Err(Error::new(
                ErrorKind::Value,
                "a vector has a null in it, which CQL can't express",
            ));
        }
        if vectors.is_packed {
            write(&vectors.element, at, bytes.make_sub_writer_without_size())?;
            continue;
        }
        // The length stands before the element, in fewer bytes the shorter it is.
        element.clear();
        write(&vectors.element, at, CellWriter::new_without_size(&mut element))?;
        bytes.append_bytes(vint::write_unsigned(element.len() as u64, &mut vint));
        bytes.append_bytes(&element);
    }
    bytes.finish().map_err(too_long)
}
