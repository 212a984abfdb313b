//! The manifest: what it says is so, by others' sums and by the tokens of the rows.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use bulk::{RangeSet, TableName, Token};
use integration_tests::{Engine, python, run};
use serde_json::{Value, json};

use crate::{export, exported, text, texts, whole};

const SUMS: &str = r#"
import hashlib, json, os, sys
files = sys.argv[1:]
sums = [[os.path.getsize(file), hashlib.sha256(open(file, "rb").read()).hexdigest()] for file in files]
print(json.dumps(sums))
"#;

#[test]
fn sizes_sums_and_rows_are_those_of_the_files() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = texts("files_summed", 1000).await?;
        for format in ["csv", "parquet"] {
            let options = ["--format", format, "--max-file-rows", "300"];
            let folder = exported(&table, &options).await?;
            let manifest = whole(folder.path())?;
            let paths = manifest.files.iter().map(|file| folder.path().join(&file.name));
            let paths = paths.collect::<Vec<_>>();
            let names = paths.iter().map(|path| text(path)).collect::<Result<Vec<_>>>()?;
            let sums = python.run(SUMS, &names).await?;
            let expected = manifest.files.iter().map(|file| json!([file.bytes, file.sha256]));
            ensure!(sums == Value::from_iter(expected), "{sums}");
            for (file, path) in manifest.files.iter().zip(paths) {
                let found = python.read(Engine::Pyarrow, format, &[path], json!({})).await?;
                ensure!(found.rows.len() as u64 == file.rows, "{file:?}");
            }
            let files = &manifest.files;
            ensure!(manifest.rows == 1000);
            ensure!(files.iter().map(|file| file.rows).sum::<u64>() == 1000);
            ensure!(files.iter().map(|file| file.bytes).sum::<u64>() == manifest.bytes);
            ensure!(manifest.attempts == 1 && manifest.settings.token_ranges == RangeSet::full());
            let name = manifest.settings.table.parse::<TableName>()?;
            ensure!(name == table.name, "{name}");
            let ddl = manifest.ddl.join("\n");
            crate::says(&ddl, &["CREATE TABLE", "files_summed", "id int", "v text"])?;
            ensure!(manifest.ring.nodes.len() == 3, "{:?}", manifest.ring.nodes);
        }
        Ok(())
    });
}

/// Whoever reads a file by its ranges must find in it the rows of these, and of no others.
#[test]
fn the_ranges_of_a_file_are_those_of_its_rows() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = texts("files_ranges", 1000).await?;
        let select = format!("SELECT id, token(id) FROM {}", table.name);
        let rows = table.on.session.query_unpaged(select, &[]).await?.into_rows_result()?;
        let tokens = rows.rows::<(i32, i64)>()?.map(|row| {
            let (id, token) = row?;
            Ok((id.to_string(), Token::new(token)))
        });
        let tokens = tokens.collect::<Result<HashMap<_, _>>>()?;
        let options = ["--max-file-rows", "90", "--splits", "20", "--page-size", "10"];
        let folder = exported(&table, &options).await?;
        let manifest = whole(folder.path())?;
        let mut all = RangeSet::new();
        for file in &manifest.files {
            let path = folder.path().join(&file.name);
            let found = python.read(Engine::Pyarrow, "parquet", &[path], json!({})).await?;
            for row in &found.rows {
                let id = row[0].as_str().context("no id")?;
                let token = tokens.get(id).context("a row that was not inserted")?;
                ensure!(file.token_ranges.contains(*token), "{id} in {file:?}");
            }
            all = all.union(&file.token_ranges);
        }
        ensure!(tokens.values().all(|token| all.contains(*token)), "{all}");
        Ok(())
    });
}

#[test]
fn a_finished_export_is_left_as_it_is_unless_told_otherwise() {
    run(async {
        let table = texts("files_twice", 300).await?;
        let folder = exported(&table, &["--format", "csv"]).await?;
        let to = text(folder.path())?;
        let first = whole(folder.path())?;
        let ended = export(&table, to, &["--format", "csv"]).await?.with_code(2)?;
        crate::says(&ended.stderr, &["not empty", "--resume", "--overwrite"])?;
        ensure!(whole(folder.path())? == first);

        let ended = export(&table, to, &["--format", "csv", "--resume"]).await?.with_code(0)?;
        crate::says(&ended.stderr, &["300 rows"])?;
        ensure!(whole(folder.path())? == first);

        let ended = export(&table, to, &["--format", "jsonl", "--resume"]).await?.with_code(2)?;
        crate::says(&ended.stderr, &["other settings", "csv", "jsonl"])?;
        ensure!(whole(folder.path())? == first);

        export(&table, to, &["--format", "jsonl", "--overwrite"]).await?.with_code(0)?;
        let second = whole(folder.path())?;
        ensure!(second.export_id != first.export_id && second.rows == 300);
        ensure!(second.files.iter().all(|file| file.name.ends_with(".jsonl")), "{second:?}");

        std::fs::write(folder.path().join("notes.txt"), "mine")?;
        let ended = export(&table, to, &["--overwrite"]).await?.with_code(2)?;
        crate::says(&ended.stderr, &["notes.txt"])?;
        std::fs::remove_file(folder.path().join("notes.txt"))?;
        ensure!(whole(folder.path())? == second);
        Ok(())
    });
}
