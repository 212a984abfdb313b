//! Killed again and again at random moments, and resumed another way each time.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Running, run};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use crate::{Report, Trial, csv, gzip, json_lines, parquet};

/// The environment variable that repeats a test with the seed that it has told.
const SEED: &str = "LOADING_SEED";
const KILLS: usize = 30;

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// After a time.
    After(Duration),
    /// As soon as what is done has been written down so often.
    Written(usize),
    /// As soon as there is a file of the journal that has not its name yet.
    Staged,
}

/// What is loaded: files of several formats, some with bad records.
struct Input {
    from: String,
    good: i32,
    /// The source and the place of each bad record.
    bad: BTreeSet<(String, u64)>,
}

/// A record of each so many is bad.
const EVERY: i32 = 7000;
const BLOCK: i32 = 50_000;

impl Input {
    fn write(trial: &Trial) -> Result<Input> {
        let spoilt = |text: String, key: &str| {
            (0..BLOCK * 4).step_by(EVERY as usize).fold(text, |text, id| {
                text.replace(&format!("\n{key}{id},"), &format!("\n{key}bad{id},"))
            })
        };
        let plain = spoilt(csv(0..BLOCK), "");
        let packed = spoilt(csv(BLOCK..2 * BLOCK), "");
        let lines = spoilt(json_lines(2 * BLOCK..3 * BLOCK), "{\"id\": ");
        let mut bad = BTreeSet::new();
        for (name, text, first) in
            [("in/a.csv", &plain, 0), ("in/b.csv.gz", &packed, 0), ("in/c.jsonl", &lines, 1)]
        {
            let is_bad = |(_, line): &(usize, &str)| line.contains("bad");
            let places = text.lines().enumerate().filter(is_bad);
            bad.extend(places.map(|(at, _)| (trial.place(name), at as u64 + first)));
        }
        trial.file("in/a.csv", plain)?;
        trial.file("in/b.csv.gz", gzip(packed)?)?;
        trial.file("in/c.jsonl", lines)?;
        trial.file("in/d.parquet", parquet(3 * BLOCK..4 * BLOCK)?)?;
        Ok(Input { from: trial.place("in"), good: 4 * BLOCK, bad })
    }

    /// The ids that are in the table at last.
    fn ids(&self) -> impl Iterator<Item = i32> {
        let is_bad = |id: &i32| *id < 3 * BLOCK && id % EVERY == 0;
        (0..self.good).filter(move |id| !is_bad(id))
    }
}

/// How it is read and written, which may be another way each time.
fn options(random: &mut StdRng) -> Vec<String> {
    let options = [
        format!("--files {}", random.random_range(1..=4)),
        format!("--window {}KiB", [16, 64, 256, 1024][random.random_range(0..4)]),
        format!("--batch-rows {}", [1, 2, 16, 64][random.random_range(0..4)]),
        format!("--in-flight {}", [1, 8, 256][random.random_range(0..3)]),
        format!("--rows-per-second {}", random.random_range(4000..20_000)),
    ];
    options.iter().flat_map(|option| option.split(' ').map(str::to_owned)).collect()
}

fn written(journal: &Path) -> Option<SystemTime> {
    fs::metadata(journal.join("progress.json")).and_then(|metadata| metadata.modified()).ok()
}

fn is_staged(journal: &Path) -> bool {
    let known = ["import.json", "progress.json", "bad", "unknown", "lock"];
    let entries = fs::read_dir(journal).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| !known.iter().any(|known| name == *known))
}

/// Starts a run and kills it, unless it ends before.
async fn one(trial: &Trial, moment: Moment, options: &[&str]) -> Result<bool> {
    let arguments = trial.arguments(options);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let journal = trial.path("journal");
    let begun = Instant::now();
    let mut running = Running::start(&arguments)?;
    match moment {
        Moment::After(time) => running.until(|| begun.elapsed() >= time).await?,
        Moment::Written(times) => {
            for _ in 0..times {
                let before = written(&journal);
                running.until(|| written(&journal) != before).await?;
            }
        }
        Moment::Staged => running.until(|| is_staged(&journal)).await?,
    }
    match running.kill().await? {
        None => Ok(true),
        // Some records are bad.
        Some(ended) => ended.with_code(4).map(|_| false).context("it failed, and was not killed"),
    }
}

