//! A catalog in a SQL database.

use std::fmt;

use async_trait::async_trait;
use iceberg::spec::{TableMetadata, TableMetadataBuilder};
use iceberg::{MetadataLocation, TableCreation, TableRequirement, TableUpdate};

use crate::catalog::backend::{Backend, Creation};
use crate::catalog::fault::CommitFault;
use crate::catalog::options::CatalogOptions;
use crate::catalog::place::{self, Place};
use crate::catalog::sql::database::{self, BUSY_TIMEOUT, Database, Fault};
use crate::catalog::sql::metadata_file;
use crate::catalog::table::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::{Stores, local_path};
use crate::table_name::TableName;

/// What is done about a catalog that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::catalog) enum Missing {
    Made,
    Refused,
}

/// A catalog in a SQL database: a row for each table, which has the path of its current metadata.
pub(in crate::catalog) struct SqlCatalog {
    /// Several catalogs may share a database.
    pub(super) name: String,
    pub(super) database: Database,
    warehouse: String,
    pub(super) stores: Stores,
}

impl SqlCatalog {
    pub(in crate::catalog) async fn open(
        options: &CatalogOptions,
        missing: Missing,
    ) -> Result<Self> {
        let stores = Stores::new(options.properties().store_options());
        let Place { database, warehouse } = Place::of(options.properties(), &stores)?;
        if missing == Missing::Refused {
            if !database.exists() {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!(
                        "there is no catalog {}; give the place of one that is there, by its uri or its \
                         warehouse",
                        database.display()
                    ),
                ));
            }
            let name = options.name().to_owned();
            let database = Database::open(&database, BUSY_TIMEOUT).await?;
            return Ok(SqlCatalog { name, database, warehouse, stores });
        }
        let database = Database::open(&database, BUSY_TIMEOUT).await?;
        Self::with(options, database, warehouse, stores)
    }

    pub(in crate::catalog) async fn open_in_memory(options: &CatalogOptions) -> Result<Self> {
        let stores = Stores::new(options.properties().store_options());
        let Some(warehouse) = options.properties().get("warehouse") else {
            return Err(Error::request(
                "a catalog in memory needs a warehouse: give the folder or URL for the files of its tables",
            ));
        };
        let warehouse = place::warehouse(warehouse, &stores)?;
        Self::with(options, Database::open_in_memory().await?, warehouse, stores)
    }

    pub(super) fn with(
        options: &CatalogOptions,
        database: Database,
        warehouse: String,
        stores: Stores,
    ) -> Result<Self> {
        if let Some(folder) = local_path(&warehouse) {
            database::make_folder(folder.as_ref(), "the warehouse")?;
        }
        Ok(SqlCatalog { name: options.name().to_owned(), database, warehouse, stores })
    }

    /// The condition that a row is a table's, and not a view's.
    pub(super) fn is_table(&self) -> &'static str {
        match self.database.has_types {
            true => "AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)",
            false => "",
        }
    }

    /// Where a new table goes that is not told otherwise.
    async fn location(&self, name: &TableName) -> Result<String> {
        let namespace = name.namespace().join(".");
        let row: Option<(Option<String>,)> = sqlx::query_as(
            "SELECT property_value FROM iceberg_namespace_properties
             WHERE catalog_name = ? AND namespace = ? AND property_key = 'location'",
        )
        .bind(&self.name)
        .bind(&namespace)
        .fetch_optional(&self.database.pool)
        .await
        .map_err(|source| {
            let what = format!("the location of the namespace {namespace} could not be read");
            self.database.failed(what, source)
        })?;
        let base = match row {
            Some((Some(location),)) => location.trim_end_matches('/').to_owned(),
            _ => format!("{}/{}", self.warehouse, name.namespace().join("/")),
        };
        Ok(format!("{base}/{}", name.table()))
    }

    async fn has_namespace(&self, namespace: &str) -> Result<bool> {
        // A namespace is there with its properties, with a table, or with a namespace in it.
        let found: Option<(i64,)> = sqlx::query_as(
            "SELECT 1 FROM (
                SELECT table_namespace AS namespace FROM iceberg_tables WHERE catalog_name = ?1
                UNION SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = ?1)
             WHERE namespace = ?2 OR substr(namespace, 1, length(?2) + 1) = ?2 || '.' LIMIT 1",
        )
        .bind(&self.name)
        .bind(namespace)
        .fetch_optional(&self.database.pool)
        .await
        .map_err(|source| {
            self.database
                .failed(format!("the namespace {namespace} could not be looked for"), source)
        })?;
        Ok(found.is_some())
    }

    /// Removes metadata that no catalog knows of. What stays does no harm.
    pub(super) async fn discard(&self, location: &MetadataLocation) {
        let path = location.to_string();
        if let Err(error) = self.stores.file_io().delete(&path).await {
            tracing::warn!(%path, %error, "metadata that was not committed could not be removed");
        }
    }
}

