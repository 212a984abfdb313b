//! Several programs at the same time in the same destination.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{CancellationToken, ErrorKind, Location};
use futures::future::try_join_all;
use integration_tests::{Proxied, Python, Table, python, run};
use nix::sys::signal::Signal;
use rand::Rng;
use scylla_proxy::{Condition, Reaction, RequestReaction, RequestRule};

use crate::destination::Destination;
use crate::library::{at_page, resuming};
use crate::program::{SLOWLY, export, half_done, start};
use crate::{WIDE, is_whole, table};

const ROUNDS: usize = 8;
/// Options of a run that takes about as long as its rivals are late.
const BRISKLY: &str =
    "--resume --page-size 10 --parallelism 2 --splits 60 --max-file-rows 100 --files 2";

/// One more run comes to its end, and everything is there once.
async fn ends_well(python: &Python, table: &Table, to: &Destination) -> Result<()> {
    export(table, to, "--resume").await?.with_code(0)?;
    is_whole(python, to, "parquet", WIDE).await
}

/// Lets three programs go at it, each a little later than the one before; gives how each ended.
async fn compete(table: &Table, to: &Destination) -> Result<Vec<Option<i32>>> {
    let rivals = (0..3).map(|_| async move {
        let delay = rand::rng().random_range(0..400);
        tokio::time::sleep(Duration::from_millis(delay)).await;
        let (_, ended) = start(table, to, BRISKLY)?.end().await?;
        ensure!(
            matches!(ended.code, Some(0 | 2 | 5)) && !ended.stderr.contains("internal error"),
            "{ended:?}"
        );
        Ok(ended.code)
    });
    try_join_all(rivals).await
}

#[test]
fn programs_that_begin_at_the_same_time_leave_one_export() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_rivals", WIDE).await?;
        for round in 0..ROUNDS {
            let to = Destination::new()?;
            let codes = compete(&table, &to).await?;
            let about = || format!("round {round}: {codes:?}");
            ends_well(&python, &table, &to).await.with_context(about)?;
        }
        Ok(())
    });
}

#[test]
fn programs_that_resume_at_the_same_time_leave_one_export() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_rivals_half", WIDE).await?;
        for round in 0..ROUNDS {
            let to = Destination::new()?;
            half_done(&table, &to, "").await?;
            let codes = compete(&table, &to).await?;
            let about = || format!("round {round}: {codes:?}");
            ends_well(&python, &table, &to).await.with_context(about)?;
        }
        Ok(())
    });
}

/// One looks at the destination, and is slow to begin; until it does, another one comes to its end. Had it
/// begun with what it had seen, it would have removed files that the manifest lists.
#[test]
fn one_that_looked_too_early_does_no_harm() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_early", WIDE).await?;
        let mut proxied = Proxied::start(43).await?;
        let (told, mut asked) = tokio::sync::mpsc::unbounded_channel();
        let estimates = Condition::not(Condition::ConnectionRegisteredAnyEvent)
            .and(Condition::BodyContainsCaseSensitive(b"size_estimates".as_slice().into()));
        let slow =
            RequestReaction::delay(Duration::from_secs(5)).with_feedback_when_performed(told);
        proxied.on_requests(&[RequestRule(estimates, slow)]);

        let to = Destination::new()?;
        let mut first = start(&table, &to, SLOWLY)?;
        first.until(|| to.unit_count() >= 3 && has_more_than_the_journal(&to)).await?;
        first.signal(Signal::SIGSTOP)?;
        let cancel = CancellationToken::new();
        let cancelled = cancel.clone();
        let options = at_page(20, move || cancelled.cancel());
        let location = Location::parse(to.text())?;
        let (early, operator) = (table.clone(), proxied.operator.clone());
        let late = tokio::spawn(async move {
            let options = options.cancel(cancel);
            let (keyspace, name) = (early.keyspace(), early.table());
            operator.export(keyspace, name, &options, &location, &resuming()).await
        });
        asked.recv().await.context("the estimates were not asked for")?;
        first.signal(Signal::SIGCONT)?;
        let (_, ended) = first.end().await?;
        let result = late.await?;
        let Err(error) = result else { bail!("it began with what it had seen: {result:?}") };
        let about = || format!("{ended:?}, {error}");
        // Where the first one has ended, the other must not even have begun.
        ensure!(ended.code != Some(0) || error.kind() == ErrorKind::Request, "{}", about());
        ends_well(&python, &table, &to).await.with_context(about)
    });
}

fn has_more_than_the_journal(to: &Destination) -> bool {
    let visible = |name: &String| !name.contains('#');
    match (to.data(), to.journaled()) {
        (Ok(there), Ok(journaled)) => there.difference(&journaled).any(visible),
        _ => false,
    }
}

/// One that was frozen, and taken for dead, wakes up while another one does its work, or has done it.
#[test]
fn one_that_was_taken_for_dead_does_no_harm() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_woken", WIDE).await?;
        for wakes_at_the_end in [false, true, false, true] {
            let to = Destination::new()?;
            let mut frozen = start(&table, &to, SLOWLY)?;
            frozen.until(|| to.unit_count() >= 3).await?;
            frozen.signal(Signal::SIGSTOP)?;
            let units = to.unit_count();
            let mut heir = start(&table, &to, &format!("{SLOWLY} --resume"))?;
            if !wakes_at_the_end {
                heir.until(|| to.unit_count() > units).await?;
                frozen.signal(Signal::SIGCONT)?;
            }
            let (_, ended) = heir.end().await?;
            frozen.signal(Signal::SIGCONT)?;
            let (_, woken) = frozen.end().await?;
            let about = || format!("at the end: {wakes_at_the_end}, {ended:?}, {woken:?}");
            ensure!(ended.code == Some(0) && woken.code != Some(0), "{}", about());
            ends_well(&python, &table, &to).await.with_context(about)?;
        }
        Ok(())
    });
}