/// Ends the import, and compares all that there is.
async fn check(trial: &Trial, input: &Input) -> Result<()> {
    let report = trial.report(4, &["--from", &input.from, "--resume"]).await?;
    let good = input.ids().count() as u64;
    report.counts(good, input.bad.len() as u64)?;
    ensure!(report.report["complete"] == true, "{}", report.report);
    trial.holds_rows(input.ids()).await?;
    bad_once(trial, &input.bad)?;

    // Once more, there is nothing to do.
    let again = trial.report(4, &["--from", &input.from, "--resume"]).await?;
    again.counts(good, input.bad.len() as u64)?;
    wrote_nothing(&again)?;
    bad_once(trial, &input.bad)
}

fn wrote_nothing(report: &Report) -> Result<()> {
    ensure!(report.report["writes"]["records"] == 0, "{}", report.report);
    ensure!(report.report["before"] == report.report["counts"], "{}", report.report);
    Ok(())
}

/// Whether each bad record is kept once, with its reason.
fn bad_once(trial: &Trial, bad: &BTreeSet<(String, u64)>) -> Result<()> {
    let reasons = trial.reasons("bad")?;
    let place = |reason: &Value| {
        let source = reason["source"].as_str().context("no source")?;
        Ok((source.to_owned(), reason["record"].as_u64().context("no record")?))
    };
    let places: BTreeSet<(String, u64)> = reasons.iter().map(place).collect::<Result<_>>()?;
    ensure!(reasons.len() == bad.len(), "{} are bad: {reasons:?}", bad.len());
    ensure!(places == *bad, "{bad:?} are bad: {places:?}");
    let kept = trial.kept("bad")?;
    let lines = kept.iter().flat_map(|(_, text)| text.lines());
    ensure!(lines.filter(|line| line.contains("bad")).count() == bad.len(), "{kept:?}");
    Ok(())
}

#[derive(Debug, Default)]
struct Figures {
    kills: usize,
    imports: usize,
}

async fn kill(trial: &Trial, input: &Input, random: &mut StdRng) -> Result<Figures> {
    let mut figures = Figures::default();
    while figures.kills < KILLS {
        let moment = match random.random_range(0..10) {
            0..6 => Moment::After(Duration::from_millis(random.random_range(0..3000))),
            6..9 => Moment::Written(random.random_range(1..4)),
            _ => Moment::Staged,
        };
        let options = options(random);
        let mut all = vec!["--from", &input.from, "--resume", "--quiet"];
        all.extend(options.iter().map(String::as_str));
        let about = || format!("{moment:?}, {options:?}, {figures:?}");
        let was_killed = one(trial, moment, &all).await.with_context(about)?;
        figures.kills += usize::from(was_killed);
        if !was_killed {
            check(trial, input).await.with_context(|| format!("{figures:?}"))?;
            figures.imports += 1;
            fs::remove_dir_all(trial.path("journal"))?;
            trial.table.alter("TRUNCATE {}").await?;
        }
    }
    check(trial, input).await.with_context(|| format!("the last one, {figures:?}"))?;
    figures.imports += 1;
    Ok(figures)
}

#[test]
fn thirty_kills_lose_no_record_and_count_none_twice() {
    run(async {
        let seed = match std::env::var(SEED) {
            Ok(text) => text.parse().context("the seed is no number")?,
            Err(_) => rand::random(),
        };
        println!("{SEED}={seed}");
        let trial = Trial::new("loading_kills").await?;
        let input = Input::write(&trial)?;
        ensure!(input.bad.len() > 20, "{:?}", input.bad);
        let figures = kill(&trial, &input, &mut StdRng::seed_from_u64(seed)).await;
        let figures = figures.with_context(|| format!("{SEED}={seed}"))?;
        println!("{figures:?}");
        Ok(())
    });
}
