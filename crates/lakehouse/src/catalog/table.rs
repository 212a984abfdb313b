//! A table as it was when it was loaded.

use std::collections::HashMap;
use std::fmt;

use formats::Location;
use iceberg::Runtime;
use iceberg::spec::TableMetadata;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::storage::Stores;
use crate::table_name::TableName;

/// A table as it was when it was loaded: later commits do not show in it. Cheap to clone.
#[derive(Clone)]
pub struct Table {
    pub(crate) name: TableName,
    pub(crate) inner: iceberg::table::Table,
    /// What its files are reached by; tests on local disks take the default.
    pub(crate) stores: Stores,
}

impl Table {
    /// A table of its metadata, and the file that has it.
    pub(crate) fn of(
        name: &TableName,
        metadata: TableMetadata,
        file: Option<String>,
        stores: &Stores,
    ) -> Result<Self> {
        let unusable = |source| {
            Error::of(format_args!("the metadata of the table {name} can't be used"), source)
        };
        let builder = iceberg::table::Table::builder()
            .identifier(name.ident()?)
            .file_io(stores.file_io())
            .metadata(metadata)
            .runtime(Runtime::try_current().map_err(unusable)?);
        let builder = match file {
            Some(file) => builder.metadata_location(file),
            None => builder,
        };
        let inner = builder.build().map_err(unusable)?;
        Ok(Table { name: name.clone(), inner, stores: stores.clone() })
    }

    /// Its name in the catalog.
    pub fn name(&self) -> &TableName {
        &self.name
    }

    /// The path or URL that all its files are below, as its metadata has it.
    pub fn location(&self) -> &str {
        self.inner.metadata().location()
    }

    /// What tells it from another table of the same name.
    pub fn uuid(&self) -> Uuid {
        self.inner.metadata().uuid()
    }

    /// Its properties.
    pub fn properties(&self) -> &HashMap<String, String> {
        self.inner.metadata().properties()
    }

    /// The version of Iceberg's format that it has: 1, 2 or 3.
    pub fn format_version(&self) -> u8 {
        self.inner.metadata().format_version() as u8
    }

    /// A folder below the table's location, by the catalog's options for stores.
    ///
    /// A file in it has the path `{location}/{name}/{file}`, with [`Table::location`] as it is: the
    /// folder itself may be shown in another form.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) where the location or the name can't be
    /// one.
    pub fn folder(&self, name: &str) -> Result<Location> {
        let folder =
            self.stores.folder(&format!("{}/{name}", self.location().trim_end_matches('/')));
        folder.map_err(|source| {
            Error::of_file(format_args!("{} has no folder {name:?}", self.name), source)
        })
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is within has options of stores, which may be secrets.
        f.debug_struct("Table")
            .field("name", &self.name)
            .field("metadata_location", &self.inner.metadata_location())
            .finish_non_exhaustive()
    }
}
