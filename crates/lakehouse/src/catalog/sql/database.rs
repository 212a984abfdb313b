//! The SQLite file of a catalog, and what its errors mean.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, SqliteConnection, SqlitePool};
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};

/// How long a statement waits while another program writes.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// A catalog has few statements at a time, and SQLite one writer.
const CONNECTIONS: u32 = 4;

/// The tables, as pyiceberg and Iceberg's JDBC catalog make them.
const TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS iceberg_tables (
        catalog_name VARCHAR(255) NOT NULL,
        table_namespace VARCHAR(255) NOT NULL,
        table_name VARCHAR(255) NOT NULL,
        metadata_location VARCHAR(1000),
        previous_metadata_location VARCHAR(1000),
        iceberg_type VARCHAR(5),
        PRIMARY KEY (catalog_name, table_namespace, table_name))",
    "CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
        catalog_name VARCHAR(255) NOT NULL,
        namespace VARCHAR(255) NOT NULL,
        property_key VARCHAR(255) NOT NULL,
        property_value VARCHAR(1000) NOT NULL,
        PRIMARY KEY (catalog_name, namespace, property_key))",
];

/// The database of a catalog.
pub(super) struct Database {
    pub(super) pool: SqlitePool,
    /// Whether rows say whether they are tables or views. Older programs made catalogs without.
    pub(super) has_types: bool,
    /// None: in memory.
    path: Option<PathBuf>,
    /// A database in memory is there as long as it has a connection.
    _keeper: Option<Mutex<SqliteConnection>>,
}

impl Database {
    /// Opens a file, which is made where it is not there.
    pub(super) async fn open(path: &Path, busy_timeout: Duration) -> Result<Self> {
        let shown = path.display();
        if path.is_dir() {
            let message = format!("{shown} is a folder; the file of a catalog is needed");
            return Err(Error::request(message));
        }
        if let Some(folder) = path.parent() {
            make_folder(folder, "the catalog's file")?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(busy_timeout)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS);
        let pool = pool
            // Who waits for a connection waits for those that wait for the file.
            .acquire_timeout(busy_timeout.saturating_mul(2))
            .connect_lazy_with(options);
        let database =
            Database { pool, has_types: false, path: Some(path.to_owned()), _keeper: None };
        database.prepare().await
    }

    /// One of its own in memory.
    pub(super) async fn open_in_memory() -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(format!("file:cassandra-bulk-{}", Uuid::new_v4()))
            .in_memory(true)
            .shared_cache(true)
            .disable_statement_logging();
        let keeper = options.connect().await.map_err(|source| {
            Error::new(ErrorKind::Internal, "the catalog in memory could not be made")
                .with_source(source)
        })?;
        // With one connection nobody waits for locks between connections.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
        let keeper = Some(Mutex::new(keeper));
        Database { pool, has_types: false, path: None, _keeper: keeper }.prepare().await
    }

    /// Makes the tables, unless they are there, and looks what form they have.
    async fn prepare(mut self) -> Result<Self> {
        let what = format!("the catalog {self} could not be opened");
        let made = async {
            let there: Vec<(String,)> = sqlx::query_as(
                "SELECT name FROM sqlite_master WHERE name IN ('iceberg_tables', 'iceberg_namespace_properties')",
            )
            .fetch_all(&self.pool)
            .await?;
            // Who may only read need not make what is there.
            if there.len() < TABLES.len() {
                for table in TABLES {
                    sqlx::query(table).execute(&self.pool).await?;
                }
            }
            sqlx::query_as("SELECT name FROM pragma_table_info('iceberg_tables')")
                .fetch_all(&self.pool)
                .await
        };
        let columns: Vec<(String,)> = made.await.map_err(|source| self.failed(&what, source))?;
        self.has_types = columns.iter().any(|(name,)| name == "iceberg_type");
        Ok(self)
    }

    /// An error of the database with its kind and remedy.
    pub(super) fn failed(&self, what: impl fmt::Display, source: sqlx::Error) -> Error {
        let (kind, why) = match Fault::of(&source) {
            Fault::Busy => (
                ErrorKind::Unavailable,
                ": another program has been writing to it for long; try again later",
            ),
            Fault::Denied => {
                (ErrorKind::Denied, ": check the permissions of the file and of its folder")
            }
            Fault::NotDatabase => (ErrorKind::Data, ": it is not a whole SQLite database"),
            Fault::NotCatalog => (ErrorKind::Data, ": its tables are not those of a catalog"),
            Fault::Full => (ErrorKind::Unavailable, ": there is no space left"),
            Fault::Other => (ErrorKind::Unavailable, ""),
        };
        Error::new(kind, format!("{what}{why}")).with_source(source)
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "in {}", path.display()),
            None => f.write_str("in memory"),
        }
    }
}

/// What an error of SQLite means. After each but the last, a statement has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Busy,
    Denied,
    NotDatabase,
    NotCatalog,
    Full,
    Other,
}

impl Fault {
    pub(super) fn of(error: &sqlx::Error) -> Self {
        let code = match error {
            sqlx::Error::PoolTimedOut => return Fault::Busy,
            sqlx::Error::Database(error) => error.code(),
            _ => return Fault::Other,
        };
        // The low byte is the kind, what is above it the detail: sqlite.org/rescode.html.
        match code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
            Some(1) => Fault::NotCatalog,
            Some(5 | 6) => Fault::Busy,
            Some(3 | 8 | 14 | 23) => Fault::Denied,
            Some(11 | 26) => Fault::NotDatabase,
            Some(13) => Fault::Full,
            _ => Fault::Other,
        }
    }
}

/// Makes a folder and those above it.
pub(super) fn make_folder(folder: &Path, whose: &str) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|source| {
        let kind = match source.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                ErrorKind::Denied
            }
            std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory => {
                ErrorKind::Request
            }
            _ => ErrorKind::Unavailable,
        };
        let what = format!("the folder {} of {whose} could not be made", folder.display());
        Error::new(kind, what).with_source(source)
    })
}
