//! The columns of a Cassandra table as an Iceberg schema.
//!
//! | CQL | Arrow of the batches | Iceberg | remarks |
//! |---|---|---|---|
//! | `ascii`, `text` | `Utf8` | `string` | |
//! | `tinyint`, `smallint`, `int` | `Int8`, `Int16`, `Int32` | `int` | Iceberg has no smaller one |
//! | `bigint`, `counter` | `Int64` | `long` | |
//! | `varint` | `Utf8` | `string` | decimal digits: it is unbounded, `decimal` ends at 38 digits |
//! | `decimal` | `Utf8` | `string` | digits with the scale kept: each value has a scale of its own |
//! | `decimal`, fixed, to 38 digits | `Decimal128(p, s)` | `decimal(p, s)` | |
//! | `decimal`, fixed, of more | `Decimal256(p, s)` | `string` | all digits, by the scale |
//! | `float`, `double` | `Float32`, `Float64` | `float`, `double` | bit for bit |
//! | `boolean` | `Boolean` | `boolean` | |
//! | `blob` | `Binary` | `binary` | |
//! | `uuid`, `timeuuid` | `FixedSizeBinary(16)` | `uuid` | Parquet's logical type `UUID` |
//! | `timestamp` | `Timestamp(ms, UTC)` | `timestamptz` | µs; out of their range (the years beyond ±290,000) is an error |
//! | `date` | `Date32` | `date` | all of CQL's days |
//! | `time` | `Time64(ns)` | `long` | nanoseconds since midnight: Iceberg's `time` has µs only |
//! | `duration` | `Struct` | `struct<months: int, days: int, nanoseconds: long>` | Iceberg has none; the parts can't be added up |
//! | `inet` | `Utf8` | `string` | |
//! | `list`, `set` | `List` | `list` | |
//! | `vector<T, n>` | `FixedSizeList` | `list` | the length is in the field's doc |
//! | `map` | `Map` | `map` | |
//! | `tuple` | `Struct<0, 1, …>` | `struct<0, 1, …>` | |
//! | user-defined type | `Struct` | `struct`, by field names | |
//!
//! So every value comes back as it was: what is not Iceberg's own type is in a type that holds it all,
//! and is never rounded to the nearest one. The CQL type is in the `doc` of each field (`cql: time,
//! nanoseconds since midnight`).
//!
//! Columns of the primary key are required, all else is optional, as in Cassandra. The primary key is the
//! table's identifier too, unless Iceberg forbids that: one of it is a `float`, a `double` or nested, or
//! is not among the columns. Where there are static columns a partition may have nothing else: then
//! clustering columns are optional, and nothing identifies a row. Write times and TTLs are columns
//! like others, of their own names (`writetime(x)`).
//!
//! **Names** are kept as they are. Iceberg tells upper and lower case apart, but many engines do not:
//! two columns that differ by case only are written, and are for Spark ambiguous.
//!
//! **Ids** are given as Iceberg's libraries give them: the fields of one level, then what is in each.

use arrow_schema::extension::{EXTENSION_TYPE_NAME_KEY, ExtensionType as _, Uuid};
use arrow_schema::{DataType, Field, FieldRef, Schema as ArrowSchema, TimeUnit};
use cql_arrow::CQL_TYPE;
use iceberg::spec::{
    ListType, MapType, NestedField, NestedFieldRef, PrimitiveType, Schema, StructType, Type,
};

use crate::error::{Error, ErrorKind, Result};

/// The Iceberg schema of `columns`, with ids from 1. Those of `key` are required, and the table's identifier
/// if the key is one and is there as a whole.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`] for an Arrow type that is not of `cql-arrow`'s mapping;
/// [`ErrorKind::Request`] for names that Iceberg can't have together.
pub(crate) fn schema_of(columns: &ArrowSchema, key: &[String], identifies: bool) -> Result<Schema> {
    let fields = FieldIds::after(0).fields(columns.fields(), key)?;
    let mut identifier = Vec::new();
    for name in key {
        match fields.iter().find(|field| field.name == *name) {
            Some(field) if identifies && can_identify(&field.field_type) => {
                identifier.push(field.id)
            }
            _ => {
                identifier.clear();
                break;
            }
        }
    }
    let schema = Schema::builder().with_fields(fields).with_identifier_field_ids(identifier);
    schema.build().map_err(|source| {
        let why = source.message();
        Error::request(format!("the columns can't be those of an Iceberg table: {why}"))
            .with_source(source)
    })
}

fn can_identify(typ: &Type) -> bool {
    match typ {
        Type::Primitive(typ) => !matches!(typ, PrimitiveType::Float | PrimitiveType::Double),
        _ => false,
    }
}

/// Gives ids to new fields.
pub(crate) struct FieldIds {
    last: i32,
}

impl FieldIds {
    /// Begins after the last id of a table.
    pub(crate) fn after(last: i32) -> Self {
        FieldIds { last }
    }

