//! Ctrl-C and SIGTERM: what is whole stays, the rest disappears, and the line that is printed goes on.

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{python, run};
use nix::sys::signal::Signal;

use crate::destination::Destination;
use crate::program::{SLOWLY, start};
use crate::{WIDE, is_whole, table};

async fn is_resumed_by_its_own_line(name: &str, signal: Signal) -> Result<()> {
    let Some(python) = python().await? else { return Ok(()) };
    let table = table(name, WIDE).await?;
    let to = Destination::new()?;
    let mut running = start(&table, &to, &format!("{SLOWLY} --format csv"))?;
    running.until(|| to.unit_count() >= 3).await?;
    running.signal(signal)?;
    let (_, ended) = running.end().await?;
    let ended = ended.with_code(130)?;
    ensure!(ended.stderr.contains("interrupted"), "{ended:?}");

    let (there, journaled) = (to.data()?, to.journaled()?);
    ensure!(journaled.len() >= 3, "{journaled:?}");
    ensure!(there == journaled, "there are {there:?}; the journal has {journaled:?}");
    ensure!(to.files()?.keys().all(|name| !name.contains('#')), "{:?}", to.files()?);
    ensure!(to.manifest()?.is_none(), "there is a manifest");

    let mut lines = ended.stderr.lines();
    lines.find(|line| line.contains("go on with")).with_context(|| format!("{ended:?}"))?;
    let line = lines.next().context("the line to go on with is missing")?.trim();
    let again = tokio::process::Command::new("sh")
        .args(["-c", line])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    ensure!(again.status.success(), "{line}: {again:?}");
    is_whole(&python, &to, "csv", WIDE).await?;
    let manifest = to.manifest()?.context("there is no manifest")?;
    ensure!(manifest["attempts"] == 2, "{manifest}");
    let after = to.data()?;
    ensure!(journaled.is_subset(&after), "what was whole is gone: {journaled:?}, {after:?}");
    Ok(())
}

#[test]
fn ctrl_c_keeps_what_is_whole() {
    run(is_resumed_by_its_own_line("resume_interrupted", Signal::SIGINT));
}

#[test]
fn a_termination_keeps_what_is_whole() {
    run(is_resumed_by_its_own_line("resume_terminated", Signal::SIGTERM));
}
