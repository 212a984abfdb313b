//! The arrays of a column, known by CQL type, so that a value is written with one `match`.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64NanosecondType, TimestampMillisecondType,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array,
    FixedSizeBinaryArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, StringArray, Time64NanosecondArray, TimestampMillisecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};

use crate::error::{Error, ErrorKind, Result};

/// The values of a column, or of a part of one.
pub(super) enum Values {
    Boolean(BooleanArray),
    TinyInt(Int8Array),
    SmallInt(Int16Array),
    Int(Int32Array),
    BigInt(Int64Array),
    Float(Float32Array),
    Double(Float64Array),
    Text(StringArray),
    Varint(StringArray),
    Decimal(StringArray),
    Decimal128(Decimal128Array),
    Decimal256(Decimal256Array),
    Inet(StringArray),
    Blob(BinaryArray),
    Uuid(FixedSizeBinaryArray),
    Timestamp(TimestampMillisecondArray),
    Date(Date32Array),
    Time(Time64NanosecondArray),
    Duration(Box<Durations>),
    List { offsets: OffsetBuffer<i32>, nulls: Option<NullBuffer>, element: Box<Values> },
    Map(Box<Maps>),
    Vector(Vectors),
    Struct { nulls: Option<NullBuffer>, children: Vec<Values> },
}

pub(super) struct Durations {
    pub(super) months: Int32Array,
    pub(super) days: Int32Array,
    pub(super) nanoseconds: Int64Array,
    nulls: Option<NullBuffer>,
}

pub(super) struct Maps {
    pub(super) offsets: OffsetBuffer<i32>,
    pub(super) key: Box<Values>,
    pub(super) value: Box<Values>,
    nulls: Option<NullBuffer>,
}

pub(super) struct Vectors {
    pub(super) size: usize,
    pub(super) element: Box<Values>,
    /// Whether elements are written without their lengths.
    pub(super) is_packed: bool,
    nulls: Option<NullBuffer>,
}

impl Values {
    /// The values of an array of the type that [`crate::field`] gives a CQL type.
    pub(super) fn new(typ: &ColumnType<'_>, array: &ArrayRef) -> Result<Self> {
        let mismatch = || no_values(array);
        let boxed = |typ, array| Values::new(typ, array).map(Box::new);
        Ok(match typ {
            ColumnType::Native(native) => Values::native(native, array).ok_or_else(mismatch)?,
            ColumnType::Collection {
                typ: CollectionType::List(element) | CollectionType::Set(element),
                ..
            } => {
                let lists = array.as_list_opt::<i32>().ok_or_else(mismatch)?;
                let element = boxed(element, lists.values())?;
                let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
                Values::List { offsets, nulls, element }
            }
            ColumnType::Collection { typ: CollectionType::Map(key, value), .. } => {
                let maps = array.as_map_opt().ok_or_else(mismatch)?;
                let (key, value) = (boxed(key, maps.keys())?, boxed(value, maps.values())?);
                let (offsets, nulls) = (maps.offsets().clone(), maps.nulls().cloned());
                Values::Map(Box::new(Maps { offsets, key, value, nulls }))
            }
            ColumnType::Vector { typ: element, dimensions } => {
                let vectors = array.as_fixed_size_list_opt().ok_or_else(mismatch)?;
                let is_packed = element.type_size_for_vector().is_some();
                let element = boxed(element, vectors.values())?;
                let (size, nulls) = (usize::from(*dimensions), vectors.nulls().cloned());
                Values::Vector(Vectors { size, element, is_packed, nulls })
            }
            ColumnType::Tuple(types) => Values::structs(types.iter(), array)?,
            ColumnType::UserDefinedType { definition, .. } => {
                Values::structs(definition.field_types.iter().map(|(_, typ)| typ), array)?
            }
            _ => return Err(mismatch()),
        })
    }

