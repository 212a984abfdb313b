//! A proxy behind which some ranges always time out.

use std::time::Duration;

use anyhow::{bail, ensure};
use bulk::{BulkOptions, Error, Event, RetryPolicy, ScanOptions, event_stream};
use executor::ErrorKind;
use futures::StreamExt;
use integration_tests::{Proxied, RF1, Table, run};
use scylla_proxy::{RequestReaction, RequestRule};

/// One node has some ranges alone and never answers for them in time. These are cut, in vain, and named
/// in the end; all others are counted.
#[test]
fn what_always_times_out_is_cut_and_then_named() {
    run(async {
        let table = Table::create(RF1, "slow_timeouts", "(id int PRIMARY KEY)").await?;
        table.write("INSERT INTO {} (id) VALUES (?)", (0..3000).map(|id| (id,))).await?;
        let mut proxied = Proxied::start(32).await?;
        let reaction = RequestReaction::forge().read_timeout();
        proxied.on_requests_of(1, &[RequestRule(Proxied::is_execute(), reaction)]);
        let (observer, events) = event_stream(1_000_000);
        let retry = RetryPolicy {
            min_delay: Duration::from_millis(5),
            max_delay: Duration::from_millis(20),
            max_elapsed: Duration::from_millis(500),
            max_stalled: Duration::from_secs(2),
        };
        let scan = ScanOptions { retry, ..ScanOptions::default() };
        let options =
            BulkOptions::default().scan(scan).split_count(6).parallelism(3).observer(observer);
        let (keyspace, name) = (table.keyspace(), table.table());
        let counted = proxied.operator.count_by_token_ranges(keyspace, name, &options).await;
        drop(options);
        let Err(Error::Run(error)) = counted else { bail!("{counted:?}") };
        ensure!(error.kind() == ErrorKind::Incomplete && error.retryable(), "{error}");
        let stats = error.stats();
        ensure!(!stats.complete && stats.resplits > 0 && stats.errors > 0, "{stats:?}");
        let events: Vec<_> = events.map(|(event, _)| event).collect().await;
        ensure!(
            events.iter().any(|event| matches!(event, Event::Resplit { .. })),
            "nothing was cut"
        );
        // Cutting is bounded, and what is missing is what that node has, no more.
        ensure!(stats.ranges_total < 100_000, "{stats:?}");
        let failed = error.failures();
        ensure!(!failed.is_empty(), "{error}");
        ensure!(failed.iter().all(|failure| error.missing().covers(failure.range)), "{failed:?}");
        let counted: u64 = error.counts().iter().map(|count| count.rows).sum();
        ensure!((1..3000).contains(&counted), "{counted} rows were counted");
        ensure!(error.counts().iter().all(|count| !error.missing().covers(count.range)));

        // Once it answers, the missing ranges are the rest.
        proxied.on_requests(&[]);
        let options = BulkOptions::default().token_ranges(error.missing().clone());
        let rest = proxied.operator.count_by_token_ranges(keyspace, name, &options).await?;
        ensure!(counted + rest == 3000, "{counted} and {rest}");
        Ok(())
    });
}
