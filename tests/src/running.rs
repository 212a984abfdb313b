//! The program at work, to be watched, signalled and killed.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Result;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;

use crate::cli::{Ended, command};

/// How often what a program does is looked at: often, so as to meet it between two of its steps.
const GLANCE: Duration = Duration::from_millis(1);

/// A run of the program that is under way; killed when dropped.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub fn start(arguments: &[&str]) -> Result<Running> {
        Running::start_in(&[], arguments)
    }

    /// The same with further environment variables.
    ///
    /// # Errors
    ///
    /// As [`Running::start`].
    pub fn start_in(environment: &[(String, String)], arguments: &[&str]) -> Result<Running> {
        let mut command = tokio::process::Command::from(command(arguments)?);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Ok(Running(command.spawn()?))
    }

    /// Waits until something is so, or the program has ended.
    ///
    /// # Errors
    ///
    /// Where the program cannot be asked.
    pub async fn until(&mut self, is_so: impl Fn() -> bool) -> Result<()> {
        while self.0.try_wait()?.is_none() && !is_so() {
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Whether it has ended.
    ///
    /// # Errors
    ///
    /// Where it cannot be asked.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.0.try_wait()?.is_some())
    }

    /// Sends a signal, unless it has ended.
    ///
    /// # Errors
    ///
    /// Where the signal cannot be sent.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        if let Some(pid) = self.0.id() {
            kill(Pid::from_raw(i32::try_from(pid)?), signal)?;
        }
        Ok(())
    }

    /// Waits for its end, and gives how that was and all that it said.
    ///
    /// # Errors
    ///
    /// Where what it says is not text.
    pub async fn end(self) -> Result<(ExitStatus, Ended)> {
        let output = self.0.wait_with_output().await?;
        Ok((output.status, Ended::new(output.status, output.stdout, output.stderr)?))
    }

    /// Kills it. If it had ended before, gives how.
    ///
    /// # Errors
    ///
    /// As [`Running::end`].
    pub async fn kill(self) -> Result<Option<Ended>> {
        self.signal(Signal::SIGKILL)?;
        let (_, ended) = self.end().await?;
        Ok(ended.code.is_some().then_some(ended))
    }
}
