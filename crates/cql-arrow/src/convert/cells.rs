//! The cells of a foreign array, with all types resolved.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, OffsetSizeTrait};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use super::read::{Read, read};
use super::way::Way;

/// The cells of a foreign array, on their way.
pub(super) struct Cells<'a> {
    nulls: Option<NullBuffer>,
    pub(super) values: Values<'a>,
}

pub(super) enum Values<'a> {
    Null,
    Scalar(Read<'a>),
    /// With the place of each row's value.
    Dictionary(Vec<usize>, Box<Cells<'a>>),
    /// With the places of each row's elements.
    List(Places<'a>, Box<Cells<'a>>),
    Map(Places<'a>, Box<Cells<'a>>, Box<Cells<'a>>),
    /// In the order of the target's fields.
    Struct(Vec<Option<Cells<'a>>>),
    /// Months, days, nanoseconds.
    Duration(Vec<Cells<'a>>),
}

type Places<'a> = Box<dyn Fn(usize) -> Range<usize> + 'a>;

impl<'a> Cells<'a> {
    /// `None` where the array is not of the type that the way was made for.
    pub(super) fn new(way: &Way, array: &'a dyn Array) -> Option<Self> {
        let boxed = |way: &Way, array: &'a dyn Array| Cells::new(way, array).map(Box::new);
        let values = match way {
            Way::Null => Values::Null,
            Way::Scalar => Values::Scalar(read(array)?),
            Way::Dictionary(way) => {
                let array = array.as_any_dictionary_opt()?;
                let values = array.values();
                // Where there are no values, all rows are null.
                let keys = if values.is_empty() { Vec::new() } else { array.normalized_keys() };
                Values::Dictionary(keys, boxed(way, values)?)
            }
            Way::List(way) => {
                let (places, elements) = list(array)?;
                Values::List(places, boxed(way, elements)?)
            }
            Way::Map(key, value) => {
                let array = array.as_map_opt()?;
                let places = between(array.value_offsets());
                Values::Map(places, boxed(key, array.keys())?, boxed(value, array.values())?)
            }
            Way::Struct(parts) => {
                let columns = array.as_struct_opt()?.columns();
                let parts = parts.iter().map(|part| match part {
                    None => Some(None),
                    Some((index, way)) => Some(Some(Cells::new(way, columns.get(*index)?)?)),
                });
                Values::Struct(parts.collect::<Option<_>>()?)
            }
            Way::Duration(parts) => {
                let columns = array.as_struct_opt()?.columns();
                let parts =
                    parts.iter().map(|index| Cells::new(&Way::Scalar, columns.get(*index)?));
                Values::Duration(parts.collect::<Option<_>>()?)
            }
        };
        Some(Cells { nulls: array.logical_nulls(), values })
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }
}

/// Where the elements of each row are, and all elements.
fn list(array: &dyn Array) -> Option<(Places<'_>, &dyn Array)> {
    Some(match array.data_type() {
        DataType::List(_) => {
            let array = array.as_list_opt::<i32>()?;
            (between(array.value_offsets()), array.values())
        }
        DataType::LargeList(_) => {
            let array = array.as_list_opt::<i64>()?;
            (between(array.value_offsets()), array.values())
        }
        DataType::ListView(_) => {
            let array = array.as_list_view_opt::<i32>()?;
            (from(array.value_offsets(), array.value_sizes()), array.values())
        }
        DataType::LargeListView(_) => {
            let array = array.as_list_view_opt::<i64>()?;
            (from(array.value_offsets(), array.value_sizes()), array.values())
        }
        DataType::FixedSizeList(_, size) => {
            let size = usize::try_from(*size).ok()?;
            let array = array.as_fixed_size_list_opt()?;
            (Box::new(move |row| row * size..(row + 1) * size), array.values())
        }
        _ => return None,
    })
}

fn between<O: OffsetSizeTrait>(offsets: &[O]) -> Places<'_> {
    Box::new(|row| offsets[row].as_usize()..offsets[row + 1].as_usize())
}

fn from<'a, O: OffsetSizeTrait>(offsets: &'a [O], sizes: &'a [O]) -> Places<'a> {
    Box::new(|row| {
        let start = offsets[row].as_usize();
        start..start + sizes[row].as_usize()
    })
}
