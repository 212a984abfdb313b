//! A cell, with all that is inside of it, goes into a column.

use super::cells::{Cells, Values as Source};
use super::read::Value;
use super::scalar::{append_value, no_way};
use crate::builder::{ColumnBuilder, Values};
use crate::cql_type::cql_type;
use crate::error::{Error, ErrorKind, Result};
use crate::text::TextOptions;

/// How text is read.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    pub(super) values: &'a TextOptions,
    /// The same, but that an empty text is no null, which a key of a map can't be.
    pub(super) keys: &'a TextOptions,
}

/// Appends the cell of a row. What fails halfway leaves parts of a value in the column; who calls takes
/// them back with [`ColumnBuilder::truncate`].
pub(super) fn append(
    cells: &Cells<'_>,
    row: usize,
    column: &mut ColumnBuilder,
    texts: Texts<'_>,
) -> Result<()> {
    if cells.is_null(row) {
        column.append_null();
        return Ok(());
    }
    match (&cells.values, &mut column.values) {
        (Source::Null, _) => column.append_null(),
        (Source::Scalar(read), _) => append_value(read(row), column, texts.values)?,
        (Source::Dictionary(keys, values), _) => {
            let key = keys.get(row).ok_or_else(|| no_way(column))?;
            append(values, *key, column, texts)?;
        }
        (Source::List(places, elements), Values::List(lists)) => {
            for place in places(row) {
                append(elements, place, &mut lists.element, texts)?;
            }
            lists.close()?;
        }
        (Source::List(places, elements), Values::Vector(vectors)) => {
            let places = places(row);
            if places.len() != vectors.size {
                let (count, typ) = (places.len(), cql_type(&column.typ));
                let message = format!("a list of {count} is no {typ}");
                return Err(Error::new(ErrorKind::Value, message));
            }
            for place in places {
                append(elements, place, &mut vectors.element, texts)?;
            }
            vectors.close();
        }
        (Source::Map(places, keys, values), Values::Map(maps)) => {
            for place in places(row) {
                if keys.is_null(place) {
                    let message = "the key of a map can't be null";
                    return Err(Error::new(ErrorKind::Value, message));
                }
                let key_texts = Texts { values: texts.keys, ..texts };
                append(keys, place, &mut maps.key, key_texts)?;
                append(values, place, &mut maps.value, texts)?;
            }
            maps.close()?;
        }
        (Source::Struct(parts), Values::Struct(structs)) => {
            for (part, child) in parts.iter().zip(&mut structs.children) {
                match part {
                    Some(cells) => append(cells, row, child, texts)?,
                    None => child.append_null(),
                }
            }
            structs.close();
        }
        (Source::Duration(parts), Values::Duration(_)) => {
            let part = |index: usize| match parts.get(index)? {
                part if part.is_null(row) => None,
                Cells { values: Source::Scalar(read), .. } => match read(row) {
                    Value::Integer(number) => Some(number),
                    _ => None,
                },
                _ => None,
            };
            let small = |index| part(index).and_then(|number| i32::try_from(number).ok());
            let (Some(months), Some(days), Some(nanos)) = (small(0), small(1), part(2)) else {
                let message = "a duration lacks one of its parts, or has one too large";
                return Err(Error::new(ErrorKind::Value, message));
            };
            append_value(Value::Duration(months, days, nanos), column, texts.values)?;
        }
        _ => return Err(no_way(column)),
    }
    Ok(())
}
