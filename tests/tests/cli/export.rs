//! `export`: every row as a line of JSON, and nothing else on standard output.

use anyhow::{Result, ensure};
use integration_tests::{Ended, RF1, Table, exactly, run};

use crate::{ROWS, json, number, on, table};

fn lines(ended: &Ended) -> Result<Vec<String>> {
    let rows = ended.stdout.lines().map(|line| Ok(json(line)?.to_string()));
    rows.collect()
}

#[test]
fn each_row_is_a_line() {
    run(async {
        let table = table("cli_export", ROWS).await?;
        let padding = "-".repeat(40);
        let expected = (0..ROWS).map(|id| {
            serde_json::json!({ "id": id, "v": format!("row {id} {padding}") }).to_string()
        });
        for options in ["", "--splits 100 --page-size 7", "--quiet --consistency QUORUM"] {
            let ended = on(&table, "export", options).await?.with_code(0)?;
            exactly(lines(&ended)?, expected.clone())?;
            ensure!(ended.stderr.is_empty() == options.contains("quiet"), "{}", ended.stderr);
        }
        let ended = on(&table, "export", "--output json").await?.with_code(0)?;
        exactly(lines(&ended)?, expected)?;
        ensure!(number(&json(&ended.stderr)?, "rows")? == 3000, "{}", ended.stderr);
        Ok(())
    });
}

#[test]
fn quoted_names_and_chosen_columns() {
    run(async {
        let columns = r#"("Select" int PRIMARY KEY, "two words" text, "from" int, v int)"#;
        let table = Table::create(RF1, "CliOrder", columns).await?;
        let rows = (0..100).map(|id| (id, format!("a \"b\"\n{id}"), id * 2));
        let insert = r#"INSERT INTO {} ("Select", "two words", "from") VALUES (?, ?, ?)"#;
        table.write(insert, rows.clone()).await?;
        let expected = rows.clone().map(|(id, words, from)| {
            serde_json::json!({ "Select": id, "from": from, "two words": words, "v": null })
                .to_string()
        });
        let ended = on(&table, "export", "").await?.with_code(0)?;
        exactly(lines(&ended)?, expected)?;

        let expected = rows.map(|(id, _, from)| format!(r#"{{"from":{from},"Select":{id}}}"#));
        let ended = on(&table, "export", "--columns from,Select").await?.with_code(0)?;
        exactly(ended.stdout.lines().map(str::to_owned), expected)?;
        let ended = on(&table, "export", "--columns select").await?.with_code(2)?;
        ensure!(ended.stderr.contains("Select") && ended.stdout.is_empty(), "{ended:?}");
        Ok(())
    });
}
