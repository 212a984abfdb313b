//! The mapping of CQL types to Arrow types, and back.
//!
//! | CQL | Arrow | remarks |
//! |---|---|---|
//! | `ascii`, `text` | `Utf8` | |
//! | `tinyint`, `smallint`, `int`, `bigint` | `Int8`, `Int16`, `Int32`, `Int64` | |
//! | `counter` | `Int64` | |
//! | `varint` | `Utf8` | decimal digits, of any number |
//! | `decimal` | `Utf8` | digits with the scale kept: `1.50`, `1.5E+4`; or [`DecimalMapping::Fixed`] |
//! | `float`, `double` | `Float32`, `Float64` | bit for bit |
//! | `boolean` | `Boolean` | |
//! | `blob` | `Binary` | |
//! | `uuid`, `timeuuid` | `FixedSizeBinary(16)` | the canonical extension type `arrow.uuid` |
//! | `timestamp` | `Timestamp(ms, "UTC")` | |
//! | `date` | `Date32` | all of CQL's days fit |
//! | `time` | `Time64(ns)` | |
//! | `duration` | `Struct<months: Int32, days: Int32, nanoseconds: Int64>` | Parquet has no interval of three signed parts |
//! | `inet` | `Utf8` | |
//! | `list`, `set` | `List<element>` | |
//! | `map` | `Map<key, value>` | |
//! | `tuple` | `Struct<0, 1, …>` | |
//! | user-defined type | `Struct`, by field names | |
//! | `vector<T, n>` | `FixedSizeList<T, n>` | |
//!
//! Each field, also inside others, carries its CQL type as text in its metadata ([`CQL_TYPE`]).
//! **Why text for `varint` and `decimal`?** Both are unbounded, and a decimal has a scale of its own in
//! each row; no Arrow number keeps that, and a text is read by everyone.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::extension::Uuid;
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType, UserDefinedType};

use crate::cql_type::{Outer, cql_type, outer};
use crate::error::{Error, ErrorKind, Result};

/// The key of the metadata of an Arrow field under which its CQL type stands.
pub const CQL_TYPE: &str = "cql.type";

/// How a `decimal` becomes an Arrow value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DecimalMapping {
    /// As text, with digits and scale of each value kept.
    #[default]
    Text,
    /// As a fixed-point number. A value that does not fit exactly is an error, never rounded.
    Fixed {
        /// Digits in all: 1 to 76; more than 38 take `Decimal256`.
        precision: u8,
        /// Digits after the point, not more than `precision`.
        scale: u8,
    },
}

/// What the mapping leaves open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MappingOptions {
    /// How decimals are mapped.
    pub decimals: DecimalMapping,
}

/// The Arrow schema of columns, in their order.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`] for a type that this crate does not know, or a fixed decimal that Arrow
/// does not have.
///
/// ```
/// use cql_arrow::{MappingOptions, schema};
/// use scylla::frame::response::result::{ColumnType, NativeType};
/// let columns = [("id", ColumnType::Native(NativeType::Uuid))];
/// let columns = columns.iter().map(|(name, typ)| (*name, typ));
/// let schema = schema(columns, &MappingOptions::default())?;
/// assert_eq!(schema.field(0).metadata()["cql.type"], "uuid");
/// # Ok::<(), cql_arrow::Error>(())
/// ```
pub fn schema<'a>(
    columns: impl IntoIterator<Item = (&'a str, &'a ColumnType<'a>)>,
    options: &MappingOptions,
) -> Result<Schema> {
    let fields = columns.into_iter().map(|(name, typ)| field(name, typ, options));
    Ok(Schema::new(fields.collect::<Result<Vec<Field>>>()?))
}

/// The Arrow field of a column.
///
/// # Errors
///
/// As [`schema`].
pub fn field(name: &str, typ: &ColumnType<'_>, options: &MappingOptions) -> Result<Field> {
    let data_type = data_type(typ, options).map_err(|error| error.of_column(name))?;
    let metadata = HashMap::from([(CQL_TYPE.to_owned(), cql_type(typ))]);
    let field = Field::new(name, data_type, true).with_metadata(metadata);
    Ok(match typ {
        ColumnType::Native(NativeType::Uuid | NativeType::Timeuuid) => {
            field.with_extension_type(Uuid)
        }
        _ => field,
    })
}

fn data_type(typ: &ColumnType<'_>, options: &MappingOptions) -> Result<DataType> {
    let child = |name: &str, typ: &ColumnType<'_>| field(name, typ, options).map(Arc::new);
    Ok(match typ {
        ColumnType::Native(native) => native_data_type(native, options)?,
        ColumnType::Collection {
            typ: CollectionType::List(element) | CollectionType::Set(element),
            ..
        } => DataType::List(child("element", element)?),
        ColumnType::Collection { typ: CollectionType::Map(key, value), .. } => {
            let key = field("key", key, options)?.with_nullable(false);
            let entries = Fields::from(vec![Arc::new(key), child("value", value)?]);
            let entries = Field::new("entries", DataType::Struct(entries), false);
            DataType::Map(Arc::new(entries), false)
        }
        ColumnType::Vector { typ, dimensions } => {
            DataType::FixedSizeList(child("element", typ)?, i32::from(*dimensions))
        }
        ColumnType::UserDefinedType { definition, .. } => {
            let fields = definition.field_types.iter().map(|(name, typ)| child(name, typ));
            DataType::Struct(fields.collect::<Result<Fields>>()?)
        }
        ColumnType::Tuple(elements) => {
            let elements = elements.iter().enumerate();
            let fields = elements.map(|(index, typ)| child(&index.to_string(), typ));
            DataType::Struct(fields.collect::<Result<Fields>>()?)
        }
        other => return Err(unsupported(&cql_type(other))),
    })
}

