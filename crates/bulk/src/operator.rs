//! The jobs over one session.

use std::sync::Arc;

use executor::{CountReport, Query};
use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use topology::{
    ConnectOptions, PlanOptions, RingSnapshot, ScanPlan, SizeEstimates, TableName, TableSchema,
};

use crate::error::Result;
use crate::options::BulkOptions;
use crate::partitions::LargestPartitions;
use crate::rows::RowStream;

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

    async fn read(&self, keyspace: &str, table: &str) -> Result<(TableSchema, RingSnapshot)> {
        let name = TableName::new(keyspace, table);
        let schema = TableSchema::read(&self.session, &name).await?;
        let ring = RingSnapshot::read(&self.session, &name)?;
        Ok((schema, ring))
    }

    fn plan_with(
        &self,
        schema: TableSchema,
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
        Ok(topology::plan(ring, Arc::new(schema), estimates, &plan)?)
    }

    /// The plan of a run. Estimates are asked for only where the number of splits depends on them.
    async fn plan_run(
        &self,
        keyspace: &str,
        table: &str,
        options: &BulkOptions,
    ) -> Result<Arc<ScanPlan>> {
        let (schema, ring) = self.read(keyspace, table).await?;
        let estimates = match options.split_count {
            Some(_) => SizeEstimates::unknown(),
            None => SizeEstimates::read(&self.session, &schema, &ring).await,
        };
        Ok(Arc::new(self.plan_with(schema, &ring, &estimates, options)?))
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
        let session = Arc::clone(&self.session);
        Ok(executor::count(session, plan, options.scan.clone()).await?)
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
        let query = Query::partition_counts(&plan.table);
        let pages = executor::scan(Arc::clone(&self.session), plan, query, options.scan.clone());
        LargestPartitions::read(pages, top).await
    }

    /// Streams every row of a table, decoded as `R`: a tuple, a struct with `#[derive(DeserializeRow)]`,
    /// scylla's `Row`, or [`JsonRow`](crate::JsonRow).
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
        let query = match &options.columns {
            None => Query::rows(&plan.table),
            Some(columns) => {
                plan.table.check_columns(columns)?;
                Query::columns(&plan.table, columns.iter().map(String::as_str))
            }
        };
        let scan = executor::scan(Arc::clone(&self.session), plan, query, options.scan.clone());
        Ok(RowStream::new(scan))
    }
}
