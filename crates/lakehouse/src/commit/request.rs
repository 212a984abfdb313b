//! What is to be committed, and what came of it.

use std::collections::{BTreeMap, HashSet};

use iceberg::spec::TableProperties;

use crate::catalog::Catalog;
use crate::commit::attempts;
use crate::commit::retry::RetryPolicy;
use crate::error::{Error, Result};
use crate::snapshot::Snapshot;
use crate::table_name::TableName;

/// What becomes of the rows that the table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They stay.
    Append,
    /// They go, with all delete files, and so do those that others add while the commit is tried: the
    /// table has the new rows only. Older snapshots keep theirs.
    Replace,
}

/// A Parquet file that is written and not yet the table's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// The whole URL or path. It begins with the table's location, in the form that the table has it.
    pub path: String,
    /// The partition that its rows are in, as [`Part::partition`](crate::Part::partition) has it;
    /// `None` if the partition spec has no fields.
    pub partition: Option<String>,
    /// Its rows. A file that has another number of rows is refused.
    pub rows: u64,
    /// Its size. A file of another size is refused.
    pub bytes: u64,
}

/// All that a run changes in a table.
#[derive(Clone, Debug)]
pub struct Commit {
    /// What tells this run from all others. A run is committed at most once.
    pub run_id: String,
    /// What becomes of the rows that the table has.
    pub mode: Mode,
    /// The schema that the files were written with: [`Layout::schema_id`](crate::Layout::schema_id).
    pub schema_id: i32,
    /// The partition spec that the files were split by: [`Layout::spec_id`](crate::Layout::spec_id).
    pub spec_id: i32,
    /// The files. None at all are fine: the run is written down all the same, and replacing with
    /// nothing empties the table.
    pub files: Vec<NewFile>,
    /// Entries for the snapshot's summary. Where Iceberg computes an entry of that name, that one counts.
    pub summary: BTreeMap<String, String>,
    /// Properties that the table gets in the same step.
    pub properties: BTreeMap<String, String>,
}

/// A run that is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// What it made of the table.
    pub snapshot: Snapshot,
    /// How often the catalog was asked to commit it, this time. 0 if it had been committed before.
    pub attempts: u32,
    /// Whether it was found in the table: committed before, by another program, or by an attempt
    /// whose reply was lost.
    pub found: bool,
}

impl Commit {
    pub(super) fn check(&self) -> Result<()> {
        if self.run_id.is_empty() {
            return Err(Error::request("a run that is committed needs an id"));
        }
        for name in TableProperties::RESERVED_PROPERTIES {
            if self.properties.contains_key(name) {
                let what =
                    format!("the property {name} is Iceberg's own and can't be set by a commit");
                return Err(Error::request(what));
            }
        }
        let mut paths = HashSet::with_capacity(self.files.len());
        for file in &self.files {
            if !paths.insert(&file.path) {
                let path = &file.path;
                return Err(Error::request(format!("{path} is in the commit twice")));
            }
        }
        Ok(())
    }
}

impl Catalog {
    /// Makes the files of a run the table's, in one snapshot: all or none, and at most once, however
    /// often it is called, by whomever, with the same run id.
    ///
    /// Nothing of the files is read but their footers, eight at a time. Where others change the table
    /// meanwhile it is tried again on top of that, and an attempt of which the outcome is not known is
    /// looked into before the next one. The table's properties say how often and how long:
    /// `commit.retry.num-retries` (10), `.min-wait-ms` (100), `.max-wait-ms` (60 000) and
    /// `.total-timeout-ms` (1 800 000) for conflicts; `commit.status-check.` with the same names (10,
    /// 1 000, 60 000, 1 800 000) for a catalog that does not answer.
    ///
    /// The run is known by its id as long as its snapshot has not expired.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use lakehouse::{Catalog, CatalogKind, CatalogOptions, Commit, Mode, TableDefinition};
    /// # use std::sync::Arc;
    /// # use arrow_schema::{DataType, Field, Schema};
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # let warehouse = tempfile::tempdir()?;
    /// # let options = CatalogOptions::new(CatalogKind::Memory)
    /// #     .with("warehouse", warehouse.path().display().to_string());
    /// # let catalog = Catalog::open(&options).await?;
    /// # let table = TableDefinition {
    /// #     columns: Arc::new(Schema::new(vec![Field::new("id", DataType::Int32, true)])),
    /// #     key: vec!["id".to_owned()],
    /// #     identifies: true,
    /// #     partition_by: None,
    /// #     sort_by: None,
    /// #     properties: BTreeMap::new(),
    /// #     format_version: None,
    /// # };
    /// let table = catalog.create(&"sales.orders".parse()?, &table).await?;
    /// let commit = Commit {
    ///     run_id: "2024-01-01".to_owned(),
    ///     mode: Mode::Append,
    ///     schema_id: 0,
    ///     spec_id: 0,
    ///     files: vec![], // what the run has written
    ///     summary: BTreeMap::from([("cassandra-bulk.source".to_owned(), "sales.orders".to_owned())]),
    ///     properties: BTreeMap::new(),
    /// };
    /// let done = catalog.commit_run(table.name(), &commit).await?;
    /// assert_eq!(done.snapshot.summary["total-records"], "0");
    /// let again = catalog.commit_run(table.name(), &commit).await?;
    /// assert!(again.found);
    /// assert_eq!(again.snapshot, done.snapshot);
    /// let table = catalog.table(table.name()).await?;
    /// assert_eq!(table.run("2024-01-01"), Some(done.snapshot));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a file that is not there, or is not what the commit
    /// says it is; [`Mismatch`](crate::ErrorKind::Mismatch) where the table no longer has the schema or the
    /// partition spec, or is another one of the same name;
    /// [`Conflict`](crate::ErrorKind::Conflict) where others were faster each time;
    /// [`Unavailable`](crate::ErrorKind::Unavailable) where the catalog does not answer and nothing has been
    /// done; [`Unknown`](crate::ErrorKind::Unknown) where it could not be found out whether the run was
    /// committed: then calling this again with the same run id is safe, and finds out.
    pub async fn commit_run(&self, table: &TableName, commit: &Commit) -> Result<Committed> {
        let target = attempts::InCatalog { catalog: self, table };
        attempts::commit_run(&target, commit, &RetryPolicy::default()).await
    }
}
