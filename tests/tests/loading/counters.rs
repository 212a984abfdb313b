//! Counters, which count twice what is sent twice: a run that was killed does not send again what it may
//! have sent, and says which records these are.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Running, run};
use nix::sys::signal::Signal;
use rand::Rng;

use crate::{Report, Trial};

const COUNTERS: i32 = 500;
const RECORDS: i32 = 30_000;

fn content() -> String {
    let rows = (0..RECORDS).map(|i| format!("{},1\n", i % COUNTERS));
    std::iter::once("id,n\n".to_owned()).chain(rows).collect()
}

async fn trial(name: &str) -> Result<(Trial, String)> {
    let trial = Trial::of(name, "(id int PRIMARY KEY, n counter)").await?;
    let file = trial.file("in.csv", content())?;
    Ok((trial, file))
}

/// The records that the journal says were written.
fn written(trial: &Trial) -> u64 {
    let text = fs::read(trial.path("journal/progress.json")).unwrap_or_default();
    let progress: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    progress["counts"]["written"].as_u64().unwrap_or(0)
}

/// Whether each counter is between what was said to be written, and that with what is unknown.
async fn adds_up(trial: &Trial, report: &Report) -> Result<()> {
    let (written, unknown) = (report.count("written"), report.count("unknown"));
    ensure!(report.count("read") == RECORDS as u64, "{}", report.report);
    ensure!(written + unknown == RECORDS as u64, "{}", report.report);
    let mut kept: BTreeMap<i32, i64> = BTreeMap::new();
    for (_, text) in trial.kept("unknown")? {
        for line in text.lines().skip(1) {
            let (id, _) = line.split_once(',').context("no record")?;
            *kept.entry(id.parse()?).or_default() += 1;
        }
    }
    ensure!(kept.values().sum::<i64>() == i64::try_from(unknown)?, "{}", report.report);
    ensure!(trial.reasons("unknown")?.len() as u64 == unknown, "{}", report.report);
    let found = trial.table.rows::<(i32, i64)>("SELECT id, CAST(n AS bigint) FROM {}").await?;
    let found: BTreeMap<i32, i64> = found.into_iter().collect();
    let all = i64::from(RECORDS / COUNTERS);
    for id in 0..COUNTERS {
        let (cell, unknown) =
            (found.get(&id).copied().unwrap_or(0), kept.get(&id).copied().unwrap_or(0));
        ensure!(
            (all - unknown..=all).contains(&cell),
            "counter {id} is {cell}; of {all} records {unknown} are unknown"
        );
    }
    Ok(())
}

#[test]
fn killed_and_resumed_none_is_added_twice() {
    run(async {
        let (trial, file) = trial("loading_counters").await?;
        let mut kills = 0;
        loop {
            let options = [
                "--from",
                &file,
                "--resume",
                "--quiet",
                "--window",
                "1KiB",
                "--rows-per-second",
                "6000",
            ];
            let arguments = trial.arguments(&options);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let before = written(&trial);
            let mut running = Running::start(&arguments)?;
            running.until(|| written(&trial) > before).await?;
            let time = Duration::from_millis(rand::rng().random_range(0..500));
            let begun = Instant::now();
            running.until(|| begun.elapsed() >= time).await?;
            match running.kill().await? {
                None => kills += 1,
                Some(ended) => {
                    ensure!(matches!(ended.code, Some(0 | 4)), "{ended:?}");
                    break;
                }
            }
            if kills == 8 {
                break;
            }
        }
        ensure!(kills > 0, "it was never killed");
        let arguments = trial.arguments(&["--from", &file, "--resume", "--output", "json"]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = integration_tests::program(&arguments).await?;
        ensure!(matches!(ended.code, Some(0 | 4)), "{ended:?}");
        let report = serde_json::from_str(&ended.stdout)?;
        let report = Report { report, stderr: ended.stderr };
        ensure!(report.report["complete"] == true, "{}", report.report);
        ensure!(report.count("written") > 0, "{}", report.report);
        adds_up(&trial, &report).await
    });
}

#[test]
fn interrupted_and_resumed_none_is_unknown() {
    run(async {
        let (trial, file) = trial("loading_counters_interrupted").await?;
        let options =
            ["--from", &file, "--resume", "--window", "16KiB", "--rows-per-second", "5000"];
        let arguments = trial.arguments(&options);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut running = Running::start(&arguments)?;
        running.until(|| fs::metadata(trial.path("journal/progress.json")).is_ok()).await?;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        running.signal(Signal::SIGINT)?;
        let (_, ended) = running.end().await?;
        ended.with_code(130)?;
        let report = trial.report(0, &["--from", &file, "--resume"]).await?;
        ensure!(
            report.report["before"]["written"].as_u64().is_some_and(|n| n > 0),
            "{}",
            report.report
        );
        report.counts(RECORDS as u64, 0)?;
        adds_up(&trial, &report).await
    });
}

#[test]
fn a_counter_file_is_loaded_twice_by_two_imports() {
    run(async {
        let (trial, file) = trial("loading_counters_twice").await?;
        for (journal, times) in [("one", 1), ("two", 2)] {
            let journal = trial.place(journal);
            let report = trial.report(0, &["--from", &file, "--journal", &journal]).await?;
            report.counts(RECORDS as u64, 0)?;
            let found = trial.table.rows::<(i64,)>("SELECT CAST(n AS bigint) FROM {}").await?;
            let all = i64::from(RECORDS / COUNTERS) * times;
            ensure!(found.len() == 500 && found.iter().all(|(n,)| *n == all), "{found:?}");
        }
        Ok(())
    });
}
