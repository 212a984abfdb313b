//! The part of a round in which faults strike.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use integration_tests::Ended;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use xtask::cluster::Cluster;

use crate::fault::{Faults, Kind, NODES, StoreFaults};
use crate::job::Job;
use crate::program::Run;
use crate::report::ensure_same;
use crate::round::Round;

/// Runs of the job while faults strike, at the most.
const RUNS: u32 = 3;

/// What happens to a node.
#[derive(Clone, Copy, Debug)]
enum Suffering {
    Killed(usize),
    Frozen(usize),
}

impl Suffering {
    /// Of one node in some of the rounds. One that is killed forgets what its commit log has not yet
    /// synced; of counters it then counts on from what it knows, so that Cassandra itself loses some.
    fn random(job: Job, random: &mut StdRng) -> Option<Suffering> {
        let node = random.random_range(0..NODES);
        match random.random_range(0..8) {
            0 if job != Job::ImportOfCounters => Some(Suffering::Killed(node)),
            1 => Some(Suffering::Frozen(node)),
            _ => None,
        }
    }
}

impl Round<'_> {
    /// Runs the job while faults strike; gives how it ended if it said it was complete.
    pub(crate) async fn under_faults(&mut self, arguments: &[String]) -> Result<Option<Ended>> {
        let job = self.choice.job;
        let mut faults = Faults::random(self.seed, &mut self.random);
        let store = StoreFaults::random(job, &mut self.random);
        let suffering = Suffering::random(job, &mut self.random).filter(|_| self.site.is_own);
        let after = Duration::from_millis(self.random.random_range(200..1500));
        if let Some(Suffering::Killed(node)) = suffering {
            // What the table has is not to be forgotten.
            let flush = move |cluster: &Cluster| cluster.nodetool(node, &["flush"]).map(drop);
            self.site.nodes(flush).await?;
        }
        self.site.strike(&faults);
        if let (Some(faults), Some(store)) = (&store, self.site.opened_store()) {
            store.fail(faults.of_store).await?;
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let happens = happens(Arc::clone(&self.site.cluster), suffering, after, &is_over);
        let mut random = StdRng::seed_from_u64(self.random.random());
        let program = &mut self.program;
        let runs = async {
            let mut made = Vec::new();
            let mut outcome = Ok(());
            for _ in 0..RUNS {
                let after = Duration::from_millis(random.random_range(100..4000));
                match program.one(arguments, random.random_bool(0.6).then_some(after)).await {
                    Ok(run) => made.push(run),
                    Err(error) => outcome = Err(error),
                }
                if outcome.is_err() || made.last().is_some_and(|run| is_complete(job, run)) {
                    break;
                }
            }
            is_over.store(true, Ordering::SeqCst);
            (made, outcome)
        };
        let ((made, outcome), struck) = tokio::join!(runs, happens);
        faults.count(&mut self.report.faults, &mut self.report.nodes);
        if let (Some(faults), Some(store)) = (&store, self.site.opened_store()) {
            let strikes = store.heal().await?;
            self.add(faults.kind, strikes);
        }
        self.lift(suffering).await.context("the faults cannot be lifted")?;
        if let Some(kind) = struck? {
            self.add(kind, 1);
        }
        self.report.resumes += made.len().saturating_sub(1) as u64;
        let mut complete = None;
        for run in made {
            self.tell(&run);
            if let Run::Ended(ended) = &run {
                let unfit = || format!("an error that faults do not explain: {ended:?}");
                ensure_same(!matches!(ended.code, Some(1 | 2)), unfit)?;
            }
            let is_complete = is_complete(job, &run);
            if let (Run::Ended(ended), true) = (run, is_complete) {
                complete = Some(ended);
            }
        }
        if let Some(disk) = &self.disk {
            disk.grow("512M")?;
        }
        outcome.map(|()| complete)
    }

    /// Notes how a run under faults ended.
    fn tell(&mut self, run: &Run) {
        let (end, kind) = match run {
            Run::Killed => ("killed".to_owned(), Some(Kind::ProgramKilled)),
            Run::Ended(Ended { code, stderr, .. }) => {
                let no_room = stderr.to_lowercase().contains("no space left");
                let is_full = self.disk.is_some() && *code == Some(5) && no_room;
                let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
                (code, is_full.then_some(Kind::DiskFull))
            }
        };
        *self.report.ends.entry(end).or_default() += 1;
        if let Some(kind) = kind {
            self.add(kind, 1);
        }
    }

    fn add(&mut self, kind: Kind, strikes: u64) {
        if strikes > 0 {
            *self.report.faults.entry(kind).or_default() += strikes;
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
}

/// Whether a run says that all was done.
fn is_complete(job: Job, run: &Run) -> bool {
    let Run::Ended(ended) = run else { return false };
    let says_so = || {
        let said: Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
        said["complete"] == true
    };
    match ended.code {
        Some(0) => true,
        Some(code) => job.codes().contains(&code) && says_so(),
        None => false,
    }
}

/// What happens to a node while the job runs. `None` where nothing does, or the job was over.
fn happens(
    cluster: Arc<Cluster>,
    suffering: Option<Suffering>,
    after: Duration,
    is_over: &Arc<AtomicBool>,
) -> impl Future<Output = Result<Option<Kind>>> + use<> {
    let is_over = Arc::clone(is_over);
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
