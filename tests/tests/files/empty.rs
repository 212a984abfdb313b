//! A table without rows: what its files are.

use anyhow::ensure;
use integration_tests::{Engine, RF1, Table, python, run};
use serde_json::json;

use crate::{exported, files_of, read, tree, whole};

const COLUMNS: &str = "(id int PRIMARY KEY, l list<text>, t timestamp, v text)";

#[test]
fn it_is_a_file_with_the_columns_and_no_rows() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = Table::create(RF1, "files_empty", COLUMNS).await?;
        for (format, engine) in [
            ("csv", Engine::Pyarrow),
            ("parquet", Engine::Pyarrow),
            ("parquet", Engine::Duckdb),
            ("arrow", Engine::Pyarrow),
        ] {
            let folder = exported(&table, &["--format", format]).await?;
            let manifest = whole(folder.path())?;
            ensure!(manifest.rows == 0 && manifest.files.len() == 1, "{manifest:?}");
            let found = read(&python, engine, format, folder.path(), json!({})).await?;
            ensure!(found.names() == ["id", "l", "t", "v"] && found.rows.is_empty(), "{found:?}");
            if engine == Engine::Pyarrow && format != "csv" {
                let types: Vec<&str> = found.columns.iter().map(|(_, typ)| typ.as_str()).collect();
                let expected =
                    ["int32", "list<element: string>", "timestamp[ms, tz=UTC]", "string"];
                ensure!(types == expected, "{types:?}");
            }
        }
        for (format, content) in [("jsonl", ""), ("json", "[\n]\n")] {
            let folder = exported(&table, &["--format", format]).await?;
            let files = files_of(format, folder.path())?;
            ensure!(files.len() == 1 && std::fs::read_to_string(&files[0])? == content);
        }
        Ok(())
    });
}

/// Nothing can stand in the name of a folder where there is no value.
#[test]
fn without_rows_there_are_no_folders() {
    run(async {
        let table = Table::create(RF1, "files_empty_folders", COLUMNS).await?;
        let folder = exported(&table, &["--partition-by", "v"]).await?;
        ensure!(tree(folder.path())? == [crate::MANIFEST]);
        Ok(())
    });
}

#[test]
fn compressed_it_is_still_read() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = Table::create(RF1, "files_empty_compressed", COLUMNS).await?;
        for compression in ["gzip", "zstd", "lz4", "snappy", "bzip2", "xz"] {
            let options = ["--format", "jsonl", "--compression", compression];
            let folder = exported(&table, &options).await?;
            let found = read(&python, Engine::Json, "jsonl", folder.path(), json!({})).await?;
            ensure!(found.rows.is_empty(), "{compression}: {found:?}");
        }
        Ok(())
    });
}
