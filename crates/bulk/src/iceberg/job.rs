//! The job: a table, a run, its files, and the commit.

use std::sync::Arc;

use chrono::Utc;
use lakehouse::{Catalog, Commit, Layout, Table, TableDefinition};
use tokenring::RangeSet;
use topology::{Column, ColumnKind, TableSchema};
use uuid::Uuid;

use super::contents::{SOURCE, files, properties, summary, warning};
use super::mark;
use super::report::{IcebergPlan, IcebergReport};
use super::runs::{self, CREATED_BY, Choice, Unfinished};
use super::target::IcebergTarget;
use crate::error::{Error, Result};
use crate::export::{Existing, Export, ExportOptions, IcebergRecord, Job};
use crate::operator::Operator;
use crate::options::BulkOptions;
use crate::selection::{Selection, is_key};

/// What is known before anything is changed.
struct Prepared<'a> {
    operator: &'a Operator,
    options: &'a BulkOptions,
    to: &'a IcebergTarget,
    how: ExportOptions,
    source: Arc<TableSchema>,
    ring: topology::RingSnapshot,
    /// None where there is none yet, and none is to be made.
    catalog: Option<Catalog>,
    found: Option<Table>,
    id: String,
    /// What the run has left, where it is gone on with.
    run: Option<Unfinished>,
    /// The mark of the last run.
    last: Option<i64>,
    selection: Arc<Selection>,
}

impl Operator {
    /// Exports a table into an Iceberg table: files, and then one commit.
    ///
    /// The rows are visible in one snapshot, or not at all. A run that fails leaves files that no
    /// snapshot has; the next one with the same id, or with [`IcebergTarget::resume`], goes on from there.
    /// A run whose commit was done is not done again, also if nobody heard the answer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for names, tables and options that do not go
    /// together; [`ErrorKind::Destination`](crate::ErrorKind::Destination) where the catalog or the
    /// warehouse fails; [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete) where it is not known
    /// whether the commit was done; otherwise as [`export`](Self::export).
    ///
    /// ```no_run
    /// # async fn example(operator: bulk::Operator) -> Result<(), bulk::Error> {
    /// use bulk::{BulkOptions, CatalogKind, CatalogOptions, ExportOptions, IcebergTarget};
    /// let catalog = CatalogOptions::new(CatalogKind::Sql).with("warehouse", "/data/warehouse");
    /// let to = IcebergTarget::new(catalog, "shop.orders".parse()?);
    /// let (options, how) = (BulkOptions::default(), ExportOptions::default());
    /// let report = operator.export_to_iceberg("shop", "orders", &options, &to, &how).await?;
    /// println!("snapshot {}", report.snapshot.id);
    /// # Ok(()) }
    /// ```
    pub async fn export_to_iceberg(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
        to: &IcebergTarget,
        how: &ExportOptions,
    ) -> Result<IcebergReport> {
        match Prepared::look(self, keyspace, table, options, to, how, Purpose::Run).await? {
            Standing::Done(report) => Ok(*report),
            Standing::Open(prepared) => prepared.run().await,
        }
    }

    /// What [`export_to_iceberg`](Self::export_to_iceberg) would do, and whether it would be refused. The
    /// table and its warehouse are not changed.
    ///
    /// # Errors
    ///
    /// As [`export_to_iceberg`](Self::export_to_iceberg); [`ErrorKind::Request`](crate::ErrorKind::Request)
    /// also for a run that has been done.
    pub async fn plan_export_to_iceberg(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
        to: &IcebergTarget,
        how: &ExportOptions,
    ) -> Result<IcebergPlan> {
        match Prepared::look(self, keyspace, table, options, to, how, Purpose::Show).await? {
            Standing::Done(report) => Err(Error::request(format!(
                "the run {} has been done: snapshot {}",
                report.run_id, report.snapshot.id
            ))),
            Standing::Open(prepared) => prepared.show().await,
        }
    }
}

/// What is looked for.
#[derive(Clone, Copy)]
enum Purpose {
    Run,
    /// Nothing is to be made.
    Show,
}

impl Purpose {
    async fn open(self, to: &IcebergTarget) -> Result<Option<Catalog>> {
        let opened = match self {
            Purpose::Run => Catalog::open(&to.catalog).await,
            Purpose::Show => Catalog::open_existing(&to.catalog).await,
        };
        match (self, opened) {
            (Purpose::Show, Err(error)) if error.kind() == lakehouse::ErrorKind::NotFound => {
                Ok(None)
            }
            (_, opened) => Ok(Some(opened?)),
        }
    }
}

enum Standing<'a> {
    Done(Box<IcebergReport>),
    Open(Box<Prepared<'a>>),
}

