//! The cells of an array of any type, each able to write itself as JSON.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field};
use scylla::frame::response::result::ColumnType;
use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};

use super::scalar::Scalar;
use super::scalar_array::ScalarArray;
use crate::error::{Error, ErrorKind, Result};
use crate::mapping::column_type;

/// The cells of an array, with all types resolved.
pub(super) struct Cells<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

enum Values<'a> {
    Scalar(ScalarArray<'a>),
    /// `list` and `set`: where each one ends among all elements.
    List(&'a [i32], Box<Cells<'a>>),
    Map(&'a [i32], Box<Cells<'a>>, Box<Cells<'a>>),
    Vector(usize, Box<Cells<'a>>),
    Tuple(Vec<Cells<'a>>),
    UserDefined(Vec<(String, Cells<'a>)>),
}

impl<'a> Cells<'a> {
    pub(super) fn new(field: &Field, array: &'a dyn Array) -> Result<Self> {
        let mismatch = || {
            Error::new(
                ErrorKind::Schema,
                format!(
                    "field {:?} is of the Arrow type {}, its array of {}",
                    field.name(),
                    field.data_type(),
                    array.data_type()
                ),
            )
        };
        let typ = column_type(field)?;
        if !array.data_type().equals_datatype(field.data_type()) {
            return Err(mismatch());
        }
        let values = Values::new(&typ, field, array)?.ok_or_else(mismatch)?;
        Ok(Cells { nulls: array.nulls(), values })
    }

    #[inline]
    pub(super) fn is_null(&self, row: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }

    #[inline]
    pub(super) fn cell(&self, row: usize) -> Cell<'_> {
        Cell { cells: self, row }
    }
}

impl<'a> Values<'a> {
    fn new(
        typ: &ColumnType<'_>,
        field: &Field,
        array: &'a dyn Array,
    ) -> Result<Option<Values<'a>>> {
        let boxed = |field: &Field, array: &'a dyn Array| Cells::new(field, array).map(Box::new);
        Ok(match (typ, field.data_type()) {
            (ColumnType::Native(native), _) => ScalarArray::new(native, array).map(Values::Scalar),
            (_, DataType::List(element)) => match array.as_list_opt::<i32>() {
                None => None,
                Some(array) => {
                    let elements = boxed(element, array.values())?;
                    Some(Values::List(array.value_offsets(), elements))
                }
            },
            (_, DataType::Map(entries, _)) => match (array.as_map_opt(), entries.data_type()) {
                (Some(array), DataType::Struct(fields)) if fields.len() == 2 => {
                    let keys = boxed(&fields[0], array.keys())?;
                    let values = boxed(&fields[1], array.values())?;
                    Some(Values::Map(array.value_offsets(), keys, values))
                }
                _ => None,
            },
            (_, DataType::FixedSizeList(element, size)) => {
                match (array.as_fixed_size_list_opt(), usize::try_from(*size)) {
                    (Some(array), Ok(size)) => {
                        Some(Values::Vector(size, boxed(element, array.values())?))
                    }
                    _ => None,
                }
            }
            (_, DataType::Struct(fields)) => match array.as_struct_opt() {
                None => None,
                Some(array) => {
                    let parts = fields.iter().zip(array.columns());
                    let is_tuple = matches!(typ, ColumnType::Tuple(_));
                    Some(if is_tuple {
                        let parts = parts.map(|(field, array)| Cells::new(field, array));
                        Values::Tuple(parts.collect::<Result<_>>()?)
                    } else {
                        let parts = parts.map(|(field, array)| {
                            Ok((field.name().clone(), Cells::new(field, array)?))
                        });
                        Values::UserDefined(parts.collect::<Result<_>>()?)
                    })
                }
            },
            _ => None,
        })
    }
}

/// One cell.
pub(super) struct Cell<'a> {
    cells: &'a Cells<'a>,
    row: usize,
}

impl Cell<'_> {
    /// Appends what a CSV field holds; nothing for null.
    #[inline]
    pub(super) fn write_plain(&self, out: &mut Vec<u8>) -> Result<()> {
        if self.cells.is_null(self.row) {
            return Ok(());
        }
        match &self.cells.values {
            Values::Scalar(array) => array.value(self.row)?.write_plain(out).map_err(of_json),
            _ => self.write_json(out),
        }
    }

    /// Appends a JSON value.
    pub(super) fn write_json(&self, out: &mut Vec<u8>) -> Result<()> {
        serde_json::to_writer(out, self).map_err(of_json)
    }
}

/// A vector of bytes takes all that is written, so it is the value that was at fault.
fn of_json(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Value, error.to_string())
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.row;
        if self.cells.is_null(row) {
            return serializer.serialize_unit();
        }
        match &self.cells.values {
            Values::Scalar(array) => {
                array.value(row).map_err(S::Error::custom)?.serialize(serializer)
            }
            Values::List(ends, elements) => {
                serializer.collect_seq(range(ends, row).map(|index| elements.cell(index)))
            }
            Values::Vector(size, elements) => {
                let start = row * size;
                serializer.collect_seq((start..start + size).map(|index| elements.cell(index)))
            }
            Values::Tuple(parts) => serializer.collect_seq(parts.iter().map(|part| part.cell(row))),
            Values::UserDefined(parts) => {
                serializer.collect_map(parts.iter().map(|(name, part)| (name, part.cell(row))))
            }
            Values::Map(ends, keys, values) => {
                let entries = range(ends, row);
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                let mut scratch = Vec::new();
                for index in entries {
                    let key = keys.cell(index).key(&mut scratch).map_err(S::Error::custom)?;
                    map.serialize_entry(key, &values.cell(index))?;
                }
                map.end()
            }
        }
    }
}

impl<'a> Cell<'a> {
    /// The cell as the key of a JSON object, which is always a string.
    fn key(&self, scratch: &'a mut Vec<u8>) -> Result<&'a str> {
        if let Values::Scalar(array) = &self.cells.values
            && !self.cells.is_null(self.row)
            && let Scalar::Text(text) = array.value(self.row)?
        {
            return Ok(text);
        }
        scratch.clear();
        self.write_plain(scratch)?;
        std::str::from_utf8(scratch)
            .map_err(|error| Error::new(ErrorKind::Value, "a key is no text").with_source(error))
    }
}

/// The elements of a list or map among all elements of the array. Arrow's offsets are never negative.
fn range(ends: &[i32], row: usize) -> std::ops::Range<usize> {
    let at = |index: usize| usize::try_from(ends[index]).unwrap_or_default();
    at(row)..at(row + 1)
}
