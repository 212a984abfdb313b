//! A round: a table, a job under faults, resumes without, and the comparison.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::TryStreamExt as _;
use integration_tests::{Cells, Disk, Ended, ddl, exactly, load};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use scylla::client::session::Session;
use scylla::statement::{Consistency, Statement};
use serde_json::Value;
use xtask::cluster::Cluster;

use crate::fault::{Counts, Faults, Kind, NODES};
use crate::job::{Run, one, whole};
use crate::report::{Difference, Report, Verdict, ensure_same};
use crate::site::{KEYSPACE, Site};

/// Runs of the job while faults strike, at the most.
const UNDER_FAULTS: u32 = 4;
const COLUMNS: &str = "(a int, b int, t text, d double, n bigint, l list<int>, PRIMARY KEY (a, b))";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    Export,
    FullDisk,
    Import,
    Count,
}

/// What happens to a node.
#[derive(Clone, Copy, Debug)]
enum Suffering {
    Killed(usize),
    Frozen(usize),
}

struct Round<'a> {
    site: &'a mut Site,
    random: StdRng,
    job: Job,
    format: &'static str,
    rows: i32,
    from: String,
    back: String,
    report: Report,
}

/// Runs the round of a seed; `rows` bounds the table. Whatever goes wrong is in its verdict.
pub async fn round(site: &mut Site, seed: u64, rows: std::ops::Range<i32>) -> Report {
    let mut random = StdRng::seed_from_u64(seed);
    let job = [Job::Export, Job::FullDisk, Job::Import, Job::Import, Job::Export, Job::Count]
        [random.random_range(0..6)];
    let format = ["csv", "jsonl", "json", "parquet", "arrow"][random.random_range(0..5)];
    let rows = random.random_range(rows);
    let [from, back] = ["from", "back"].map(|table| format!("{table}_{seed}"));
    let report = Report {
        seed,
        job: format!("{job:?} {format}, {rows} rows"),
        faults: Counts::new(),
        nodes: [0; NODES],
        ends: BTreeMap::new(),
        resumes: 0,
        verdict: Verdict::Same,
    };
    let mut round = Round { site, random, job, format, rows, from, back, report };
    let verdict = Verdict::of(round.go().await);
    if verdict != Verdict::Same
        && let Err(why) = round.site.heal().await
    {
        round.report.ends.insert(format!("not healed: {why:#}"), 1);
    }
    for table in [&round.from, &round.back] {
        // What is left goes with the cluster, or as the next round of this seed begins.
        let _ = ddl(&round.site.session, &format!("DROP TABLE IF EXISTS {KEYSPACE}.{table}")).await;
    }
    Report { verdict, ..round.report }
}

