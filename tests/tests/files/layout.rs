//! Which files there are: rolling, names, files at a time.

use std::collections::HashSet;

use anyhow::ensure;
use integration_tests::{Engine, exactly, python, run};
use serde_json::json;

use crate::{exported, read, text_cells, texts, whole, wide_cells, wide_texts};

const ROWS: i32 = 1500;

#[test]
fn no_file_has_more_rows_than_asked_for() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = texts("files_rolled_by_rows", ROWS).await?;
        for format in ["csv", "parquet"] {
            let options = ["--format", format, "--max-file-rows", "100", "--page-size", "70"];
            let folder = exported(&table, &options).await?;
            let files = whole(folder.path())?.files;
            ensure!(files.len() >= 15, "{} files", files.len());
            ensure!(files.iter().all(|file| (1..=100).contains(&file.rows)), "{files:?}");
            let engine = Engine::Pyarrow;
            let found = read(&python, engine, format, folder.path(), json!({})).await?;
            exactly(found.texts(), text_cells(0..ROWS))?;
        }
        Ok(())
    });
}

#[test]
fn files_end_soon_after_the_bytes_asked_for() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = wide_texts("files_rolled_by_bytes", 4000).await?;
        let options = ["--format", "jsonl", "--max-file-size", "1MiB", "--files", "1"];
        let folder = exported(&table, &options).await?;
        let manifest = whole(folder.path())?;
        // A batch of a MiB may be above it, and a page above that.
        let largest = manifest.files.iter().map(|file| file.bytes).max();
        ensure!(largest.is_some_and(|bytes| bytes < 4 << 20), "{largest:?}");
        ensure!(manifest.files.len() >= 3, "{:?}", manifest.files);
        let found = read(&python, Engine::Json, "jsonl", folder.path(), json!({})).await?;
        exactly(found.texts(), wide_cells(4000))
    });
}

#[test]
fn files_are_named_as_asked_for() {
    run(async {
        let table = texts("files_named", 200).await?;
        let name = "x.{keyspace}_{table}-{number}-end";
        let options = ["--format", "csv", "--file-name", name, "--max-file-rows", "20"];
        let folder = exported(&table, &options).await?;
        let files = whole(folder.path())?.files;
        let names: HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        ensure!(names.len() == files.len() && files.len() >= 10, "{names:?}");
        for name in names {
            let number = name
                .strip_prefix("x.bulk_rf1_files_named-")
                .and_then(|name| name.strip_suffix("-end.csv"));
            let digits = |c: char| c.is_ascii_digit() || c == '-';
            ensure!(number.is_some_and(|number| number.chars().all(digits)), "{name}");
        }
        Ok(())
    });
}

#[test]
fn files_at_a_time_do_not_matter_for_the_rows() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = texts("files_at_a_time", ROWS).await?;
        for (files, parallelism, page) in [("1", "8", "37"), ("4", "8", "37"), ("64", "1", "5000")]
        {
            let options = ["--files", files, "--parallelism", parallelism, "--page-size", page];
            let folder = exported(&table, &options).await?;
            let most = files.parse::<usize>()?;
            let there = whole(folder.path())?.files.len();
            ensure!((1..=most).contains(&there), "{there} files");
            let engine = Engine::Pyarrow;
            let found = read(&python, engine, "parquet", folder.path(), json!({})).await?;
            exactly(found.texts(), text_cells(0..ROWS))?;
        }
        Ok(())
    });
}
