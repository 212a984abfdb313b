//! The writer: statements, mutations, and the way to the cluster that all its writes share.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use scylla::client::session::Session;
use scylla::cluster::ClusterState;
use scylla::errors::ExecutionError;
use scylla::frame::response::result::ColumnSpec;
use scylla::statement::prepared::PreparedStatement;
use topology::{ColumnKind, RingSnapshot, TableSchema, classify};

use super::batch::Batches;
use super::mutations::Mutations;
use super::nodes::Nodes;
use super::options::WriteOptions;
use super::report::WriteReport;
use super::request::{Payload, Shared};
use super::run::run;
use super::statement::{StatementId, Statements};
use super::stats::{Counters, WriteStats};
use crate::error::{Error, Result};
use crate::retry::Streak;
use crate::unchanged::{confirm, watch};

/// Writes mutations to one table. The [crate's page](crate) has what it promises, and an example.
///
/// Clones share all but the statements prepared after the cloning: the room that nodes have, the rates,
/// the figures. [`Writer::write`] may run several times at once.
#[derive(Clone, Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    /// The ring, and what the driver knew of the cluster when it was looked at.
    ring: Arc<Mutex<(Arc<ClusterState>, Arc<Nodes>)>>,
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
        let local = options.local_datacenter.as_deref();
        let nodes = Arc::new(Nodes::new(ring, local, options.in_flight));
        let shared = Shared {
            session,
            counters: Counters::default(),
            taken: Mutex::new(Instant::now()),
            options,
        };
        let state = shared.session.get_cluster_state();
        Ok(Writer {
            shared: Arc::new(shared),
            ring: Arc::new(Mutex::new((state, nodes))),
            table,
            statements: Statements::default(),
        })
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
            nodes: self.nodes(),
            statements: self.statements.clone(),
            batches: Batches::of(&mutations),
            mutations,
        };
        run(Arc::new(payload), self.table.name()).await
    }

    /// Checks that the table is still the one that was begun with: it must be asked before what was
    /// written is called complete.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Changed`](crate::ErrorKind::Changed); [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete)
    /// where the cluster has not answered for as long as the retry policy allows.
    pub async fn confirm(&self) -> Result<()> {
        confirm(&self.shared.session, &self.table, &self.shared.options.retry).await
    }

    /// Ends with the first change of the table: to be run beside writes.
    pub async fn watch(&self) -> Error {
        watch(&self.shared.session, &self.table).await
    }

    /// The nodes of the ring as it is now. Where the cluster shows none, the last one is kept: batches
    /// then tell what is wrong.
    fn nodes(&self) -> Arc<Nodes> {
        let Shared { session, options, .. } = &*self.shared;
        let mut known = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let state = session.get_cluster_state();
        if !Arc::ptr_eq(&known.0, &state) {
            known.0 = state;
            if let Ok(ring) = RingSnapshot::read(session, self.table.name())
                && !known.1.is_of(&ring)
            {
                tracing::info!("the ring has changed: what is left is written to who holds it now");
                let local = options.local_datacenter.as_deref();
                known.1 = Arc::new(known.1.changed(ring, local, options.in_flight));
            }
        }
        known.1.cap(options.pace.max_per_node());
        Arc::clone(&known.1)
    }

    /// The figures of all writes so far.
    pub fn stats(&self) -> WriteStats {
        self.shared.counters.stats(self.nodes().loads())
    }
}
