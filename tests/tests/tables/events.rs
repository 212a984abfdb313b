//! What a run tells while it goes adds up to what it did.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use bulk::{BulkOptions, Event, ScanPlan, Stats, event_stream};
use futures::{StreamExt, TryStreamExt};
use integration_tests::{RF1, RF3, Table, exactly, run};

const ROWS: i32 = 3000;

async fn table(keyspace: &str, name: &str) -> Result<Table> {
    let table = Table::create(keyspace, name, "(id int PRIMARY KEY)").await?;
    table.write("INSERT INTO {} (id) VALUES (?)", (0..ROWS).map(|id| (id,))).await?;
    Ok(table)
}

/// Compares the events of a whole run with its plan.
fn tell_the_whole_run(events: &[(Event, Stats)], plan: &ScanPlan) -> Result<()> {
    let (mut started, mut done, mut ranges) = (Vec::new(), Vec::new(), Vec::new());
    let mut open: BTreeMap<_, u64> = BTreeMap::new();
    let (mut rows, mut pages) = (0, 0);
    for (event, stats) in events {
        match event {
            Event::SplitStarted { split, node } => {
                let replicas = &plan.splits[*split].replicas;
                let asked = plan.nodes.iter().find(|known| known.address == *node);
                let asked = asked.with_context(|| format!("{node} is not in the plan"))?;
                ensure!(replicas.contains(asked.host_id), "split {split} was begun on {node}");
                started.push(*split);
            }
            Event::Page { split, range, rows: of_page, .. } => {
                ensure!(started.contains(split), "a page of split {split} before its start");
                rows += of_page;
                pages += 1;
                *open.entry(*range).or_default() += of_page;
                ensure!(stats.rows == rows && stats.pages == pages, "{stats:?} after {rows} rows");
            }
            Event::RangeDone { range, rows: of_range, .. } => {
                ensure!(open.remove(range) == Some(*of_range), "{range} ended with other rows");
                ranges.push(*range);
                ensure!(stats.ranges_done == ranges.len() as u64, "{stats:?}");
            }
            Event::SplitDone { split } => done.push(*split),
            Event::Finished => {}
            other => ensure!(false, "nothing went wrong, and yet {other:?}"),
        }
        ensure!(stats.complete == matches!(event, Event::Finished), "{event:?} with {stats:?}");
    }
    exactly(started, 0..plan.splits.len())?;
    exactly(done, 0..plan.splits.len())?;
    exactly(ranges, plan.splits.iter().flat_map(|split| split.ranges.clone()))?;
    ensure!(rows == u64::from(ROWS.unsigned_abs()), "the pages have {rows} rows");
    let finished = events.iter().filter(|(event, _)| matches!(event, Event::Finished)).count();
    let (last, stats) = events.last().context("no events")?;
    ensure!(finished == 1 && matches!(last, Event::Finished), "{finished} ends, and then {last:?}");
    ensure!(stats.percent() >= 100.0 && stats.splits_done == plan.splits.len() as u64);
    Ok(())
}

#[test]
fn stream_and_callback_tell_the_whole_run() {
    run(async {
        for (keyspace, splits, page_size) in [(RF1, 4, 100), (RF1, 200, 3), (RF3, 1, 7)] {
            let table = table(keyspace, &format!("events_{splits}")).await?;
            let called: Arc<Mutex<Vec<(Event, Stats)>>> = Arc::default();
            let log = Arc::clone(&called);
            let (observer, events) = event_stream(100_000);
            let options = BulkOptions::default()
                .split_count(splits)
                .page_size(page_size)
                .observer(observer)
                .progress(move |event, stats| {
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    log.push((event.clone(), stats.clone()));
                });
            let operator = &table.on.operator;
            let plan = operator.plan(keyspace, table.table(), &options).await?;
            let rows = operator
                .export_by_token_ranges::<(i32,)>(keyspace, table.table(), &options)
                .await?;
            exactly(rows.try_collect::<Vec<_>>().await?, (0..ROWS).map(|id| (id,)))?;
            // The stream of events ends only when nobody is left who could send any.
            drop(options);

            let streamed: Vec<_> = events.collect().await;
            tell_the_whole_run(&streamed, &plan).context("the stream")?;
            let called = called.lock().unwrap_or_else(PoisonError::into_inner);
            tell_the_whole_run(&called, &plan).context("the callback")?;
        }
        Ok(())
    });
}

#[test]
fn a_count_tells_its_rows_too() {
    run(async {
        let table = table(RF3, "events_of_a_count").await?;
        let (observer, events) = event_stream(100_000);
        let options = BulkOptions::default().split_count(20).observer(observer);
        let operator = &table.on.operator;
        let report =
            operator.count_by_token_ranges_with_stats(RF3, table.table(), &options).await?;
        drop(options);
        let events: Vec<_> = events.collect().await;
        tell_the_whole_run(&events, &report.plan)
    });
}
