//! A round: a table, a job under faults, resumes without, and the comparison.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use integration_tests::{Disk, ddl};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use xtask::cluster::target_dir;

use crate::fault::{Counts, NODES};
use crate::input;
use crate::job::{Choice, Job};
use crate::program::{Program, REQUEST, RETRIES};
use crate::report::{Report, Verdict};
use crate::site::{KEYSPACE, Site};
use crate::table::{self, Shape};

/// What a round has, and what came of it so far.
pub(crate) struct Round<'a> {
    pub(crate) site: &'a mut Site,
    pub(crate) seed: u64,
    pub(crate) random: StdRng,
    pub(crate) choice: Choice,
    pub(crate) shape: Shape,
    /// The table that is filled by the suite.
    pub(crate) from: String,
    /// The table that the program fills.
    pub(crate) back: String,
    /// Whatever the round writes, but for what goes onto a small disk or into a store.
    pub(crate) folder: PathBuf,
    pub(crate) program: Program,
    pub(crate) report: Report,
    pub(crate) disk: Option<Disk>,
    /// Bad records of the input.
    pub(crate) bad: u64,
    /// How often what was exported has been read back.
    pub(crate) read_back: u32,
}

/// Runs the round of a seed; `rows` bounds the table. Whatever goes wrong is in its verdict, and what led
/// to it in `target/chaos/SEED`.
pub async fn round(site: &mut Site, seed: u64, rows: Range<i32>) -> Report {
    let mut random = StdRng::seed_from_u64(seed);
    let choice = Choice::of(seed, rows, &mut random);
    let report = Report {
        seed,
        job: choice.to_string(),
        faults: Counts::new(),
        nodes: [0; NODES],
        ends: BTreeMap::new(),
        resumes: 0,
        kept: None,
        verdict: Verdict::Same,
    };
    site.rounds += 1;
    let folder = match folder(seed) {
        Ok(folder) => folder,
        Err(error) => return Report { verdict: Verdict::of(Err(error)), ..report },
    };
    let environment = match site.store(choice.job).await {
        Ok(store) => store.map(|store| store.environment()).unwrap_or_default(),
        Err(error) => return Report { verdict: Verdict::of(Err(error)), ..report },
    };
    let [from, back] = ["from", "back"].map(|table| format!("{table}_{seed}"));
    let shape = Shape::random(&mut random);
    let program = Program::new(folder.clone(), environment);
    let (disk, bad, read_back) = (None, 0, 0);
    let mut round = Round {
        site,
        seed,
        random,
        choice,
        shape,
        from,
        back,
        folder,
        program,
        report,
        disk,
        bad,
        read_back,
    };
    let verdict = Verdict::of(round.go().await);
    round.end(verdict).await
}

