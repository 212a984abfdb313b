//! The program at work, to be watched and stopped.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use integration_tests::{Ended, Table, command, program};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;

use crate::destination::Destination;

/// How often what a program does is looked at: often, so as to meet it between two of its steps.
const GLANCE: Duration = Duration::from_millis(1);

/// The table's name with all its quotes.
fn quoted(table: &Table) -> String {
    format!("{}.{}", topology::quote(table.keyspace()), topology::quote(table.table()))
}

/// The arguments of an export; the words of `options` are split at spaces.
fn arguments(table: &Table, to: &Destination, options: &str) -> Vec<String> {
    let name = quoted(table);
    let first = ["export", &name, to.text(), "--host", "127.0.0.11", "--quiet"];
    first.into_iter().chain(options.split_whitespace()).map(str::to_owned).collect()
}

/// Exports to the end.
pub(crate) async fn export(table: &Table, to: &Destination, options: &str) -> Result<Ended> {
    let arguments = arguments(table, to, options);
    program(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// Verifies an export, and counts the table.
pub(crate) async fn verify(to: &Destination) -> Result<Ended> {
    program(&["verify", to.text(), "--live", "--host", "127.0.0.11", "--quiet"]).await
}

/// An export that is under way; killed when dropped.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Running {
    /// Starts an export.
    pub(crate) fn start(table: &Table, to: &Destination, options: &str) -> Result<Running> {
        let arguments = arguments(table, to, options);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = tokio::process::Command::from(command(&arguments)?);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        Ok(Running(command.spawn()?))
    }

    /// Waits until something is so, or the program has ended.
    pub(crate) async fn until(&mut self, is_so: impl Fn() -> bool) -> Result<()> {
        while self.0.try_wait()?.is_none() && !is_so() {
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Sends a signal, unless it has ended.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        if let Some(pid) = self.0.id() {
            kill(Pid::from_raw(i32::try_from(pid)?), signal)?;
        }
        Ok(())
    }

    /// Waits for its end, and gives how that was and all that it said.
    pub(crate) async fn end(self) -> Result<(ExitStatus, Ended)> {
        let output = self.0.wait_with_output().await?;
        Ok((output.status, Ended::new(output.status, output.stdout, output.stderr)?))
    }

    /// Kills it; whether it was alive until then.
    pub(crate) async fn kill(self) -> Result<bool> {
        self.signal(Signal::SIGKILL)?;
        let (status, ended) = self.end().await?;
        match status.code() {
            None => Ok(true),
            Some(0) => Ok(false),
            Some(_) => bail!("it failed, and was not killed: {ended:?}"),
        }
    }
}

/// Options that make a run of many small pages, one after another, and many units.
pub(crate) const SLOWLY: &str =
    "--page-size 5 --parallelism 1 --splits 60 --max-file-rows 100 --files 2";

/// Kills an export once some units are whole, and more are to come.
pub(crate) async fn half_done(table: &Table, to: &Destination, options: &str) -> Result<()> {
    let mut running = Running::start(table, to, &format!("{SLOWLY} {options}"))?;
    running.until(|| to.unit_count() >= 3).await?;
    let was_alive = running.kill().await.context("half an export")?;
    ensure!(was_alive && to.manifest()?.is_none(), "it has ended before half was done");
    ensure!(to.unit_count() >= 3, "no unit is whole");
    Ok(())
}
