//! Paused runs make no progress, go on where they were, and can be ended.

use anyhow::{Result, ensure};
use integration_tests::run;
use nix::sys::signal::Signal;

use crate::{ROWS, Trial};

#[test]
fn a_paused_export_stands_still_and_then_ends_with_every_row() {
    run(async {
        let trial = Trial::new("control_pause", ROWS).await?;
        let mut export = trial.start_export(100, "")?;
        trial.until_rows(&mut export, 1).await?;
        ensure!(trial.tell("pause").await?["state"] == "paused");
        // Now nothing but the pause holds it.
        trial.tell("set rate=off").await?;
        let rows = trial.until_still(&mut export).await?;
        ensure!(rows > 0 && rows < ROWS as u64, "{rows} rows");
        ensure!(trial.until_still(&mut export).await? == rows, "it goes on while it is paused");
        ensure!(trial.tell("resume").await?["state"] == "running");
        let (_, ended) = export.end().await?;
        let ended = ended.with_code(0)?;
        ensure!(ended.stderr.contains("paused") && ended.stderr.contains("goes on"), "{ended:?}");
        ensure!(trial.exported()? == ROWS as u64, "{ended:?}");
        Ok(())
    });
}

#[test]
fn a_paused_import_writes_nothing_and_then_everything() {
    run(async {
        let trial = Trial::new("control_pause_import", 0).await?;
        let file = trial.csv("in.csv", 0..ROWS)?;
        let mut import = trial
            .start("import", &format!("--from {file} --rows-per-second 100 --batch-rows 10"))?;
        while trial.rows().await? == 0 {
            ensure!(!import.has_ended()?, "it has ended: {:?}", import.end().await?);
        }
        ensure!(trial.tell("pause").await?["state"] == "paused");
        trial.tell("set rate=off").await?;
        trial.until_still(&mut import).await?;
        let there = trial.rows().await?;
        ensure!(there < ROWS as usize, "{there} rows");
        trial.until_still(&mut import).await?;
        ensure!(trial.rows().await? == there, "it goes on while it is paused");
        trial.tell("resume").await?;
        let (_, ended) = import.end().await?;
        ended.with_code(0)?;
        ensure!(trial.rows().await? == ROWS as usize);
        Ok(())
    });
}

#[test]
fn signals_pause_and_resume() {
    run(async {
        let trial = Trial::new("control_signals", ROWS).await?;
        let mut export = trial.start_export(100, "")?;
        // Also one that has hardly begun heeds them.
        trial.until(&mut export, |_| true).await?;
        for _ in 0..2 {
            export.signal(Signal::SIGUSR1)?;
            trial.until(&mut export, |status| status["state"] == "paused").await?;
            export.signal(Signal::SIGUSR2)?;
            trial.until(&mut export, |status| status["state"] == "running").await?;
        }
        trial.tell("set rate=off").await?;
        let (_, ended) = export.end().await?;
        ended.with_code(0)?;
        ensure!(trial.exported()? == ROWS as u64);
        Ok(())
    });
}

async fn is_ended_while_paused(name: &str, signal: Signal) -> Result<()> {
    let trial = Trial::new(name, ROWS).await?;
    let mut export = trial.start_export(100, "")?;
    trial.until_rows(&mut export, 1).await?;
    trial.tell("pause").await?;
    export.signal(signal)?;
    let (_, ended) = export.end().await?;
    let ended = ended.with_code(130)?;
    ensure!(ended.stderr.contains("--resume"), "{ended:?}");
    // The socket has gone with the run.
    ensure!(std::fs::read_dir(trial.path("cassandra-bulk"))?.count() == 0);
    let out = trial.place("out");
    trial.run("export", &format!("{out} --resume")).await?.with_code(0)?;
    ensure!(trial.exported()? == ROWS as u64);
    Ok(())
}

#[test]
fn ctrl_c_ends_a_paused_run() {
    run(is_ended_while_paused("control_paused_int", Signal::SIGINT));
}

#[test]
fn a_termination_ends_a_paused_run() {
    run(is_ended_while_paused("control_paused_term", Signal::SIGTERM));
}

#[test]
fn a_paused_import_can_be_ended_and_gone_on_with() {
    run(async {
        let trial = Trial::new("control_paused_import", 0).await?;
        let file = trial.csv("in.csv", 0..ROWS)?;
        let journal = trial.place("journal");
        let options = format!("--from {file} --journal {journal} --batch-rows 10");
        let mut import = trial.start("import", &format!("{options} --rows-per-second 100"))?;
        while trial.rows().await? == 0 {
            ensure!(!import.has_ended()?, "it has ended: {:?}", import.end().await?);
        }
        trial.tell("pause").await?;
        import.signal(Signal::SIGTERM)?;
        let (_, ended) = import.end().await?;
        ended.with_code(130)?;
        ensure!(trial.rows().await? < ROWS as usize);
        trial.run("import", &format!("{options} --resume")).await?.with_code(0)?;
        ensure!(trial.rows().await? == ROWS as usize);
        Ok(())
    });
}
