//! CQL types as text: what is kept in the metadata of an Arrow field, so that a file read back gives
//! exactly the CQL type again.
//!
//! The text is CQL's own, as `DESCRIBE` prints it, with the names of user-defined types quoted and
//! qualified. Only its outermost part is ever read again: the parts inside have fields, and so texts,
//! of their own, which also know what the text of a user-defined type does not say, its fields.

use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};
use topology::TableName;

/// All native types with their names in CQL.
pub(crate) const NATIVE: [(NativeType, &str); 20] = [
    (NativeType::Ascii, "ascii"),
    (NativeType::BigInt, "bigint"),
    (NativeType::Blob, "blob"),
    (NativeType::Boolean, "boolean"),
    (NativeType::Counter, "counter"),
    (NativeType::Date, "date"),
    (NativeType::Decimal, "decimal"),
    (NativeType::Double, "double"),
    (NativeType::Duration, "duration"),
    (NativeType::Float, "float"),
    (NativeType::Inet, "inet"),
    (NativeType::Int, "int"),
    (NativeType::SmallInt, "smallint"),
    (NativeType::Text, "text"),
    (NativeType::Time, "time"),
    (NativeType::Timestamp, "timestamp"),
    (NativeType::Timeuuid, "timeuuid"),
    (NativeType::TinyInt, "tinyint"),
    (NativeType::Uuid, "uuid"),
    (NativeType::Varint, "varint"),
];

/// A type as CQL writes it.
///
/// ```
/// use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};
/// let ints = CollectionType::List(Box::new(ColumnType::Native(NativeType::Int)));
/// let typ = ColumnType::Collection { frozen: true, typ: ints };
/// assert_eq!(cql_arrow::cql_type(&typ), "frozen<list<int>>");
/// ```
pub fn cql_type(typ: &ColumnType<'_>) -> String {
    let frozen = |frozen: bool, text: String| {
        if frozen { format!("frozen<{text}>") } else { text }
    };
    match typ {
        ColumnType::Native(native) => native_name(native).unwrap_or("unknown").to_owned(),
        ColumnType::Collection { frozen: is_frozen, typ } => frozen(
            *is_frozen,
            match typ {
                CollectionType::List(element) => format!("list<{}>", cql_type(element)),
                CollectionType::Set(element) => format!("set<{}>", cql_type(element)),
                CollectionType::Map(key, value) => {
                    format!("map<{}, {}>", cql_type(key), cql_type(value))
                }
                _ => "unknown".to_owned(),
            },
        ),
        ColumnType::Vector { typ, dimensions } => {
            format!("vector<{}, {dimensions}>", cql_type(typ))
        }
        ColumnType::UserDefinedType { frozen: is_frozen, definition } => {
            let name = TableName::new(definition.keyspace.as_ref(), definition.name.as_ref());
            frozen(*is_frozen, name.cql())
        }
        ColumnType::Tuple(elements) => {
            let elements: Vec<String> = elements.iter().map(cql_type).collect();
            format!("frozen<tuple<{}>>", elements.join(", "))
        }
        _ => "unknown".to_owned(),
    }
}

fn native_name(native: &NativeType) -> Option<&'static str> {
    NATIVE.iter().find(|(known, _)| known == native).map(|(_, name)| *name)
}

/// Whether the values of two types are alike. What is frozen, or called `ascii`, is not told everywhere,
/// and means nothing for values; a user-defined type is its fields, in whatever keyspace it stands, so
/// that rows of one table fit its copy in another.
pub(crate) fn same_type(one: &ColumnType<'_>, other: &ColumnType<'_>) -> bool {
    match (one, other) {
        (ColumnType::Native(one), ColumnType::Native(other)) => {
            let is_text = |native| matches!(native, &NativeType::Ascii | &NativeType::Text);
            one == other || is_text(one) && is_text(other)
        }
        (ColumnType::Collection { typ: one, .. }, ColumnType::Collection { typ: other, .. }) => {
            match (one, other) {
                (CollectionType::List(one), CollectionType::List(other))
                | (CollectionType::Set(one), CollectionType::Set(other)) => same_type(one, other),
                (CollectionType::Map(key, value), CollectionType::Map(other_key, other_value)) => {
                    same_type(key, other_key) && same_type(value, other_value)
                }
                _ => false,
            }
        }
        (
            ColumnType::Vector { typ: one, dimensions },
            ColumnType::Vector { typ: other, dimensions: other_dimensions },
        ) => dimensions == other_dimensions && same_type(one, other),
        (
            ColumnType::UserDefinedType { definition: one, .. },
            ColumnType::UserDefinedType { definition: other, .. },
        ) => {
            let (fields, other_fields) = (&one.field_types, &other.field_types);
            let mut pairs = fields.iter().zip(other_fields);
            fields.len() == other_fields.len()
                && pairs.all(|(one, other)| one.0 == other.0 && same_type(&one.1, &other.1))
        }
        (ColumnType::Tuple(ones), ColumnType::Tuple(others)) => {
            let mut pairs = ones.iter().zip(others);
            ones.len() == others.len() && pairs.all(|(one, other)| same_type(one, other))
        }
        _ => false,
    }
}

/// The outermost part of a type's text.
#[derive(Debug, PartialEq)]
pub(crate) enum Outer {
    Native(NativeType),
    List { frozen: bool },
    Set { frozen: bool },
    Map { frozen: bool },
    Vector,
    Tuple,
    UserDefined { frozen: bool, keyspace: String, name: String },
}

/// Reads the outermost part of a type's text; `None` where it is no CQL type.
pub(crate) fn outer(text: &str) -> Option<Outer> {
    if let Some((native, _)) = NATIVE.iter().find(|(_, name)| *name == text) {
        return Some(Outer::Native(native.clone()));
    }
    let inside = text.strip_prefix("frozen<").and_then(|rest| rest.strip_suffix('>'));
    let (frozen, text) = (inside.is_some(), inside.unwrap_or(text));
    match text.split_once('<') {
        Some(("list", _)) => Some(Outer::List { frozen }),
        Some(("set", _)) => Some(Outer::Set { frozen }),
        Some(("map", _)) => Some(Outer::Map { frozen }),
        Some(("vector", _)) => Some(Outer::Vector),
        Some(("tuple", _)) => Some(Outer::Tuple),
        _ => {
            let name: TableName = text.parse().ok()?;
            let (keyspace, name) = (name.keyspace().to_owned(), name.table().to_owned());
            Some(Outer::UserDefined { frozen, keyspace, name })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_user_defined_types_may_look_like_anything() {
        let name = TableName::new("k<s", "list<\"int\">");
        let outer = outer(&format!("frozen<{}>", name.cql()));
        let (keyspace, name) = ("k<s".to_owned(), "list<\"int\">".to_owned());
        assert_eq!(outer, Some(Outer::UserDefined { frozen: true, keyspace, name }));
        assert_eq!(super::outer("varchar"), None);
        assert_eq!(super::outer("frozen<int"), None);
    }
}
