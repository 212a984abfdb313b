//! Runs that are ended early.

use std::time::Duration;

use anyhow::{Result, ensure};
use executor::{Outcome, WriteOptions};
use integration_tests::{Proxied, RF1, Table, exactly, run};
use scylla_proxy::{Reaction, RequestReaction, RequestRule};
use tokio_util::sync::CancellationToken;

use crate::{hasty, rows_per_second, write, writer};

const INSERT: &str = "INSERT INTO {} (id) VALUES (?)";

#[test]
fn what_is_in_flight_is_waited_for_and_the_rest_is_told_as_not_sent() {
    run(async {
        let table = Table::create(RF1, "writes_cancelled", "(id int PRIMARY KEY)").await?;
        let mut proxied = Proxied::start(71).await?;
        let cancel = CancellationToken::new();
        let options = WriteOptions { cancel: cancel.clone(), ..hasty() };
        let (writer, insert) = writer(proxied.operator.session(), &table, INSERT, options).await?;
        let slow = RequestReaction::delay(Duration::from_millis(300));
        proxied.on_requests(&[RequestRule(Proxied::is_batch(), slow)]);
        let writing = write(&writer, insert, (0..5000).map(|id| (id,)));
        let cancelling = async {
            while writer.stats().records == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            cancel.cancel();
            Ok(())
        };
        let (report, ()) = tokio::try_join!(writing, cancelling)?;
        let of = |wanted: Outcome| {
            let with = report.outcomes.iter().filter(move |(_, outcome)| *outcome == wanted);
            with.map(|(record, _)| i32::try_from(*record)).collect::<Result<Vec<_>, _>>()
        };
        let (written, not_sent) = (of(Outcome::Written)?, of(Outcome::NotSent)?);
        ensure!(written.len() + not_sent.len() == 5000 && !not_sent.is_empty(), "{report:?}");
        ensure!(written.len() == report.written(), "{report:?}");
        let found = table.rows::<(i32,)>("SELECT id FROM {}").await?;
        exactly(found, written.into_iter().map(|id| (id,)))
    });
}

#[test]
fn pauses_and_rates_end_with_the_run() {
    run(async {
        let table = Table::create(RF1, "writes_cancelled_rate", "(id int PRIMARY KEY)").await?;
        let cancel = CancellationToken::new();
        let options = WriteOptions { cancel: cancel.clone(), pace: rows_per_second(20), ..hasty() };
        let (writer, insert) = writer(&table.on.session, &table, INSERT, options).await?;
        // At that rate all of it would take longer than any test may.
        let writing = write(&writer, insert, (0..20_000).map(|id| (id,)));
        let cancelling = async {
            while writer.stats().records < 5 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            cancel.cancel();
            Ok(())
        };
        let (report, ()) = tokio::try_join!(writing, cancelling)?;
        let found = table.rows::<(i32,)>("SELECT id FROM {}").await?;
        ensure!(found.len() == report.written() && found.len() < 20_000, "{}", found.len());
        Ok(())
    });
}

#[test]
fn a_write_that_is_dropped_sends_nothing_more() {
    run(async {
        let table = Table::create(RF1, "writes_dropped", "(id int PRIMARY KEY)").await?;
        let (writer, insert) = writer(&table.on.session, &table, INSERT, hasty()).await?;
        let rate = WriteOptions { pace: rows_per_second(50), ..hasty() };
        let (slow, _) = crate::writer(&table.on.session, &table, INSERT, rate).await?;
        let writing = write(&slow, insert, (0..10_000).map(|id| (id,)));
        let some_written = async {
            while slow.stats().records < 5 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            report = writing => anyhow::bail!("it ended: {report:?}"),
            () = some_written => {}
        }
        // What was on its way arrives; after that nothing does.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = table.rows::<(i32,)>("SELECT id FROM {}").await?.len();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let after = table.rows::<(i32,)>("SELECT id FROM {}").await?.len();
        ensure!(before == after && slow.stats().nodes.iter().all(|load| load.in_flight == 0));
        // And the writer is as good as before.
        write(&writer, insert, [(-1,)]).await?;
        Ok(())
    });
}
