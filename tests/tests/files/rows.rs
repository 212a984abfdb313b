//! Which rows, and what of them: columns, conditions, limits, decimals.

use std::collections::HashSet;

use anyhow::ensure;
use integration_tests::{Engine, RF1, Table, exactly, python, run};
use serde_json::json;

use crate::{export, exported, read, says, text, text_cells, texts, tree, visible, whole};

#[test]
fn columns_come_in_the_order_asked_for() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, a int, b int, c int)";
        let table = Table::create(RF1, "files_columns", columns).await?;
        let rows = (0..50).map(|id| (id, id + 1, id + 2, id + 3));
        table.write("INSERT INTO {} (id, a, b, c) VALUES (?, ?, ?, ?)", rows).await?;
        let expected = (0..50).map(|id: i32| {
            json!([(id + 3).to_string(), id.to_string(), (id + 1).to_string()]).to_string()
        });
        for format in ["csv", "parquet", "arrow"] {
            let options = ["--columns", "c,id,a", "--format", format];
            let folder = exported(&table, &options).await?;
            let engine = Engine::Pyarrow;
            let found = read(&python, engine, format, folder.path(), json!({})).await?;
            ensure!(found.names() == ["c", "id", "a"], "{:?}", found.columns);
            exactly(found.texts(), expected.clone())?;
        }
        let to = tempfile::tempdir()?;
        let ended = export(&table, text(to.path())?, &["--columns", "a,a"]).await?.with_code(2)?;
        says(&ended.stderr, &["\"a\"", "once"])?;
        ensure!(tree(to.path())?.is_empty());
        Ok(())
    });
}

#[test]
fn a_condition_is_the_clusters() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int, c int, v text, PRIMARY KEY (id, c))";
        let table = Table::create(RF1, "files_where", columns).await?;
        let rows = (0..600).map(|n| (n / 3, n % 3, if n % 7 == 0 { "it's" } else { "else" }));
        table.write("INSERT INTO {} (id, c, v) VALUES (?, ?, ?)", rows.clone()).await?;
        let to = tempfile::tempdir()?;
        let to_text = text(to.path())?;

        let condition = ["--where", "v = 'it''s' AND c >= 1"];
        let ended = export(&table, to_text, &condition).await?.with_code(2)?;
        says(&ended.stderr, &["ALLOW FILTERING"])?;
        ensure!(ended.stdout.is_empty() && tree(to.path())?.is_empty(), "{ended:?}");

        let options = [&condition[..], &["--allow-filtering"]].concat();
        let folder = exported(&table, &options).await?;
        let manifest = whole(folder.path())?;
        let recorded = manifest.settings.condition.as_deref();
        ensure!(recorded == Some(condition[1]), "{recorded:?}");
        let found = read(&python, Engine::Pyarrow, "parquet", folder.path(), json!({})).await?;
        let expected = rows.filter(|(_, c, v)| *v == "it's" && *c >= 1);
        exactly(
            found.texts(),
            expected.map(|(id, c, v)| json!([id.to_string(), c.to_string(), v]).to_string()),
        )?;

        for (condition, parts) in [
            ("nope = 1", &["nope"][..]),
            ("v = 1", &["v"]),
            ("v >", &["v >"]),
            ("v = 'x' ; DROP TABLE x", &["DROP"]),
            ("", &["--where"]),
        ] {
            let options = ["--where", condition, "--allow-filtering"];
            let ended = export(&table, to_text, &options).await?.with_code(2)?;
            says(&ended.stderr, parts)?;
            ensure!(tree(to.path())?.is_empty(), "{condition:?} has begun");
        }
        Ok(())
    });
}

