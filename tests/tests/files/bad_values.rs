//! Values that CQL has, and files have not.

use anyhow::ensure;
use integration_tests::{Engine, RF1, Table, exactly, python, run};
use serde_json::json;

use crate::{export, exported, read, says, text, visible};

/// An `int` of no bytes is neither null nor a number; Thrift's clients have written such.
#[test]
fn an_int_that_is_empty_is_named_or_written_as_null() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, amount int, t timestamp, v text)";
        let table = Table::create(RF1, "files_empty_values", columns).await?;
        for cql in [
            "INSERT INTO {} (id, amount, v) VALUES (1, 5, '')",
            "INSERT INTO {} (id, amount, v) VALUES (2, blob_as_int(0x), 'x')",
            "INSERT INTO {} (id, t) VALUES (3, blob_as_timestamp(0x))",
        ] {
            let cql = cql.replace("{}", &table.name.to_string());
            table.on.session.query_unpaged(cql, &[]).await?;
        }
        let folder = tempfile::tempdir()?;
        let to = text(folder.path())?;
        let options = ["--where", "id = 2", "--allow-filtering"];
        for format in ["parquet", "csv"] {
            let options = [&options[..], &["--format", format, "--overwrite"]].concat();
            let ended = export(&table, to, &options).await?.with_code(4)?;
            says(&ended.stderr, &["\"amount\"", "empty", "such values as null"])?;
            ensure!(visible(folder.path())?.is_empty(), "{:?}", visible(folder.path())?);
        }
        for (format, engine) in [("parquet", Engine::Pyarrow), ("jsonl", Engine::Json)] {
            let folder = exported(&table, &["--empty-as-null", "--format", format]).await?;
            let found = read(&python, engine, format, folder.path(), json!({})).await?;
            let expected = [
                json!(["1", "5", null, ""]),
                json!(["2", null, null, "x"]),
                json!(["3", null, null, null]),
            ];
            exactly(found.texts(), expected.map(|row| row.to_string()))?;
        }
        // Columns that are not read do not matter.
        exported(&table, &["--columns", "id,v"]).await?;
        Ok(())
    });
}

/// A run that ends for a value leaves nothing that looks like data where no unit was whole.
#[test]
fn after_a_bad_value_is_repaired_the_run_goes_on() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = Table::create(RF1, "files_repaired", "(id int PRIMARY KEY, n int)").await?;
        let rows = (0..1000).map(|id| (id, id * 2));
        table.write("INSERT INTO {} (id, n) VALUES (?, ?)", rows.clone()).await?;
        let odd = format!("INSERT INTO {} (id, n) VALUES (500, blob_as_int(0x))", table.name);
        table.on.session.query_unpaged(odd, &[]).await?;
        let folder = tempfile::tempdir()?;
        let to = text(folder.path())?;
        let options = ["--max-file-rows", "50", "--files", "1", "--parallelism", "1"];
        let ended = export(&table, to, &options).await?.with_code(4)?;
        says(&ended.stderr, &["\"n\"", "--resume"])?;
        table.write("INSERT INTO {} (id, n) VALUES (?, ?)", [(500, 1000)]).await?;
        let again = [&options[..], &["--resume"]].concat();
        export(&table, to, &again).await?.with_code(0)?;
        let manifest = crate::whole(folder.path())?;
        ensure!(manifest.attempts == 2 && manifest.rows == 1000, "{manifest:?}");
        let found = read(&python, Engine::Pyarrow, "parquet", folder.path(), json!({})).await?;
        exactly(
            found.texts(),
            rows.map(|(id, n)| json!([id.to_string(), n.to_string()]).to_string()),
        )
    });
}
