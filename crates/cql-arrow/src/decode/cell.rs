//! One cell, from its bytes into its column.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::decoder::EmptyValues;
use crate::builder::{ColumnBuilder, Durations, Lists, Maps, Structs, Values, Vectors};
use crate::cql_type::cql_type;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{self, Decimal, Integer, vint};

/// The nanoseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000_000;

/// Appends a cell; `None` is null. After an error, the column may have been appended to in part.
pub(super) fn append(
    column: &mut ColumnBuilder,
    cell: Option<&[u8]>,
    empty: EmptyValues,
) -> Result<()> {
    let Some(cell) = cell else {
        column.append_null();
        return Ok(());
    };
    if cell.is_empty() && !has_values_of_no_bytes(&column.values) {
        return append_empty(column, empty);
    }
    match read(&mut column.values, cell, empty) {
        Ok(()) => Ok(()),
        Err(Fault::Malformed) => Err(malformed(column, cell)),
        Err(Fault::Error(error)) => Err(error),
    }
}

/// Why a cell was not read.
enum Fault {
    /// Its bytes are none of its type.
    Malformed,
    Error(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Error(error)
    }
}

fn read(values: &mut Values, cell: &[u8], empty: EmptyValues) -> Result<(), Fault> {
    match values {
        Values::Int(values) => values.push(i32::from_be_bytes(fixed(cell)?)),
        Values::BigInt(values) | Values::Timestamp(values) => {
            values.push(i64::from_be_bytes(fixed(cell)?));
        }
        Values::Double(values) => values.push(f64::from_be_bytes(fixed(cell)?)),
        Values::Float(values) => values.push(f32::from_be_bytes(fixed(cell)?)),
        Values::Uuid(values) => values.push(i128::from_ne_bytes(fixed(cell)?)),
        Values::Text(values) => values.push(std::str::from_utf8(cell).map_err(not_utf8)?)?,
        Values::Blob(values) => values.push(cell)?,
        // Any byte but 0 is true, by section 6.3.
        Values::Boolean(values) => values.push(fixed(cell)? != [0]),
        Values::TinyInt(values) => values.push(i8::from_be_bytes(fixed(cell)?)),
        Values::SmallInt(values) => values.push(i16::from_be_bytes(fixed(cell)?)),
        // Days are counted from 2^31 days before 1970, so that no sign is needed.
        Values::Date(values) => {
            values.push((u32::from_be_bytes(fixed(cell)?) ^ 1 << 31).cast_signed());
        }
        Values::Time(values) => values.push(time(cell)?),
        Values::Varint(values) => {
            let number = Integer::from_bytes(cell).ok_or(Fault::Malformed)?;
            number.with_digits(|digits| values.push(digits))?;
        }
        Values::Decimal(values) => values.print(decimal(cell)?)?,
        Values::Decimal128(values, precision, scale) => {
            let decimal = decimal(cell)?;
            let number = decimal.to_decimal128(*precision, *scale);
            values.push(number.ok_or_else(|| does_not_fit(&decimal, *precision, *scale))?);
        }
        Values::Decimal256(values, precision, scale) => {
            let decimal = decimal(cell)?;
            let number = decimal.to_decimal256(*precision, *scale);
            values.push(number.ok_or_else(|| does_not_fit(&decimal, *precision, *scale))?);
        }
        Values::Inet(values) => match <[u8; 4]>::try_from(cell) {
            Ok(bytes) => values.print(Ipv4Addr::from(bytes))?,
            Err(_) => values.print(Ipv6Addr::from(fixed::<16>(cell)?))?,
        },
        Values::Duration(values) => duration(cell, values).ok_or(Fault::Malformed)?,
        Values::List(values) => list(cell, values, empty)?,
        Values::Map(values) => map(cell, values, empty)?,
        Values::Vector(values) => vector(cell, values, empty)?,
        Values::Struct(values) => fields(cell, values, empty)?,
    }
    Ok(())
}

/// Whether no bytes are a value as any other: an empty text, or a struct whose fields are all missing.
fn has_values_of_no_bytes(values: &Values) -> bool {
    matches!(values, Values::Text(_) | Values::Blob(_) | Values::Struct(_))
}

#[cold]
fn append_empty(column: &mut ColumnBuilder, empty: EmptyValues) -> Result<()> {
    match empty {
        EmptyValues::Null => {
            column.append_null();
            Ok(())
        }
        EmptyValues::Refuse => Err(Error::new(
            ErrorKind::Value,
            format!(
                "it holds an empty (zero-length) {}, which is neither null nor a value that Arrow \
                 has; choose to read such values as null",
                cql_type(&column.typ)
            ),
        )),
    }
}

