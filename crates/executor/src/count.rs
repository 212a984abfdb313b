//! Counting: a scan whose pages are the server's own counts.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use scylla::client::session::Session;
use tokenring::TokenRange;
use topology::{Node, ScanPlan};

use crate::error::Result;
use crate::options::ScanOptions;
use crate::query::Query;
use crate::scan::scan;
use crate::stats::Stats;

/// The rows of one range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeCount {
    /// The index of its split in the plan.
    pub split: usize,
    /// The range.
    pub range: TokenRange,
    /// Its rows.
    pub rows: u64,
}

/// A finished count.
#[derive(Clone, Debug, PartialEq)]
pub struct CountReport {
    /// What was counted.
    pub plan: Arc<ScanPlan>,
    /// Rows of all ranges.
    pub rows: u64,
    /// Each range, in token order.
    pub ranges: Vec<RangeCount>,
    /// The figures of the run.
    pub stats: Stats,
}

impl CountReport {
    /// The rows that each node holds, in the plan's order of nodes. A row counts once on each of its
    /// replicas, so the sum is the number of rows times the replication factor.
    pub fn by_node(&self) -> Vec<(&Node, u64)> {
        let held = |node: &Node| {
            let of_node = |count: &&RangeCount| {
                let split = self.plan.splits.get(count.split);
                split.is_some_and(|split| split.replicas.contains(node.host_id))
            };
            self.ranges.iter().filter(of_node).map(|count| count.rows).sum()
        };
        self.plan.nodes.iter().map(|node| (node, held(node))).collect()
    }
}

/// Counts the rows of a plan, by the server, range by range. The query is [`Query::count`], perhaps of
/// some rows only.
///
/// # Errors
///
/// As [`scan`]; the error carries the counts of the ranges that were done.
///
/// ```no_run
/// # async fn example(session: std::sync::Arc<scylla::client::session::Session>, plan: topology::ScanPlan) -> Result<(), executor::Error> {
/// use executor::{Query, ScanOptions};
/// let query = Query::count(&plan.table);
/// let report = executor::count(session, plan, query, ScanOptions::default()).await?;
/// println!("{} rows, {:.0} rows/s", report.rows, report.stats.rows_per_second());
/// # Ok(()) }
/// ```
pub async fn count(
    session: Arc<Session>,
    plan: impl Into<Arc<ScanPlan>>,
    query: Query,
    options: ScanOptions,
) -> Result<CountReport> {
    let plan = plan.into();
    let mut pages = scan(session, Arc::clone(&plan), query, options);
    let mut open: HashMap<TokenRange, u64> = HashMap::new();
    let mut ranges = Vec::new();
    let mut failure = None;
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                let rows = open.remove(&page.range()).unwrap_or(0) + page.tally();
                if page.is_last() {
                    ranges.push(RangeCount { split: page.split(), range: page.range(), rows });
                } else {
                    open.insert(page.range(), rows);
                }
            }
            Err(error) => failure = Some(error),
        }
    }
    ranges.sort_unstable_by_key(|count| count.range);
    match failure {
        Some(error) => Err(error.with_counts(ranges)),
        None => {
            let rows = ranges.iter().map(|count| count.rows).sum();
            Ok(CountReport { plan, rows, ranges, stats: pages.stats() })
        }
    }
}