impl<'a> Prepared<'a> {
    /// Looks at the source, the catalog and the table, and changes nothing.
    async fn look(
        operator: &'a Operator,
        keyspace: &str,
        table: &str,
        options: &'a BulkOptions,
        to: &'a IcebergTarget,
        how: &ExportOptions,
        purpose: Purpose,
    ) -> Result<Standing<'a>> {
        to.check(how)?;
        let (source, ring) = operator.read(keyspace, table).await?;
        let catalog = purpose.open(to).await?;
        let found = match &catalog {
            Some(catalog) => catalog.find(&to.table).await?,
            None => None,
        };
        let choice = match &found {
            Some(table) => runs::choose(table, source.name(), to).await?,
            None => Choice::New(to.run_id.clone()),
        };
        let (id, run) = match (choice, &found) {
            (Choice::Done(run_id, snapshot), Some(table)) => {
                runs::clear(table, &run_id).await;
                return Ok(Standing::Done(Box::new(IcebergReport {
                    run_id,
                    table: to.table.clone(),
                    catalog: catalog.map(|catalog| catalog.to_string()).unwrap_or_default(),
                    created: false,
                    snapshot: *snapshot,
                    export: None,
                    written_until: None,
                    warning: None,
                })));
            }
            (Choice::Unfinished(run), _) => (Some(run.id.clone()), Some(*run)),
            (Choice::New(id), _) => (id, None),
            (Choice::Done(..), None) => return Err(Error::internal("a run of no table is done")),
        };
        if let Some(table) = &found {
            runs::check_new(table, to, id.as_deref())?;
        }
        let id = id.unwrap_or_else(|| Uuid::new_v4().to_string());
        let last = match &found {
            Some(table) => mark::last(source.name(), table.properties())?,
            None => None,
        };
        let mut how = how.clone();
        how.existing = Existing::Resume;
        how.batches.written = match run.as_ref().filter(|_| to.since_last) {
            // What it asked for then is what it goes on with.
            Some(run) => crate::selection::WriteWindow {
                after: run.settings.written_after,
                before: run.settings.written_before,
            },
            None => mark::window(to, how.batches.written, last, Utc::now()),
        };
        let selection = operator.select(&source, options, &how.batches).await?;
        Ok(Standing::Open(Box::new(Prepared {
            operator,
            options,
            to,
            how,
            source,
            ring,
            catalog,
            found,
            id,
            run,
            last,
            selection,
        })))
    }

    fn definition(&self) -> TableDefinition {
        let columns = self.source.columns().iter();
        // A partition that has only these is a row without clustering columns.
        let has_statics = columns.clone().any(|column| column.kind == ColumnKind::Static);
        let is_in_every_row = |column: &&Column| {
            is_key(column) && !(has_statics && column.kind == ColumnKind::Clustering)
        };
        let key = columns.filter(is_in_every_row).map(|column| column.name.clone()).collect();
        let mut properties = self.to.properties.clone();
        let source = self.source.name().to_string();
        properties.insert(SOURCE.to_owned(), source);
        properties.insert(CREATED_BY.to_owned(), self.id.clone());
        TableDefinition {
            columns: Arc::clone(&self.selection.schema),
            key,
            identifies: !has_statics,
            partition_by: self.to.partition_by.clone(),
            sort_by: self.to.sort_by.clone(),
            properties,
            format_version: self.to.format_version,
        }
    }

    /// The export of the files.
    fn export(&self, location: formats::Location, uuid: Uuid, layout: Layout) -> Export {
        let record = IcebergRecord {
            table: self.to.table.to_string(),
            table_uuid: uuid,
            mode: self.to.mode.to_string(),
            spec_id: layout.spec_id(),
        };
        Export {
            session: Arc::clone(self.operator.session()),
            table: Arc::clone(&self.source),
            ring: self.ring.clone(),
            asked: self.options.token_ranges.clone().unwrap_or_else(RangeSet::full),
            selection: Arc::clone(&self.selection),
            location,
            options: self.how.clone(),
            iceberg: Some((record, layout)),
        }
    }

    async fn show(self) -> Result<IcebergPlan> {
        let (location, uuid, layout) = match &self.found {
            Some(table) => {
                let columns = &self.selection.schema;
                let layout = Layout::new(&table.evolved(columns)?, columns)?;
                (runs::folder(table, &self.id)?, table.uuid(), layout)
            }
            None => {
                let layout = self.definition().layout()?;
                (formats::Location::in_memory(), Uuid::nil(), layout)
            }
        };
        let export = self.export(location, uuid, layout);
        let (job, plan) = self.operator.prepare(export, self.options).await?;
        Ok(IcebergPlan {
            run_id: self.run.map(|run| run.id),
            creates: self.found.is_none(),
            export: job.show(plan),
        })
    }

    async fn run(self) -> Result<IcebergReport> {
        self.commit().await.map_err(|error| error.of_run(&self.id))
    }

    /// Makes the table ready, writes the files of the run, and commits them.
    async fn commit(&self) -> Result<IcebergReport> {
        let none = || Error::internal("the catalog was not opened");
        let catalog = self.catalog.as_ref().ok_or_else(none)?;
        let table = match &self.found {
            Some(table) => catalog.evolve(table, &self.selection.schema).await?,
            None => catalog.create(&self.to.table, &self.definition()).await?,
        };
        let id = &self.id;
        let layout = Layout::new(&table, &self.selection.schema)?;
        let (schema_id, spec_id) = (layout.schema_id(), layout.spec_id());
        let partitioned = layout.is_partitioned();
        let export = self.export(runs::folder(&table, id)?, table.uuid(), layout);
        let (job, plan): (Job, _) = self.operator.prepare(export, self.options).await?;
        let mut scan = self.options.scan.clone();
        scan.cancel = scan.cancel.child_token();
        let written = job.run(plan, scan).await?;
        let manifest = &written.manifest;
        let lag = self.to.lag;
        let until = mark::next(&manifest.settings, self.options, self.last, &manifest.started, lag);
        let commit = Commit {
            run_id: id.clone(),
            mode: self.to.mode.commit(),
            schema_id,
            spec_id,
            files: files(&table, id, manifest),
            summary: summary(manifest),
            properties: properties(self.source.name(), manifest, until),
        };
        let committed = catalog.commit_run(&self.to.table, &commit).await?;
        runs::clear(&table, id).await;
        Ok(IcebergReport {
            run_id: id.clone(),
            table: self.to.table.clone(),
            catalog: catalog.to_string(),
            created: self.found.is_none(),
            snapshot: committed.snapshot,
            warning: partitioned.then(|| warning(&written, &self.how)).flatten(),
            export: Some(written),
            written_until: until,
        })
    }
}