#[cold]
fn malformed(column: &ColumnBuilder, cell: &[u8]) -> Error {
    let (typ, len) = (cql_type(&column.typ), cell.len());
    Error::new(
        ErrorKind::Value,
        format!("{len} bytes that are no value of type {typ}; is the data of the table corrupt?"),
    )
}

#[cold]
fn not_utf8(source: std::str::Utf8Error) -> Error {
    Error::new(ErrorKind::Value, "it holds text that is not UTF-8").with_source(source)
}

fn fixed<const N: usize>(cell: &[u8]) -> Result<[u8; N], Fault> {
    cell.try_into().map_err(|_| Fault::Malformed)
}

fn time(cell: &[u8]) -> Result<i64, Fault> {
    match i64::from_be_bytes(fixed(cell)?) {
        time @ 0..DAY => Ok(time),
        time => {
            let message = format!("it holds the time {time} ns, which is not within a day");
            Err(Error::new(ErrorKind::Value, message).into())
        }
    }
}

fn decimal(cell: &[u8]) -> Result<Decimal, Fault> {
    Decimal::from_bytes(cell).ok_or(Fault::Malformed)
}

#[cold]
fn does_not_fit(decimal: &Decimal, precision: u8, scale: i8) -> Error {
    let text = decimal.to_string();
    let shown = match text.get(..80) {
        Some(start) => format!("{start}…"),
        None => text,
    };
    Error::new(
        ErrorKind::Value,
        format!(
            "the decimal {shown} does not fit decimal({precision}, {scale}) exactly; choose more \
             digits, or decimals as text"
        ),
    )
}

/// Three vints: months, days, nanoseconds (section 6.8).
fn duration(mut cell: &[u8], values: &mut Durations) -> Option<()> {
    let months = i32::try_from(vint::read(&mut cell)?).ok()?;
    let days = i32::try_from(vint::read(&mut cell)?).ok()?;
    let nanoseconds = vint::read(&mut cell)?;
    cell.is_empty().then(|| values.push(months, days, nanoseconds))
}

/// The number of a collection's elements. It is only counted down, never believed: no room is made for
/// more elements than bytes have come for.
fn count(cell: &mut &[u8]) -> Result<u32, Fault> {
    wire::int(cell).and_then(|count| u32::try_from(count).ok()).ok_or(Fault::Malformed)
}

fn bytes<'a>(cell: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Fault> {
    wire::bytes(cell).ok_or(Fault::Malformed)
}

fn end(cell: &[u8]) -> Result<(), Fault> {
    if cell.is_empty() { Ok(()) } else { Err(Fault::Malformed) }
}

fn list(mut cell: &[u8], values: &mut Lists, empty: EmptyValues) -> Result<(), Fault> {
    for _ in 0..count(&mut cell)? {
        append(&mut values.element, bytes(&mut cell)?, empty)?;
    }
    end(cell)?;
    Ok(values.close()?)
}

fn map(mut cell: &[u8], values: &mut Maps, empty: EmptyValues) -> Result<(), Fault> {
    for _ in 0..count(&mut cell)? {
        // A key is never null, so an empty one can't become null either.
        let key = bytes(&mut cell)?.ok_or(Fault::Malformed)?;
        append(&mut values.key, Some(key), EmptyValues::Refuse)?;
        append(&mut values.value, bytes(&mut cell)?, empty)?;
    }
    end(cell)?;
    Ok(values.close()?)
}

/// Elements of a fixed width stand one after the other; others have their length, an unsigned vint,
/// before them. Neither can be null.
fn vector(mut cell: &[u8], values: &mut Vectors, empty: EmptyValues) -> Result<(), Fault> {
    let width = values.element.typ.type_size_for_vector();
    for _ in 0..values.size {
        let len = match width {
            Some(width) => Some(width),
            None => vint::read_unsigned(&mut cell).and_then(|len| usize::try_from(len).ok()),
        };
        let element = len.and_then(|len| wire::take(&mut cell, len)).ok_or(Fault::Malformed)?;
        append(&mut values.element, Some(element), empty)?;
    }
    end(cell)?;
    values.close();
    Ok(())
}

/// The fields of a struct; those that were added to its type since it was written are missing at its end.
fn fields(mut cell: &[u8], values: &mut Structs, empty: EmptyValues) -> Result<(), Fault> {
    for child in &mut values.children {
        let field = if cell.is_empty() { None } else { bytes(&mut cell)? };
        append(child, field, empty)?;
    }
    end(cell)?;
    values.close();
    Ok(())
}
