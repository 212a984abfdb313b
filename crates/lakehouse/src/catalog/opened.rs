//! A catalog that has been opened.

use std::fmt;
use std::sync::Arc;

use iceberg::{TableCreation, TableRequirement, TableUpdate};

use crate::catalog::backend::{Backend, Creation};
use crate::catalog::fault::CommitFault;
use crate::catalog::kind::CatalogKind;
use crate::catalog::missing;
use crate::catalog::options::CatalogOptions;
use crate::catalog::rest::RestCatalog;
use crate::catalog::sql::{Missing, SqlCatalog};
use crate::catalog::table::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::table_name::TableName;

/// A catalog that has been opened. Cheap to clone.
///
/// As text it is its kind, its name and its place, without secrets:
/// `the sql catalog default in /data/iceberg/catalog.db`.
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// use lakehouse::{Catalog, CatalogKind, CatalogOptions, ErrorKind};
///
/// let warehouse = folder.path().display().to_string();
/// let options = CatalogOptions::new(CatalogKind::Sql).with("warehouse", warehouse);
/// let catalog = Catalog::open(&options).await?;
/// assert!(catalog.find(&"sales.orders".parse()?).await?.is_none());
/// let error = catalog.table(&"sales.orders".parse()?).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Catalog {
    kind: CatalogKind,
    name: Arc<str>,
    backend: Arc<dyn Backend>,
}

impl Catalog {
    /// Opens a catalog. The file of a SQL catalog is made where it is not there, with its folder
    /// and the warehouse's; a REST catalog is asked for its configuration.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`] for options that are missing or can't be followed,
    /// [`ErrorKind::Unsupported`] for databases other than SQLite, [`ErrorKind::Denied`] where the
    /// file may not be used or the server refuses the credentials, [`ErrorKind::Data`] for a file
    /// that is no catalog, and [`ErrorKind::Unavailable`] where the server does not answer.
    pub async fn open(options: &CatalogOptions) -> Result<Catalog> {
        Catalog::open_or(options, Missing::Made).await
    }

    /// Opens a catalog as [`open`](Self::open) does, and makes nothing: for those who only read.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`ErrorKind::NotFound`] where the file of a SQL catalog is not
    /// there.
    pub async fn open_existing(options: &CatalogOptions) -> Result<Catalog> {
        Catalog::open_or(options, Missing::Refused).await
    }

    async fn open_or(options: &CatalogOptions, missing: Missing) -> Result<Catalog> {
        if options.name().trim().is_empty() {
            return Err(Error::request(
                "the catalog's name is empty; leave it out for \"default\"",
            ));
        }
        let backend: Arc<dyn Backend> = match options.kind() {
            CatalogKind::Sql => Arc::new(SqlCatalog::open(options, missing).await?),
            CatalogKind::Memory => Arc::new(SqlCatalog::open_in_memory(options).await?),
            CatalogKind::Rest => Arc::new(RestCatalog::open(options).await?),
        };
        Ok(Catalog { kind: options.kind(), name: options.name().into(), backend })
    }

    /// A table as it is now; `None` where the table or its namespace is not there.
    ///
    /// # Errors
    ///
    /// Where the catalog can't be asked ([`ErrorKind::Unavailable`], [`ErrorKind::Denied`]), or the
    /// table's metadata can't be read ([`ErrorKind::Data`]).
    pub async fn find(&self, name: &TableName) -> Result<Option<Table>> {
        self.backend.load(name).await
    }

    /// A table as it is now.
    ///
    /// # Errors
    ///
    /// As [`Catalog::find`], and [`ErrorKind::NotFound`], which says whether the namespace or the
    /// table is missing, and what is there instead.
    pub async fn table(&self, name: &TableName) -> Result<Table> {
        match self.find(name).await? {
            Some(table) => Ok(table),
            None => Err(missing::error(self, self.backend.as_ref(), name).await),
        }
    }

    /// Makes a table, and its namespace where that is not there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] where a table of that name is there, perhaps since a moment ago;
    /// else as [`Catalog::find`].
    pub(crate) async fn create_table(
        &self,
        name: &TableName,
        creation: TableCreation,
    ) -> Result<Table> {
        // Most namespaces are there, and whoever may make tables in one may not be allowed to make
        // it.
        let created = match self.backend.create(name, &creation).await? {
            Creation::NoNamespace => {
                self.backend.create_namespace(name.namespace()).await?;
                self.backend.create(name, &creation).await?
            }
            created => created,
        };
        match created {
            Creation::Created(table) => Ok(*table),
            Creation::Exists => Err(Error::new(
                ErrorKind::Mismatch,
                format!("the table {name} is there already in {self}"),
            )),
            Creation::NoNamespace => Err(Error::new(
                ErrorKind::NotFound,
                format!("the namespace of {name} was made in {self}, and is not there"),
            )),
        }
    }

    /// Changes a table, if it still is as `base` and the requirements are met: all of it or
    /// nothing.
    pub(crate) async fn commit(
        &self,
        base: &Table,
        requirements: Vec<TableRequirement>,
        updates: Vec<TableUpdate>,
    ) -> Result<Table, CommitFault> {
        self.backend.commit(base, requirements, updates).await
    }
}

impl fmt::Display for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} catalog {} {}", self.kind, self.name, self.backend)
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Catalog").field(&self.to_string()).finish()
    }
}
