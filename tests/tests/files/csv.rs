//! Dialects of CSV: whatever is chosen, other readers get every text back.

use anyhow::{Result, ensure};
use integration_tests::{Engine, RF1, Table, exactly, python, run};
use serde_json::{Value, json};

use crate::{export, exported, files_of, read, says, text, visible};

/// Texts that need care in one dialect or another.
const TEXTS: [Option<&str>; 12] = [
    Some("plain"),
    Some(""),
    None,
    Some("a \"quoted\" word"),
    Some("two\nlines\r\nand more"),
    Some("a,b;c|d\te"),
    Some("back\\slash \\N \\\" end\\"),
    Some("'single'"),
    Some("NULL"),
    Some("\\N"),
    Some(" spaces "),
    Some("\"\""),
];

async fn table(name: &str) -> Result<Table> {
    let columns = "(id int PRIMARY KEY, last text, v text)";
    let table = Table::create(RF1, name, columns).await?;
    let rows = (0..).zip(TEXTS).map(|(id, text)| (id, text, "end"));
    table.write("INSERT INTO {} (id, v, last) VALUES (?, ?, ?)", rows).await?;
    Ok(table)
}

fn cells() -> Vec<String> {
    let rows = TEXTS.iter().enumerate();
    rows.map(|(id, text)| json!([id.to_string(), "end", text]).to_string()).collect()
}

#[test]
fn every_dialect_is_read_as_it_was_written() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("files_dialects").await?;
        for (options, dialect) in [
            (&["--delimiter", ";"][..], json!({ "delimiter": ";" })),
            (&["--delimiter", "\\t"], json!({ "delimiter": "\t" })),
            (&["--delimiter", "|", "--quote", "'"], json!({ "delimiter": "|", "quote": "'" })),
            (&["--escape", "\\"], json!({ "escape": "\\" })),
            (&["--null", "NULL"], json!({ "null": "NULL" })),
            (&["--null", "\\N", "--delimiter", "|"], json!({ "null": "\\N", "delimiter": "|" })),
            (&["--no-header"], json!({ "header": false })),
        ] {
            let options = [&["--format", "csv", "--quiet"], options].concat();
            let folder = exported(&table, &options).await?;
            for engine in [Engine::Pyarrow, Engine::Duckdb] {
                let found = read(&python, engine, "csv", folder.path(), dialect.clone()).await?;
                exactly(found.texts(), cells())
                    .map_err(|error| error.context(format!("{engine:?}, {options:?}")))?;
                let named = found.names() == ["id", "last", "v"];
                ensure!(named != options.contains(&"--no-header"), "{:?}", found.columns);
            }
        }
        Ok(())
    });
}

#[test]
fn each_file_has_a_header_of_its_own() {
    run(async {
        let table = crate::texts("files_headers", 100).await?;
        let options = ["--format", "csv", "--max-file-rows", "30", "--files", "1"];
        let folder = exported(&table, &options).await?;
        let files = files_of("csv", folder.path())?;
        ensure!(files.len() >= 4, "{files:?}");
        for file in files {
            let content = std::fs::read_to_string(file)?;
            ensure!(content.starts_with("id,v\n") && content.ends_with('\n'), "{content}");
        }
        Ok(())
    });
}

#[test]
fn another_encoding_has_what_it_can_have_and_refuses_the_rest() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = Table::create(RF1, "files_latin1", "(id int PRIMARY KEY, v text)").await?;
        let insert = "INSERT INTO {} (id, v) VALUES (?, ?)";
        table.write(insert, [(1, "Käse für 5 €"), (2, "plain")]).await?;
        // One file at a time: nothing is whole before the end.
        let options = ["--format", "csv", "--encoding", "latin1", "--files", "1"];
        let folder = exported(&table, &options).await?;
        let dialect = json!({ "encoding": "cp1252" });
        let found = read(&python, Engine::Pyarrow, "csv", folder.path(), dialect).await?;
        ensure!(found.rows == [json!(["1", "Käse für 5 €"]), json!(["2", "plain"])], "{found:?}");

        table.write(insert, [(3, "日本")]).await?;
        let folder = tempfile::tempdir()?;
        let ended = export(&table, text(folder.path())?, &options).await?.with_code(4)?;
        says(&ended.stderr, &["\"v\"", "日", "windows-1252", "UTF-8"])?;
        ensure!(visible(folder.path())?.is_empty(), "{:?}", visible(folder.path())?);
        Ok(())
    });
}

/// A line of nothing is a row whose only field is null. Readers that pass over blank lines would lose
/// it, unless null is given a text.
#[test]
fn a_single_column_keeps_its_nulls_where_null_has_a_text() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("files_single_column").await?;
        let options = ["--format", "csv", "--columns", "v", "--null", "(null)"];
        let folder = exported(&table, &options).await?;
        for engine in [Engine::Pyarrow, Engine::Duckdb] {
            let dialect = json!({ "null": "(null)" });
            let found = read(&python, engine, "csv", folder.path(), dialect).await?;
            let expected = TEXTS.iter().map(|text| Value::Array(vec![json!(text)]).to_string());
            exactly(found.texts(), expected)
                .map_err(|error| error.context(format!("{engine:?}")))?;
        }
        Ok(())
    });
}
