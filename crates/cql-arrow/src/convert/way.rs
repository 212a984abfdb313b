//! Which Arrow types can become which CQL types: the one table of it.

use arrow_schema::{DataType, Field, Fields};
use chrono::FixedOffset;
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};

use crate::text::parse_offset;

/// How values of an Arrow type become values of a CQL type.
#[derive(Debug)]
pub(super) enum Way {
    /// All values are null.
    Null,
    /// By what the value is.
    Scalar,
    Dictionary(Box<Way>),
    /// To a list, set or vector.
    List(Box<Way>),
    Map(Box<Way>, Box<Way>),
    /// To a tuple or user-defined type: for each of its fields, the one of the source. The others are null.
    Struct(Vec<Option<(usize, Way)>>),
    /// Where months, days and nanoseconds are.
    Duration([usize; 3]),
}

impl Way {
    /// `None` where no value, or not every field of one, could go over without loss.
    pub(super) fn new(source: &DataType, target: &ColumnType<'_>) -> Option<Self> {
        let boxed = |field: &Field, target: &ColumnType<'_>| {
            Way::new(field.data_type(), target).map(Box::new)
        };
        Some(match (source, target) {
            (DataType::Null, _) => Way::Null,
            (DataType::Dictionary(_, values), _) => {
                Way::Dictionary(Box::new(Way::new(values, target)?))
            }
            // Text is read by the rules of text, into whatever type.
            (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, _) => Way::Scalar,
            (DataType::FixedSizeList(element, size), ColumnType::Vector { typ, dimensions }) => {
                if *size != i32::from(*dimensions) {
                    return None;
                }
                Way::List(boxed(element, typ)?)
            }
            (
                DataType::List(element)
                | DataType::LargeList(element)
                | DataType::ListView(element)
                | DataType::LargeListView(element)
                | DataType::FixedSizeList(element, _),
                ColumnType::Collection {
                    typ: CollectionType::List(typ) | CollectionType::Set(typ),
                    ..
                }
                | ColumnType::Vector { typ, .. },
            ) => Way::List(boxed(element, typ)?),
            (
                DataType::Map(entries, _),
                ColumnType::Collection { typ: CollectionType::Map(key, value), .. },
            ) => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => {
                    Way::Map(boxed(&fields[0], key)?, boxed(&fields[1], value)?)
                }
                _ => return None,
            },
            (DataType::Struct(fields), ColumnType::UserDefinedType { definition, .. }) => {
                let targets = definition.field_types.iter();
                by_names(fields, targets.map(|(name, typ)| (name.as_ref(), typ)))?
            }
            (DataType::Struct(fields), ColumnType::Tuple(types)) => {
                if fields.len() != types.len() {
                    return None;
                }
                let parts = fields.iter().zip(types).enumerate();
                let parts = parts.map(|(index, (field, typ))| {
                    Some(Some((index, Way::new(field.data_type(), typ)?)))
                });
                Way::Struct(parts.collect::<Option<_>>()?)
            }
            (DataType::Struct(fields), ColumnType::Native(NativeType::Duration)) => {
                duration(fields)?
            }
            (_, ColumnType::Native(native)) if becomes(source, native) => Way::Scalar,
            _ => return None,
        })
    }
}

/// The fields of a user-defined type by their names; `None` where one of the source would be lost.
fn by_names<'a>(
    fields: &Fields,
    targets: impl Iterator<Item = (&'a str, &'a ColumnType<'a>)>,
) -> Option<Way> {
    let mut taken = 0;
    let mut parts = Vec::new();
    for (name, typ) in targets {
        let part = match fields.find(name) {
            Some((index, field)) => {
                taken += 1;
                Some((index, Way::new(field.data_type(), typ)?))
            }
            None => None,
        };
        parts.push(part);
    }
    (taken == fields.len()).then_some(Way::Struct(parts))
}

/// A struct as this crate has durations, with integers of any width.
fn duration(fields: &Fields) -> Option<Way> {
    let mut parts = [0; 3];
    for (part, name) in parts.iter_mut().zip(["months", "days", "nanoseconds"]) {
        let (index, field) = fields.find(name)?;
        *part = field.data_type().is_integer().then_some(index)?;
    }
    (fields.len() == 3).then_some(Way::Duration(parts))
}

/// Whether values of a flat Arrow type may become ones of a native type.
fn becomes(source: &DataType, target: &NativeType) -> bool {
    let is_text = matches!(target, NativeType::Ascii | NativeType::Text);
    let is_integer = matches!(
        target,
        NativeType::TinyInt
            | NativeType::SmallInt
            | NativeType::Int
            | NativeType::BigInt
            | NativeType::Counter
            | NativeType::Varint
    );
    let is_float = matches!(target, NativeType::Float | NativeType::Double);
    let is_uuid = matches!(target, NativeType::Uuid | NativeType::Timeuuid);
    let is = |native: NativeType| *target == native;
    match source {
        DataType::Boolean => is_text || is(NativeType::Boolean),
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => is_text || is_integer || is(NativeType::Decimal),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            is_text || is_uuid || is(NativeType::Blob)
        }
        DataType::FixedSizeBinary(size) => {
            is_text || is_uuid && *size == 16 || is(NativeType::Blob)
        }
        DataType::Timestamp(_, zone) => {
            let has_days = zone.as_ref().is_none_or(|zone| offset(zone).is_some());
            is(NativeType::Timestamp) || has_days && is(NativeType::Date)
        }
        DataType::Date32 | DataType::Date64 => is(NativeType::Date) || is(NativeType::Timestamp),
        DataType::Time32(_) | DataType::Time64(_) => is(NativeType::Time),
        DataType::Duration(_) | DataType::Interval(_) => is(NativeType::Duration),
        source if source.is_integer() => {
            let is_moment = is(NativeType::Timestamp) || is(NativeType::Time);
            is_text || is_integer || is_float || is_moment || is(NativeType::Decimal)
        }
        source if source.is_floating() => is_integer || is_float || is(NativeType::Decimal),
        _ => false,
    }
}

/// The offset of a zone that has one at all times, as far as that is known without a table of zones.
pub(super) fn offset(zone: &str) -> Option<FixedOffset> {
    parse_offset(zone.strip_prefix("Etc/").unwrap_or(zone)).filter(|_| {
        // In "Etc/GMT+1" the sign is the other way round.
        !zone.starts_with("Etc/") || matches!(zone, "Etc/UTC" | "Etc/GMT")
    })
}
