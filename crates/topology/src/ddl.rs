//! The statements that make a table again, as the cluster itself writes them.

use scylla::client::session::Session;
use scylla::frame::response::result::{CollectionType, ColumnType};

use crate::error::{Error, Result};
use crate::name::TableName;
use crate::question::ask_any_node;
use crate::schema::TableSchema;

impl TableSchema {
    /// Reads the CQL that makes the table again: the types it uses, those that others need first, and
    /// the table with its indexes. Needs Cassandra 4.0, or a ScyllaDB that has `DESCRIBE`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Query`](crate::ErrorKind::Query) where the cluster does not know `DESCRIBE`.
    pub async fn read_ddl(&self, session: &Session) -> Result<Vec<String>> {
        let mut types = Vec::new();
        for column in self.columns() {
            user_defined(&column.typ, &mut types);
        }
        let mut statements = Vec::new();
        for name in &types {
            statements.extend(describe(session, format!("DESCRIBE TYPE {}", name.cql())).await?);
        }
        statements
            .extend(describe(session, format!("DESCRIBE TABLE {}", self.name().cql())).await?);
        Ok(statements)
    }
}

async fn describe(session: &Session, cql: String) -> Result<Vec<String>> {
    let doing = format!("the cluster did not answer {cql}");
    let rows = ask_any_node(session, &cql)
        .await
        .map_err(|error| Error::query(&doing, error))?
        .into_rows_result()
        .map_err(|error| Error::answer(&doing, error))?;
    // keyspace, kind of object, its name, statement
    let rows =
        rows.rows::<(&str, &str, &str, String)>().map_err(|error| Error::answer(&doing, error))?;
    rows.map(|row| match row {
        Ok((_, _, _, statement)) => Ok(statement),
        Err(error) => Err(Error::answer(&doing, error)),
    })
    .collect()
}

/// The user-defined types in a type, those inside others first, each once.
fn user_defined(typ: &ColumnType<'_>, found: &mut Vec<TableName>) {
    match typ {
        ColumnType::Collection { typ, .. } => match typ {
            CollectionType::List(element) | CollectionType::Set(element) => {
                user_defined(element, found);
            }
            CollectionType::Map(key, value) => {
                user_defined(key, found);
                user_defined(value, found);
            }
            _ => {}
        },
        ColumnType::Vector { typ, .. } => user_defined(typ, found),
        ColumnType::Tuple(elements) => {
            elements.iter().for_each(|element| user_defined(element, found));
        }
        ColumnType::UserDefinedType { definition, .. } => {
            for (_, field) in &definition.field_types {
                user_defined(field, found);
            }
            let name = TableName::new(definition.keyspace.as_ref(), definition.name.as_ref());
            if !found.contains(&name) {
                found.push(name);
            }
        }
        _ => {}
    }
}