    fn next(&mut self) -> Result<i32> {
        let next = self.last.checked_add(1);
        self.last =
            next.ok_or_else(|| Error::new(ErrorKind::Unsupported, "no id is left for a field"))?;
        Ok(self.last)
    }

    /// New fields of one level, those of `required` being so, with all that is in them.
    pub(crate) fn fields<'a>(
        &mut self,
        fields: impl IntoIterator<Item = &'a FieldRef>,
        required: &[String],
    ) -> Result<Vec<NestedFieldRef>> {
        let fields = fields.into_iter().map(|field| Ok((self.next()?, field)));
        let fields = fields.collect::<Result<Vec<_>>>()?;
        let fields = fields.into_iter().map(|(id, field)| {
            let typ = self.data_type(field)?;
            let new = NestedField::new(id, field.name(), typ, required.contains(field.name()));
            Ok(match doc(field) {
                Some(doc) => new.with_doc(doc).into(),
                None => new.into(),
            })
        });
        fields.collect()
    }

    fn data_type(&mut self, field: &Field) -> Result<Type> {
        Ok(match field.data_type() {
            DataType::List(element) | DataType::FixedSizeList(element, _) => {
                let id = self.next()?;
                let element = NestedField::list_element(id, self.data_type(element)?, false);
                Type::List(ListType::new(element.into()))
            }
            DataType::Map(entries, _) => {
                let (key, value) = key_and_value(entries).ok_or_else(|| unsupported(field))?;
                let id = self.next()?;
                let key = NestedField::map_key_element(id, self.data_type(key)?);
                let id = self.next()?;
                let value = NestedField::map_value_element(id, self.data_type(value)?, false);
                Type::Map(MapType::new(key.into(), value.into()))
            }
            DataType::Struct(fields) => Type::Struct(StructType::new(self.fields(fields, &[])?)),
            _ => Type::Primitive(primitive(field).ok_or_else(|| unsupported(field))?),
        })
    }
}