impl Round<'_> {
    async fn fill(&mut self) -> Result<()> {
        let session = &self.site.session;
        for table in [&self.from, &self.back] {
            ddl(session, &format!("DROP TABLE IF EXISTS {KEYSPACE}.{table}")).await?;
            ddl(session, &format!("CREATE TABLE {KEYSPACE}.{table} {COLUMNS}")).await?;
        }
        let (of, width) = (self.random.random_range(1..200), self.random.random_range(0..300));
        let random = &mut self.random;
        let rows: Vec<_> = (0..self.rows)
            .map(|id| {
                let text =
                    random.random_bool(0.9).then(|| format!("é\"{id},\n{}", "x".repeat(width)));
                let double = random.random_bool(0.9).then(|| random.random::<f64>() - 0.5);
                let list = random.random_bool(0.5).then(|| vec![id, random.random()]);
                (id / of, id % of, text, double, random.random::<i64>(), list)
            })
            .collect();
        let cql = format!(
            "INSERT INTO {KEYSPACE}.{} (a, b, t, d, n, l) VALUES (?, ?, ?, ?, ?, ?)",
            self.from
        );
        load(&self.site.session, &cql, rows).await
    }

    /// The job under faults, then without, each time it says it is complete compared as it stands.
    /// Gives why it was skipped, if it was.
    async fn go(&mut self) -> Result<Option<String>> {
        let folder = tempfile::tempdir()?;
        let mut disk = None;
        if self.job == Job::FullDisk {
            disk = Disk::mount("1M")?;
            if disk.is_none() {
                return Ok(Some("no disk can be mounted here, so none can be full".into()));
            }
        }
        self.fill().await.context("the table cannot be made")?;
        let place = disk.as_ref().map_or(folder.path(), Disk::path).join("out");
        let to = text(&place)?;
        if self.job == Job::Import {
            whole(&self.export(&to, false)).await?;
        }
        let arguments = match self.job {
            Job::Export | Job::FullDisk => self.export(&to, true),
            Job::Import => self.import(&to, &text(&folder.path().join("journal"))?, true),
            Job::Count => self.count(),
        };
        let back = |name: &str| text(&folder.path().join(name));
        if let Some(ended) = self.under_faults(&arguments, disk.as_ref()).await? {
            self.compare(&ended, &to, &back("back")?).await.context("complete under faults")?;
        }
        // Without faults its first run is to succeed, be it a resume or one that finds all done.
        self.report.resumes += 1;
        let ended = whole(&arguments).await.context("after the faults")?;
        self.compare(&ended, &to, &back("back_again")?).await.context("after the faults")?;
        Ok(None)
    }

    /// Compares what a run that says it is complete has left with what was loaded.
    async fn compare(&mut self, ended: &Ended, to: &str, journal: &str) -> Result<()> {
        let said: Value = serde_json::from_str(&ended.stdout)
            .map_err(|error| Difference(format!("no report, {error}: {ended:?}")))?;
        match self.job {
            Job::Count => return ensure_rows(&said["rows"], self.rows),
            Job::Import => {
                ensure_rows(&said["counts"]["read"], self.rows)?;
                ensure_rows(&said["counts"]["written"], self.rows)?;
            }
            Job::Export | Job::FullDisk => {
                // Read back with nothing in the way; a row that is there twice shows in the count.
                let table = format!("{KEYSPACE}.{}", self.back);
                ddl(&self.site.session, &format!("TRUNCATE {table}")).await?;
                let ended = whole(&self.import(to, journal, false)).await.context("read back")?;
                let said: Value = serde_json::from_str(&ended.stdout)?;
                ensure_rows(&said["counts"]["read"], self.rows)?;
            }
        }
        let expected = cells(&self.site.session, &self.from).await?;
        let is_whole = i32::try_from(expected.len()) == Ok(self.rows);
        ensure!(is_whole, "{} of {} rows were loaded", expected.len(), self.rows);
        let found = cells(&self.site.session, &self.back).await?;
        exactly(found, expected).map_err(|error| Difference(format!("{error:#}")).into())
    }

    /// Runs the job while faults strike; gives how it ended if it said it was complete.
    async fn under_faults(
        &mut self,
        arguments: &[String],
        disk: Option<&Disk>,
    ) -> Result<Option<Ended>> {
        let mut faults = Faults::random(&mut self.random);
        let (kind, node) = (self.random.random_range(0..8), self.random.random_range(0..NODES));
        let after = Duration::from_millis(self.random.random_range(200..1500));
        let suffering = match kind {
            0 => Some(Suffering::Killed(node)),
            1 | 2 => Some(Suffering::Frozen(node)),
            _ => None,
        };
        let suffering = suffering.filter(|_| self.site.is_own);
        if let Some(Suffering::Killed(node)) = suffering {
            // One that is killed forgets what its commit log has not yet synced.
            let flush = move |cluster: &Cluster| cluster.nodetool(node, &["flush"]).map(drop);
            self.site.nodes(flush).await?;
        }
        self.site.strike(&faults);
        let is_over = Arc::new(AtomicBool::new(false));
        let happens = self.happens(suffering, after, Arc::clone(&is_over));
        let mut random = StdRng::seed_from_u64(self.random.random());
        let runs = async {
            let mut made = Vec::new();
            let mut outcome = Ok(());
            for _ in 0..UNDER_FAULTS {
                let after = Duration::from_millis(random.random_range(100..4000));
                match one(arguments, random.random_bool(0.6).then_some(after)).await {
                    Ok(run) => made.push(run),
                    Err(error) => outcome = Err(error),
                }
                let is_complete = |run: &Run| matches!(run, Run::Ended(e) if e.code == Some(0));
                if outcome.is_err() || made.last().is_some_and(is_complete) {
                    break;
                }
            }
            is_over.store(true, Ordering::SeqCst);
            (made, outcome)
        };
        let ((made, outcome), struck) = tokio::join!(runs, happens);
        faults.count(&mut self.report.faults, &mut self.report.nodes);
        self.lift(suffering).await.context("the faults cannot be lifted")?;
        if let Some(kind) = struck? {
            *self.report.faults.entry(kind).or_default() += 1;
        }
        if let Some(disk) = disk {
            disk.grow("512M")?;
        }
        self.report.resumes += made.len().saturating_sub(1) as u64;
        let mut complete = None;
        for run in made {
            let (end, kind) = match &run {
                Run::Killed => ("killed".to_owned(), Some(Kind::ProgramKilled)),
                Run::Ended(Ended { code, stderr, .. }) => {
                    let is_full = disk.is_some() && *code == Some(5) && stderr.contains("space");
                    let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
                    (code, is_full.then_some(Kind::DiskFull))
                }
            };
            *self.report.ends.entry(end).or_default() += 1;
            if let Some(kind) = kind {
                *self.report.faults.entry(kind).or_default() += 1;
            }
            if let Run::Ended(ended) = run {
                let internal = || format!("an internal error under faults: {ended:?}");
                ensure_same(ended.code != Some(1), internal)?;
                complete = (ended.code == Some(0)).then_some(ended);
            }
        }
        outcome.map(|()| complete)
    }

    /// What happens to a node while the job runs. `None` where nothing does, or the job was over.
    fn happens(
        &self,
        suffering: Option<Suffering>,
        after: Duration,
        is_over: Arc<AtomicBool>,
    ) -> impl Future<Output = Result<Option<Kind>>> + use<> {
        let cluster = Arc::clone(&self.site.cluster);
        async move {
            let Some(suffering) = suffering else { return Ok(None) };
            tokio::time::sleep(after).await;
            if is_over.load(Ordering::SeqCst) {
                return Ok(None);
            }
            let act = move || match suffering {
                Suffering::Killed(node) => cluster.kill(node).map(|()| Some(Kind::NodeKilled)),
                Suffering::Frozen(node) => {
                    cluster.pause(node)?;
                    std::thread::sleep(Duration::from_secs(4));
                    cluster.resume(node).map(|()| Some(Kind::NodeFrozen))
                }
            };
            tokio::task::spawn_blocking(act).await?
        }
    }

    async fn lift(&mut self, suffering: Option<Suffering>) -> Result<()> {
        if let Some(Suffering::Killed(node)) = suffering {
            self.site.nodes(move |cluster| cluster.start(node)).await?;
        }
        if suffering.is_some() {
            self.site.nodes(|cluster| cluster.wait(Duration::from_secs(120))).await?;
        }
        self.site.renew().await
    }

    fn export(&self, to: &str, proxied: bool) -> Vec<String> {
        let rows = (self.rows / 8).max(100).to_string();
        let own =
            ["--format", self.format, "--resume", "--max-file-rows", &rows, "--page-size", "300"];
        let own = [&own[..], &["--consistency", "LOCAL_QUORUM"]].concat();
        self.arguments(&["export", &self.name(&self.from), to], &own, proxied)
    }

    fn import(&self, from: &str, journal: &str, proxied: bool) -> Vec<String> {
        let own = ["--from", from, "--journal", journal, "--resume", "--max-errors", "0"];
        self.arguments(&["import", &self.name(&self.back)], &own, proxied)
    }

    fn count(&self) -> Vec<String> {
        let own = ["--consistency", "LOCAL_QUORUM"];
        self.arguments(&["count", &self.name(&self.from)], &own, true)
    }

    fn name(&self, table: &str) -> String {
        format!("{KEYSPACE}.{table}")
    }

    fn arguments(&self, job: &[&str], own: &[&str], proxied: bool) -> Vec<String> {
        let hosts = self.site.hosts(proxied);
        let common = ["--host", &hosts, "--quiet", "--output", "json"];
        let patience = ["--request-timeout", "3", "--max-retry-time", "15"];
        [job, own, &common, &patience].concat().into_iter().map(str::to_owned).collect()
    }
}

fn ensure_rows(found: &Value, rows: i32) -> Result<()> {
    ensure_same(found.as_i64() == Some(rows.into()), || format!("{found} rows instead of {rows}"))
}

/// All rows of a table, from all their replicas.
async fn cells(session: &Session, table: &str) -> Result<Vec<Cells>> {
    let cql = format!("SELECT a, b, t, d, n, l FROM {KEYSPACE}.{table}");
    let mut statement = Statement::new(cql);
    statement.set_consistency(Consistency::All);
    let rows = session.query_iter(statement, &[]).await?.rows_stream::<Cells>()?;
    Ok(rows.try_collect().await?)
}

fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).context("a path that is no text")
}