#[async_trait]
impl Backend for SqlCatalog {
    async fn load(&self, name: &TableName) -> Result<Option<Table>> {
        let what = format!("the table {name} could not be loaded");
        let statement = format!(
            "SELECT metadata_location FROM iceberg_tables
             WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? {}",
            self.is_table()
        );
        let row: Option<(Option<String>,)> = sqlx::query_as(&statement)
            .bind(&self.name)
            .bind(name.namespace().join("."))
            .bind(name.table())
            .fetch_optional(&self.database.pool)
            .await
            .map_err(|source| self.database.failed(&what, source))?;
        let Some((location,)) = row else { return Ok(None) };
        let Some(location) = location else {
            let why = format!("{what}: the catalog has no metadata of it");
            return Err(Error::new(ErrorKind::Data, why));
        };
        let metadata = TableMetadata::read_from(&self.stores.file_io(), &location).await;
        let metadata =
            metadata.map_err(|source| Error::of(format_args!("{what} from {location}"), source))?;
        Table::of(name, metadata, Some(location), &self.stores).map(Some)
    }

    async fn create(&self, name: &TableName, creation: &TableCreation) -> Result<Creation> {
        let what = format!("the table {name} could not be made");
        let namespace = name.namespace().join(".");
        if !self.has_namespace(&namespace).await? {
            return Ok(Creation::NoNamespace);
        }
        let location = match &creation.location {
            Some(location) => location.clone(),
            None => self.location(name).await?,
        };
        let creation = TableCreation {
            name: name.table().to_owned(),
            location: Some(location),
            schema: creation.schema.clone(),
            partition_spec: creation.partition_spec.clone(),
            sort_order: creation.sort_order.clone(),
            properties: creation.properties.clone(),
            format_version: creation.format_version,
        };
        let metadata = TableMetadataBuilder::from_table_creation(creation)
            .and_then(TableMetadataBuilder::build)
            .map_err(|source| Error::of(&what, source))?
            .metadata;
        let file = metadata_file::next(None, &metadata)?;
        let written = metadata.write_to(&self.stores.file_io(), &file).await;
        written.map_err(|source| Error::of_write(&what, source))?;
        let (columns, values) = match self.database.has_types {
            true => (", iceberg_type", ", 'TABLE'"),
            false => ("", ""),
        };
        let statement = format!(
            "INSERT INTO iceberg_tables
             (catalog_name, table_namespace, table_name, metadata_location{columns})
             VALUES (?, ?, ?, ?{values}) ON CONFLICT DO NOTHING"
        );
        let inserted = sqlx::query(&statement)
            .bind(&self.name)
            .bind(&namespace)
            .bind(name.table())
            .bind(file.to_string())
            .execute(&self.database.pool)
            .await;
        match inserted {
            Ok(done) if done.rows_affected() == 1 => {
                let table = Table::of(name, metadata, Some(file.to_string()), &self.stores)?;
                Ok(Creation::Created(Box::new(table)))
            }
            Ok(_) => {
                self.discard(&file).await;
                Ok(Creation::Exists)
            }
            Err(source) => {
                if Fault::of(&source) != Fault::Other {
                    self.discard(&file).await;
                }
                Err(self.database.failed(&what, source))
            }
        }
    }

    async fn create_namespace(&self, namespace: &[String]) -> Result<()> {
        let namespace = namespace.join(".");
        // The property that pyiceberg knows it by.
        let made = sqlx::query(
            "INSERT INTO iceberg_namespace_properties
             (catalog_name, namespace, property_key, property_value)
             VALUES (?, ?, 'exists', 'true') ON CONFLICT DO NOTHING",
        )
        .bind(&self.name)
        .bind(&namespace)
        .execute(&self.database.pool)
        .await;
        made.map(drop).map_err(|source| {
            self.database.failed(format!("the namespace {namespace} could not be made"), source)
        })
    }

    async fn namespaces(&self) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "SELECT table_namespace FROM iceberg_tables WHERE catalog_name = ?1
             UNION SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = ?1",
        )
        .bind(&self.name)
        .fetch_all(&self.database.pool)
        .await
        .map_err(|source| self.database.failed("the namespaces could not be listed", source))?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }

    async fn tables(&self, namespace: &[String]) -> Result<Option<Vec<String>>> {
        let namespace = namespace.join(".");
        if !self.has_namespace(&namespace).await? {
            return Ok(None);
        }
        let statement = format!(
            "SELECT table_name FROM iceberg_tables
             WHERE catalog_name = ? AND table_namespace = ? {}",
            self.is_table()
        );
        let rows: Vec<(String,)> = sqlx::query_as(&statement)
            .bind(&self.name)
            .bind(&namespace)
            .fetch_all(&self.database.pool)
            .await
            .map_err(|source| {
                let what = format!("the tables of {namespace} could not be listed");
                self.database.failed(what, source)
            })?;
        Ok(Some(rows.into_iter().map(|(name,)| name).collect()))
    }

    async fn commit(
        &self,
        base: &Table,
        requirements: Vec<TableRequirement>,
        updates: Vec<TableUpdate>,
    ) -> Result<Table, CommitFault> {
        self.swap(base, requirements, updates).await
    }
}

impl fmt::Display for SqlCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.database.fmt(f)
    }
}