/// An empty folder of the round's own.
fn folder(seed: u64) -> Result<PathBuf> {
    let folder = target_dir()?.join("chaos").join(seed.to_string());
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

impl Round<'_> {
    /// The job under faults, then without, each time it says it is complete compared as it stands.
    /// Gives why it was skipped, if it was.
    async fn go(&mut self) -> Result<Option<String>> {
        let job = self.choice.job;
        if job == Job::ExportToFullDisk {
            let bytes = self.choice.rows * self.random.random_range(5..20);
            self.disk = Disk::mount(&bytes.to_string())?;
            if self.disk.is_none() {
                return Ok(Some("no disk can be mounted here, so none can be full".into()));
            }
        }
        if job.has_store() && self.site.store(job).await?.is_none() {
            return Ok(Some("there is no python3 here, and so no object store".into()));
        }
        self.fill().await.context("the table cannot be made")?;
        let place = self.place();
        let arguments = match job {
            Job::Count => self.count(),
            _ if job.is_export() => self.export(&place, true),
            _ => {
                let from = self.input(&place).await.context("the input cannot be made")?;
                self.import(&from, &self.journal(), true)
            }
        };
        if let Some(ended) = self.under_faults(&arguments).await? {
            self.compare(&ended, &place).await.context("complete under faults")?;
        }
        // Without faults its first run is to succeed, be it a resume or one that finds all done.
        self.report.resumes += 1;
        let ended =
            self.program.whole(&arguments, job.codes()).await.context("after the faults")?;
        self.compare(&ended, &place).await.context("after the faults")?;
        Ok(None)
    }

    async fn fill(&mut self) -> Result<()> {
        let session = &self.site.session;
        if self.choice.job == Job::ImportOfCounters {
            return table::create(session, &self.back, "(id int PRIMARY KEY, n counter)").await;
        }
        for table in [&self.from, &self.back] {
            self.shape.create(session, table).await?;
        }
        self.shape.fill(session, &self.from, self.choice.rows, &mut self.random).await
    }

    /// Where files are exported to, and imported from.
    fn place(&self) -> String {
        if let (true, Some(store)) = (self.choice.job.has_store(), self.site.opened_store()) {
            return store.url(&self.prefix());
        }
        let folder = self.disk.as_ref().map_or(&*self.folder, Disk::path);
        folder.join("out").display().to_string()
    }

    /// The folder in a store, anew in each round: nothing is ever removed there.
    pub(crate) fn prefix(&self) -> String {
        format!("{}-{}", self.seed, self.site.rounds)
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// Writes what is imported; gives where it is.
    async fn input(&mut self, place: &str) -> Result<String> {
        if self.choice.job == Job::ImportOfCounters {
            let path = self.folder.join("in.csv");
            fs::write(&path, input::counters(self.choice.rows))?;
            return Ok(path.display().to_string());
        }
        let export = self.export(place, false);
        self.program.whole(&export, &[0]).await?;
        if self.choice.job != Job::ImportOfBadRecords {
            return Ok(place.to_owned());
        }
        let (to, columns) = (self.folder.join("in"), self.shape.columns());
        let format = self.choice.format;
        self.bad = input::spoil(Path::new(place), &to, format, columns, &mut self.random)?;
        Ok(to.display().to_string())
    }

    /// Sees to it that the site is as it was, and that what is needed to understand a difference stays.
    async fn end(mut self, verdict: Verdict) -> Report {
        let is_well = matches!(verdict, Verdict::Same | Verdict::Skipped(_));
        if !is_well {
            if let Err(why) = self.site.heal().await {
                self.report.ends.insert(format!("not healed: {why:#}"), 1);
            }
            let kept = self.keep().await;
            let kept = kept.map_or_else(|why| format!("not all: {why:#}"), |()| "all".to_owned());
            self.report.kept = Some(format!("{} ({kept})", self.folder.display()));
        } else {
            for table in [&self.from, &self.back] {
                // What is left goes with the cluster, or as the next round of this seed begins.
                let drop = format!("DROP TABLE IF EXISTS {KEYSPACE}.{table}");
                let _ = ddl(&self.site.session, &drop).await;
            }
            // So does a folder.
            let _ = fs::remove_dir_all(&self.folder);
        }
        Report { verdict, ..self.report }
    }

    /// Copies what lies elsewhere into the round's folder.
    async fn keep(&self) -> Result<()> {
        if let Some(disk) = &self.disk {
            copy(disk.path(), &self.folder.join("disk"))?;
        }
        if let (true, Some(store)) = (self.choice.job.has_store(), self.site.opened_store()) {
            let into = self.folder.join("store");
            fs::create_dir_all(&into)?;
            store.download(&self.prefix(), &into).await?;
        }
        Ok(())
    }

    fn export(&self, to: &str, proxied: bool) -> Vec<String> {
        let rows = (self.choice.rows / 8).max(100).to_string();
        let files = ["--format", self.choice.format, "--resume", "--max-file-rows", &rows];
        let reads = ["--page-size", "300", "--consistency", "LOCAL_QUORUM"];
        let own = [&files[..], &reads].concat();
        self.arguments(&["export", &name(&self.from), to], &own, proxied)
    }

    pub(crate) fn import(&self, from: &str, journal: &Path, proxied: bool) -> Vec<String> {
        let (journal, bad) = (journal.display().to_string(), self.bad.to_string());
        let own = ["--from", from, "--journal", &journal, "--resume", "--max-errors", &bad];
        self.arguments(&["import", &name(&self.back)], &own, proxied)
    }

    fn count(&self) -> Vec<String> {
        let own = ["--consistency", "LOCAL_QUORUM"];
        self.arguments(&["count", &name(&self.from)], &own, true)
    }

    fn arguments(&self, job: &[&str], own: &[&str], proxied: bool) -> Vec<String> {
        let hosts = self.site.hosts(proxied);
        let common = ["--host", &hosts, "--quiet", "--output", "json"];
        let patience = ["--request-timeout", REQUEST, "--max-retry-time", RETRIES];
        [job, own, &common, &patience].concat().into_iter().map(str::to_owned).collect()
    }
}

fn name(table: &str) -> String {
    format!("{KEYSPACE}.{table}")
}

/// Copies all files below a folder.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let to = to.join(path.file_name().context("a file without a name")?);
        match path.is_dir() {
            true => copy(&path, &to)?,
            false => drop(fs::copy(&path, &to)?),
        }
    }
    Ok(())
}
