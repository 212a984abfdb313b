//! Where a SQL catalog and its tables are.

use std::path::{Path, PathBuf};

use formats::Location;

use crate::catalog::properties::Properties;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::{Stores, local_path};

/// Where a SQL catalog is if nothing else is said.
const FOLDER: &str = "iceberg";
const DATABASE: &str = "catalog.db";
const WAREHOUSE: &str = "warehouse";

/// Where a SQL catalog and its tables are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The SQLite file: an absolute path.
    pub(super) database: PathBuf,
    /// What tables are made below: `file:///…` or a store's URL, without `/` at its end.
    pub(super) warehouse: String,
}

impl Place {
    pub(super) fn of(properties: &Properties, stores: &Stores) -> Result<Self> {
        let (uri, warehouse) = (properties.get("uri"), properties.get("warehouse"));
        let database = match (uri, warehouse.and_then(local_path)) {
            (Some(uri), _) => database(uri)?,
            (None, Some(folder)) => Path::new(folder).join(DATABASE),
            (None, None) => Path::new(FOLDER).join(DATABASE),
        };
        let database = absolute(&database)?;
        let warehouse = match warehouse {
            Some(text) => self::warehouse(text, stores)?,
            None => {
                let beside = database.with_file_name(WAREHOUSE);
                self::warehouse(&beside.to_string_lossy(), stores)?
            }
        };
        Ok(Place { database, warehouse })
    }
}

/// A warehouse as tables' locations begin with it.
pub(super) fn warehouse(text: &str, stores: &Stores) -> Result<String> {
    let unusable = |source| Error::of_file("the warehouse can't be used", source);
    let Some(path) = local_path(text) else {
        // A query may have a secret in it, and would be in the path of every file.
        if text.contains(['?', '#']) {
            return Err(Error::request("the warehouse must have no query and no fragment"));
        }
        stores.folder(text).map_err(unusable)?;
        return Ok(text.trim_end_matches('/').to_owned());
    };
    let location = Location::parse(path).map_err(unusable)?;
    let path = location.to_string();
    let path = path.trim_end_matches('/');
    // Others take what follows these for parts of a URL.
    Ok(match path.contains(['#', '?']) {
        true => path.to_owned(),
        false => format!("file://{path}"),
    })
}

/// The path of a SQLite file by its URI, as SQLAlchemy has it, or by itself.
fn database(uri: &str) -> Result<PathBuf> {
    let wrong = |why: &str| {
        Err(Error::request(format!(
            "the catalog's uri {why}; give sqlite:////absolute/path.db, sqlite:///relative/path.db, or the \
             path itself"
        )))
    };
    if uri.is_empty() {
        return wrong("is empty");
    }
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    let Some(scheme) = scheme else { return Ok(PathBuf::from(uri)) };
    if scheme != "sqlite" && !scheme.starts_with("sqlite+") {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "a catalog of {scheme}: is not supported; SQLite is, as sqlite:////path/catalog.db, and so \
                 are REST catalogs"
            ),
        ));
    }
    match uri.split_once(":///").map(|(_, path)| path) {
        None => wrong("has not three slashes"),
        Some("" | ":memory:") => {
            wrong("names no file (for one in memory there is the catalog memory)")
        }
        Some(path) if path.contains('?') => wrong("has options, which are not known here"),
        Some(path) => Ok(PathBuf::from(path)),
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|source| {
        Error::request(format!("{} can't be the file of a catalog", path.display()))
            .with_source(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(entries: &[(&str, &str)]) -> Result<Place> {
        let properties = Properties::default().under(entries.iter().copied());
        Place::of(&properties, &Stores::new(properties.store_options()))
    }

    #[test]
    fn what_is_not_given_is_beside_what_is() {
        let here = std::env::current_dir().unwrap();
        let url = |path: &str| format!("file://{}", here.join(path).display());
        for (given, database, warehouse) in [
            (&[] as &[_], "iceberg/catalog.db", url("iceberg/warehouse")),
            (&[("warehouse", "lake")], "lake/catalog.db", url("lake")),
            (&[("warehouse", "/data/lake/")], "/data/lake/catalog.db", "file:///data/lake".into()),
            (&[("warehouse", "file:///d/x%20y")], "/d/x%20y/catalog.db", "file:///d/x%20y".into()),
            (&[("warehouse", "file:/d")], "/d/catalog.db", "file:///d".into()),
            (&[("warehouse", "s3://b/lake/")], "iceberg/catalog.db", "s3://b/lake".into()),
            (&[("uri", "sqlite:////d/c.db")], "/d/c.db", "file:///d/warehouse".into()),
            (&[("uri", "sqlite+pysqlite:///c.db")], "c.db", url("warehouse")),
            (&[("uri", "/d/c.db"), ("warehouse", "/w")], "/d/c.db", "file:///w".into()),
            (&[("uri", "/d/c.db"), ("warehouse", "/a#b")], "/d/c.db", "/a#b".into()),
        ] {
            let database = here.join(database);
            assert_eq!(place(given).unwrap(), Place { database, warehouse }, "{given:?}");
        }
    }

    #[test]
    fn other_databases_are_refused_without_their_passwords() {
        for uri in
            ["postgresql://me:hunter2@host/db", "postgresql+psycopg2://me:hunter2@h/d", "mysql://h"]
        {
            let error = place(&[("uri", uri)]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            let told = format!("{error}");
            assert!(told.contains("sqlite:////") && !told.contains("hunter2"), "{told}");
        }
        for uri in [
            "sqlite://",
            "sqlite:///",
            "sqlite:///:memory:",
            "sqlite:a.db",
            "sqlite:///a.db?x=1",
            "",
        ] {
            assert_eq!(place(&[("uri", uri)]).unwrap_err().kind(), ErrorKind::Request, "{uri}");
        }
    }

    #[test]
    fn a_warehouse_that_can_not_be_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for warehouse in [file.path().to_str().unwrap(), "hdfs://host/a", "s3://bucket/a?b=c"] {
            let error = place(&[("uri", "/d/c.db"), ("warehouse", warehouse)]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request, "{warehouse}");
        }
    }
}
