//! Lists, sets and maps that are there already: an import replaces them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use integration_tests::{RF1, RF3, Table, exactly, exported, imported, program, run};
use serde_json::Value;

use crate::{EVERYWHERE, file};

const COLUMNS: &str = "(id int PRIMARY KEY, l list<text>, m map<text, int>, s set<int>)";

type Row = (i32, Option<Vec<String>>, Option<BTreeMap<String, i32>>, Option<Vec<i32>>);

async fn rows(table: &Table) -> Result<Vec<Row>> {
    table.rows("SELECT id, l, m, s FROM {}").await
}

fn list(items: &[&str]) -> Option<Vec<String>> {
    Some(items.iter().map(|item| (*item).to_owned()).collect())
}

fn map(entries: &[(&str, i32)]) -> Option<BTreeMap<String, i32>> {
    Some(entries.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect())
}

#[test]
fn what_is_imported_twice_is_there_once() {
    run(async {
        for (keyspace, name) in [(RF1, "imports_lists"), (RF3, "imports_lists")] {
            let table = Table::create(keyspace, name, COLUMNS).await?;
            let line = |id: i32| {
                format!(
                    "{id},\"[\"\"a\"\", \"\"b\"\", \"\"a\"\"]\",\"{{\"\"k\"\": {id}}}\",\"[2, 1]\"\n"
                )
            };
            let lines: String = (0..500).map(line).collect();
            let source = file("rows.csv", &format!("id,l,m,s\n{lines}"))?;
            let expected = || {
                (0..500).map(|id| (id, list(&["a", "b", "a"]), map(&[("k", id)]), Some(vec![1, 2])))
            };
            for _ in 0..2 {
                imported(&table, source.path(), &EVERYWHERE).await?;
                exactly(rows(&table).await?, expected())?;
            }
        }
        Ok(())
    });
}

#[test]
fn what_was_there_is_replaced_and_not_added_to() {
    run(async {
        let table = Table::create(RF1, "imports_replaced", COLUMNS).await?;
        table
            .query("INSERT INTO {} (id, l, m, s) VALUES (1, ['x', 'y'], {'x': 1}, {7, 8})")
            .await?;
        table.query("INSERT INTO {} (id, l, m, s) VALUES (2, ['x'], {'x': 1}, {7})").await?;
        let lines = r#"{"id": 1, "l": ["a"], "m": {"k": 2}, "s": [1]}
{"id": 2, "l": [], "m": {}, "s": []}"#;
        let source = file("rows.jsonl", lines)?;
        imported(&table, source.path(), &[]).await?.counted(2, 2, 0)?;
        let expected = [(1, list(&["a"]), map(&[("k", 2)]), Some(vec![1])), (2, None, None, None)];
        exactly(rows(&table).await?, expected)
    });
}

/// The cluster deletes what was there just below the write time of a list, so what has that very time
/// stays. Whoever gives the time, or puts one back, is to import once, or into an empty table.
#[test]
fn a_list_with_a_given_write_time_is_doubled_when_imported_again() {
    run(async {
        let table = Table::create(RF1, "imports_lists_given", COLUMNS).await?;
        let source = file("rows.jsonl", r#"{"id": 1, "l": ["a", "b"], "m": {"k": 2}, "s": [1]}"#)?;
        let of = |l: &[&str]| (1, list(l), map(&[("k", 2)]), Some(vec![1]));
        imported(&table, source.path(), &["--timestamp", "2000000"]).await?;
        exactly(rows(&table).await?, [of(&["a", "b"])])?;
        let folder = exported(&table, &["--writetime", "*"]).await?;
        imported(&table, source.path(), &["--timestamp", "2000000"]).await?;
        exactly(rows(&table).await?, [of(&["a", "b", "a", "b"])])?;

        table.query("TRUNCATE {}").await?;
        imported(&table, folder.path(), &[]).await?;
        exactly(rows(&table).await?, [of(&["a", "b"])])?;
        imported(&table, folder.path(), &[]).await?;
        exactly(rows(&table).await?, [of(&["a", "b", "a", "b"])])
    });
}

/// What a run had written and not yet written down when it was killed is written again by the next one.
#[test]
fn a_list_is_not_doubled_by_a_run_that_goes_on() {
    run(async {
        let table = Table::create(RF1, "imports_lists_resumed", COLUMNS).await?;
        let given = r#"{"id": 1, "l": ["a", "b"], "m": {"k": 2}, "s": [1]}"#;
        let timed = given.replace(r#""s": [1]"#, r#""s": [1], "writetime(l)": [3000000, 5]"#);
        for (name, line) in [("plain", given.to_owned()), ("timed", timed)] {
            table.query("TRUNCATE {}").await?;
            let source = file("rows.jsonl", &line)?;
            let folder = tempfile::tempdir()?;
            let journal = folder.path().join(name);
            let arguments = [
                "import",
                &table.name.cql(),
                "--from",
                source.path().to_str().context("no text")?,
                "--journal",
                journal.to_str().context("no text")?,
                "--resume",
                "--host",
                "127.0.0.11",
            ];
            for _ in 0..3 {
                program(&arguments).await?.with_code(0)?;
                let expected = (1, list(&["a", "b"]), map(&[("k", 2)]), Some(vec![1]));
                exactly(rows(&table).await?, [expected])?;
                forget(&journal.join("progress.json"))?;
            }
        }
        Ok(())
    });
}

/// Makes a journal as if the run had been killed before its first entry; how many runs there were stays.
fn forget(progress: &Path) -> Result<()> {
    let mut there: Value = serde_json::from_slice(&fs::read(progress)?)?;
    there["complete"] = false.into();
    there["counts"] = serde_json::json!({
        "read": 0, "written": 0, "bad": 0, "filtered": 0, "unknown": 0,
    });
    there["files"] = serde_json::json!([{ "settled": [], "ended": false }]);
    Ok(fs::write(progress, serde_json::to_vec(&there)?)?)
}
