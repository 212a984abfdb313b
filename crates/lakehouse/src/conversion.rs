//! The values of a source's columns as those of a table's columns: exactly, or not at all.
//!
//! Where the types are the same, the memory is the same. A list, a map or a struct gets new fields, with
//! the table's ids, around its old buffers. What costs something is a smaller integer, a timestamp (ms to
//! µs, checked), and a vector, which gets offsets.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Int64Type, Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{
    Array as _, ArrayRef, ArrowPrimitiveType, ListArray, MapArray, PrimitiveArray, StructArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::extension::Uuid;
use arrow_schema::{DataType, Field, FieldRef, Fields, TimeUnit};
use iceberg::arrow::DEFAULT_MAP_FIELD_NAME;
use iceberg::spec::{NestedField, NestedFieldRef, PrimitiveType, Type};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::difference::Difference;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{is_uuid, key_and_value};

/// How the values of a field become those of a field of a table.
#[derive(Clone, Debug)]
pub(crate) struct Conversion {
    /// With all that it is in, by dots.
    path: String,
    field: FieldRef,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// The same array.
    Same,
    /// A type that holds all values.
    Cast,
    /// Milliseconds as microseconds.
    Micros,
    /// Milliseconds as nanoseconds.
    Nanos,
    /// A time of day as its number.
    NanosOfDay,
    Struct(Vec<(usize, Conversion)>),
    List(Box<Conversion>),
    Vector(Box<Conversion>),
    Map(Box<Conversion>, Box<Conversion>),
}

/// Matches fields by name. Fields of the table that the source does not have are left out, which readers
/// take for null; all else that does not go together is added to `differences`.
pub(crate) fn match_fields(
    path: &[&str],
    sources: &Fields,
    targets: &[NestedFieldRef],
    differences: &mut Vec<Difference>,
) -> Vec<(usize, Conversion)> {
    for source in sources {
        if targets.iter().all(|target| target.name != *source.name()) {
            differences.push(Difference::not_in_table(path, source));
        }
    }
    let mut matched = Vec::new();
    for target in targets {
        match sources.iter().position(|source| *source.name() == target.name) {
            Some(index) => {
                let conversion = Conversion::new(path, &sources[index], target, differences);
                matched.extend(conversion.map(|conversion| (index, conversion)));
            }
            None if target.required => differences.push(Difference::only_in_table(path, target)),
            None => {}
        }
    }
    matched
}

impl Conversion {
    fn new(
        path: &[&str],
        source: &Field,
        target: &NestedField,
        differences: &mut Vec<Difference>,
    ) -> Option<Self> {
        let path = &[path, &[target.name.as_str()]].concat()[..];
        let nested = |source: &Field, target: &NestedField, differences: &mut Vec<Difference>| {
            Some(Box::new(Conversion::new(path, source, target, differences)?))
        };
        let (kind, data_type) = match (source.data_type(), target.field_type.as_ref()) {
            (_, Type::Primitive(typ)) => match exact(source, typ).zip(arrow_type(typ)) {
                Some(exact) => exact,
                None => {
                    differences.push(Difference::of_types(path, source, target));
                    return None;
                }
            },
            (DataType::Struct(sources), Type::Struct(targets)) => {
                let fields = match_fields(path, sources, targets.fields(), differences);
                let of_files = fields.iter().map(|(_, field)| Arc::clone(&field.field)).collect();
                (Kind::Struct(fields), DataType::Struct(of_files))
            }
            (DataType::List(source), Type::List(target)) => {
                let element = nested(source, &target.element_field, differences)?;
                let data_type = DataType::List(Arc::clone(&element.field));
                (Kind::List(element), data_type)
            }
            (DataType::FixedSizeList(source, _), Type::List(target)) => {
                let element = nested(source, &target.element_field, differences)?;
                let data_type = DataType::List(Arc::clone(&element.field));
                (Kind::Vector(element), data_type)
            }
            (DataType::Map(entries, _), Type::Map(of)) => {
                let Some((key, value)) = key_and_value(entries) else {
                    differences.push(Difference::of_types(path, source, target));
                    return None;
                };
                let key = nested(key, &of.key_field, differences);
                let value = nested(value, &of.value_field, differences);
                let (key, value) = (key?, value?);
                let entries = vec![Arc::clone(&key.field), Arc::clone(&value.field)];
                let entries = DataType::Struct(Fields::from(entries));
                let entries = Field::new(DEFAULT_MAP_FIELD_NAME, entries, false);
                (Kind::Map(key, value), DataType::Map(Arc::new(entries), false))
            }
            _ => {
                differences.push(Difference::of_types(path, source, target));
                return None;
            }
        };
        let id = (PARQUET_FIELD_ID_META_KEY.to_owned(), target.id.to_string());
        let field = Field::new(&target.name, data_type, !target.required)
            .with_metadata(HashMap::from([id]));
        let field = match target.field_type.as_ref() {
            Type::Primitive(PrimitiveType::Uuid) => field.with_extension_type(Uuid),
            _ => field,
        };
        Some(Conversion { path: path.join("."), field: Arc::new(field), kind })
    }

