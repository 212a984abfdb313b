//! Faults that do not pass: the run ends, and says what is missing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use bulk::{BulkOptions, Error, RetryPolicy, ScanOptions, ScanPlan};
use executor::{ErrorKind, Query};
use futures::StreamExt;
use integration_tests::{Proxied, Table, exactly, run};
use scylla_proxy::{RequestReaction, RequestRule};
use topology::Fault;

use crate::{hasty, options, table};

/// A plan made through a session that nothing is done to.
async fn plan(table: &Table) -> Result<Arc<ScanPlan>> {
    let options = BulkOptions::default().split_count(6).parallelism(3);
    let operator = &table.on.operator;
    Ok(Arc::new(operator.plan(table.keyspace(), table.table(), &options).await?))
}

#[test]
fn what_never_works_is_named_range_by_range() {
    run(async {
        let table = table("faults_forever").await?;
        let mut proxied = Proxied::start(13).await?;
        let reaction = RequestReaction::forge().overloaded();
        proxied.on_requests(&[RequestRule(Proxied::is_execute(), reaction)]);
        let plan = plan(&table).await?;
        let retry = RetryPolicy { max_elapsed: Duration::from_secs(1), ..hasty().retry };
        let scan = ScanOptions { retry, ..hasty() };
        let session = Arc::clone(proxied.operator.session());
        let query = Query::rows(&plan.table);
        let mut pages = executor::scan(session, Arc::clone(&plan), query, scan);
        let Some(Err(error)) = pages.next().await else { bail!("a page, or none") };
        ensure!(pages.next().await.is_none(), "something came after the error");

        ensure!(error.kind() == ErrorKind::Incomplete && error.retryable(), "{error}");
        ensure!(error.missing().is_full(), "{} is not the whole ring", error.missing());
        ensure!(error.stats().rows == 0 && error.stats().retries > 0, "{:?}", error.stats());
        let given_up = error.failures().iter().map(|failure| failure.range);
        exactly(given_up, plan.splits.iter().flat_map(|split| split.ranges.clone()))?;
        let nodes: BTreeSet<_> = plan.nodes.iter().map(|node| node.address).collect();
        for failure in error.failures() {
            ensure!(failure.fault == Fault::Overloaded && failure.attempts > 1, "{failure:?}");
            ensure!(failure.rows_delivered == 0 && nodes.contains(&failure.node), "{failure:?}");
        }
        let text = error.to_string();
        ensure!(text.contains("faults_forever") && text.contains("127.0.0.1"), "{text}");
        Ok(())
    });
}

#[test]
fn what_can_never_work_ends_the_run_at_once() {
    run(async {
        let table = table("faults_refused").await?;
        let forge = RequestReaction::forge;
        let mut proxied = Proxied::start(14).await?;
        for reaction in [forge().invalid(), forge().syntax_error(), forge().unauthorized()] {
            proxied.on_requests(&[RequestRule(Proxied::is_execute(), reaction)]);
            let options = options(hasty());
            let (keyspace, name) = (table.keyspace(), table.table());
            let result = proxied.operator.count_by_token_ranges(keyspace, name, &options).await;
            let Err(Error::Run(error)) = result else { bail!("{result:?}") };
            ensure!(error.kind() == ErrorKind::Refused && !error.retryable(), "{error}");
            ensure!(error.stats().retries == 0, "it was tried again: {:?}", error.stats());
            ensure!(error.missing().is_full() && !error.failures().is_empty(), "{error:?}");
        }
        Ok(())
    });
}
