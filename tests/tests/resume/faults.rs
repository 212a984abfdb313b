//! Faults of the cluster in the middle of an export: the files are exact all the same; or the run says
//! what is missing, what is whole stays, and the next run reads the rest.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use bulk::{BulkOptions, ErrorKind, ExportReport, Location, RetryPolicy, ScanOptions};
use integration_tests::{Proxied, Table, program, python, run};
use scylla_proxy::{
    Condition, Reaction, RequestReaction, RequestRule, ResponseReaction, ResponseRule,
};

use crate::destination::Destination;
use crate::library::resuming;
use crate::program::export;
use crate::{WIDE, is_whole, table};

/// A run that waits little: proxies answer at once, and tests should end.
fn hasty(max_elapsed: Duration) -> BulkOptions {
    let retry = RetryPolicy {
        min_delay: Duration::from_millis(20),
        max_delay: Duration::from_millis(200),
        max_elapsed,
        max_stalled: Duration::from_secs(120),
    };
    let scan = ScanOptions {
        page_size: 5,
        request_timeout: Duration::from_secs(3),
        retry,
        ..ScanOptions::default()
    };
    BulkOptions::default().scan(scan).split_count(60).parallelism(3)
}

async fn exports(
    proxied: &Proxied,
    table: &Table,
    to: &Destination,
    options: &BulkOptions,
) -> Result<ExportReport, bulk::Error> {
    let location = Location::parse(to.text())?;
    let (keyspace, name) = (table.keyspace(), table.table());
    proxied.operator.export(keyspace, name, options, &location, &resuming()).await
}

/// Some of the frames: each with the chance of one in ten, and no more than so many of a node.
fn some(condition: Condition, times: usize) -> Condition {
    let chance = Condition::RandomWithProbability(0.1);
    condition.and(chance).and(Condition::TrueForLimitedTimes(times))
}

#[test]
fn timeouts_and_dropped_connections_do_no_harm() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_faults", WIDE).await?;
        let mut proxied = Proxied::start(41).await?;
        let forge = RequestReaction::forge;
        let rule = |reaction| RequestRule(some(Proxied::is_execute(), 3), reaction);
        proxied.on_requests(&[
            rule(forge().read_timeout()),
            rule(RequestReaction::drop_connection()),
            rule(forge().overloaded()),
            rule(forge().unavailable()),
        ]);
        let pages = || Proxied::is_result_with("row ");
        proxied.on_responses(&[
            ResponseRule(some(pages(), 2), ResponseReaction::drop_connection()),
            ResponseRule(some(pages(), 1), ResponseReaction::drop_frame()),
        ]);
        let to = Destination::new()?;
        let report = exports(&proxied, &table, &to, &hasty(Duration::from_secs(60))).await?;
        let stats = &report.stats;
        ensure!(stats.complete && stats.retries + stats.resplits > 0, "{stats:?}");
        is_whole(&python, &to, "parquet", WIDE).await
    });
}

/// The only replica of a third of the rows refuses for ever, from the beginning or in the middle.
#[test]
fn what_cannot_be_read_is_read_by_the_next_run() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_unreadable", WIDE).await?;
        let mut proxied = Proxied::start(42).await?;
        for (reaction, spared) in [
            (RequestReaction::forge().overloaded(), 0),
            (RequestReaction::forge().read_timeout(), 20),
            (RequestReaction::drop_connection(), 20),
        ] {
            let to = Destination::new()?;
            let spare = Condition::not(Condition::TrueForLimitedTimes(spared));
            let condition = Proxied::is_execute().and(spare);
            proxied.on_requests_of(1, &[RequestRule(condition, reaction)]);
            let result = exports(&proxied, &table, &to, &hasty(Duration::from_secs(1))).await;
            let Err(error) = result else { bail!("{spared}: it can't be complete: {result:?}") };
            ensure!(error.kind() == ErrorKind::Incomplete, "{spared}: {error}");
            let (there, journaled) = (to.data()?, to.journaled()?);
            ensure!(there == journaled, "there are {there:?}; the journal has {journaled:?}");
            ensure!(!journaled.is_empty(), "{spared}: nothing stayed of what the others have");
            ensure!(to.files()?.keys().all(|name| !name.contains('#')), "{:?}", to.files()?);
            ensure!(to.manifest()?.is_none(), "{spared}: there is a manifest");

            proxied.on_requests_of(1, &[]);
            let report = exports(&proxied, &table, &to, &hasty(Duration::from_secs(60))).await?;
            ensure!(report.rows_before > 0 && report.manifest.attempts == 2, "{report:?}");
            is_whole(&python, &to, "parquet", WIDE).await?;
        }
        Ok(())
    });
}

/// Three replicas are asked for where there is one: that is never there.
#[test]
fn the_program_ends_with_4_and_can_go_on() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_partial", WIDE).await?;
        let to = Destination::new()?;
        let options = "--consistency THREE --max-retry-time 1";
        let ended = export(&table, &to, options).await?.with_code(4)?;
        ensure!(ended.stderr.contains("--resume"), "{ended:?}");
        ensure!(to.data()?.is_empty() && to.manifest()?.is_none(), "{:?}", to.files()?);
        let ended = program(&["verify", to.text()]).await?.with_code(2)?;
        ensure!(ended.stderr.contains("--resume"), "{ended:?}");
        export(&table, &to, "--resume").await?.with_code(0)?;
        is_whole(&python, &to, "parquet", WIDE).await
    });
}
