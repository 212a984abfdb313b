//! Kinds of catalogs.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What kind of catalog it is.
///
/// ```
/// use lakehouse::CatalogKind;
/// assert_eq!("rest".parse::<CatalogKind>()?, CatalogKind::Rest);
/// assert_eq!(CatalogKind::default().to_string(), "sql");
/// # Ok::<(), lakehouse::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CatalogKind {
    /// Tables of a SQL database, as pyiceberg and Iceberg's JDBC catalog lay them out: a SQLite
    /// file.
    #[default]
    Sql,
    /// A server that speaks Iceberg's REST protocol.
    Rest,
    /// A SQL catalog that is gone when the program ends; the files of its tables stay.
    Memory,
}

impl FromStr for CatalogKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "sql" => Ok(CatalogKind::Sql),
            "rest" => Ok(CatalogKind::Rest),
            "memory" => Ok(CatalogKind::Memory),
            _ => Err(Error::request(format!(
                "{text:?} is no kind of catalog; give sql, rest or memory"
            ))),
        }
    }
}

impl fmt::Display for CatalogKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CatalogKind::Sql => "sql",
            CatalogKind::Rest => "rest",
            CatalogKind::Memory => "memory",
        })
    }
}
