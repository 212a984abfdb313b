//! What is refused, and that a refusal changes nothing.

use std::fs;

use anyhow::{Result, ensure};
use integration_tests::{Table, python, run};

use crate::destination::Destination;
use crate::program::{export, half_done};
use crate::{Rows, WIDE, is_whole, table};

/// The export is refused for a reason that has all these parts, and nothing is changed.
async fn is_refused(table: &Table, to: &Destination, options: &str, parts: &[&str]) -> Result<()> {
    let before = to.files()?;
    let ended = export(table, to, options).await?.with_code(2)?;
    for part in parts {
        ensure!(ended.stderr.contains(part), "{options}: no {part} in {ended:?}");
    }
    ensure!(to.files()? == before, "{options}: what was there has changed: {before:?}");
    Ok(())
}

#[test]
fn a_destination_that_is_in_use_is_refused_with_both_ways_on() {
    run(async {
        let table = table("resume_refused", WIDE).await?;
        let (begun, ended) = (Destination::new()?, Destination::new()?);
        half_done(&table, &begun, "").await?;
        export(&table, &ended, "").await?.with_code(0)?;
        let ways = ["--resume", "--overwrite", "resume_refused"];
        is_refused(&table, &ended, "", &ways).await?;
        is_refused(&table, &ended, "--format csv", &ways).await?;
        is_refused(&table, &begun, "", &ways).await?;
        is_refused(&table, &begun, "", &["not ended"]).await
    });
}

#[test]
fn files_of_others_are_never_touched() {
    run(async {
        let table = table("resume_strangers", WIDE).await?;
        let to = Destination::new()?;
        fs::create_dir_all(to.path("letters"))?;
        fs::write(to.path("letters/dear.txt"), "dear")?;
        is_refused(&table, &to, "", &["letters/dear.txt"]).await?;
        is_refused(&table, &to, "--resume", &["letters/dear.txt", "no journal"]).await?;
        is_refused(&table, &to, "--overwrite", &["letters/dear.txt", "nothing was removed"])
            .await?;

        // Also where an export is beside them.
        let to = Destination::new()?;
        export(&table, &to, "").await?.with_code(0)?;
        fs::write(to.path("notes.parquet"), "notes")?;
        is_refused(&table, &to, "--overwrite", &["notes.parquet", "nothing was removed"]).await?;
        let to = Destination::new()?;
        half_done(&table, &to, "").await?;
        fs::write(to.path("notes.parquet"), "notes")?;
        is_refused(&table, &to, "--overwrite", &["notes.parquet", "nothing was removed"]).await
    });
}

#[test]
fn other_settings_are_refused_by_their_names() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let all = table("resume_settings", WIDE).await?;
        let other = table("resume_settings_other", Rows { number: 10, width: 0 }).await?;
        let to = Destination::new()?;
        half_done(&all, &to, "").await?;
        for (options, parts) in [
            ("--format csv", vec!["file.format"]),
            ("--columns id", vec!["columns", "query", r#""v""#]),
            ("--columns v,id", vec!["columns", "query"]),
            ("--where v>'a' --allow-filtering", vec!["condition", "v>'a'", "allow_filtering"]),
            ("--token-range 0:77", vec!["token_ranges", "77"]),
            ("--compression snappy", vec!["compression", "snappy", "zstd"]),
            ("--compression-level 7", vec!["level", "7"]),
            ("--file-name x-{number}", vec!["file_name", "x-{number}", "{table}-{number}"]),
            ("--partition-by v", vec!["partition_by"]),
            ("--writetime v", vec!["columns", "writetime"]),
            ("--written-after 2024-02-29", vec!["written_after"]),
            ("--limit 10", vec!["limit", "10"]),
            ("--empty-as-null", vec!["empty_as_null", "true"]),
            ("--format csv --limit 10", vec!["file.format", "limit"]),
        ] {
            let parts = [parts, vec!["--overwrite"]].concat();
            is_refused(&all, &to, &format!("--resume {options}"), &parts).await?;
        }
        let parts = ["table: ", "resume_settings_other"];
        is_refused(&other, &to, "--resume", &parts).await?;
        // Numbers and sizes need not be the same.
        let options = "--resume --splits 7 --files 1 --max-file-rows 100000 --consistency ALL";
        export(&all, &to, options).await?.with_code(0)?;
        is_whole(&python, &to, "parquet", WIDE).await
    });
}

#[test]
fn a_table_that_has_changed_is_refused() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_altered", WIDE).await?;
        let to = Destination::new()?;
        half_done(&table, &to, "").await?;
        table.alter("ALTER TABLE {} ADD more int").await?;
        is_refused(&table, &to, "--resume", &["columns", "query", "more"]).await?;
        // The columns of before can still be asked for by their names.
        let ended = export(&table, &to, "--resume --columns id,v").await?.with_code(0)?;
        ensure!(ended.stderr.is_empty(), "{ended:?}");
        is_whole(&python, &to, "parquet", WIDE).await
    });
}

#[test]
fn an_export_that_has_ended_is_left_as_it_is() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("resume_ended", WIDE).await?;
        let to = Destination::new()?;
        // An empty destination is begun.
        export(&table, &to, "--resume").await?.with_code(0)?;
        is_whole(&python, &to, "parquet", WIDE).await?;
        let before = to.files()?;
        for options in ["--resume", "--resume --splits 100 --files 3", "--resume --output json"] {
            export(&table, &to, options).await?.with_code(0)?;
            ensure!(to.files()? == before, "{options}: {before:?} is now {:?}", to.files()?);
        }
        is_refused(&table, &to, "--resume --format csv", &["file.format"]).await
    });
}

#[test]
fn an_export_with_a_limit_cannot_be_resumed() {
    run(async {
        let table = table("resume_limited", WIDE).await?;
        let to = Destination::new()?;
        half_done(&table, &to, "--limit 1400").await?;
        is_refused(&table, &to, "--resume --limit 1400", &["limit", "--overwrite"]).await?;
        export(&table, &to, "--overwrite --limit 1400").await?.with_code(0)?;
        let manifest = to.manifest()?.unwrap_or_default();
        ensure!(manifest["rows"] == 1400, "{manifest}");
        to.has_nothing_but_the_export()
    });
}
