//! Killed again and again at random moments, and resumed.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Python, Table, python, run};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::destination::Destination;
use crate::program::{export, kill, start};
use crate::{Rows, is_whole, table};

/// The environment variable that repeats a test with the seed that it has told.
const SEED: &str = "RESUME_SEED";

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// After a time.
    After(Duration),
    /// As soon as so many files have come since it began, hidden ones and the journal's too: often
    /// between a file and what names it.
    Files(usize),
    /// As soon as there is anything of the manifest.
    Manifest,
}

struct Trial {
    python: Python,
    table: Table,
    rows: Rows,
    /// The format and its compression, and the ending of such files.
    format: &'static str,
    ending: &'static str,
    /// How many rows a file may have.
    file_rows: std::ops::Range<u32>,
}

#[derive(Debug, Default)]
struct Figures {
    kills: usize,
    runs: usize,
    exports: usize,
    /// Kills after which the manifest was there already.
    after_manifest: usize,
}

impl Trial {
    /// How it is read and written, which may be another way each time.
    fn options(&self, random: &mut StdRng) -> String {
        let splits = [12, 60, 150, 300][random.random_range(0..4)];
        let files = random.random_range(1..=4);
        let file_rows = random.random_range(self.file_rows.clone());
        let (page, parallel) = (random.random_range(100..1000), random.random_range(1..=4));
        format!(
            "{} --resume --splits {splits} --files {files} --max-file-rows {file_rows} \
             --page-size {page} --parallelism {parallel}",
            self.format
        )
    }

    /// Kills so many runs, and checks each export that came to its end.
    async fn kill(&self, kills: usize, random: &mut StdRng) -> Result<Figures> {
        let mut figures = Figures::default();
        let mut longest = Duration::from_secs(1);
        let mut to = Destination::new()?;
        while figures.kills < kills {
            figures.runs += 1;
            let moment = match random.random_range(0..10) {
                0..4 => Moment::After(longest.mul_f64(random.random())),
                4..9 => Moment::Files(random.random_range(1..60)),
                _ => Moment::Manifest,
            };
            let options = self.options(random);
            let about = format!("{moment:?}, {options}, {figures:?}");
            let begun = Instant::now();
            let was_killed =
                self.one(&to, moment, &options).await.with_context(|| about.clone())?;
            figures.after_manifest += usize::from(was_killed && to.manifest()?.is_some());
            figures.kills += usize::from(was_killed);
            if !was_killed {
                longest = begun.elapsed();
                self.check(&to).await.with_context(|| about)?;
                figures.exports += 1;
                to = Destination::new()?;
            }
        }
        let options = self.options(random);
        export(&self.table, &to, &options).await?.with_code(0)?;
        self.check(&to).await.with_context(|| format!("the last one, {figures:?}"))?;
        figures.exports += 1;
        Ok(figures)
    }

    /// Starts a run and kills it, unless it ends before.
    async fn one(&self, to: &Destination, moment: Moment, options: &str) -> Result<bool> {
        let count = || to.files().map_or(0, |files| files.len());
        let (begun, there) = (Instant::now(), count());
        let mut running = start(&self.table, to, options)?;
        let is_due = || match moment {
            Moment::After(time) => begun.elapsed() >= time,
            Moment::Files(files) => count() >= there + files,
            Moment::Manifest => to
                .files()
                .is_ok_and(|files| files.into_keys().any(|name| name.contains("manifest.json"))),
        };
        running.until(is_due).await?;
        kill(running).await
    }

    async fn check(&self, to: &Destination) -> Result<()> {
        is_whole(&self.python, to, self.ending, self.rows).await
    }
}

#[expect(clippy::print_stdout, reason = "a seed must be told, to be tried again")]
async fn survives(trial: Trial, kills: usize) -> Result<()> {
    let seed = match std::env::var(SEED) {
        Ok(text) => text.parse().context("the seed is no number")?,
        Err(_) => rand::random(),
    };
    println!("{SEED}={seed}");
    let figures = trial.kill(kills, &mut StdRng::seed_from_u64(seed)).await;
    let figures = figures.with_context(|| format!("{SEED}={seed}"))?;
    println!("{figures:?}");
    ensure!(figures.kills == kills && figures.exports > 0, "{figures:?}");
    Ok(())
}

#[test]
fn fifty_kills_lose_no_row_and_write_none_twice() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let rows = Rows { number: 300_000, width: 120 };
        let table = table("resume_kills", rows).await?;
        let (format, ending) = ("--format parquet", "parquet");
        survives(Trial { python, table, rows, format, ending, file_rows: 2000..20_000 }, 50).await
    });
}

#[test]
fn compressed_text_survives_ten_kills() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let rows = Rows { number: 80_000, width: 120 };
        let table = table("resume_kills_text", rows).await?;
        let (format, ending) = ("--format csv --compression gzip", "csv.gz");
        survives(Trial { python, table, rows, format, ending, file_rows: 500..5000 }, 10).await
    });
}
