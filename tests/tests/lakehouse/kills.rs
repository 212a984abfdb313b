//! Killed at random moments, and exactly around the commit; then gone on with.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Calls, HttpProxy, Lake, Moment, catalog_server, run};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::{SLOWLY, Trial, files_below, says};

/// The environment variable that repeats a test with the seed that it has told.
const SEED: &str = "LAKEHOUSE_SEED";
const ROWS: i32 = 3000;
const GENERATIONS: i32 = 6;

#[test]
fn a_run_that_is_killed_at_its_commit_is_done_once() {
    run(async {
        let Some(lake) = Lake::rest().await? else { return Ok(()) };
        let proxy = HttpProxy::start(&catalog_server().await?.uri()).await?;
        let catalog = Lake::rest_options(&proxy.uri());
        let trial = Trial { catalog, ..Trial::texts(lake, "lake_kills_commit", 100).await? };
        trial.exported(&["--run-id", "first"]).await?;
        let mut rows: Vec<i32> = (0..100).collect();
        let mut number = 0;
        for moment in [Moment::Before, Moment::Done] {
            for go_on in ["--resume", "--run-id"] {
                for mode in ["append", "replace"] {
                    number += 1;
                    let run_id = format!("run-{number}");
                    let about = || format!("{moment:?}, {go_on}, {mode}");
                    let mut held = proxy.hold(Calls::Commits, moment);
                    let running = trial.start(&["--mode", mode, "--run-id", &run_id])?;
                    held.reached().await.with_context(about)?;
                    ensure!(running.kill().await?.is_none(), "{}: it had ended", about());
                    drop(held);
                    // It is visible wholly, or not at all.
                    let was_done = moment == Moment::Done;
                    if mode == "replace" && was_done {
                        rows = (0..100).collect();
                    } else if was_done {
                        rows.extend(0..100);
                    }
                    trial.holds(rows.clone()).await.with_context(about)?;
                    let go_on: &[&str] = match go_on {
                        "--resume" => &["--mode", mode, "--resume"],
                        _ => &["--mode", mode, "--run-id", &run_id],
                    };
                    trial.export(go_on).await?.with_code(0).with_context(about)?;
                    if mode == "replace" {
                        rows = (0..100).collect();
                    } else if !was_done {
                        rows.extend(0..100);
                    }
                    trial.holds(rows.clone()).await.with_context(about)?;
                    trial.ran_once(&run_id).await.with_context(about)?;
                }
            }
        }
        Ok(())
    });
}

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
enum Kill {
    After(Duration),
    /// As soon as so many files have come below the catalog's folder.
    Files(usize),
}

#[test]
fn kills_at_random_moments_lose_no_row_and_write_none_twice() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let seed = match std::env::var(SEED) {
            Ok(text) => text.parse().context("the seed is no number")?,
            Err(_) => rand::random(),
        };
        println!("{SEED}={seed}");
        let trial = Trial::texts(lake, "lake_kills_random", ROWS).await?;
        let killed = killed(&trial, &mut StdRng::seed_from_u64(seed)).await;
        killed.with_context(|| format!("{SEED}={seed}"))
    });
}

async fn killed(trial: &Trial, random: &mut StdRng) -> Result<()> {
    let (mut kills, mut longest) = (0, Duration::from_millis(500));
    // Each run of the even ones replaces what is there.
    for generation in 0..GENERATIONS {
        let run_id = format!("run-{generation}");
        let mode = if generation % 2 == 0 { "replace" } else { "append" };
        let mut options = vec!["--mode", mode];
        options.extend(SLOWLY);
        if generation == 0 {
            // Later the table is there, and has its partitions.
            options.extend(["--partition-by", "bucket(3, id)"]);
        }
        let of_run = [&options[..], &["--run-id", &run_id]].concat();
        loop {
            let count = || files_below(trial.lake.folder()).map_or(0, |files| files.len());
            let (begun, there) = (Instant::now(), count());
            let kill = match random.random_range(0..2) {
                0 => Kill::After(longest.mul_f64(random.random())),
                _ => Kill::Files(random.random_range(1..60)),
            };
            let go_on = [&options[..], &["--resume"]].concat();
            let is_known = has_journal(trial, &run_id)?;
            let options = if is_known && random.random() { &go_on } else { &of_run };
            let mut running = trial.start(options)?;
            let is_due = || match kill {
                Kill::After(time) => begun.elapsed() >= time,
                Kill::Files(files) => count() >= there + files,
            };
            running.until(is_due).await?;
            let about = format!("{run_id}, {kills} kills, {kill:?}, {options:?}");
            let Some(ended) = running.kill().await? else {
                kills += 1;
                continue;
            };
            ended.with_code(0).context(about)?;
            longest = begun.elapsed();
            break;
        }
        let twice = (0..ROWS).chain(if mode == "append" { 0..ROWS } else { 0..0 });
        trial.holds(twice).await.with_context(|| run_id.clone())?;
        trial.ran_once(&run_id).await?;
    }
    ensure!(kills > 0, "no run was killed");
    Ok(())
}

/// Whether a run has begun to write. One that is killed while it writes its first file, which has a `#` in
/// its name until it is whole, has not.
fn has_journal(trial: &Trial, run_id: &str) -> Result<bool> {
    let journal = format!("/{run_id}/_bulk/");
    let files = files_below(trial.lake.folder())?;
    let mut files = files.iter().map(|file| file.to_string_lossy());
    Ok(files.any(|file| file.contains(&journal) && !file.contains('#')))
}

/// A run that has not ended stands in the way of one that does not know of it.
#[test]
fn an_unfinished_run_is_named_to_the_next_one() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_kills_named", ROWS).await?;
        trial.exported(&["--run-id", "first"]).await?;
        let options = [&["--mode", "append", "--run-id", "second"][..], &SLOWLY].concat();
        let mut running = trial.start(&options)?;
        let units = || {
            let files = files_below(trial.lake.folder()).unwrap_or_default();
            files.iter().filter(|file| file.to_string_lossy().contains("/second/")).count()
        };
        running.until(|| units() > 10).await?;
        ensure!(running.kill().await?.is_none(), "it has ended before");
        let ended = trial.export(&["--mode", "append"]).await?.with_code(2)?;
        says(&ended.stderr, &["second", "--resume", "--run-id"])?;
        trial.holds(0..ROWS).await?;
        // Another one that is named is another one.
        trial.exported(&["--mode=append", "--run-id=third"]).await?;
        trial.holds((0..ROWS).chain(0..ROWS)).await?;
        let resume = [&["--mode", "append", "--resume"][..], &SLOWLY].concat();
        trial.exported(&resume).await?;
        trial.holds((0..3 * ROWS).map(|id| id % ROWS)).await?;
        for run_id in ["first", "second", "third"] {
            trial.ran_once(run_id).await?;
        }
        let ended = trial.export(&["--mode=append", "--resume"]).await?.with_code(2)?;
        says(&ended.stderr, &["resume"])
    });
}
