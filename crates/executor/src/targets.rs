//! The statement of a run, once for each node.
//!
//! To the driver, a statement over a token range is not token-aware. A copy of the statement whose
//! load balancing policy knows one node goes there, or fails: which node is next is the schedule's
//! decision, not the driver's.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::policies::load_balancing::{
    LoadBalancingPolicy, NodeIdentifier, SingleTargetLoadBalancingPolicy,
};
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared::Statement;
use tokenring::TokenRange;
use topology::{Node, ScanPlan, classify};

use crate::error::{Error, Result};
use crate::lanes::Lane;
use crate::options::ScanOptions;
use crate::query::Query;

/// A node, the statement that goes there, and how much of it at a time.
pub(crate) struct Target {
    pub(crate) node: Node,
    pub(crate) lane: Lane,
    statement: Directed,
    only: Arc<dyn LoadBalancingPolicy>,
    /// Requests ever sent.
    sent: AtomicU64,
}

/// The statement of a run, for whichever node.
pub(crate) struct Statements {
    prepared: Option<PreparedStatement>,
    query: Query,
    consistency: Option<Consistency>,
    page_size: i32,
    request_timeout: Duration,
    is_fixed: bool,
}

/// A statement for one node.
enum Directed {
    Prepared(PreparedStatement),
    /// The driver prepares a statement on all nodes, and waits for all of them. Where one is silent,
    /// the others need not wait: this one is prepared by the node it goes to, each time anew.
    Unprepared(Statement),
}

impl Target {
    /// Asks the node for a page of a range.
    pub(crate) async fn page(
        &self,
        session: &Session,
        range: TokenRange,
        page_size: i32,
        paging: PagingState,
    ) -> Result<(QueryResult, PagingStateResponse), ExecutionError> {
        let bounds = (range.start().value(), range.end().value());
        match &self.statement {
            Directed::Prepared(prepared) => {
                self.sent.fetch_add(1, Ordering::Relaxed);
                let mut prepared = Cow::Borrowed(prepared);
                if prepared.get_page_size() != page_size {
                    prepared.to_mut().set_page_size(page_size);
                }
                session.execute_single_page(&prepared, bounds, paging).await
            }
            Directed::Unprepared(statement) => {
                // It is prepared first.
                self.sent.fetch_add(2, Ordering::Relaxed);
                let statement = statement.clone().with_page_size(page_size);
                session.query_single_page(statement, bounds, paging).await
            }
        }
    }
}

impl Target {
    /// Asks the node something else, of one page.
    pub(crate) async fn ask(
        &self,
        session: &Session,
        mut statement: Statement,
    ) -> Result<QueryResult, ExecutionError> {
        statement.set_is_idempotent(true);
        statement.set_consistency(Consistency::One);
        statement.set_retry_policy(Some(Arc::new(FallthroughRetryPolicy::new())));
        statement.set_load_balancing_policy(Some(Arc::clone(&self.only)));
        self.sent.fetch_add(1, Ordering::Relaxed);
        session.query_unpaged(statement, &[]).await
    }

    /// How many requests the run has ever sent to the node.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Statements {
    /// Whether the number of splits in flight is fixed.
    pub(crate) fn is_fixed(&self) -> bool {
        self.is_fixed
    }

    /// Prepares the statement of a run.
    pub(crate) async fn prepare(
        session: &Session,
        plan: &ScanPlan,
        query: Query,
        options: &ScanOptions,
    ) -> Result<Self> {
        Ok(Statements {
            prepared: prepare(session, plan, &query, options.request_timeout).await?,
            query,
            consistency: options.consistency,
            page_size: options.page_size,
            request_timeout: options.request_timeout,
            is_fixed: plan.parallelism.is_some(),
        })
    }

    /// The way to a node.
    pub(crate) fn target(&self, node: &Node) -> Target {
        let only: Arc<dyn LoadBalancingPolicy> =
            SingleTargetLoadBalancingPolicy::new(NodeIdentifier::HostId(node.host_id), None);
        let statement = match &self.prepared {
            Some(prepared) => {
                Directed::Prepared(self.directed(prepared.clone(), Arc::clone(&only)))
            }
            None => Directed::Unprepared(self.directed_unprepared(Arc::clone(&only))),
        };
        let lane = Lane::new(self.is_fixed);
        Target { node: node.clone(), lane, statement, only, sent: AtomicU64::new(0) }
    }

    fn directed(
        &self,
        mut prepared: PreparedStatement,
        only: Arc<dyn LoadBalancingPolicy>,
    ) -> PreparedStatement {
        prepared.set_is_idempotent(true);
        prepared.set_page_size(self.page_size);
        prepared.set_request_timeout(Some(self.request_timeout));
        prepared.set_retry_policy(Some(Arc::new(FallthroughRetryPolicy::new())));
        prepared.set_load_balancing_policy(Some(only));
        if let Some(consistency) = self.consistency {
            prepared.set_consistency(consistency);
        }
        prepared
    }

    /// As [`directed`](Self::directed): the driver's two kinds of statements have the same setters, and
    /// no common trait.
    fn directed_unprepared(&self, only: Arc<dyn LoadBalancingPolicy>) -> Statement {
        let mut statement = Statement::new(self.query.cql());
        statement.set_is_idempotent(true);
        statement.set_request_timeout(Some(self.request_timeout));
        statement.set_retry_policy(Some(Arc::new(FallthroughRetryPolicy::new())));
        statement.set_load_balancing_policy(Some(only));
        if let Some(consistency) = self.consistency {
            statement.set_consistency(consistency);
        }
        statement
    }
}

/// The prepared statement; `None` where the cluster was too slow, or too broken, to prepare it: then
/// the run finds out which nodes are not.
async fn prepare(
    session: &Session,
    plan: &ScanPlan,
    query: &Query,
    patience: Duration,
) -> Result<Option<PreparedStatement>> {
    match tokio::time::timeout(patience, session.prepare(query.cql())).await {
        Ok(Ok(prepared)) => Ok(Some(prepared)),
        Ok(Err(error)) => {
            let error = ExecutionError::from(error);
            if classify(&error).retryable() {
                tracing::warn!(%error, "the statement is prepared page by page");
                Ok(None)
            } else {
                Err(Error::prepare(plan.table.name(), error))
            }
        }
        Err(_) => {
            tracing::warn!(?patience, "a node is silent: the statement is prepared page by page");
            Ok(None)
        }
    }
}