    /// The field in the files.
    pub(crate) fn field(&self) -> &FieldRef {
        &self.field
    }

    /// The column as the table has it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`], with the name of the column, for a value that the table's type does not hold.
    pub(crate) fn column(&self, array: &ArrayRef) -> Result<ArrayRef> {
        if !self.field.is_nullable() && array.null_count() > 0 {
            return Err(self.refused("a value is null, and the table requires one"));
        }
        self.convert(array)
    }

    fn convert(&self, array: &ArrayRef) -> Result<ArrayRef> {
        let other = || self.internal(format!("its values are {}", array.data_type()));
        let unfit = |source: arrow_schema::ArrowError| {
            self.refused("the table's type does not hold its values").with_source(source)
        };
        Ok(match &self.kind {
            Kind::Same => Arc::clone(array),
            Kind::Cast => {
                let options = CastOptions { safe: false, ..CastOptions::default() };
                cast_with_options(array, self.field.data_type(), &options).map_err(unfit)?
            }
            Kind::Micros => self.scaled::<TimestampMicrosecondType>(array, 1_000)?,
            Kind::Nanos => self.scaled::<TimestampNanosecondType>(array, 1_000_000)?,
            Kind::NanosOfDay => {
                let times = array.as_primitive_opt::<Time64NanosecondType>().ok_or_else(other)?;
                Arc::new(times.reinterpret_cast::<Int64Type>())
            }
            Kind::Struct(parts) => {
                let array = array.as_struct_opt().ok_or_else(other)?;
                let columns = parts.iter().map(|(index, part)| part.convert(array.column(*index)));
                let columns = columns.collect::<Result<Vec<_>>>()?;
                let DataType::Struct(fields) = self.field.data_type() else { return Err(other()) };
                let nulls = array.nulls().cloned();
                let fields = fields.clone();
                Arc::new(
                    StructArray::try_new_with_length(fields, columns, nulls, array.len())
                        .map_err(unfit)?,
                )
            }
            Kind::List(element) => {
                let array = array.as_list_opt::<i32>().ok_or_else(other)?;
                let values = element.convert(array.values())?;
                let (field, nulls) = (Arc::clone(&element.field), array.nulls().cloned());
                let offsets = array.offsets().clone();
                Arc::new(ListArray::try_new(field, offsets, values, nulls).map_err(unfit)?)
            }
            Kind::Vector(element) => {
                let array = array.as_fixed_size_list_opt().ok_or_else(other)?;
                let values = element.convert(array.values())?;
                if i32::try_from(values.len()).is_err() {
                    return Err(self.refused("a batch has more values than an Arrow list holds"));
                }
                let length = usize::try_from(array.value_length()).map_err(|_| other())?;
                let offsets = OffsetBuffer::from_repeated_length(length, array.len());
                let (field, nulls) = (Arc::clone(&element.field), array.nulls().cloned());
                Arc::new(ListArray::try_new(field, offsets, values, nulls).map_err(unfit)?)
            }
            Kind::Map(key, value) => {
                let array = array.as_map_opt().ok_or_else(other)?;
                let DataType::Map(entries, _) = self.field.data_type() else {
                    return Err(other());
                };
                let fields = vec![Arc::clone(&key.field), Arc::clone(&value.field)];
                let columns = vec![key.convert(array.keys())?, value.convert(array.values())?];
                let pairs = StructArray::try_new(Fields::from(fields), columns, None);
                let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
                let pairs = pairs.map_err(unfit)?;
                let map = MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, false);
                Arc::new(map.map_err(unfit)?)
            }
        })
    }

    fn scaled<T: ArrowPrimitiveType<Native = i64>>(
        &self,
        array: &ArrayRef,
        factor: i64,
    ) -> Result<ArrayRef> {
        let times = array
            .as_primitive_opt::<TimestampMillisecondType>()
            .ok_or_else(|| self.internal(format!("its values are {}", array.data_type())))?;
        let scaled: PrimitiveArray<T> = times.try_unary(|millis| {
            millis.checked_mul(factor).ok_or_else(|| {
                self.refused(&format!(
                    "the timestamp {millis} ms is beyond those of the table's type"
                ))
            })
        })?;
        Ok(Arc::new(scaled.with_data_type(self.field.data_type().clone())))
    }

    fn refused(&self, why: &str) -> Error {
        Error::new(ErrorKind::Value, format!("column {} can't be written: {why}", self.path))
    }

    fn internal(&self, why: String) -> Error {
        Error::new(ErrorKind::Internal, format!("column {} is not as announced: {why}", self.path))
    }
}

