//! Starting a cluster: from whatever is found to every node up.
//!
//! What is found may be nothing, a running cluster, the rest of one, or one of other settings. A
//! running one is left alone; anything else is stopped and started anew, on the data that is there
//! unless that belongs to other settings.

use std::time::{Duration, Instant};

use anyhow::Result;
use nix::sys::signal::Signal;

use super::control::{Cluster, delete, stop_all};
use super::node::{Data, Difference, Node};
use super::{preflight, readiness};
use crate::lock::Lock;
use crate::programs;

/// How long a start may take, on a machine that is busy with something else as well.
const PATIENCE: Duration = Duration::from_secs(240);

/// What [`Cluster::up`] had to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpOutcome {
    /// Nothing.
    AlreadyRunning,
    /// It started the cluster.
    Started {
        /// How long it took until the cluster was ready.
        elapsed: Duration,
    },
}

impl Cluster {
    /// Sees to it that every node runs, answers CQL and sees all the others up. Tells its progress
    /// in short sentences. If another process is doing the same, waits for it.
    pub fn up(&self, mut progress: impl FnMut(&str)) -> Result<UpOutcome> {
        let _lock = Lock::acquire(&self.dir.lock())?;
        let began = Instant::now();
        let difference = self.difference()?;
        if difference == Difference::Same && self.is_whole()? {
            let wanted = self.wanted()?;
            if readiness::missing(&wanted)?.is_none() {
                return Ok(UpOutcome::AlreadyRunning);
            }
            progress("it is starting already");
            readiness::wait(&wanted, PATIENCE)?;
            return Ok(started(began));
        }
        self.clear_away(difference, &mut progress)?;
        self.start_all(&mut progress)?;
        Ok(started(began))
    }

    /// The greatest difference between what is on disk and the profile.
    fn difference(&self) -> Result<Difference> {
        let mut greatest = Difference::Same;
        let present = self.dir.nodes()?.len();
        if present != 0 && present != self.profile.nodes() {
            greatest = Difference::Data;
        }
        for index in 0..self.profile.nodes().min(present) {
            let difference = self.node(index)?.difference(&self.settings(index));
            greatest = greatest.max(difference);
        }
        Ok(greatest)
    }

    /// Whether every node runs, and none has stopped serving CQL since it began to.
    fn is_whole(&self) -> Result<bool> {
        for wanted in self.wanted()? {
            let Some(process) = wanted.node.process()? else {
                return Ok(false);
            };
            if process.is_paused() {
                wanted.node.signal(Signal::SIGCONT)?;
            }
            if wanted.is_stuck() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn clear_away(&self, difference: Difference, progress: &mut impl FnMut(&str)) -> Result<()> {
        let mut running = 0;
        for dir in self.dir.nodes()? {
            running += usize::from(Node { dir }.process()?.is_some());
        }
        if running > 0 {
            progress(&format!("stopping {running} node(s) of before"));
        }
        if difference != Difference::Data {
            return stop_all(&self.dir, Data::Kept);
        }
        progress("its settings have changed: deleting its data");
        stop_all(&self.dir, Data::Lost)?;
        delete(&self.dir)
    }

    fn start_all(&self, progress: &mut impl FnMut(&str)) -> Result<()> {
        let nodes: Vec<usize> = (0..self.profile.nodes()).collect();
        let java = programs::java()?;
        preflight::check(&self.profile, &nodes)?;
        self.jars.fetch(progress)?;
        progress(&format!("starting {} node(s) at {}", nodes.len(), self.profile.address(0)));
        let outcome = self.spawn_and_wait(&nodes, &java);
        if outcome.is_err() {
            // What does not work is not left running: its logs stay.
            stop_all(&self.dir, Data::Kept)?;
        }
        outcome
    }

    fn spawn_and_wait(&self, nodes: &[usize], java: &std::path::Path) -> Result<()> {
        for &index in nodes {
            let settings = self.settings(index);
            self.node(index)?.spawn(&settings, java, &self.jars.class_path())?;
        }
        readiness::wait(&self.wanted()?, PATIENCE)
    }
}

fn started(began: Instant) -> UpOutcome {
    UpOutcome::Started { elapsed: began.elapsed() }
}
