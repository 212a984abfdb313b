//! The jobs over one session.

use std::sync::Arc;

use executor::{CountReport, Query};
use formats::Location;
use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::ExecutionError;
use tokenring::RangeSet;
use topology::{
    ConnectOptions, Fault, PlanOptions, RingSnapshot, ScanPlan, SizeEstimates, TableName,
    TableSchema, classify, server_message,
};

use crate::batches::{BatchOptions, BatchStream, PageDecoder};
use crate::error::{Error, Result};
use crate::export::{Export, ExportOptions, ExportPlan, ExportReport, Job};
use crate::import::Import;
use crate::limit::RowLimit;
use crate::options::BulkOptions;
use crate::partitions::LargestPartitions;
use crate::rows::RowStream;
use crate::selection::Selection;

/// Runs bulk jobs over one session.
///
/// Keyspace and table names are exact, as the cluster stores them, without quotes.
///
/// The crate's own documentation has an example.
#[derive(Clone, Debug)]
pub struct Operator {
    session: Arc<Session>,
    local_datacenter: Option<String>,
}

impl Operator {
    /// Over a session that is there already.
    pub fn new(session: Arc<Session>) -> Self {
        Operator { session, local_datacenter: None }
    }

    /// Over a session of its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connect`](crate::ErrorKind::Connect), naming each contact point with its reason.
    pub async fn connect(options: &ConnectOptions) -> Result<Self> {
        let session = Arc::new(topology::connect(options).await?);
        Ok(Operator { session, local_datacenter: options.local_datacenter.clone() })
    }

    /// The session.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// What a job over the table would read, and from where. Reads estimates, and no more than a few
    /// hundred rows where the cluster keeps none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for a table that is not there, or cannot be
    /// scanned by token ranges.
    pub async fn plan(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
    ) -> Result<ScanPlan> {
        let (schema, ring) = self.read(keyspace, table).await?;
        let estimates = SizeEstimates::read_with_rows(&self.session, &schema, &ring).await;
        self.plan_with(schema, &ring, &estimates, options)
    }

    pub(crate) async fn read(
        &self,
        keyspace: &str,
        table: &str,
    ) -> Result<(Arc<TableSchema>, RingSnapshot)> {
        let name = TableName::new(keyspace, table);
        let schema = TableSchema::read(&self.session, &name).await?;
        let ring = RingSnapshot::read(&self.session, &name)?;
        Ok((Arc::new(schema), ring))
    }

    fn plan_with(
        &self,
        schema: Arc<TableSchema>,
        ring: &RingSnapshot,
        estimates: &SizeEstimates,
        options: &BulkOptions,
    ) -> Result<ScanPlan> {
        let plan = PlanOptions {
            splits: options.split_count,
            parallelism: options.parallelism,
            asked: options.token_ranges.clone(),
            local_datacenter: options
                .local_datacenter
                .clone()
                .or_else(|| self.local_datacenter.clone()),
        };
        Ok(topology::plan(ring, schema, estimates, &plan)?)
    }

    /// The plan of a run. Estimates are asked for only where the number of splits depends on them.
    async fn plan_run(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
    ) -> Result<Arc<ScanPlan>> {
        let (schema, ring) = self.read(keyspace, table).await?;
        self.plan_known(schema, &ring, options).await
    }

    async fn plan_known(
        &self,
        schema: Arc<TableSchema>,
        ring: &RingSnapshot,
        options: &BulkOptions,
    ) -> Result<Arc<ScanPlan>> {
        let estimates = match options.split_count {
            Some(_) => SizeEstimates::unknown(),
            None => SizeEstimates::read(&self.session, &schema, ring).await,
        };
        Ok(Arc::new(self.plan_with(schema, ring, &estimates, options)?))
    }

    /// The statement with the condition of the options, if there is one. A statement that the cluster
    /// would refuse is refused before anything has begun.
    async fn narrowed(&self, query: Query, options: &BulkOptions) -> Result<Query> {
        let Some(condition) = &options.filter else {
            return Ok(query);
        };
        let query = query.filtered(condition, options.allow_filtering);
        self.check(&query, options).await?;
        Ok(query)
    }

