//! A run that is held in its middle, by not taking its pages.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{
    BulkOptions, Consistency, Event, Observer, Operator, RangeSet, RetryPolicy, ScanOptions, Stats,
};
use executor::{Page, Query, Scan};
use futures::StreamExt;
use integration_tests::{Extra, exactly};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::ROWS;

/// A scan of a table `t`, some of whose rows have come.
pub(crate) struct Held {
    pages: Scan,
    ids: Vec<i32>,
    done: RangeSet,
    retried: Arc<Notify>,
}

/// A scan that gave each row once.
#[derive(Debug)]
pub(crate) struct Whole {
    /// The nodes whose pages were taken after it was let go, by their host ids.
    pub(crate) nodes: BTreeSet<Uuid>,
    pub(crate) stats: Stats,
}

impl Held {
    /// Begins a scan, and takes a tenth of the table.
    pub(crate) async fn begin(operator: &Operator, keyspace: &str) -> Result<Held> {
        let options = BulkOptions::default().split_count(24);
        let plan = Arc::new(operator.plan(keyspace, "t", &options).await?);
        let retried = Arc::new(Notify::new());
        let told = Arc::clone(&retried);
        let observer = Observer::new(move |event, _| {
            if matches!(event, Event::Retry { .. }) {
                told.notify_one();
            }
        });
        let scan = ScanOptions {
            consistency: Some(Consistency::One),
            page_size: 20,
            // Little is read ahead of who takes nothing.
            budget_bytes: 1 << 10,
            request_timeout: Duration::from_secs(5),
            retry: RetryPolicy {
                max_elapsed: Duration::from_secs(180),
                max_delay: Duration::from_secs(1),
                ..RetryPolicy::default()
            },
            observer,
            ..ScanOptions::default()
        };
        let query = Query::rows(&plan.table);
        let pages = executor::scan(Arc::clone(operator.session()), plan, query, scan);
        let mut held = Held { pages, ids: Vec::new(), done: RangeSet::new(), retried };
        while held.ids.len() < usize::try_from(ROWS / 10)? {
            let page = held.pages.next().await.context("the rows ended early")??;
            held.take(&page)?;
        }
        Ok(held)
    }

    fn take(&mut self, page: &Page) -> Result<()> {
        for row in page.rows::<(i32,)>()? {
            self.ids.push(row?.0);
        }
        if page.is_last() {
            ensure!(!self.done.covers(page.range()), "range {} came twice", page.range());
            self.done.insert(page.range());
        }
        Ok(())
    }

    /// What tells that a request failed and is sent again.
    pub(crate) fn retried(&self) -> Arc<Notify> {
        Arc::clone(&self.retried)
    }

    /// Lets it go on, and sees to it that each row has come once.
    pub(crate) async fn finish(mut self) -> Result<Whole> {
        ensure!(!self.done.is_full(), "it was over before anything could happen");
        let mut nodes = BTreeSet::new();
        while let Some(page) = self.pages.next().await {
            let page = page?;
            nodes.insert(page.node());
            self.take(&page)?;
        }
        let stats = self.pages.stats();
        exactly(self.ids, 0..ROWS)?;
        ensure!(self.done.is_full(), "only {} was covered", self.done);
        ensure!(stats.complete && stats.errors == 0, "{stats:?}");
        // While nodes disagree about the ring a few pages may be; a run that does not follow has many.
        ensure!(stats.misrouted * 10 <= stats.pages, "{stats:?}");
        Ok(Whole { nodes, stats })
    }
}

/// Waits until the session has found a node, and gives its host id: until then, nothing is asked of it.
pub(crate) async fn connected(extra: &Extra, operator: &Operator, node: usize) -> Result<Uuid> {
    let address = IpAddr::from(extra.cluster.profile().address(node));
    for _ in 0..600 {
        let state = operator.session().get_cluster_state();
        let mut nodes = state.get_nodes_info().iter();
        let found = nodes.find(|node| node.address.ip() == address && node.is_connected());
        if let Some(found) = found {
            return Ok(found.host_id);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("the session has not found node {node}")
}
