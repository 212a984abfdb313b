//! Faults on the way: what may pass is sent again, what may not is told for the record that has it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use executor::{ErrorKind, Outcome, RetryPolicy, WriteOptions, WriteStats};
use integration_tests::{Proxied, RF1, RF3, Table, exactly, run};
use scylla::statement::Consistency;
use scylla_proxy::{Reaction, RequestReaction, RequestRule, ResponseReaction, ResponseRule};
use tokenring::Token;
use topology::{Fault, RingSnapshot};

use crate::{all_written, hasty, rows_per_second, write, writer};

const ROWS: i32 = 1000;
const INSERT: &str = "INSERT INTO {} (id, v) VALUES (?, ?)";

async fn table(keyspace: &str, name: &str) -> Result<Table> {
    Table::create(keyspace, name, "(id int PRIMARY KEY, v text)").await
}

fn row(id: i32) -> (i32, String) {
    (id, format!("row {id}"))
}

/// Writes the rows while something is done to some of the frames, and expects all of them to be there
/// at last.
async fn survives(
    (keyspace, name, subnet): (&str, &str, u8),
    requests: &[RequestRule],
    responses: &[ResponseRule],
) -> Result<WriteStats> {
    let table = table(keyspace, name).await?;
    let mut proxied = Proxied::start(subnet).await?;
    // What is read back comes from any replica.
    let options = WriteOptions { consistency: Some(Consistency::All), ..hasty() };
    let (writer, insert) = writer(proxied.operator.session(), &table, INSERT, options).await?;
    proxied.on_requests(requests);
    proxied.on_responses(responses);
    all_written(&write(&writer, insert, (0..ROWS).map(row)).await?)?;
    let stats = writer.stats();
    ensure!(stats.retries > 0 && stats.failed == 0, "nothing has happened: {stats:?}");
    ensure!(stats.records == 1000 && stats.replays <= stats.retries, "{stats:?}");
    ensure!(stats.nodes.iter().all(|load| load.in_flight == 0), "{stats:?}");
    exactly(table.rows("SELECT id, v FROM {}").await?, (0..ROWS).map(row))?;
    Ok(stats)
}

#[test]
fn what_may_pass_is_sent_again() {
    run(async {
        let forge = RequestReaction::forge;
        let reactions = [
            forge().write_timeout(),
            forge().write_failure(),
            forge().unavailable(),
            forge().server_error(),
            forge().is_bootstrapping(),
            forge().overloaded(),
        ];
        let rules =
            reactions.map(|reaction| RequestRule(Proxied::some(Proxied::is_batch(), 5), reaction));
        survives((RF3, "writes_passing", 65), &rules, &[]).await?;
        Ok(())
    });
}

#[test]
fn broken_connections_and_lost_frames_are_survived() {
    run(async {
        let requests = [
            RequestRule(Proxied::some(Proxied::is_batch(), 1), RequestReaction::drop_connection()),
            RequestRule(Proxied::some(Proxied::is_batch(), 3), RequestReaction::drop_frame()),
        ];
        let lost =
            ResponseRule(Proxied::some(Proxied::is_result(), 3), ResponseReaction::drop_frame());
        let stats = survives((RF3, "writes_broken", 66), &requests, &[lost]).await?;
        ensure!(stats.misrouted == 0, "{stats:?}");
        Ok(())
    });
}

#[test]
fn overload_halves_what_is_in_flight_until_it_passes() {
    run(async {
        let table = table(RF1, "writes_overload").await?;
        let mut proxied = Proxied::start(67).await?;
        let (writer, insert) = writer(proxied.operator.session(), &table, INSERT, hasty()).await?;
        let first: Vec<usize> = writer.stats().nodes.iter().map(|load| load.limit).collect();
        ensure!(first.len() == 3 && first.iter().all(|limit| *limit > 1), "{first:?}");
        proxied.on_requests(&[RequestRule(
            Proxied::is_batch(),
            RequestReaction::forge().overloaded(),
        )]);
        let writing = write(&writer, insert, (0..ROWS).map(row));
        let passing = async {
            while writer.stats().nodes.iter().any(|load| load.limit > 1) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            ensure!(writer.stats().records == 0, "{:?}", writer.stats());
            proxied.on_requests(&[]);
            Ok(())
        };
        let (report, ()) = tokio::try_join!(writing, passing)?;
        all_written(&report)?;
        ensure!(writer.stats().nodes.iter().any(|load| load.limit > 1), "it has not grown again");
        exactly(table.rows("SELECT id, v FROM {}").await?, (0..ROWS).map(row))
    });
}

