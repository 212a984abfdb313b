//! Each state that a crash can leave, made by hand.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Python, Table, python, run};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::destination::Destination;
use crate::program::{SLOWLY, export, half_done, kill, start};
use crate::{Rows, WIDE, is_whole, table};

async fn is_resumed(python: &Python, table: &Table, to: &Destination) -> Result<Value> {
    export(table, to, "--resume --max-file-rows 120").await?.with_code(0)?;
    is_whole(python, to, "parquet", WIDE).await?;
    to.manifest()?.context("there is no manifest")
}

#[test]
fn what_no_journal_names_is_removed() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_leftovers", WIDE).await?;
        let to = Destination::new()?;
        half_done(&table, &to, "").await?;
        let whole = to.journaled()?.pop_first().context("no file is whole")?;
        // A file that was finished when the crash came, and its unit not written down.
        for name in ["resume_leftovers-001-900000.parquet", "resume_leftovers-007-000001.parquet"] {
            fs::copy(to.path(&whole), to.path(name))?;
        }
        for name in
            [".resume_leftovers-001-900001.parquet#1", "_bulk/journal/.0001-00000099.json#12"]
        {
            fs::write(to.path(name), "half a f")?;
        }
        is_resumed(&python, &table, &to).await?;
        Ok(())
    });
}

/// Damages a file that the journal names: its rows come again, and the rest of its unit's with them.
#[test]
fn a_whole_file_that_is_gone_or_cut_comes_again() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_lost", WIDE).await?;
        for cut in [false, true] {
            let to = Destination::new()?;
            half_done(&table, &to, "").await?;
            let journaled = to.journaled()?;
            for name in journaled.iter().take(2) {
                match cut {
                    true => fs::OpenOptions::new().write(true).open(to.path(name))?.set_len(20)?,
                    false => fs::remove_file(to.path(name))?,
                }
            }
            is_resumed(&python, &table, &to).await.with_context(|| format!("cut: {cut}"))?;
            let kept = to.data()?.intersection(&journaled).count();
            ensure!(kept > 0 && kept < journaled.len(), "{kept} files were kept of {journaled:?}");
        }
        Ok(())
    });
}

#[test]
fn a_resume_that_crashes_is_resumed() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_thrice", WIDE).await?;
        let to = Destination::new()?;
        half_done(&table, &to, "").await?;
        let first = to.unit_count();
        let mut running = start(&table, &to, &format!("{SLOWLY} --resume"))?;
        running.until(|| to.unit_count() >= first + 2).await?;
        ensure!(kill(running).await?, "it has ended before it was killed");
        let manifest = is_resumed(&python, &table, &to).await?;
        ensure!(manifest["attempts"] == 3, "{manifest}");
        Ok(())
    });
}

/// A copy of all of `_bulk/journal`, for a crash to be made up later.
fn journal(to: &Destination) -> Result<BTreeMap<String, Vec<u8>>> {
    let names = to.files()?.into_keys().filter(|name| name.starts_with("_bulk/journal/"));
    let visible = names.filter(|name| !name.contains('#'));
    visible.map(|name| Ok((name.clone(), fs::read(to.path(&name))?))).collect()
}

/// The journal as it was before the manifest, of an export that has come to its end. The program is held
/// when only a little is missing; nothing is written down between that moment and the last but what
/// the manifest has, so the rest of the journal is made of that.
async fn with_journal(table: &Table, to: &Destination) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut kept = BTreeMap::new();
    let mut running = start(table, to, SLOWLY)?;
    loop {
        let before = kept.len();
        running
            .until(|| to.manifest().is_ok_and(|m| m.is_some()) || to.unit_count() > before)
            .await?;
        running.signal(Signal::SIGSTOP)?;
        kept.extend(journal(to)?);
        running.signal(Signal::SIGCONT)?;
        if to.manifest()?.is_some() || kept.len() == before {
            break;
        }
    }
    running.end().await?.1.with_code(0)?;
    Ok(kept)
}

/// Every unit is in the journal, or all but the last few; the manifest is not there, or the journal is
/// there besides it.
#[test]
fn a_crash_about_the_manifest_is_resumed() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_manifest", WIDE).await?;
        for manifest_is_there in [false, true] {
            let to = Destination::new()?;
            let journal = with_journal(&table, &to).await?;
            ensure!(journal.len() > 3, "{:?}", journal.keys());
            fs::create_dir_all(to.path("_bulk/journal"))?;
            for (name, text) in &journal {
                fs::write(to.path(name), text)?;
            }
            if !manifest_is_there {
                let staged = to.path("_bulk/.manifest.json#1");
                fs::rename(to.path("_bulk/manifest.json"), staged)?;
            }
            let id = |manifest: &Value| manifest["export_id"].clone();
            let manifest = is_resumed(&python, &table, &to).await;
            let manifest = manifest.with_context(|| format!("manifest: {manifest_is_there}"))?;
            let attempts = if manifest_is_there { 1 } else { 2 };
            ensure!(manifest["attempts"] == attempts, "{manifest}");
            let first =
                journal.get("_bulk/journal/0001-00000000.json").context("no first entry")?;
            ensure!(id(&manifest) == id(&serde_json::from_slice(first)?), "{manifest}");
        }
        Ok(())
    });
}

#[test]
fn a_crash_before_the_first_entry_leaves_an_empty_destination() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_first_entry", WIDE).await?;
        let to = Destination::new()?;
        fs::create_dir_all(to.path("_bulk/journal"))?;
        fs::write(to.path("_bulk/journal/.0001-00000000.json#1"), "{")?;
        is_resumed(&python, &table, &to).await?;
        Ok(())
    });
}

/// A crash while an export is removed: what is left of it can be removed by the next run.
#[test]
fn a_crash_while_overwriting_can_be_overwritten() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_overwriting", WIDE).await?;
        let mut kills = 0;
        for files in [1, 2, 4, 8] {
            let to = Destination::new()?;
            export(&table, &to, "--format csv --max-file-rows 20").await?.with_code(0)?;
            let all = to.files()?.len();
            let mut running = start(&table, &to, "--overwrite")?;
            running.until(|| to.files().is_ok_and(|there| there.len() + files <= all)).await?;
            kills += i32::from(kill(running).await?);
            // The files that are still there are not of the format that is written now.
            export(&table, &to, "--overwrite").await?.with_code(0)?;
            is_whole(&python, &to, "parquet", WIDE).await?;
        }
        ensure!(kills > 0, "every run had ended before it was killed");
        Ok(())
    });
}

#[test]
fn a_table_without_rows_is_resumed_to_its_empty_file() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let none = Rows { number: 0, width: 0 };
        let table = table("resume_empty", none).await?;
        let to = Destination::new()?;
        let mut running = start(&table, &to, "--parallelism 1 --splits 500")?;
        running.until(|| to.files().is_ok_and(|there| !there.is_empty())).await?;
        kill(running).await?;
        export(&table, &to, "--resume").await?.with_code(0)?;
        is_whole(&python, &to, "parquet", none).await
    });
}
