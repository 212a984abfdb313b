//! What does not go together between the columns of Cassandra and those of a table, for people.

use std::fmt;

use arrow_schema::Field;
use cql_arrow::CQL_TYPE;
use iceberg::spec::{NestedField, Type};

use crate::error::{Error, ErrorKind};

/// One column, or field of one, that does not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference(String);

impl Difference {
    /// Types of which one does not hold all of the other.
    pub(crate) fn of_types(path: &[&str], source: &Field, target: &NestedField) -> Self {
        let (path, has) = (path.join("."), type_text(&target.field_type));
        Difference(format!("column {path}: the table has {has}, Cassandra's is {}", cql(source)))
    }

    /// A field that the table does not have.
    pub(crate) fn not_in_table(path: &[&str], source: &Field) -> Self {
        let path = [path, &[source.name().as_str()]].concat().join(".");
        Difference(format!("column {path}: the table has none, Cassandra's is {}", cql(source)))
    }

    /// A field that only the table has, and without which it can't be.
    pub(crate) fn only_in_table(path: &[&str], target: &NestedField) -> Self {
        let path = [path, &[target.name.as_str()]].concat().join(".");
        let has = type_text(&target.field_type);
        Difference(format!("column {path}: the table requires its {has}, Cassandra has none"))
    }

    /// A new column with the name of a partition field.
    pub(crate) fn of_partition(name: &str) -> Self {
        Difference(format!(
            "column {name}: the table has none, and can't have one, since a field of its partitions \
             has the name"
        ))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All differences, one in a line.
pub(crate) fn mismatch(table: impl fmt::Display, differences: &[Difference]) -> Error {
    let mut message = format!("the columns do not fit {table}");
    for difference in differences {
        message.push_str("\n  ");
        message.push_str(&difference.0);
    }
    Error::new(ErrorKind::Mismatch, message)
}

fn cql(field: &Field) -> String {
    field.metadata().get(CQL_TYPE).cloned().unwrap_or_else(|| field.data_type().to_string())
}

/// A type as SQL has it.
pub(crate) fn type_text(typ: &Type) -> String {
    match typ {
        Type::Primitive(typ) => typ.to_string(),
        Type::List(list) => format!("list<{}>", type_text(&list.element_field.field_type)),
        Type::Map(map) => format!(
            "map<{}, {}>",
            type_text(&map.key_field.field_type),
            type_text(&map.value_field.field_type)
        ),
        Type::Struct(fields) => {
            let fields = fields.fields().iter();
            let fields =
                fields.map(|field| format!("{}: {}", field.name, type_text(&field.field_type)));
            format!("struct<{}>", fields.collect::<Vec<_>>().join(", "))
        }
    }
}