#[test]
fn a_silent_node_keeps_only_its_own_waiting() {
    run(async {
        let table = table(RF1, "writes_silent").await?;
        let ring = RingSnapshot::read(&table.on.session, &table.name)?;
        let silent = table.on.cluster.contact_points()[0];
        let silent = ring.nodes().iter().find(|node| node.address == silent);
        let silent = silent.context("the node is not in the ring")?.host_id;
        let mut of_others = 0;
        for id in 0..ROWS {
            let token = Token::of_partition_key(&[id.to_be_bytes()])?;
            of_others += u64::from(!ring.replicas(token).contains(silent));
        }
        ensure!(0 < of_others && of_others < 1000, "{of_others} records are of the other nodes");
        let mut proxied = Proxied::start(68).await?;
        let options = WriteOptions { request_timeout: Duration::from_secs(5), ..hasty() };
        let (writer, insert) = writer(proxied.operator.session(), &table, INSERT, options).await?;
        proxied
            .on_requests_of(0, &[RequestRule(Proxied::is_batch(), RequestReaction::drop_frame())]);
        let writing = write(&writer, insert, (0..ROWS).map(row));
        let waiting = async {
            while writer.stats().records < of_others {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            // Of the silent node nothing can have been written yet.
            ensure!(writer.stats().records == of_others, "{:?}", writer.stats());
            proxied.on_requests_of(0, &[]);
            Ok(())
        };
        let (report, ()) = tokio::try_join!(writing, waiting)?;
        all_written(&report)?;
        exactly(table.rows("SELECT id, v FROM {}").await?, (0..ROWS).map(row))
    });
}

#[test]
fn one_bad_row_fails_alone() {
    run(async {
        let columns = "(p int, c int, v text, PRIMARY KEY (p, c))";
        let table = Table::create(RF3, "writes_bad_row", columns).await?;
        let cql = "INSERT INTO {} (p, c, v) VALUES (?, ?, ?)";
        let options = WriteOptions { consistency: Some(Consistency::All), ..hasty() };
        let (writer, insert) = writer(&table.on.session, &table, cql, options).await?;
        // A clustering column may not be null.
        let row = |i: i32| (i / 30, (i != 17).then_some(i), "v");
        let report = write(&writer, insert, (0..60).map(row)).await?;
        for (record, outcome) in &report.outcomes {
            match outcome {
                Outcome::Failed { fault: Fault::Invalid, reason } if *record == 17 => {
                    ensure!(reason.contains("null"), "{reason}");
                }
                Outcome::Written if *record != 17 => {}
                other => bail!("record {record}: {other:?}"),
            }
        }
        let stats = writer.stats();
        ensure!(stats.records == 59 && stats.failed == 1 && stats.replays == 30, "{stats:?}");
        let expected = (0..60).filter(|i| *i != 17).map(|i| (i / 30, i));
        exactly(table.rows::<(i32, i32)>("SELECT p, c FROM {}").await?, expected)
    });
}

#[test]
fn a_cluster_that_takes_nothing_ends_it_in_bounded_time() {
    run(async {
        let table = table(RF3, "writes_given_up").await?;
        let mut proxied = Proxied::start(69).await?;
        let retry = RetryPolicy { max_elapsed: Duration::from_secs(1), ..hasty().retry };
        let options = WriteOptions { retry, ..hasty() };
        let (writer, insert) = writer(proxied.operator.session(), &table, INSERT, options).await?;
        proxied.on_requests(&[RequestRule(
            Proxied::is_batch(),
            RequestReaction::forge().unavailable(),
        )]);
        let report = write(&writer, insert, (0..100).map(row)).await?;
        ensure!(report.stalled.as_ref().is_some_and(|why| !why.is_empty()), "{report:?}");
        let is_unsent = |(_, outcome): &(u32, Outcome)| *outcome == Outcome::NotSent;
        ensure!(report.outcomes.iter().all(is_unsent), "{report:?}");
        let stats = writer.stats();
        ensure!(stats.failed == 0 && stats.records == 0 && stats.retries > 100, "{stats:?}");
        ensure!(table.rows::<(i32,)>("SELECT id FROM {}").await?.is_empty(), "something is there");
        Ok(())
    });
}

#[test]
fn what_one_node_refuses_for_good_is_given_up_while_others_go_on() {
    run(async {
        let table = table(RF1, "writes_one_refuses").await?;
        let mut proxied = Proxied::start(74).await?;
        let retry = RetryPolicy { max_elapsed: Duration::from_secs(1), ..hasty().retry };
        // So slowly that others are still being written when the first are given up.
        let options = WriteOptions { retry, pace: rows_per_second(300), ..hasty() };
        let (writer, insert) = writer(proxied.operator.session(), &table, INSERT, options).await?;
        let refusal = RequestReaction::forge().unavailable();
        proxied.on_requests_of(0, &[RequestRule(Proxied::is_batch(), refusal)]);
        let report = write(&writer, insert, (0..1500).map(row)).await?;
        let mut given_up = 0;
        for (record, outcome) in &report.outcomes {
            match outcome {
                Outcome::Written => {}
                Outcome::Failed { fault: Fault::Unavailable, reason } if !reason.is_empty() => {
                    given_up += 1;
                }
                // The last of them, when nothing else was left to be written.
                Outcome::NotSent if report.stalled.is_some() => {}
                other => bail!("record {record}: {other:?}"),
            }
        }
        let written = report.written();
        let stats = writer.stats();
        ensure!(given_up > 0 && stats.failed == given_up && written > 0, "{stats:?}");
        let found = table.rows::<(i32,)>("SELECT id FROM {}").await?;
        ensure!(found.len() == written, "{} rows: {stats:?}", found.len());
        Ok(())
    });
}

#[test]
fn a_user_who_may_not_write_ends_the_run() {
    run(async {
        let table = table(RF1, "writes_denied").await?;
        let mut proxied = Proxied::start(70).await?;
        let (writer, insert) = writer(proxied.operator.session(), &table, INSERT, hasty()).await?;
        proxied.on_requests(&[RequestRule(
            Proxied::is_batch(),
            RequestReaction::forge().unauthorized(),
        )]);
        let Err(error) = write(&writer, insert, (0..ROWS).map(row)).await else {
            bail!("it was written")
        };
        let error = error.downcast::<executor::Error>()?;
        ensure!(error.kind() == ErrorKind::Refused && !error.retryable(), "{error}");
        ensure!(error.to_string().contains("writes_denied"), "{error}");
        ensure!(writer.stats().retries == 0, "it was tried again: {:?}", writer.stats());
        Ok(())
    });
}
