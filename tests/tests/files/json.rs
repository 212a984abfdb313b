//! JSON as readers with minds of their own infer it.

use anyhow::{Result, ensure};
use integration_tests::{Engine, RF1, Table, double, exactly, python, run};
use serde_json::json;

use crate::{exported, files_of, read};

const COLUMNS: &str = "(id int PRIMARY KEY, b boolean, d double, l list<int>, v text)";

async fn table(name: &str) -> Result<Table> {
    let table = Table::create(RF1, name, COLUMNS).await?;
    let insert = "INSERT INTO {} (id, b, d, l, v) VALUES (?, ?, ?, ?, ?)";
    let rows = [
        (1, Some(true), Some(0.1), Some(vec![1, 2]), Some("a\n\"b\"\u{2028}\u{0}")),
        (2, Some(false), Some(1e300), None, Some("")),
        (3, None, None, None, None),
    ];
    table.write(insert, rows).await?;
    Ok(table)
}

fn cells() -> Vec<String> {
    [
        json!(["1", "true", double(0.1), ["1", "2"], "a\n\"b\"\u{2028}\u{0}"]),
        json!(["2", "false", double(1e300), null, ""]),
        json!(["3", null, null, null, null]),
    ]
    .map(|row| row.to_string())
    .into()
}

#[test]
fn types_are_inferred_from_lines() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("files_json_lines").await?;
        let folder = exported(&table, &["--format", "jsonl", "--files", "1"]).await?;
        for (engine, int, list) in
            [(Engine::Pyarrow, "int64", "list<"), (Engine::Duckdb, "int64", "list<")]
        {
            let infer = json!({ "infer": true });
            let found = read(&python, engine, "jsonl", folder.path(), infer).await?;
            exactly(found.texts(), cells())
                .map_err(|error| error.context(format!("{engine:?}")))?;
            let types: Vec<&str> = found.columns.iter().map(|(_, typ)| typ.as_str()).collect();
            ensure!(types[0] == int && types[1] == "bool" && types[2] == "double", "{types:?}");
            ensure!(types[3].starts_with(list) && types[4] == "string", "{types:?}");
        }
        Ok(())
    });
}

#[test]
fn an_array_is_one_document() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("files_json_array").await?;
        let folder = exported(&table, &["--format", "json", "--files", "1"]).await?;
        for file in files_of("json", folder.path())? {
            let document: serde_json::Value = serde_json::from_slice(&std::fs::read(file)?)?;
            ensure!(document.as_array().is_some_and(|rows| rows.len() == 3), "{document}");
        }
        for engine in [Engine::Json, Engine::Duckdb] {
            let found = read(&python, engine, "json", folder.path(), json!({})).await?;
            exactly(found.texts(), cells())?;
        }
        Ok(())
    });
}