    async fn check(&self, query: &Query, options: &BulkOptions) -> Result<()> {
        let prepare = self.session.prepare(query.cql());
        match tokio::time::timeout(options.scan.request_timeout, prepare).await {
            Ok(Err(error)) => {
                let error = ExecutionError::from(error);
                if classify(&error) != Fault::Invalid {
                    return Ok(());
                }
                Err(match server_message(&error) {
                    Some(message) => Error::request(format!(
                        "the cluster refuses what was asked for: {message}; the statement is {}",
                        query.cql()
                    )),
                    None => {
                        Error::request(format!("the statement {} cannot be prepared", query.cql()))
                            .with_source(error)
                    }
                })
            }
            // Where the cluster does not answer, the run finds out more.
            _ => Ok(()),
        }
    }

    /// Counts the rows of a table.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete) where a range could not be counted: the
    /// error carries what was.
    pub async fn count_by_token_ranges(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
    ) -> Result<u64> {
        Ok(self.count_by_token_ranges_with_stats(keyspace, table, options).await?.rows)
    }

    /// Counts the rows of a table: in all, by range, and by node, with the figures of the run.
    ///
    /// # Errors
    ///
    /// As [`count_by_token_ranges`](Self::count_by_token_ranges).
    pub async fn count_by_token_ranges_with_stats(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
    ) -> Result<CountReport> {
        let plan = self.plan_run(keyspace, table, options).await?;
        let query = self.narrowed(Query::count(&plan.table), options).await?;
        let session = Arc::clone(&self.session);
        Ok(executor::count(session, plan, query, options.scan.clone()).await?)
    }

    /// Counts the rows of each partition, and keeps the `top` largest.
    ///
    /// # Errors
    ///
    /// As [`count_by_token_ranges`](Self::count_by_token_ranges).
    pub async fn largest_partitions(
        &self,
        keyspace: &str,
        table: &str,
        top: usize,
        options: &BulkOptions,
    ) -> Result<LargestPartitions> {
        let plan = self.plan_run(keyspace, table, options).await?;
        let query = self.narrowed(Query::partition_counts(&plan.table), options).await?;
        let table = Arc::clone(&plan.table);
        let pages = executor::scan(Arc::clone(&self.session), plan, query, options.scan.clone());
        LargestPartitions::read(pages, &table, top).await
    }

    /// Streams every row of a table, decoded as `R`: a tuple, a struct with `#[derive(DeserializeRow)]`,
    /// or scylla's `Row`. Write times and TTLs, where asked for, come after the columns.
    ///
    /// Rows come in no particular order. Memory stays constant, however slowly the stream is read.
    ///
    /// # Errors
    ///
    /// For names and options at once; for the run, as the last item of the stream.
    pub async fn export_by_token_ranges<R>(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
    ) -> Result<RowStream<R>>
    where
        R: for<'page> DeserializeRow<'page, 'page>,
    {
        let plan = self.plan_run(keyspace, table, options).await?;
        let selection = self.select(&plan.table, options, &BatchOptions::default()).await?;
        let session = Arc::clone(&self.session);
        let scan = executor::scan(session, plan, selection.query.clone(), options.scan.clone());
        Ok(RowStream::new(scan))
    }

    /// Streams every row of a table as Arrow batches, with a schema that has each column's CQL type in
    /// its metadata.
    ///
    /// # Errors
    ///
    /// As [`export_by_token_ranges`](Self::export_by_token_ranges).
    ///
    /// ```no_run
    /// # async fn example(operator: bulk::Operator) -> Result<(), bulk::Error> {
    /// use bulk::{BatchOptions, BulkOptions};
    /// let (options, batches) = (BulkOptions::default(), BatchOptions::default());
    /// let mut orders = operator.export_batches("shop", "orders", &options, &batches).await?;
    /// while let Some(batch) = orders.next_batch().await? {
    ///     println!("{} rows", batch.num_rows());
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn export_batches(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
        batches: &BatchOptions,
    ) -> Result<BatchStream> {
        let plan = self.plan_run(keyspace, table, options).await?;
        let selection = self.select(&plan.table, options, batches).await?;
        let mut scan = options.scan.clone();
        scan.cancel = scan.cancel.child_token();
        let limit = RowLimit::new(batches.limit, scan.cancel.clone());
        let decoder = PageDecoder::new(&selection, batches, &limit)?;
        let query = selection.query.clone();
        let scan = executor::scan(Arc::clone(&self.session), plan, query, scan);
        Ok(BatchStream::new(scan, decoder))
    }

