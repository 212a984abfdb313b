//! Ctrl-C and SIGTERM: what is done is told, and the line that is printed goes on.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Ended, Running, command, run};
use nix::sys::signal::Signal;

use crate::{Trial, csv};

const ROWS: i32 = 20_000;

/// The line that is printed to go on with.
fn line(ended: &Ended) -> Result<&str> {
    let mut lines = ended.stderr.lines();
    lines.find(|line| line.contains("go on with")).with_context(|| format!("{ended:?}"))?;
    lines.next().map(str::trim).context("the line to go on with is missing")
}

async fn is_resumed_by_its_own_line(name: &str, signal: Signal) -> Result<()> {
    let trial = Trial::new(name).await?;
    let file = trial.file("it's $HOME/in.csv", csv(0..ROWS))?;
    let arguments = trial.arguments(&["--from", &file, "--rows-per-second", "4000"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut running = Running::start(&arguments)?;
    running.until(|| fs::metadata(trial.path("journal/progress.json")).is_ok()).await?;
    running.signal(signal)?;
    let (_, ended) = running.end().await?;
    let ended = ended.with_code(130)?;
    ensure!(ended.stderr.contains("interrupted"), "{ended:?}");
    ensure!(ended.stderr.contains("records read"), "{ended:?}");
    let progress: serde_json::Value =
        serde_json::from_slice(&fs::read(trial.path("journal/progress.json"))?)?;
    let written = progress["counts"]["written"].as_u64().context("no count")?;
    let there = trial.table.rows::<(i32,)>("SELECT id FROM {}").await?.len() as u64;
    ensure!(written == there && there < ROWS as u64, "{there} rows: {progress}");

    let line = format!("{} --output json", line(&ended)?);
    let again = tokio::process::Command::new("sh")
        .args(["-c", &line])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    ensure!(again.status.success(), "{line}: {again:?}");
    let report: serde_json::Value = serde_json::from_slice(&again.stdout)?;
    ensure!(report["counts"]["written"] == ROWS && report["counts"]["read"] == ROWS, "{report}");
    ensure!(report["before"]["written"] == written && report["attempts"] == 2, "{report}");
    trial.holds_rows(0..ROWS).await
}

#[test]
fn ctrl_c_is_gone_on_from() {
    run(is_resumed_by_its_own_line("loading_interrupted", Signal::SIGINT));
}

#[test]
fn a_termination_is_gone_on_from() {
    run(is_resumed_by_its_own_line("loading_terminated", Signal::SIGTERM));
}

/// Without a journal of the user's own there is one in the current folder, as long as it is needed.
#[test]
fn the_journal_is_here_unless_it_is_named() {
    run(async {
        let trial = Trial::new("loading_default_journal").await?;
        let file = trial.file("in/in.csv", csv(0..ROWS))?;
        let here = trial.path("here");
        fs::create_dir(&here)?;
        let name = trial.table.name.cql();
        let start = |more: &[&str]| -> Result<Command> {
            let arguments = ["import", &name, "--host", "127.0.0.11", "--from", &file];
            let mut command = command(&[&arguments[..], more].concat())?;
            command.current_dir(&here).stdout(Stdio::piped()).stderr(Stdio::piped());
            Ok(command)
        };
        let child = start(&["--rows-per-second", "4000"])?.spawn()?;
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id())?);
        let is_begun = || -> Result<bool> {
            let mut entries = fs::read_dir(&here)?.flatten();
            Ok(entries.any(|entry| entry.path().join("progress.json").exists()))
        };
        while !is_begun()? {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        nix::sys::signal::kill(pid, Signal::SIGINT)?;
        let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await??;
        let ended = Ended::new(output.status, output.stdout, output.stderr)?.with_code(130)?;
        let line = line(&ended)?;
        ensure!(line.contains("--journal import-bulk_rf1.loading_default_journal-"), "{line}");
        let again = Command::new("sh").args(["-c", line]).current_dir(&here).output()?;
        ensure!(again.status.success(), "{line}: {again:?}");
        trial.holds_rows(0..ROWS).await?;

        // One that was named stays; of one that was not, nothing is left when all went well.
        fs::remove_dir_all(&here)?;
        fs::create_dir(&here)?;
        let output = start(&[])?.output()?;
        ensure!(output.status.success(), "{output:?}");
        ensure!(fs::read_dir(&here)?.next().is_none(), "something is left: {output:?}");
        Ok(())
    });
}
