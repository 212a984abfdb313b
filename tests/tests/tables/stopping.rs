//! Stopping a run in the middle: by dropping its stream, and by cancelling it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{BulkOptions, CancellationToken, Error, ErrorKind, Event};
use futures::{StreamExt, TryStreamExt};
use integration_tests::{RF1, RF3, Table, run};

const ROWS: i32 = 5000;

async fn table(keyspace: &str, name: &str) -> Result<Table> {
    let table = Table::create(keyspace, name, "(id int PRIMARY KEY)").await?;
    table.write("INSERT INTO {} (id) VALUES (?)", (0..ROWS).map(|id| (id,))).await?;
    Ok(table)
}

/// Pages of one row: as many requests as rows, so that there is a middle to stop in.
fn slowly() -> BulkOptions {
    BulkOptions::default().page_size(1).parallelism(3).split_count(9)
}

#[test]
fn dropping_the_stream_stops_the_run() {
    run(async {
        let table = table(RF1, "dropped_stream").await?;
        let pages = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&pages);
        let options = slowly().progress(move |event, _| {
            if matches!(event, Event::Page { .. }) {
                seen.fetch_add(1, Ordering::Relaxed);
            }
        });
        let operator = &table.on.operator;
        let mut rows =
            operator.export_by_token_ranges::<(i32,)>(RF1, table.table(), &options).await?;
        for _ in 0..20 {
            rows.try_next().await?.context("the rows ended early")?;
        }
        drop(rows);
        // What was on its way may still arrive; after that, nothing.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let settled = pages.load(Ordering::Relaxed);
        ensure!((20..1000).contains(&settled), "{settled} pages after 20 rows");
        tokio::time::sleep(Duration::from_secs(1)).await;
        let later = pages.load(Ordering::Relaxed);
        ensure!(later == settled, "{} pages came behind the dropped stream", later - settled);
        Ok(())
    });
}

#[test]
fn a_stream_that_is_not_read_does_not_read_ahead_without_bound() {
    run(async {
        let table = table(RF3, "unread_stream").await?;
        let mut rows = table
            .on
            .operator
            .export_by_token_ranges::<(i32,)>(RF3, table.table(), &slowly())
            .await?;
        rows.try_next().await?.context("no row")?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let ahead = rows.stats().pages;
        ensure!(ahead < 100, "{ahead} pages were read for one row");
        let rest = rows.try_collect::<Vec<_>>().await?.len();
        ensure!(rest + 1 == 5000, "{rest} rows came after the pause");
        Ok(())
    });
}

#[test]
fn cancelling_hands_back_what_there_is() {
    run(async {
        let table = table(RF1, "cancelled").await?;
        let token = CancellationToken::new();
        let (observer, events) = bulk::event_stream(100_000);
        let options = slowly().cancel(token.clone()).observer(observer);
        let operator = &table.on.operator;
        let mut rows =
            operator.export_by_token_ranges::<(i32,)>(RF1, table.table(), &options).await?;
        let mut ids = Vec::new();
        let error = loop {
            match rows.next().await {
                Some(Ok((id,))) => ids.push(id),
                Some(Err(error)) => break error,
                None => bail!("the stream ended as if nothing had happened"),
            }
            if ids.len() == 50 {
                token.cancel();
            }
        };
        ensure!(rows.next().await.is_none(), "something came after the error");
        ensure!(error.kind() == ErrorKind::Interrupted && error.retryable(), "{error}");
        let Error::Run(error) = error else { bail!("{error} is not of the run") };
        ensure!(error.stats().rows == ids.len() as u64, "{:?}", error.stats());
        ensure!(!error.stats().complete && error.failures().is_empty(), "{:?}", error.stats());
        let delivered = ids.len();
        ids.sort_unstable();
        ids.dedup();
        ensure!(ids.len() == delivered, "{} rows came twice", delivered - ids.len());
        ensure!(delivered < 5000 && ids.iter().all(|id| (0..ROWS).contains(id)), "{delivered}");

        drop((options, rows));
        let events: Vec<_> = events.collect().await;
        let mut missing = bulk::RangeSet::full();
        for (event, _) in &events {
            if let Event::RangeDone { range, .. } = event {
                missing.remove(*range);
            }
        }
        ensure!(*error.missing() == missing, "{} is not {missing}", error.missing());
        ensure!(matches!(events.last(), Some((Event::Finished, stats)) if !stats.complete));
        Ok(())
    });
}

#[test]
fn a_count_that_is_cancelled_keeps_its_counts() {
    run(async {
        let table = table(RF3, "cancelled_count").await?;
        let token = CancellationToken::new();
        let trigger = token.clone();
        let options =
            BulkOptions::default().split_count(500).parallelism(1).cancel(token).progress(
                move |_, stats| {
                    if stats.ranges_done == 10 {
                        trigger.cancel();
                    }
                },
            );
        let result = table.on.operator.count_by_token_ranges(RF3, table.table(), &options).await;
        let Err(Error::Run(error)) = result else { bail!("{result:?}") };
        ensure!(error.kind() == executor::ErrorKind::Interrupted, "{error}");
        ensure!(error.counts().len() as u64 == error.stats().ranges_done, "{:?}", error.stats());
        let counted: u64 = error.counts().iter().map(|count| count.rows).sum();
        ensure!(counted == error.stats().rows && counted < 5000, "{counted} rows");
        let mut missing = bulk::RangeSet::full();
        error.counts().iter().for_each(|count| missing.remove(count.range));
        ensure!(*error.missing() == missing, "{} is not {missing}", error.missing());
        Ok(())
    });
}