    pub(crate) async fn select(
        &self,
        table: &TableSchema,
        options: &BulkOptions,
        batches: &BatchOptions,
    ) -> Result<Arc<Selection>> {
        let selection = Selection::new(table, options, batches)?;
        if selection.is_more_than_columns {
            self.check(&selection.query, options).await?;
        }
        Ok(Arc::new(selection))
    }

    /// Exports a table to files.
    ///
    /// The result is whole: a file is visible only when it is, and the manifest, written last, lists
    /// all files and proves that they hold each row once. A run that fails leaves what is whole, and a
    /// journal; the next one goes on from there ([`Existing::Resume`](crate::Existing)).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for a destination that is not empty, or whose
    /// export has other settings; [`ErrorKind::Destination`](crate::ErrorKind::Destination) where it
    /// cannot be written; otherwise as [`export_by_token_ranges`](Self::export_by_token_ranges).
    ///
    /// ```no_run
    /// # async fn example(operator: bulk::Operator) -> Result<(), bulk::Error> {
    /// use bulk::{BulkOptions, ExportOptions, Location};
    /// let to = Location::parse("s3://bucket/orders")?;
    /// let options = BulkOptions::default();
    /// let report =
    ///     operator.export("shop", "orders", &options, &to, &ExportOptions::default()).await?;
    /// println!("{} rows in {} files", report.manifest.rows, report.manifest.files.len());
    /// # Ok(()) }
    /// ```
    pub async fn export(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
        to: &Location,
        how: &ExportOptions,
    ) -> Result<ExportReport> {
        let (job, plan) = self.prepare_export(keyspace, table, options, to, how).await?;
        let mut scan = options.scan.clone();
        scan.cancel = scan.cancel.child_token();
        job.run(plan, scan).await
    }

    /// Begins an import into a table: see [`Import`].
    pub fn import(&self, keyspace: &str, table: &str) -> Import {
        Import::new(self.clone(), keyspace, table)
    }

    /// What [`export`](Self::export) would do, and whether its destination would be refused. Changes
    /// nothing.
    ///
    /// # Errors
    ///
    /// As [`export`](Self::export).
    pub async fn plan_export(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
        to: &Location,
        how: &ExportOptions,
    ) -> Result<ExportPlan> {
        let (job, plan) = self.prepare_export(keyspace, table, options, to, how).await?;
        Ok(job.show(plan))
    }

    async fn prepare_export(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
        to: &Location,
        how: &ExportOptions,
    ) -> Result<(Job, Option<Arc<ScanPlan>>)> {
        let (schema, ring) = self.read(keyspace, table).await?;
        let selection = self.select(&schema, options, &how.batches).await?;
        let export = Export {
            session: Arc::clone(&self.session),
            table: schema,
            ring,
            asked: options.token_ranges.clone().unwrap_or_else(RangeSet::full),
            selection,
            location: to.clone(),
            options: how.clone(),
            iceberg: None,
        };
        self.prepare(export, options).await
    }

    /// An export that has looked at its destination, and the plan of what is still to be read; no plan
    /// where all is done.
    pub(crate) async fn prepare(
        &self,
        export: Export,
        options: &BulkOptions,
    ) -> Result<(Job, Option<Arc<ScanPlan>>)> {
        let job = export.prepare().await?;
        let remaining = job.remaining();
        if remaining.is_empty() {
            return Ok((job, None));
        }
        let options = options.clone().token_ranges(remaining);
        let Export { table, ring, .. } = job.export();
        let plan = self.plan_known(Arc::clone(table), ring, &options).await?;
        Ok((job, Some(plan)))
    }
}
