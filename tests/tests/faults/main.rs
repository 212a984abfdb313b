//! Faults on the way to the cluster: every row still comes exactly once, or the run says what is
//! missing.
//!
//! A proxy in front of each node forges errors, drops connections and answers, and delays frames. That
//! can be done to exactly the frames wanted, which no misused real cluster allows; what the server would
//! mean by each error is Cassandra's own encoding all the same.

mod giving_up;
mod preparing;

use std::time::Duration;

use anyhow::{Result, ensure};
use bulk::{BulkOptions, Event, RangeSet, RetryPolicy, ScanOptions, Stats, event_stream};
use futures::{StreamExt, TryStreamExt};
use integration_tests::{Proxied, RF3, Table, exactly, run};
use scylla_proxy::{
    Condition, Reaction, RequestReaction, RequestRule, ResponseReaction, ResponseRule,
};
use topology::Fault;

const ROWS: i32 = 1000;

async fn table(name: &str) -> Result<Table> {
    let table = Table::create(RF3, name, "(id int PRIMARY KEY, v text)").await?;
    let rows = (0..ROWS).map(|id| (id, format!("row {id}")));
    table.write("INSERT INTO {} (id, v) VALUES (?, ?)", rows).await?;
    Ok(table)
}

/// A run that waits little: proxies answer at once, and tests should end.
fn hasty() -> ScanOptions {
    ScanOptions {
        page_size: 50,
        request_timeout: Duration::from_secs(20),
        retry: RetryPolicy {
            min_delay: Duration::from_millis(20),
            max_delay: Duration::from_millis(200),
            max_elapsed: Duration::from_secs(60),
            max_stalled: Duration::from_secs(120),
        },
        ..ScanOptions::default()
    }
}

fn options(scan: ScanOptions) -> BulkOptions {
    BulkOptions::default().scan(scan).split_count(6).parallelism(3)
}

/// The answers that have rows of the table.
fn is_page() -> Condition {
    Proxied::is_result_with("row ")
}

/// Streams the whole table through the proxies; gives the figures and the events.
async fn streams_exactly(
    proxied: &Proxied,
    table: &Table,
    scan: ScanOptions,
) -> Result<(Stats, Vec<Event>)> {
    let (observer, events) = event_stream(100_000);
    let options = options(scan).observer(observer);
    let (keyspace, name) = (table.keyspace(), table.table());
    let mut rows =
        proxied.operator.export_by_token_ranges::<(i32, String)>(keyspace, name, &options).await?;
    drop(options);
    let mut found = Vec::new();
    while let Some(row) = rows.try_next().await? {
        found.push(row);
    }
    exactly(found, (0..ROWS).map(|id| (id, format!("row {id}"))))?;
    let stats = rows.stats();
    drop(rows);
    ensure!(stats.complete && stats.errors == 0 && stats.misrouted == 0, "{stats:?}");
    Ok((stats, events.map(|(event, _)| event).collect().await))
}

fn retried(events: &[Event], wanted: Fault) -> usize {
    events.iter().filter(|e| matches!(e, Event::Retry { fault, .. } if *fault == wanted)).count()
}

/// Forges the error for some requests, and expects each to be sent again for that reason.
async fn survives(name: &str, subnet: u8, reaction: RequestReaction, fault: Fault) -> Result<()> {
    let table = table(name).await?;
    let mut proxied = Proxied::start(subnet).await?;
    proxied.on_requests(&[RequestRule(Proxied::some(Proxied::is_execute(), 4), reaction)]);
    let (stats, events) = streams_exactly(&proxied, &table, hasty()).await?;
    ensure!(stats.retries > 0, "nothing was forged: {stats:?}");
    let retried = retried(&events, fault);
    ensure!(retried as u64 == stats.retries, "{retried} of {} for {fault:?}", stats.retries);
    Ok(())
}

#[test]
fn overloaded_nodes_are_asked_again() {
    run(async {
        let reaction = RequestReaction::forge().overloaded();
        survives("faults_overloaded", 1, reaction, Fault::Overloaded).await
    });
}

#[test]
fn unavailable_replicas_are_asked_again() {
    run(async {
        let reaction = RequestReaction::forge().unavailable();
        survives("faults_unavailable", 2, reaction, Fault::Unavailable).await
    });
}

#[test]
fn read_failures_are_asked_again() {
    run(async {
        let reaction = RequestReaction::forge().read_failure();
        survives("faults_read_failure", 3, reaction, Fault::Failure).await
    });
}

#[test]
fn server_errors_are_asked_again() {
    run(async {
        let reaction = RequestReaction::forge().server_error();
        survives("faults_server_error", 4, reaction, Fault::Failure).await
    });
}

#[test]
fn read_timeouts_are_asked_again_or_made_smaller() {
    run(async {
        let table = table("faults_read_timeout").await?;
        let mut proxied = Proxied::start(5).await?;
        let reaction = RequestReaction::forge().read_timeout();
        proxied.on_requests(&[RequestRule(Proxied::some(Proxied::is_execute(), 8), reaction)]);
        let (stats, events) = streams_exactly(&proxied, &table, hasty()).await?;
        ensure!(retried(&events, Fault::Timeout) > 0 && stats.retries > 0, "{stats:?}");
        Ok(())
    });
}

