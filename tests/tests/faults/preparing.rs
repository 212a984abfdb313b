//! One of three nodes that takes a request and says nothing, while the statement of a run is prepared: the
//! other two have every row.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{BulkOptions, CancellationToken, Error, ScanOptions};
use executor::ErrorKind;
use integration_tests::{Proxied, Table, run};
use scylla_proxy::{Condition, Reaction, RequestOpcode, RequestReaction, RequestRule};

use crate::{hasty, options, table};

/// Far more than two nodes need, and far less than forever.
const PATIENCE: Duration = Duration::from_secs(20);

async fn with_a_silent_node(name: &str, subnet: u8) -> Result<(Table, Proxied)> {
    let table = table(name).await?;
    let mut proxied = Proxied::start(subnet).await?;
    let prepare = Condition::not(Condition::ConnectionRegisteredAnyEvent)
        .and(Condition::RequestOpcode(RequestOpcode::Prepare));
    proxied.on_requests_of(1, &[RequestRule(prepare, RequestReaction::drop_frame())]);
    Ok((table, proxied))
}

/// All rows are counted, although one node is silent.
async fn counted(table: &Table, proxied: &Proxied, options: &BulkOptions) -> Result<()> {
    let count = proxied.operator.count_by_token_ranges(table.keyspace(), table.table(), options);
    let rows = tokio::time::timeout(PATIENCE, count).await;
    let rows = rows.context("the run has not come to its end")??;
    ensure!(rows == 1000, "{rows} rows");
    Ok(())
}

#[test]
fn a_silent_node_does_not_keep_a_run_from_beginning() {
    run(async {
        let (table, proxied) = with_a_silent_node("faults_silent", 15).await?;
        let scan = ScanOptions { request_timeout: Duration::from_secs(2), ..hasty() };
        counted(&table, &proxied, &options(scan)).await
    });
}

#[test]
fn a_silent_node_does_not_keep_a_young_table_from_being_planned() {
    run(async {
        let (table, proxied) = with_a_silent_node("faults_silent_young", 19).await?;
        let scan = ScanOptions { request_timeout: Duration::from_secs(2), ..hasty() };
        // Without a number of splits the size of the table is needed, which the nodes are asked for.
        counted(&table, &proxied, &BulkOptions::default().scan(scan)).await
    });
}

#[test]
fn a_run_that_has_not_begun_can_be_cancelled() {
    run(async {
        let (table, proxied) = with_a_silent_node("faults_silent_cancel", 16).await?;
        let cancel = CancellationToken::new();
        // With a request timeout beyond the test's patience, only cancelling can end it.
        let scan =
            ScanOptions { request_timeout: 10 * PATIENCE, cancel: cancel.clone(), ..hasty() };
        let options = options(scan);
        let count =
            proxied.operator.count_by_token_ranges(table.keyspace(), table.table(), &options);
        let cancelling = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            cancel.cancel();
        };
        let (result, ()) = tokio::join!(tokio::time::timeout(PATIENCE, count), cancelling);
        let result = result.context("the run was cancelled, and goes on waiting")?;
        let Err(Error::Run(error)) = result else { bail!("{result:?}") };
        ensure!(error.kind() == ErrorKind::Interrupted, "{error}");
        Ok(())
    });
}
