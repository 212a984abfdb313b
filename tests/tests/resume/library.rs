//! `Operator::export`, ended early by those who called it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{
    BatchOptions, BulkOptions, CancellationToken, ErrorKind, Event, Existing, ExportOptions,
    Location,
};
use integration_tests::{Table, python, run};
use tokio::sync::Notify;

use crate::destination::Destination;
use crate::{WIDE, is_whole, table};

pub(crate) fn resuming() -> ExportOptions {
    ExportOptions {
        files: 2,
        max_file_rows: 20,
        batches: BatchOptions { batch_bytes: 100_000, ..BatchOptions::default() },
        existing: Existing::Resume,
        ..ExportOptions::default()
    }
}

/// Small pages; something is done at one of them, on the way.
pub(crate) fn at_page(page: u64, act: impl Fn() + Send + Sync + 'static) -> BulkOptions {
    let pages = AtomicU64::new(0);
    BulkOptions::default().page_size(5).parallelism(2).progress(move |event, _| {
        if matches!(event, Event::Page { .. }) && pages.fetch_add(1, Ordering::Relaxed) + 1 == page
        {
            act();
        }
    })
}

async fn goes_on(table: &Table, to: &Destination) -> Result<u32> {
    let location = Location::parse(to.text())?;
    let options = BulkOptions::default();
    let (keyspace, name) = (table.keyspace(), table.table());
    let operator = &table.on.operator;
    let report = operator.export(keyspace, name, &options, &location, &resuming()).await?;
    ensure!(report.manifest.rows == u64::try_from(WIDE.number)?, "{report:?}");
    ensure!(report.rows_before > 0, "nothing was there before");
    Ok(report.manifest.attempts)
}

#[test]
fn a_cancelled_export_goes_on() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_cancelled", WIDE).await?;
        let to = Destination::new()?;
        let location = Location::parse(to.text())?;
        for _ in 0..5 {
            let token = CancellationToken::new();
            let cancelled = token.clone();
            let options = at_page(40, move || cancelled.cancel()).cancel(token);
            let (keyspace, name) = (table.keyspace(), table.table());
            let operator = &table.on.operator;
            let result = operator.export(keyspace, name, &options, &location, &resuming()).await;
            let Err(error) = result else { bail!("it was not cancelled: {result:?}") };
            ensure!(error.kind() == ErrorKind::Interrupted, "{error}");
            let (there, journaled) = (to.data()?, to.journaled()?);
            ensure!(there == journaled, "there are {there:?}; the journal has {journaled:?}");
        }
        let attempts = goes_on(&table, &to).await?;
        ensure!(attempts == 6, "{attempts} attempts");
        is_whole(&python, &to, "parquet", WIDE).await
    });
}

/// Nobody waits for the work that the dropped future had under way: the next run begins at once.
#[test]
fn a_dropped_export_goes_on() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_dropped", WIDE).await?;
        let to = Destination::new()?;
        let location = Location::parse(to.text())?;
        let mut dropped = 0;
        for page in [60, 1, 31, 44, 52] {
            let due = Arc::new(Notify::new());
            let told = Arc::clone(&due);
            let options = at_page(page, move || told.notify_one());
            let (keyspace, name) = (table.keyspace(), table.table());
            let operator = &table.on.operator;
            let how = resuming();
            let export = operator.export(keyspace, name, &options, &location, &how);
            tokio::select! {
                result = export => drop(result.context("it failed before it was dropped")?),
                () = due.notified() => dropped += 1,
            }
        }
        ensure!(dropped == 5, "{dropped} were dropped");
        let attempts = goes_on(&table, &to).await?;
        ensure!(attempts == 6, "{attempts} attempts");
        is_whole(&python, &to, "parquet", WIDE).await
    });
}
