//! The statement of a run, once for each node.
//!
//! To the driver, a statement over a token range is not token-aware. A clone of the prepared statement
//! whose load balancing policy knows one node goes there, or fails: which node is next is the
//! schedule's decision, not the driver's.

use std::sync::Arc;

use scylla::client::session::Session;
use scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::statement::prepared::PreparedStatement;
use topology::{Node, ScanPlan};

use crate::error::{Error, Result};
use crate::options::ScanOptions;
use crate::query::Query;

/// A node, and the statement that goes there.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) node: Node,
    pub(crate) statement: PreparedStatement,
}

/// One target for each node of the plan, in the plan's order.
pub(crate) async fn targets(
    session: &Session,
    plan: &ScanPlan,
    query: &Query,
    options: &ScanOptions,
) -> Result<Vec<Target>> {
    let mut prepared = session
        .prepare(query.cql())
        .await
        .map_err(|error| Error::prepare(plan.table.name(), error.into()))?;
    prepared.set_is_idempotent(true);
    prepared.set_page_size(options.page_size);
    prepared.set_request_timeout(Some(options.request_timeout));
    prepared.set_retry_policy(Some(Arc::new(FallthroughRetryPolicy::new())));
    if let Some(consistency) = options.consistency {
        prepared.set_consistency(consistency);
    }
    let target = |node: &Node| {
        let mut statement = prepared.clone();
        let only = SingleTargetLoadBalancingPolicy::new(NodeIdentifier::HostId(node.host_id), None);
        statement.set_load_balancing_policy(Some(only));
        Target { node: node.clone(), statement }
    };
    Ok(plan.nodes.iter().map(target).collect())
}
