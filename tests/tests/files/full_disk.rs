//! A disk that is full: what is there is whole, and the run goes on once there is room.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Disk, Engine, exactly, python, run};
use serde_json::{Value, json};

use crate::{export, read, says, text, tree, visible, whole, wide_cells, wide_texts};

/// The files that the journal of an export names.
fn journaled(folder: &Path) -> Result<HashSet<String>> {
    let mut named = HashSet::new();
    for name in tree(folder)?.iter().filter(|name| name.starts_with("_bulk/journal/")) {
        let entry: Value = serde_json::from_slice(&std::fs::read(folder.join(name))?)?;
        for file in entry["files"].as_array().into_iter().flatten() {
            named.insert(file["name"].as_str().context("a file of no name")?.to_owned());
        }
    }
    Ok(named)
}

#[test]
fn a_full_disk_is_said_and_the_rest_comes_with_room() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = wide_texts("files_full_disk", 4000).await?;
        let Some(disk) = Disk::mount("5M")? else { return Ok(()) };
        let folder = disk.path().join("out");
        let to = text(&folder)?;
        let options = [
            "--format",
            "jsonl",
            "--files",
            "1",
            "--max-file-size",
            "1MiB",
            "--splits",
            "48",
            "--parallelism",
            "1",
        ];
        let ended = export(&table, to, &options).await?.with_code(5)?;
        says(&ended.stderr, &["no space left", "--resume", to])?;
        let (there, named) = (visible(&folder)?, journaled(&folder)?);
        ensure!(!there.is_empty(), "nothing was whole: {ended:?}");
        ensure!(there.iter().all(|file| named.contains(file)), "{there:?} and {named:?}");
        ensure!(tree(&folder)?.iter().all(|name| !name.contains('#')), "{:?}", tree(&folder)?);

        // Still full: nothing gets worse.
        let again = [&options[..], &["--resume"]].concat();
        export(&table, to, &again).await?.with_code(5)?;
        ensure!(there.iter().all(|file| folder.join(file).exists()));

        disk.grow("64M")?;
        let again = [&again[..], &["--output", "json"]].concat();
        let ended = export(&table, to, &again).await?.with_code(0)?;
        let report: Value = serde_json::from_str(&ended.stdout)?;
        ensure!(report["rows_before"].as_u64().is_some_and(|rows| rows > 0), "{report}");
        let manifest = whole(&folder)?;
        ensure!(manifest.attempts == 3 && manifest.rows == 4000, "{manifest:?}");
        let found = read(&python, Engine::Json, "jsonl", &folder, json!({})).await?;
        exactly(found.texts(), wide_cells(4000))
    });
}
