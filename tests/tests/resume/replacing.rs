//! `--overwrite`: an export in the place of another one, in whatever state that is.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Table, python, run};

use crate::destination::Destination;
use crate::program::{export, half_done};
use crate::{WIDE, is_whole, table};

/// Overwrites what is there, with parquet and then with text.
async fn is_replaced(table: &Table, to: &Destination) -> Result<()> {
    let Some(python) = python().await? else { return Ok(()) };
    let id = |to: &Destination| -> Result<String> {
        Ok(to.manifest()?.context("no manifest")?["export_id"].to_string())
    };
    export(table, to, "--overwrite").await?.with_code(0)?;
    is_whole(&python, to, "parquet", WIDE).await?;
    let first = id(to)?;
    let options = "--overwrite --format csv --compression gzip --file-name other-{number}";
    export(table, to, options).await?.with_code(0)?;
    is_whole(&python, to, "csv.gz", WIDE).await?;
    ensure!(to.data()?.iter().all(|name| name.starts_with("other-")), "{:?}", to.data()?);
    ensure!(id(to)? != first, "it has the id of the export before");
    Ok(())
}

#[test]
fn an_export_is_replaced_by_another() {
    run(async {
        let table = table("resume_replaced", WIDE).await?;
        let to = Destination::new()?;
        export(&table, &to, "--format jsonl --max-file-rows 200").await?.with_code(0)?;
        is_replaced(&table, &to).await
    });
}

#[test]
fn nothing_is_replaced_as_well() {
    run(async {
        let table = table("resume_replaced_nothing", WIDE).await?;
        is_replaced(&table, &Destination::new()?).await
    });
}

#[test]
fn half_an_export_is_replaced() {
    run(async {
        let table = table("resume_replaced_half", WIDE).await?;
        for format in ["parquet", "arrow"] {
            let to = Destination::new()?;
            half_done(&table, &to, &format!("--format {format}")).await?;
            is_replaced(&table, &to).await.with_context(|| format.to_owned())?;
        }
        Ok(())
    });
}

#[test]
fn an_export_whose_manifest_is_damaged_is_replaced() {
    run(async {
        let table = table("resume_replaced_damaged", WIDE).await?;
        for damage in ["", "{", "{}", r#"{"version": 1}"#, r#"{"version": 99}"#, "\u{1F980}"] {
            let to = Destination::new()?;
            export(&table, &to, "").await?.with_code(0)?;
            fs::write(to.path("_bulk/manifest.json"), damage)?;
            let before = to.files()?;
            for options in ["", "--resume"] {
                let ended = export(&table, &to, options).await?.with_code(2)?;
                ensure!(ended.stderr.contains("_bulk/manifest.json"), "{damage}: {ended:?}");
                ensure!(to.files()? == before, "{damage}: something has changed");
            }
            is_replaced(&table, &to).await.with_context(|| damage.to_owned())?;
        }
        Ok(())
    });
}

#[test]
fn half_an_export_whose_journal_is_damaged_is_replaced() {
    run(async {
        let table = table("resume_replaced_journal", WIDE).await?;
        for start in [true, false] {
            let to = Destination::new()?;
            half_done(&table, &to, "").await?;
            let entry = match start {
                true => "_bulk/journal/0001-00000000.json".to_owned(),
                false => to.units()?.pop().context("no unit")?.0,
            };
            fs::write(to.path(&entry), "{")?;
            let before = to.files()?;
            let ended = export(&table, &to, "--resume").await?.with_code(2)?;
            ensure!(ended.stderr.contains(&entry), "{ended:?}");
            ensure!(to.files()? == before, "{entry}: something has changed");
            is_replaced(&table, &to).await.with_context(|| entry)?;
        }
        Ok(())
    });
}
