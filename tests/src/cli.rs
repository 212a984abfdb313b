//! The program `cassandra-bulk`, built and run as a user runs it.

use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use anyhow::{Context as _, Result, anyhow, ensure};

/// How a run of the program ended, and all that it said.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, where no signal killed it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Ended {
    /// What a finished process said.
    ///
    /// # Errors
    ///
    /// Where it is not text.
    pub fn new(status: ExitStatus, stdout: Vec<u8>, stderr: Vec<u8>) -> Result<Ended> {
        Ok(Ended {
            code: status.code(),
            stdout: String::from_utf8(stdout)?,
            stderr: String::from_utf8(stderr)?,
        })
    }

    /// The same, if it ended with this code.
    ///
    /// # Errors
    ///
    /// Where it ended with another one; the message has all that it said.
    pub fn with_code(self, code: i32) -> Result<Ended> {
        ensure!(self.code == Some(code), "exit code {code} was expected: {self:#?}");
        Ok(self)
    }
}

/// The program with its arguments, free of this process's environment variables for it, and of files of
/// settings.
///
/// # Errors
///
/// Where it cannot be built.
pub fn command(arguments: &[&str]) -> Result<Command> {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let path = PROGRAM
        .get_or_init(|| build().map_err(|error| format!("{error:#}")))
        .as_ref()
        .map_err(|error| anyhow!("the program cannot be built: {error}"))?;
    let mut command = Command::new(path);
    command.args(arguments).stdin(Stdio::null());
    for (variable, _) in std::env::vars_os() {
        if variable.to_str().is_some_and(|name| name.starts_with("CASSANDRA_BULK_")) {
            command.env_remove(variable);
        }
    }
    // Whoever runs the tests may have settings of their own.
    command.envs([("CASSANDRA_BULK_CONFIG", "none"), ("CASSANDRA_BULK_CQLSHRC", "none")]);
    command.env_remove("RUST_LOG");
    Ok(command)
}

/// Runs the program to its end.
///
/// # Errors
///
/// Where it cannot be started, or what it says is not text.
pub async fn program(arguments: &[&str]) -> Result<Ended> {
    program_in(&[], arguments).await
}

/// The same with further environment variables.
///
/// # Errors
///
/// As [`program`].
pub async fn program_in(environment: &[(String, String)], arguments: &[&str]) -> Result<Ended> {
    let mut command = tokio::process::Command::from(command(arguments)?);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let output = command.kill_on_drop(true).output().await?;
    Ended::new(output.status, output.stdout, output.stderr)
}

/// Builds the program beside the test that runs, as the same kind of build. All of the workspace is
/// named, so that the dependencies are those which the tests were built with, and not built again.
fn build() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let beside = test.parent().context("the test lies in no folder")?;
    // Tests lie one folder deeper than programs, which may run the program too.
    let is_test = beside.ends_with("deps");
    let folder = if is_test { beside.parent() } else { Some(beside) };
    let folder = folder.context("the test lies in no folder")?;
    let target = folder.parent().context("the build lies in no target folder")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(xtask::cluster::workspace_root());
    cargo.args(["build", "--quiet", "--workspace", "--bin", "cassandra-bulk", "--target-dir"]);
    cargo.arg(target);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let output = cargo.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(folder.join("cassandra-bulk"))
}
