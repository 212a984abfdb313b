//! Commits: a compare-and-swap of the path of a table's metadata.

use iceberg::{TableRequirement, TableUpdate};

use crate::catalog::fault::CommitFault;
use crate::catalog::sql::catalog::SqlCatalog;
use crate::catalog::sql::database::Fault;
use crate::catalog::sql::metadata_file;
use crate::catalog::table::Table;
use crate::error::{Error, ErrorKind, Result};

impl SqlCatalog {
    /// Writes the metadata that `base` becomes by the updates, and makes the row name it, if the
    /// row still names what it named in `base`.
    pub(super) async fn swap(
        &self,
        base: &Table,
        requirements: Vec<TableRequirement>,
        updates: Vec<TableUpdate>,
    ) -> Result<Table, CommitFault> {
        let name = &base.name;
        let what = format!("the commit to the table {name}");
        let refused =
            |source| CommitFault::Refused(Error::of(format_args!("{what} can't be done"), source));
        let current = base.inner.metadata_location_result().map_err(refused)?;
        for requirement in requirements {
            requirement.check(Some(base.inner.metadata())).map_err(|source| {
                let what = format!("{what} is not for the table as it is");
                CommitFault::Conflict(Error::new(ErrorKind::Conflict, what).with_source(source))
            })?;
        }
        let mut builder = base.inner.metadata().clone().into_builder(Some(current.to_owned()));
        for update in updates {
            builder = update.apply(builder).map_err(refused)?;
        }
        let metadata = builder.build().map_err(refused)?.metadata;
        let file = metadata_file::next(Some(current), &metadata).map_err(CommitFault::Refused)?;
        metadata.write_to(&self.stores.file_io(), &file).await.map_err(|source| {
            let error = Error::of_write(format_args!("{what} could not be written"), source);
            match error.retryable() {
                true => CommitFault::Unavailable(error),
                false => CommitFault::Refused(error),
            }
        })?;
        let statement = format!(
            "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?
             WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?
             AND metadata_location = ? {}",
            self.is_table()
        );
        let swapped = sqlx::query(&statement)
            .bind(file.to_string())
            .bind(current)
            .bind(&self.name)
            .bind(name.namespace().join("."))
            .bind(name.table())
            .bind(current)
            .execute(&self.database.pool)
            .await;
        let fault = match swapped {
            Ok(done) if done.rows_affected() == 1 => {
                return Table::of(name, metadata, Some(file.to_string()), &self.stores)
                    .map_err(CommitFault::Unknown);
            }
            Ok(_) => CommitFault::Conflict(Error::new(
                ErrorKind::Conflict,
                format!("{what} was not done: it has been changed or removed meanwhile"),
            )),
            Err(source) => self.fault(&what, source),
        };
        if !matches!(fault, CommitFault::Unknown(_)) {
            self.discard(&file).await;
        }
        Err(fault)
    }

    /// What an error of the statement says of the commit.
    pub(super) fn fault(&self, what: &str, source: sqlx::Error) -> CommitFault {
        let fault = Fault::of(&source);
        let error =
            self.database.failed(format!("{what} failed in the catalog {}", self.database), source);
        match fault {
            Fault::Busy | Fault::Full => CommitFault::Unavailable(error),
            Fault::Denied | Fault::NotDatabase | Fault::NotCatalog => CommitFault::Refused(error),
            Fault::Other => CommitFault::Unknown(error),
        }
    }
}
