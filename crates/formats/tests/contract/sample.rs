//! A table with every kind of column, and rows with every kind of value.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use cql_arrow::{JsonRowsBuilder, MappingOptions};
use formats::{Compression, FileOptions, Location, Result, read};
use futures::TryStreamExt;
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType, UserDefinedType};

type Type = ColumnType<'static>;

/// All there are.
pub(crate) const COMPRESSIONS: [Compression; 7] = [
    Compression::None,
    Compression::Gzip,
    Compression::Zstd,
    Compression::Lz4,
    Compression::Snappy,
    Compression::Bzip2,
    Compression::Xz,
];

fn list(element: Type) -> Type {
    ColumnType::Collection { frozen: false, typ: CollectionType::List(Box::new(element)) }
}

fn native(typ: NativeType) -> Type {
    ColumnType::Native(typ)
}

pub(crate) fn text_schema(columns: &[&str]) -> SchemaRef {
    let text = native(NativeType::Text);
    let columns = columns.iter().map(|name| (*name, &text));
    Arc::new(cql_arrow::schema(columns, &MappingOptions::default()).unwrap())
}

/// All types, also within others.
pub(crate) fn schema() -> SchemaRef {
    let text = || native(NativeType::Text);
    let int = || native(NativeType::Int);
    let typ = CollectionType::Map(Box::new(text()), Box::new(list(int())));
    let map = ColumnType::Collection { frozen: true, typ };
    let typ = CollectionType::Set(Box::new(native(NativeType::Uuid)));
    let set = ColumnType::Collection { frozen: false, typ };
    let definition = UserDefinedType {
        name: "address".into(),
        keyspace: "ks".into(),
        field_types: vec![("street".into(), text()), ("numbers".into(), list(int()))],
    };
    let udt = ColumnType::UserDefinedType { frozen: true, definition: Arc::new(definition) };
    let vector = ColumnType::Vector { typ: Box::new(native(NativeType::Float)), dimensions: 2 };
    let columns = [
        ("id", native(NativeType::Uuid)),
        ("the \"text\", quoted", text()),
        ("small", native(NativeType::SmallInt)),
        ("big", native(NativeType::BigInt)),
        ("float", native(NativeType::Float)),
        ("double", native(NativeType::Double)),
        ("flag", native(NativeType::Boolean)),
        ("blob", native(NativeType::Blob)),
        ("moment", native(NativeType::Timestamp)),
        ("day", native(NativeType::Date)),
        ("time", native(NativeType::Time)),
        ("span", native(NativeType::Duration)),
        ("address", native(NativeType::Inet)),
        ("huge", native(NativeType::Varint)),
        ("exact", native(NativeType::Decimal)),
        ("list", list(text())),
        ("set", set),
        ("map", map),
        ("pair", ColumnType::Tuple(vec![int(), text()])),
        ("udt", udt),
        ("vector", vector),
    ];
    let columns = columns.iter().map(|(name, typ)| (*name, typ));
    Arc::new(cql_arrow::schema(columns, &MappingOptions::default()).unwrap())
}

const ROWS: [&str; 4] = [
    r#"{"id": "123e4567-e89b-12d3-a456-426614174000", "the \"text\", quoted": "a \"b\",\n\\ ä😀",
        "small": -1, "big": 9223372036854775807, "float": "NaN", "double": "-Infinity", "flag": true,
        "blob": "0x00ff", "moment": "2024-02-29T12:34:56.789Z", "day": "2024-02-29",
        "time": "12:34:56.000000001", "span": "1mo2d3ns", "address": "::1",
        "huge": "170141183460469231731687303715884105728", "exact": "1.50", "list": ["a", "", "ä"],
        "set": ["123e4567-e89b-12d3-a456-426614174000"], "map": {"": [], "k": [1, 2]},
        "pair": [null, ""], "udt": {"street": "s", "numbers": null}, "vector": [1.5, -0.0]}"#,
    r#"{"id": null, "the \"text\", quoted": "", "blob": "0x", "list": [], "set": [], "map": {}}"#,
    "{}",
    r#"{"the \"text\", quoted": "\ufeff\r\n\r", "double": -0.0, "float": 1e-45, "big": 0, "exact": "1E+400",
        "pair": [1, "NULL"], "udt": {"street": "", "numbers": [1]}}"#,
];

/// `count` rows, the four above in turn, with other numbers in each.
pub(crate) fn batch(count: usize) -> RecordBatch {
    let mut rows = JsonRowsBuilder::new(schema()).unwrap();
    for row in 0..count {
        let row_text = ROWS[row % ROWS.len()];
        match row_text.strip_suffix('}') {
            Some("{") => rows.append(&format!("{{\"big\": {row}}}")).unwrap(),
            _ => rows.append(row_text).unwrap(),
        }
    }
    rows.finish().unwrap()
}

/// All rows of a file in one batch, of the schema the file gave them, where it gave any.
pub(crate) async fn whole(
    location: &Location,
    name: &str,
    schema: &SchemaRef,
    options: &FileOptions,
) -> Result<RecordBatch> {
    let batches = read(location, name, Some(Arc::clone(schema)), options).await?;
    let batches: Vec<RecordBatch> = batches.try_collect().await?;
    for batch in &batches {
        assert_eq!(batch.schema_ref(), schema, "{name}");
    }
    Ok(arrow_select::concat::concat_batches(schema, &batches).unwrap())
}
