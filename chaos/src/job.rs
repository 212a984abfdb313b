//! One run of the program: killed or not, bounded in time, and never in a panic.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use integration_tests::{Ended, Running};
use nix::sys::signal::Signal;

use crate::report::{Difference, ensure_same};

/// A run that takes longer hangs: every fault is bounded, and the retries of one take 15 s.
const HANGS: Duration = Duration::from_secs(150);

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Run {
    /// A signal of ours ended it: it was running when that came.
    Killed,
    /// By itself.
    Ended(Ended),
}

/// Runs the program, and kills it after a time, if one is given.
///
/// # Errors
///
/// A [`Difference`] where it hangs, panics, or ends by a signal that is not ours.
pub(crate) async fn one(arguments: &[String], kill: Option<Duration>) -> Result<Run> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut running = Running::start(&arguments)?;
    if let Some(after) = kill {
        // Past this time it is killed; before, it has ended.
        let _ = tokio::time::timeout(after, running.until(|| false)).await;
        running.signal(Signal::SIGKILL)?;
    }
    let Ok(end) = tokio::time::timeout(HANGS, running.end()).await else {
        let why = format!("it hangs: no end within {} s: {arguments:?}", HANGS.as_secs());
        return Err(Difference(why).into());
    };
    let (status, ended) = end?;
    if kill.is_some() && status.signal() == Some(Signal::SIGKILL as i32) {
        return Ok(Run::Killed);
    }
    let panicked = ended.code.is_none_or(|code| code == 101) || ended.stderr.contains("panicked");
    ensure_same(!panicked, || format!("it panicked: {status}: {ended:?}"))?;
    Ok(Run::Ended(ended))
}

/// Runs the program to its end with nothing in its way, where it must succeed.
pub(crate) async fn whole(arguments: &[String]) -> Result<Ended> {
    match one(arguments, None).await? {
        Run::Killed => None.context("a run that nobody killed was killed"),
        Run::Ended(ended) => {
            let message = || format!("it fails without faults: {arguments:?}: {ended:?}");
            ensure_same(ended.code == Some(0), message)?;
            Ok(ended)
        }
    }
}
