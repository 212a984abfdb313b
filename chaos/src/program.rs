//! Runs of the program: killed or not, watched for progress, and never in a panic.
//!
//! **A run hangs if it makes no progress**, not if it takes long: every fault is bounded, so something
//! must come every now and then. How far a run is it says itself, through `ctl`.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use integration_tests::{Ended, Running, program_in};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::report::{Difference, ensure_same};

/// Seconds that a request may take.
pub(crate) const REQUEST: &str = "3";
/// Seconds that a range, or a batch, may fail without progress.
pub(crate) const RETRIES: &str = "15";
/// A run that does not move for so long hangs: several times what the retries of a range take.
const STILL: Duration = Duration::from_secs(75);
/// Whatever moves, it is not to take longer.
const LONGEST: Duration = Duration::from_secs(420);
/// Between two looks at how far a run is.
const LOOK: Duration = Duration::from_secs(5);

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Run {
    /// A signal of ours ended it: it was running when that came.
    Killed,
    /// By itself.
    Ended(Ended),
}

/// The runs of a round. What each did lies in the round's folder: its log, arguments and output.
#[derive(Debug)]
pub(crate) struct Program {
    folder: PathBuf,
    environment: Vec<(String, String)>,
    runs: u32,
}

impl Program {
    /// Its runs have further environment variables, and their sockets in the folder.
    pub(crate) fn new(folder: PathBuf, mut environment: Vec<(String, String)>) -> Program {
        environment.push(("XDG_RUNTIME_DIR".into(), folder.display().to_string()));
        Program { folder, environment, runs: 0 }
    }

    /// Runs it, and kills it after a time, if one is given.
    ///
    /// # Errors
    ///
    /// A [`Difference`] where it hangs, panics, or ends by a signal that is not ours.
    pub(crate) async fn one(
        &mut self,
        arguments: &[String],
        kill: Option<Duration>,
    ) -> Result<Run> {
        self.runs += 1;
        let name = format!("run-{}", self.runs);
        let log = self.folder.join(format!("{name}.log")).display().to_string();
        let own = ["--run-name", &name, "--log-file", &log, "-vv"];
        let given = arguments.iter().map(String::as_str);
        let all: Vec<&str> = given.chain(own).collect();
        let mut running = Running::start_in(&self.environment, &all)?;
        let why = self.watch(&mut running, &name, kill).await?;
        if why.is_some() {
            running.signal(Signal::SIGKILL)?;
        }
        let (status, ended) = running.end().await?;
        let said = format!("{all:?}\n{status}\n\n{}\n{}\n", ended.stdout, ended.stderr);
        std::fs::write(self.folder.join(format!("{name}.txt")), said)?;
        if let Some(why) = why {
            return Err(Difference(format!("{name} hangs: {why}")).into());
        }
        if kill.is_some() && status.signal() == Some(Signal::SIGKILL as i32) {
            return Ok(Run::Killed);
        }
        let panicked =
            ended.code.is_none_or(|code| code == 101) || ended.stderr.contains("panicked");
        ensure_same(!panicked, || format!("{name} panicked: {status}: {ended:?}"))?;
        Ok(Run::Ended(ended))
    }

    /// Runs it to its end with nothing in its way, where it must end with one of these codes.
    pub(crate) async fn whole(&mut self, arguments: &[String], codes: &[i32]) -> Result<Ended> {
        match self.one(arguments, None).await? {
            Run::Killed => None.context("a run that nobody killed was killed"),
            Run::Ended(ended) => {
                let is_well = ended.code.is_some_and(|code| codes.contains(&code));
                let message = || format!("it fails without faults: {arguments:?}: {ended:?}");
                ensure_same(is_well, message)?;
                Ok(ended)
            }
        }
    }

    /// Waits until a run ends, or is killed as it is to be. Gives why it hangs, where it does.
    async fn watch(
        &self,
        running: &mut Running,
        name: &str,
        kill: Option<Duration>,
    ) -> Result<Option<String>> {
        let begun = Instant::now();
        let (mut place, mut moved) = (Value::Null, begun);
        while !running.has_ended()? {
            let until_kill = kill.map(|kill| kill.saturating_sub(begun.elapsed()));
            if until_kill == Some(Duration::ZERO) {
                running.signal(Signal::SIGKILL)?;
            }
            let pause = until_kill.filter(|left| !left.is_zero()).unwrap_or(LOOK).min(LOOK);
            // It has ended by itself, or the time for the next step has come.
            let _ = tokio::time::timeout(pause, running.until(|| false)).await;
            if begun.elapsed() > LONGEST {
                return Ok(Some(format!("it goes on after {} s, at {place}", LONGEST.as_secs())));
            }
            if until_kill.is_some() || running.has_ended()? {
                continue;
            }
            let now = self.place(name).await?;
            if now != place {
                (place, moved) = (now, Instant::now());
            } else if moved.elapsed() > STILL {
                return Ok(Some(format!("it stays at {place} for {} s", STILL.as_secs())));
            }
        }
        Ok(None)
    }

    /// How far a run is: null where it does not answer.
    async fn place(&self, name: &str) -> Result<Value> {
        let ask = ["ctl", name, "status", "--output", "json"];
        let asked = tokio::time::timeout(2 * LOOK, program_in(&self.environment, &ask)).await;
        let Ok(asked) = asked else { return Ok(Value::Null) };
        let said: Value = serde_json::from_str(&asked?.stdout).unwrap_or_default();
        Ok(serde_json::json!([said["rows"], said["percent"]]))
    }
}