/// The fields of a map's entries.
pub(crate) fn key_and_value(entries: &Field) -> Option<(&FieldRef, &FieldRef)> {
    match entries.data_type() {
        DataType::Struct(fields) => match fields.as_ref() {
            [key, value] => Some((key, value)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a field is of UUIDs, and not of other sixteen bytes.
pub(crate) fn is_uuid(field: &Field) -> bool {
    *field.data_type() == DataType::FixedSizeBinary(16)
        && field.metadata().get(EXTENSION_TYPE_NAME_KEY).is_some_and(|name| name == Uuid::NAME)
}

fn primitive(field: &Field) -> Option<PrimitiveType> {
    Some(match field.data_type() {
        DataType::Utf8 | DataType::Decimal256(_, _) => PrimitiveType::String,
        DataType::Int8 | DataType::Int16 | DataType::Int32 => PrimitiveType::Int,
        DataType::Int64 | DataType::Time64(TimeUnit::Nanosecond) => PrimitiveType::Long,
        DataType::Float32 => PrimitiveType::Float,
        DataType::Float64 => PrimitiveType::Double,
        DataType::Boolean => PrimitiveType::Boolean,
        DataType::Binary => PrimitiveType::Binary,
        DataType::FixedSizeBinary(16) if is_uuid(field) => PrimitiveType::Uuid,
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => PrimitiveType::Timestamptz,
        DataType::Date32 => PrimitiveType::Date,
        DataType::Decimal128(precision, scale) => {
            let (precision, scale) = (u32::from(*precision), u32::try_from(*scale).ok()?);
            PrimitiveType::Decimal { precision, scale }
        }
        _ => return None,
    })
}

fn doc(field: &Field) -> Option<String> {
    let cql = field.metadata().get(CQL_TYPE)?;
    let unit = match field.data_type() {
        DataType::Time64(TimeUnit::Nanosecond) => ", nanoseconds since midnight",
        _ => "",
    };
    Some(format!("cql: {cql}{unit}"))
}

fn unsupported(field: &Field) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "the Arrow type {} of {:?} has no Iceberg type here",
            field.data_type(),
            field.name()
        ),
    )
}

#[cfg(test)]
mod tests {
    use cql_arrow::{DecimalMapping, MappingOptions};
    use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};

    use super::*;
    use crate::difference::type_text;

    fn native(typ: NativeType) -> ColumnType<'static> {
        ColumnType::Native(typ)
    }

    fn schema(columns: &[(&str, ColumnType<'_>)], key: &[&str]) -> Schema {
        let columns = columns.iter().map(|(name, typ)| (*name, typ));
        let columns = cql_arrow::schema(columns, &MappingOptions::default()).unwrap();
        let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        schema_of(&columns, &key, true).unwrap()
    }

    #[test]
    fn every_cql_type_has_an_iceberg_type() {
        let boxed = |typ| Box::new(native(typ));
        let frozen = |typ| ColumnType::Collection { frozen: true, typ };
        let map = CollectionType::Map(boxed(NativeType::Timeuuid), boxed(NativeType::TinyInt));
        let vector = ColumnType::Vector { typ: boxed(NativeType::Float), dimensions: 3 };
        let tuple = ColumnType::Tuple(vec![native(NativeType::Inet), native(NativeType::Time)]);
        for (typ, iceberg) in [
            (native(NativeType::Ascii), "string"),
            (native(NativeType::Text), "string"),
            (native(NativeType::TinyInt), "int"),
            (native(NativeType::SmallInt), "int"),
            (native(NativeType::Int), "int"),
            (native(NativeType::BigInt), "long"),
            (native(NativeType::Counter), "long"),
            (native(NativeType::Varint), "string"),
            (native(NativeType::Decimal), "string"),
            (native(NativeType::Float), "float"),
            (native(NativeType::Double), "double"),
            (native(NativeType::Boolean), "boolean"),
            (native(NativeType::Blob), "binary"),
            (native(NativeType::Uuid), "uuid"),
            (native(NativeType::Timeuuid), "uuid"),
            (native(NativeType::Timestamp), "timestamptz"),
            (native(NativeType::Date), "date"),
            (native(NativeType::Time), "long"),
            (native(NativeType::Duration), "struct<months: int, days: int, nanoseconds: long>"),
            (native(NativeType::Inet), "string"),
            (frozen(CollectionType::Set(boxed(NativeType::Date))), "list<date>"),
            (frozen(map), "map<uuid, int>"),
            (vector, "list<float>"),
            (tuple, "struct<0: string, 1: long>"),
        ] {
            let schema = schema(&[("c", typ.clone())], &[]);
            assert_eq!(type_text(&schema.as_struct()[0].field_type), iceberg, "{typ:?}");
        }
        for (precision, iceberg) in [(38, "decimal(38, 3)"), (39, "string")] {
            let decimals = DecimalMapping::Fixed { precision, scale: 3 };
            let columns = [("c", &native(NativeType::Decimal))];
            let columns = cql_arrow::schema(columns, &MappingOptions { decimals }).unwrap();
            let schema = schema_of(&columns, &[], true).unwrap();
            assert_eq!(type_text(&schema.as_struct()[0].field_type), iceberg);
        }
    }

    #[test]
    fn docs_tell_the_cql_type_and_survive_a_catalog() {
        let typ = CollectionType::List(Box::new(native(NativeType::Time)));
        let list = ColumnType::Collection { frozen: false, typ };
        let columns = [
            ("t", native(NativeType::Time)),
            ("l", list),
            ("writetime(l)", native(NativeType::BigInt)),
        ];
        let schema = schema(&columns, &[]);
        let docs: Vec<_> =
            schema.as_struct().fields().iter().map(|field| field.doc.clone().unwrap()).collect();
        let expected = ["cql: time, nanoseconds since midnight", "cql: list<time>", "cql: bigint"];
        assert_eq!(docs, expected);
        let text = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
    }

    #[test]
    fn the_primary_key_is_required_and_identifies_rows_where_iceberg_lets_it() {
        let frozen = CollectionType::List(Box::new(native(NativeType::Int)));
        let columns = [
            ("id", native(NativeType::Uuid)),
            ("at", native(NativeType::Timestamp)),
            ("x", native(NativeType::Double)),
            ("l", ColumnType::Collection { frozen: true, typ: frozen }),
        ];
        for (key, required, identifier) in [
            (&["id", "at"][..], 2, &[1, 2][..]),
            (&["id", "x"], 2, &[]),
            (&["l", "id"], 2, &[]),
            (&["id", "left out"], 1, &[]),
            (&[], 0, &[]),
        ] {
            let schema = schema(&columns, key);
            let fields = schema.as_struct().fields();
            assert_eq!(fields.iter().filter(|field| field.required).count(), required, "{key:?}");
            let mut ids: Vec<i32> = schema.identifier_field_ids().collect();
            ids.sort_unstable();
            assert_eq!(ids, identifier, "{key:?}");
        }
    }

    #[test]
    fn names_are_kept_and_those_that_iceberg_cannot_tell_apart_refused() {
        let text = || native(NativeType::Text);
        let schema = schema(&[("Ä b", text()), ("ä b", text()), ("a.b", text())], &[]);
        let names: Vec<_> =
            schema.as_struct().fields().iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["Ä b", "ä b", "a.b"]);
        // A field 0 of a tuple t, and a column of that name.
        let tuple = ColumnType::Tuple(vec![text()]);
        let columns = [("t", &tuple), ("t.0", &text())];
        let columns = cql_arrow::schema(columns, &MappingOptions::default()).unwrap();
        let error = schema_of(&columns, &[], true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
    }

    #[test]
    fn an_arrow_type_of_elsewhere_is_refused_with_its_column() {
        let field = Field::new("n", DataType::UInt64, true);
        let error = schema_of(&ArrowSchema::new(vec![field]), &[], true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("\"n\""), "{error}");
    }
}