    fn structs<'a>(
        types: impl Iterator<Item = &'a ColumnType<'a>>,
        array: &ArrayRef,
    ) -> Result<Self> {
        let structs = array.as_struct_opt().ok_or_else(|| no_values(array))?;
        let children = types.zip(structs.columns()).map(|(typ, array)| Values::new(typ, array));
        Ok(Values::Struct {
            nulls: structs.nulls().cloned(),
            children: children.collect::<Result<_>>()?,
        })
    }

    fn native(native: &NativeType, array: &ArrayRef) -> Option<Self> {
        Some(match native {
            NativeType::Boolean => Values::Boolean(array.as_boolean_opt()?.clone()),
            NativeType::TinyInt => Values::TinyInt(array.as_primitive_opt::<Int8Type>()?.clone()),
            NativeType::SmallInt => {
                Values::SmallInt(array.as_primitive_opt::<Int16Type>()?.clone())
            }
            NativeType::Int => Values::Int(array.as_primitive_opt::<Int32Type>()?.clone()),
            NativeType::BigInt | NativeType::Counter => {
                Values::BigInt(array.as_primitive_opt::<Int64Type>()?.clone())
            }
            NativeType::Float => Values::Float(array.as_primitive_opt::<Float32Type>()?.clone()),
            NativeType::Double => Values::Double(array.as_primitive_opt::<Float64Type>()?.clone()),
            NativeType::Ascii | NativeType::Text => {
                Values::Text(array.as_string_opt::<i32>()?.clone())
            }
            NativeType::Varint => Values::Varint(array.as_string_opt::<i32>()?.clone()),
            NativeType::Inet => Values::Inet(array.as_string_opt::<i32>()?.clone()),
            NativeType::Decimal => {
                if let Some(array) = array.as_primitive_opt::<Decimal128Type>() {
                    Values::Decimal128(array.clone())
                } else if let Some(array) = array.as_primitive_opt::<Decimal256Type>() {
                    Values::Decimal256(array.clone())
                } else {
                    Values::Decimal(array.as_string_opt::<i32>()?.clone())
                }
            }
            NativeType::Blob => Values::Blob(array.as_binary_opt::<i32>()?.clone()),
            NativeType::Uuid | NativeType::Timeuuid => {
                Values::Uuid(array.as_fixed_size_binary_opt()?.clone())
            }
            NativeType::Timestamp => {
                Values::Timestamp(array.as_primitive_opt::<TimestampMillisecondType>()?.clone())
            }
            NativeType::Date => Values::Date(array.as_primitive_opt::<Date32Type>()?.clone()),
            NativeType::Time => {
                Values::Time(array.as_primitive_opt::<Time64NanosecondType>()?.clone())
            }
            NativeType::Duration => match array.as_struct_opt()?.columns() {
                [months, days, nanoseconds] => Values::Duration(Box::new(Durations {
                    months: months.as_primitive_opt::<Int32Type>()?.clone(),
                    days: days.as_primitive_opt::<Int32Type>()?.clone(),
                    nanoseconds: nanoseconds.as_primitive_opt::<Int64Type>()?.clone(),
                    nulls: array.nulls().cloned(),
                })),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Whether a value is null.
    pub(super) fn is_null(&self, row: usize) -> bool {
        let nulls = match self {
            Values::Boolean(array) => array.nulls(),
            Values::TinyInt(array) => array.nulls(),
            Values::SmallInt(array) => array.nulls(),
            Values::Int(array) => array.nulls(),
            Values::BigInt(array) => array.nulls(),
            Values::Float(array) => array.nulls(),
            Values::Double(array) => array.nulls(),
            Values::Text(array)
            | Values::Varint(array)
            | Values::Decimal(array)
            | Values::Inet(array) => array.nulls(),
            Values::Decimal128(array) => array.nulls(),
            Values::Decimal256(array) => array.nulls(),
            Values::Blob(array) => array.nulls(),
            Values::Uuid(array) => array.nulls(),
            Values::Timestamp(array) => array.nulls(),
            Values::Date(array) => array.nulls(),
            Values::Time(array) => array.nulls(),
            Values::Duration(durations) => durations.nulls.as_ref(),
            Values::Map(maps) => maps.nulls.as_ref(),
            Values::List { nulls, .. }
            | Values::Vector(Vectors { nulls, .. })
            | Values::Struct { nulls, .. } => nulls.as_ref(),
        };
        nulls.is_some_and(|nulls| nulls.is_null(row))
    }
}

fn no_values(array: &ArrayRef) -> Error {
    let typ = array.data_type();
    Error::new(ErrorKind::Schema, format!("an array of type {typ} can't be bound"))
}