fn native_data_type(native: &NativeType, options: &MappingOptions) -> Result<DataType> {
    Ok(match native {
        NativeType::Ascii | NativeType::Text | NativeType::Varint | NativeType::Inet => {
            DataType::Utf8
        }
        NativeType::TinyInt => DataType::Int8,
        NativeType::SmallInt => DataType::Int16,
        NativeType::Int => DataType::Int32,
        NativeType::BigInt | NativeType::Counter => DataType::Int64,
        NativeType::Decimal => return decimal(options.decimals),
        NativeType::Float => DataType::Float32,
        NativeType::Double => DataType::Float64,
        NativeType::Boolean => DataType::Boolean,
        NativeType::Blob => DataType::Binary,
        NativeType::Uuid | NativeType::Timeuuid => DataType::FixedSizeBinary(16),
        NativeType::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        NativeType::Date => DataType::Date32,
        NativeType::Time => DataType::Time64(TimeUnit::Nanosecond),
        NativeType::Duration => duration(),
        other => return Err(unsupported(&cql_type(&ColumnType::Native(other.clone())))),
    })
}

fn decimal(mapping: DecimalMapping) -> Result<DataType> {
    match mapping {
        DecimalMapping::Text => Ok(DataType::Utf8),
        DecimalMapping::Fixed { precision, scale } => {
            let fits = (1..=76).contains(&precision) && scale <= precision;
            let signed = i8::try_from(scale).ok().filter(|_| fits);
            match signed {
                Some(scale) if precision <= 38 => Ok(DataType::Decimal128(precision, scale)),
                Some(scale) => Ok(DataType::Decimal256(precision, scale)),
                None => Err(Error::new(
                    ErrorKind::Unsupported,
                    format!(
                        "there is no decimal({precision}, {scale}); the precision must be 1 to 76, \
                         and the scale not more than it"
                    ),
                )),
            }
        }
    }
}

/// The Arrow type of a `duration`.
fn duration() -> DataType {
    let part = |name: &str, typ: DataType| Field::new(name, typ, false);
    DataType::Struct(Fields::from(vec![
        part("months", DataType::Int32),
        part("days", DataType::Int32),
        part("nanoseconds", DataType::Int64),
    ]))
}

fn unsupported(typ: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("the CQL type {typ} has no Arrow type here"))
}

/// The CQL type of an Arrow field, from its metadata and those of the fields in it.
///
/// # Errors
///
/// [`ErrorKind::Schema`] where there is no such metadata, or the Arrow type does not go with it.
pub fn column_type(field: &Field) -> Result<ColumnType<'static>> {
    let odd = |why: String| {
        Error::new(ErrorKind::Schema, format!("field {:?} has no CQL type: {why}", field.name()))
    };
    let text = field
        .metadata()
        .get(CQL_TYPE)
        .ok_or_else(|| odd(format!("its metadata has no {CQL_TYPE}")))?;
    let mismatch = || odd(format!("{text} does not go with the Arrow type {}", field.data_type()));
    let boxed = |field: &Field| column_type(field).map(Box::new);
    let outer = outer(text).ok_or_else(|| odd(format!("{text} is not one")))?;
    Ok(match (outer, field.data_type()) {
        (Outer::Native(native), data_type) => {
            let options = MappingOptions { decimals: decimal_mapping(data_type) };
            let expected = native_data_type(&native, &options)?;
            if !expected.equals_datatype(data_type) {
                return Err(mismatch());
            }
            ColumnType::Native(native)
        }
        (Outer::List { frozen }, DataType::List(element)) => {
            ColumnType::Collection { frozen, typ: CollectionType::List(boxed(element)?) }
        }
        (Outer::Set { frozen }, DataType::List(element)) => {
            ColumnType::Collection { frozen, typ: CollectionType::Set(boxed(element)?) }
        }
        (Outer::Map { frozen }, DataType::Map(entries, _)) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                let typ = CollectionType::Map(boxed(&fields[0])?, boxed(&fields[1])?);
                ColumnType::Collection { frozen, typ }
            }
            _ => return Err(mismatch()),
        },
        (Outer::Vector, DataType::FixedSizeList(element, dimensions)) => ColumnType::Vector {
            typ: boxed(element)?,
            dimensions: u16::try_from(*dimensions).map_err(|_| mismatch())?,
        },
        (Outer::Tuple, DataType::Struct(fields)) => {
            let elements = fields.iter().map(|field| column_type(field));
            ColumnType::Tuple(elements.collect::<Result<_>>()?)
        }
        (Outer::UserDefined { frozen, keyspace, name }, DataType::Struct(fields)) => {
            let field_types = fields
                .iter()
                .map(|field| Ok((field.name().clone().into(), column_type(field)?)))
                .collect::<Result<_>>()?;
            let definition =
                UserDefinedType { name: name.into(), keyspace: keyspace.into(), field_types };
            ColumnType::UserDefinedType { frozen, definition: Arc::new(definition) }
        }
        _ => return Err(mismatch()),
    })
}

fn decimal_mapping(data_type: &DataType) -> DecimalMapping {
    match data_type {
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            match u8::try_from(*scale) {
                Ok(scale) => DecimalMapping::Fixed { precision: *precision, scale },
                Err(_) => DecimalMapping::Text,
            }
        }
        _ => DecimalMapping::Text,
    }
}
