//! Exports to files by the program, frozen by a signal.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Ended, Running, Table, files_in, program, run};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::{CHANGES, Change, fill, table};

/// Many small pages, one after another, and many files.
const SLOWLY: [&str; 10] = [
    "--page-size",
    "5",
    "--parallelism",
    "1",
    "--splits",
    "60",
    "--max-file-rows",
    "100",
    "--files",
    "2",
];

fn arguments<'a>(table: &'a str, to: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    let first = ["export", table, to, "--format", "csv", "--host", "127.0.0.11", "--quiet"];
    [&first[..], &SLOWLY, options].concat()
}

/// How many units are whole: what the journal has but for its first entry.
fn units(folder: &Path) -> usize {
    let journal = folder.join("_bulk/journal");
    files_in(&journal, ".json").map_or(0, |entries| entries.len().saturating_sub(1))
}

/// Whether there is anything that says it is complete.
fn is_complete(folder: &Path) -> bool {
    folder.join(bulk::MANIFEST).exists()
}

/// An export that is frozen in its middle.
async fn frozen(table: &Table, to: &Path) -> Result<Running> {
    let name = table.name.cql();
    let place = to.to_str().context("a path that is no text")?;
    let mut running = Running::start(&arguments(&name, place, &[]))?;
    running.until(|| units(to) >= 3).await?;
    running.signal(Signal::SIGSTOP)?;
    ensure!(units(to) >= 3 && !is_complete(to), "it was over before anything could happen");
    Ok(running)
}

async fn again(table: &Table, to: &Path, option: &str) -> Result<Ended> {
    let name = table.name.cql();
    let place = to.to_str().context("a path that is no text")?;
    program(&arguments(&name, place, &[option])).await
}

async fn is_refused(change: &Change) -> Result<()> {
    let (table, folder) = (table("export", change.case).await?, TempDir::new()?);
    let to = folder.path().join("export");
    let running = frozen(&table, &to).await?;
    change.happens(&table).await?;
    running.signal(Signal::SIGCONT)?;
    let (_, ended) = running.end().await?;
    let ended = ended.with_code(4)?;
    ensure!(ended.stderr.contains(&table.name.to_string()), "{ended:?}");
    ensure!(ended.stderr.contains(change.says), "{ended:?}");
    ensure!(!is_complete(&to), "there is a manifest");
    Ok(())
}

#[test]
fn an_export_ends_with_what_changed_and_has_no_manifest() {
    run(async {
        for change in &CHANGES {
            is_refused(change).await.context(change.case)?;
        }
        Ok(())
    });
}

/// The files of before are of a table that is no more, though the new one has the same columns.
#[test]
fn an_export_of_a_table_that_was_made_anew_is_not_gone_on_with() {
    run(async {
        let (table, folder) = (table("resume", "anew").await?, TempDir::new()?);
        let to = folder.path().join("export");
        let running = frozen(&table, &to).await?;
        ensure!(running.kill().await?.is_none(), "it has ended before it was killed");
        table.alter("DROP TABLE {}").await?;
        table.alter(&format!("CREATE TABLE {{}} {}", crate::COLUMNS)).await?;
        fill(&table).await?;
        let before = units(&to);

        let ended = again(&table, &to, "--resume").await?;
        ensure!(matches!(ended.code, Some(2 | 4)), "{ended:?}");
        ensure!(ended.stderr.contains("--overwrite"), "the remedy is not said: {ended:?}");
        ensure!(!is_complete(&to) && units(&to) == before, "it was gone on with: {ended:?}");

        again(&table, &to, "--overwrite").await?.with_code(0)?;
        ensure!(is_complete(&to), "there is no manifest");
        let live = ["verify", to.to_str().context("no text")?, "--live", "--host", "127.0.0.11"];
        program(&live).await?.with_code(0).map(drop)
    });
}