#[test]
fn a_limit_is_met_exactly() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = texts("files_limit", 2000).await?;
        let whole_table: HashSet<String> = text_cells(0..2000).into_iter().collect();
        for (limit, rows) in [("1", 1), ("137", 137), ("2000", 2000), ("9999", 2000), ("0", 0)] {
            let options = ["--limit", limit, "--page-size", "10", "--files", "3"];
            let folder = tempfile::tempdir()?;
            let ended = export(&table, text(folder.path())?, &options).await?.with_code(0)?;
            ensure!(!ended.stderr.contains("INCOMPLETE"), "{limit}: {ended:?}");
            ensure!(whole(folder.path())?.rows == rows);
            let found = read(&python, Engine::Pyarrow, "parquet", folder.path(), json!({})).await?;
            let distinct: HashSet<String> = found.texts().into_iter().collect();
            ensure!(distinct.len() as u64 == rows && found.rows.len() as u64 == rows, "{limit}");
            ensure!(distinct.is_subset(&whole_table));
        }
        Ok(())
    });
}

#[test]
fn a_dry_run_says_everything_and_does_nothing() {
    run(async {
        let table = texts("files_dry", 100).await?;
        let folder = tempfile::tempdir()?;
        let to = folder.path().join("not/there");
        let options = ["--dry-run", "--format", "csv", "--compression", "gzip", "--columns", "v"];
        let ended = export(&table, text(&to)?, &options).await?.with_code(0)?;
        says(&ended.stdout, &[text(&to)?, "csv.gz", "v text", "SPLIT"])?;
        ensure!(tree(folder.path())?.is_empty() && !to.exists());
        let options = ["--dry-run", "--output", "json"];
        let ended = export(&table, text(&to)?, &options).await?.with_code(0)?;
        let plan: serde_json::Value = serde_json::from_str(&ended.stdout)?;
        ensure!(plan["plan"]["splits"].as_array().is_some_and(|splits| !splits.is_empty()));
        ensure!(!folder.path().join("not").exists());
        Ok(())
    });
}

#[test]
fn decimals_of_a_fixed_scale_fit_or_are_named() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, price decimal)";
        let table = Table::create(RF1, "files_fixed", columns).await?;
        let insert = async |id: i32, literal: &str| {
            let values = format!("({id}, {literal})");
            let cql = format!("INSERT INTO {} (id, price) VALUES {values}", table.name);
            anyhow::Ok(table.on.session.query_unpaged(cql, &[]).await.map(drop)?)
        };
        for (id, literal) in [(1, "1.5"), (2, "-9999999999999999.9999"), (3, "1E3"), (4, "1.50000")]
        {
            insert(id, literal).await?;
        }
        table.write("INSERT INTO {} (id) VALUES (?)", [(5,)]).await?;
        let expected = ["1.5000", "-9999999999999999.9999", "1000.0000", "1.5000"];
        for (format, engine) in
            [("parquet", Engine::Pyarrow), ("parquet", Engine::Duckdb), ("arrow", Engine::Pyarrow)]
        {
            let folder = exported(&table, &["--decimals", "20,4", "--format", format]).await?;
            let found = read(&python, engine, format, folder.path(), json!({})).await?;
            ensure!(found.columns[1].1 == "decimal128(20, 4)", "{:?}", found.columns);
            let rows = (1..).zip(expected).map(|(id, text)| json!([id.to_string(), text]));
            let rows = rows.chain([json!(["5", null])]).map(|row| row.to_string());
            exactly(found.texts(), rows)?;
        }
        for (odd, seen) in [("1.00001", "1.00001"), ("10000000000000000", "10000000000000000")] {
            insert(6, odd).await?;
            let to = tempfile::tempdir()?;
            // One file at a time: nothing is whole before the end.
            let options = ["--decimals", "20,4", "--files", "1"];
            let ended = export(&table, text(to.path())?, &options).await?.with_code(4)?;
            says(&ended.stderr, &["\"price\"", seen])?;
            ensure!(visible(to.path())?.is_empty(), "{:?}", visible(to.path())?);
        }
        let to = tempfile::tempdir()?;
        for decimals in ["5,9", "99,0", "0,0"] {
            let ended = export(&table, text(to.path())?, &["--decimals", decimals]).await?;
            says(&ended.with_code(2)?.stderr, &["price"])?;
        }
        ensure!(tree(to.path())?.is_empty());
        Ok(())
    });
}
