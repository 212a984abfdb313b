//! The writer: statements, mutations, and the way to the cluster that all its writes share.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::frame::response::result::ColumnSpec;
use scylla::statement::prepared::PreparedStatement;
use topology::{ColumnKind, RingSnapshot, TableSchema, classify};

use super::batch::Batches;
use super::mutations::Mutations;
use super::nodes::Nodes;
use super::options::WriteOptions;
use super::rate::Rates;
use super::report::WriteReport;
use super::request::{Payload, Shared};
use super::run::run;
use super::statement::{StatementId, Statements};
use super::stats::{Counters, WriteStats};
use crate::error::{Error, Result};
use crate::retry::Streak;

/// Writes mutations to one table. The [crate's page](crate) has what it promises, and an example.
///
/// Clones share all but the statements prepared after the cloning: the room that nodes have, the rates,
/// the figures. [`Writer::write`] may run several times at once.
#[derive(Clone, Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    table: Arc<TableSchema>,
    statements: Statements,
}

impl Writer {
    /// A writer to a table, whose replicas are the ring's.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a local datacenter that no node is in.
    pub fn new(
        session: Arc<Session>,
        ring: RingSnapshot,
        table: Arc<TableSchema>,
        options: WriteOptions,
    ) -> Result<Writer> {
        if let Some(local) = &options.local_datacenter
            && !ring.nodes().iter().any(|node| node.datacenter.as_ref() == Some(local))
        {
            return Err(Error::invalid(format!(
                "no node of the cluster is in the datacenter {local:?}; check its name"
            )));
        }
        let shared = Shared {
            session,
            nodes: Nodes::new(ring, options.local_datacenter.as_deref(), options.in_flight),
            rates: Rates::new(options.rows_per_second, options.bytes_per_second),
            counters: Counters::default(),
            taken: Mutex::new(Instant::now()),
            options,
        };
        Ok(Writer { shared: Arc::new(shared), table, statements: Statements::default() })
    }

    /// Prepares a statement that writes to the table, unless it was prepared before; it has a marker for each column of the partition
    /// key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) where the cluster refuses it, with its message
    /// as the source; [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete) where the cluster did not
    /// answer within the retry policy's time; [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) where
    /// the partition key is not bound.
    pub async fn prepare(&mut self, cql: &str) -> Result<StatementId> {
        if let Some(known) = self.statements.find(cql) {
            return Ok(known);
        }
        let cancel = &self.shared.options.cancel;
        let prepared = match cancel.run_until_cancelled(self.prepared(cql)).await {
            Some(prepared) => prepared?,
            None => return Err(Error::write_interrupted(self.table.name())),
        };
        let key = self.table.columns_of(ColumnKind::PartitionKey).count();
        if prepared.get_variable_pk_indexes().len() != key {
            return Err(Error::invalid(format!(
                "the statement does not bind the whole partition key of {} ({}): {cql}",
                self.table.name(),
                self.table.partition_key_list(),
            )));
        }
        let full = || Error::invalid(format!("a writer takes at most {} statements", u16::MAX));
        self.statements.add(prepared).ok_or_else(full)
    }

    /// The driver waits for all nodes without bound, and a silent one is silent until the connection
    /// is given up: so it is asked again.
    async fn prepared(&self, cql: &str) -> Result<PreparedStatement> {
        let Shared { session, options, .. } = &*self.shared;
        let mut streak = Streak::start(&options.retry);
        loop {
            let began = Instant::now();
            let patience = options.request_timeout;
            let error = match tokio::time::timeout(patience, session.prepare(cql)).await {
                Ok(Ok(prepared)) => return Ok(prepared),
                Ok(Err(error)) => ExecutionError::from(error),
                Err(_) => ExecutionError::RequestTimeout(patience),
            };
            let fault = classify(&error);
            streak.record(fault, began.elapsed());
            match streak.next_delay(&options.retry).filter(|_| fault.retryable()) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(Error::prepare(self.table.name(), error)),
            }
        }
    }

    /// The markers of a statement, in order: what a row that is bound to it has to give. None for the
    /// statement of another writer.
    pub fn markers(&self, id: StatementId) -> &[ColumnSpec<'static>] {
        self.statements.shape(id).map_or(&[], |shape| &shape.markers)
    }

    /// Empty mutations, for the statements prepared so far.
    pub fn mutations(&self) -> Mutations {
        Mutations::new(self.statements.shapes(), self.shared.options.max_record_bytes)
    }

    /// Writes all, and comes back when each record has an outcome. Dropping it sends nothing more.
    ///
    /// # Errors
    ///
    /// Only what ends a run: [`ErrorKind::Refused`](crate::ErrorKind::Refused) where the user may not
    /// write to the table.
    pub async fn write(&self, mutations: Mutations) -> Result<WriteReport> {
        let payload = Payload {
            shared: Arc::clone(&self.shared),
            statements: self.statements.clone(),
            batches: Batches::of(&mutations),
            mutations,
        };
        run(Arc::new(payload), self.table.name()).await
    }

    /// The figures of all writes so far.
    pub fn stats(&self) -> WriteStats {
        self.shared.counters.stats(self.shared.nodes.loads())
    }
}
