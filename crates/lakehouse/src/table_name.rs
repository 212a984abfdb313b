//! The name of a table in a catalog.

use std::fmt;
use std::str::FromStr;

use iceberg::{NamespaceIdent, TableIdent};

use crate::error::{Error, Result};

/// A namespace, perhaps one within others, and a table: `sales.daily.orders`.
///
/// ```
/// let name: lakehouse::TableName = "sales.daily.orders".parse()?;
/// assert_eq!(name.namespace(), ["sales", "daily"]);
/// assert_eq!(name.table(), "orders");
/// assert!("orders".parse::<lakehouse::TableName>().is_err());
/// # Ok::<(), lakehouse::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName {
    namespace: Vec<String>,
    table: String,
}

impl TableName {
    /// The parts of the namespace, outermost first.
    pub fn namespace(&self) -> &[String] {
        &self.namespace
    }

    /// The name within the namespace.
    pub fn table(&self) -> &str {
        &self.table
    }

    pub(crate) fn ident(&self) -> Result<TableIdent> {
        let namespace = NamespaceIdent::from_vec(self.namespace.clone()).map_err(|source| {
            Error::request(format!("{self} has no namespace")).with_source(source)
        })?;
        Ok(TableIdent::new(namespace, self.table.clone()))
    }
}

impl FromStr for TableName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        let table = parts.pop().unwrap_or_default();
        let is_part = |part: &String| !part.is_empty() && !part.contains(['/', '\0', '\u{1f}']);
        if parts.is_empty() || !parts.iter().chain([&table]).all(is_part) {
            return Err(Error::request(format!(
                "{text:?} is not the name of an Iceberg table; give NAMESPACE.TABLE"
            )));
        }
        Ok(TableName { namespace: parts, table })
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.namespace {
            write!(f, "{part}.")?;
        }
        f.write_str(&self.table)
    }
}
