//! One node: its files written, its JVM started, signalled and waited for.
//!
//! A node is known by its folder alone, so that nodes of any profile, even of one that has since
//! changed, can be stopped by any process.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;

use super::journal;
use super::layout::NodeDir;
use super::process::{Observed, Record};
use super::settings::Settings;
use crate::programs;

const LOGBACK: &str = include_str!("../../cassandra/logback.xml");
/// How long a node may take to drain and leave.
const GRACE: Duration = Duration::from_secs(15);
/// How long the system may take to end what was killed.
const END: Duration = Duration::from_secs(10);

/// How the files on disk compare with those of today's profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Difference {
    /// None.
    Same,
    /// Only how the JVM runs: the data may stay.
    Jvm,
    /// What the data depends on.
    Data,
}

/// One node's folder and what runs there.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) dir: NodeDir,
}

impl Node {
    pub(super) fn record(&self) -> Result<Option<Record>> {
        Record::read(&self.dir.record())
    }

    /// The process, if it is alive.
    pub(super) fn process(&self) -> Result<Option<Observed>> {
        Ok(self.record()?.and_then(|record| record.alive()))
    }

    /// Compares the files on disk with these.
    pub(super) fn difference(&self, settings: &Settings) -> Difference {
        let same = |path: &Path, text: &str| {
            std::fs::read_to_string(path).is_ok_and(|present| present == text)
        };
        if !same(&self.dir.yaml(), &settings.yaml) || !same(&self.dir.rackdc(), &settings.rackdc) {
            Difference::Data
        } else if !same(&self.dir.jvm(), &settings.jvm) {
            Difference::Jvm
        } else {
            Difference::Same
        }
    }

    /// Writes the files and starts the JVM; returns at once.
    pub(super) fn spawn(&self, settings: &Settings, java: &Path, class_path: &str) -> Result<()> {
        for folder in [self.dir.conf(), self.dir.data(), self.dir.tmp(), self.dir.logs()] {
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("can't create {}", folder.display()))?;
        }
        for (path, text) in [
            (self.dir.yaml(), settings.yaml.as_str()),
            (self.dir.rackdc(), &settings.rackdc),
            (self.dir.jvm(), &settings.jvm),
            (self.dir.logback(), LOGBACK),
        ] {
            std::fs::write(&path, text)
                .with_context(|| format!("can't write {}", path.display()))?;
        }
        let console = File::create(self.dir.console_log())
            .with_context(|| format!("can't create {}", self.dir.console_log().display()))?;
        let log_offset = journal::length(&self.dir.system_log());
        // `setsid` and `nohup` replace themselves by the JVM, which keeps the number given here.
        let child = Command::new(programs::detached()?)
            .arg(java)
            .arg(format!("@{}", self.dir.jvm().display()))
            .args(["-cp", class_path])
            .arg("org.apache.cassandra.service.CassandraDaemon")
            .current_dir(self.dir.path())
            .env("MALLOC_ARENA_MAX", "4")
            .stdin(Stdio::null())
            .stdout(console.try_clone().context("can't share a log file")?)
            .stderr(console)
            .spawn()
            .with_context(|| format!("{} does not run", java.display()))?;
        let pid = i32::try_from(child.id()).context("a process number beyond all bounds")?;
        Record::of(pid, log_offset)?.write(&self.dir.record())
    }

    /// Sends a signal to a node that must be running.
    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        match self.record()? {
            Some(record) if record.alive().is_some() => record.signal(signal),
            _ => bail!(
                "{} is not running: start it first (`cargo xtask cassandra-up`)",
                self.dir.path().display()
            ),
        }
    }

    /// Kills it as a power failure would; its record stays, and tells that it ought to run.
    pub(super) fn kill(&self) -> Result<()> {
        self.signal(Signal::SIGKILL)?;
        self.await_end(END)
    }

    fn await_end(&self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        while self.process()?.is_some() {
            if Instant::now() > deadline {
                bail!("{} has not ended after {} s", self.dir.path().display(), patience.as_secs());
            }
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// What becomes of the data of nodes that are stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// It stays: the nodes may drain, which takes a dozen seconds.
    Kept,
    /// It will be deleted: there is nothing to be polite for.
    Lost,
}

/// Ends these nodes together.
pub(super) fn stop(nodes: &[Node], data: Data) -> Result<()> {
    let mut records = Vec::new();
    for node in nodes {
        records.extend(node.record()?);
    }
    if data == Data::Kept {
        drain(&records)?;
    }
    for record in &records {
        record.signal(Signal::SIGKILL)?;
    }
    for node in nodes {
        node.await_end(END)?;
        let path = node.dir.record();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("can't delete {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn drain(records: &[Record]) -> Result<()> {
    for record in records {
        record.signal(Signal::SIGTERM)?;
        // A paused process gets the other signal only when it runs again.
        record.signal(Signal::SIGCONT)?;
    }
    let deadline = Instant::now() + GRACE;
    while records.iter().any(|record| record.alive().is_some()) && Instant::now() < deadline {
        sleep(Duration::from_millis(50));
    }
    Ok(())
}