/// How values of a field become values of a simple type, where that is possible without a loss.
fn exact(source: &Field, target: &PrimitiveType) -> Option<Kind> {
    use PrimitiveType as To;
    Some(match (source.data_type(), target) {
        (DataType::Boolean, To::Boolean)
        | (DataType::Int32, To::Int)
        | (DataType::Int64, To::Long)
        | (DataType::Float32, To::Float)
        | (DataType::Float64, To::Double)
        | (DataType::Date32, To::Date)
        | (DataType::Utf8, To::String)
        | (DataType::Binary, To::Binary) => Kind::Same,
        (DataType::FixedSizeBinary(16), To::Uuid) if is_uuid(source) => Kind::Same,
        (DataType::Int8 | DataType::Int16, To::Int)
        | (DataType::Int8 | DataType::Int16 | DataType::Int32, To::Long)
        | (DataType::Float32, To::Double)
        | (DataType::Decimal256(_, _), To::String) => Kind::Cast,
        (DataType::Timestamp(TimeUnit::Millisecond, Some(_)), To::Timestamptz) => Kind::Micros,
        (DataType::Timestamp(TimeUnit::Millisecond, Some(_)), To::TimestamptzNs) => Kind::Nanos,
        (DataType::Time64(TimeUnit::Nanosecond), To::Long) => Kind::NanosOfDay,
        (DataType::Decimal128(own, scale), To::Decimal { precision, scale: wanted }) => {
            if u32::try_from(*scale).ok() != Some(*wanted) {
                return None;
            }
            match u32::from(*own).cmp(precision) {
                std::cmp::Ordering::Equal => Kind::Same,
                std::cmp::Ordering::Less => Kind::Cast,
                std::cmp::Ordering::Greater => return None,
            }
        }
        _ => return None,
    })
}

/// The Arrow type of the values in the files; none for types that no source has.
fn arrow_type(typ: &PrimitiveType) -> Option<DataType> {
    let utc = || Some(Arc::from("UTC"));
    Some(match typ {
        PrimitiveType::Boolean => DataType::Boolean,
        PrimitiveType::Int => DataType::Int32,
        PrimitiveType::Long => DataType::Int64,
        PrimitiveType::Float => DataType::Float32,
        PrimitiveType::Double => DataType::Float64,
        PrimitiveType::Decimal { precision, scale } => {
            DataType::Decimal128(u8::try_from(*precision).ok()?, i8::try_from(*scale).ok()?)
        }
        PrimitiveType::Date => DataType::Date32,
        PrimitiveType::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, utc()),
        PrimitiveType::TimestamptzNs => DataType::Timestamp(TimeUnit::Nanosecond, utc()),
        PrimitiveType::String => DataType::Utf8,
        PrimitiveType::Uuid => DataType::FixedSizeBinary(16),
        PrimitiveType::Binary => DataType::Binary,
        PrimitiveType::Time
        | PrimitiveType::Timestamp
        | PrimitiveType::TimestampNs
        | PrimitiveType::Fixed(_) => return None,
    })
}