/// The first counts all time out: their ranges are cut, and the halves cut again.
#[test]
fn a_count_that_times_out_is_cut_in_two() {
    run(async {
        let table = table("faults_count").await?;
        let mut proxied = Proxied::start(6).await?;
        let limited = Proxied::is_execute().and(Condition::TrueForLimitedTimes(5));
        proxied.on_requests(&[RequestRule(limited, RequestReaction::forge().read_timeout())]);
        let options = options(hasty());
        let report = proxied
            .operator
            .count_by_token_ranges_with_stats(table.keyspace(), table.table(), &options)
            .await?;
        let stats = &report.stats;
        ensure!(report.rows == 1000 && stats.complete, "{} rows, {stats:?}", report.rows);
        // Five for each of the three nodes.
        ensure!(stats.resplits == 15 && stats.ranges_total > 15, "{stats:?}");
        RangeSet::full().is_exact_partition(report.ranges.iter().map(|count| count.range))?;
        ensure!(stats.ranges_done == report.ranges.len() as u64, "{stats:?}");
        Ok(())
    });
}

#[test]
fn a_connection_lost_in_the_middle_goes_on_at_the_page() {
    run(async {
        let table = table("faults_connection").await?;
        let mut proxied = Proxied::start(7).await?;
        let reaction = RequestReaction::drop_connection();
        // Six splits have begun by then: what is lost are pages in their middle.
        let later = Proxied::is_execute().and(Condition::RandomWithProbability(0.1));
        let rule = RequestRule(later.and(Condition::TrueForLimitedTimes(3)), reaction);
        proxied.on_requests(&[rule]);
        let scan = ScanOptions { page_size: 10, ..hasty() };
        let (stats, events) = streams_exactly(&proxied, &table, scan).await?;
        ensure!(retried(&events, Fault::Connection) > 0, "no connection was lost: {stats:?}");
        Ok(())
    });
}

#[test]
fn an_answer_that_is_lost_with_its_connection() {
    run(async {
        let table = table("faults_answer_cut").await?;
        let mut proxied = Proxied::start(8).await?;
        let reaction = ResponseReaction::drop_connection();
        proxied.on_responses(&[ResponseRule(Proxied::some(is_page(), 2), reaction)]);
        let scan = ScanOptions { page_size: 10, ..hasty() };
        let (stats, _) = streams_exactly(&proxied, &table, scan).await?;
        ensure!(stats.retries > 0, "{stats:?}");
        Ok(())
    });
}

#[test]
fn an_answer_that_never_comes_times_out_here() {
    run(async {
        let table = table("faults_lost_answer").await?;
        let mut proxied = Proxied::start(9).await?;
        let reaction = ResponseReaction::drop_frame();
        proxied.on_responses(&[ResponseRule(Proxied::some(is_page(), 2), reaction)]);
        let scan = ScanOptions { request_timeout: Duration::from_secs(2), ..hasty() };
        let (stats, events) = streams_exactly(&proxied, &table, scan).await?;
        ensure!(retried(&events, Fault::Timeout) as u64 + stats.resplits > 0, "{stats:?}");
        Ok(())
    });
}

#[test]
fn delayed_answers_are_waited_for() {
    run(async {
        let table = table("faults_delay").await?;
        let mut proxied = Proxied::start(10).await?;
        let reaction = ResponseReaction::delay(Duration::from_millis(700));
        proxied.on_responses(&[ResponseRule(Proxied::some(is_page(), 5), reaction)]);
        let (stats, _) = streams_exactly(&proxied, &table, hasty()).await?;
        ensure!(stats.retries == 0 && stats.resplits == 0, "{stats:?}");
        Ok(())
    });
}

/// The answer comes after it was given up: what is late must not be taken for an answer to anything else.
#[test]
fn late_answers_are_not_rows() {
    run(async {
        let table = table("faults_late").await?;
        let mut proxied = Proxied::start(11).await?;
        let reaction = ResponseReaction::delay(Duration::from_secs(3));
        proxied.on_responses(&[ResponseRule(Proxied::some(is_page(), 2), reaction)]);
        let scan = ScanOptions { request_timeout: Duration::from_secs(2), ..hasty() };
        let (stats, _) = streams_exactly(&proxied, &table, scan).await?;
        ensure!(stats.retries + stats.resplits > 0, "{stats:?}");
        Ok(())
    });
}

#[test]
fn a_mixture_of_everything() {
    run(async {
        let table = table("faults_mixture").await?;
        let mut proxied = Proxied::start(12).await?;
        let forge = RequestReaction::forge;
        let rule = |reaction| RequestRule(Proxied::some(Proxied::is_execute(), 2), reaction);
        proxied.on_requests(&[
            rule(forge().overloaded()),
            rule(forge().read_timeout()),
            rule(forge().unavailable()),
            rule(forge().unprepared()),
            rule(forge().is_bootstrapping()),
            rule(RequestReaction::drop_connection()),
            rule(RequestReaction::delay(Duration::from_millis(300))),
        ]);
        let lost = ResponseRule(Proxied::some(is_page(), 1), ResponseReaction::drop_frame());
        proxied.on_responses(&[lost]);
        let scan =
            ScanOptions { page_size: 20, request_timeout: Duration::from_secs(3), ..hasty() };
        let (stats, _) = streams_exactly(&proxied, &table, scan).await?;
        ensure!(stats.retries > 0, "{stats:?}");
        Ok(())
    });
}
