//! `iceberg snapshots`.

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Ended, Lake, program, run};
use serde_json::Value;

use crate::{Trial, says};

async fn snapshots(trial: &Trial, table: &str, options: &[&str]) -> Result<Ended> {
    let arguments = ["iceberg", "snapshots", table].into_iter();
    let arguments = arguments.chain(trial.catalog.iter().map(String::as_str));
    let arguments: Vec<&str> = arguments.chain(options.iter().copied()).collect();
    program(&arguments).await
}

async fn are_listed(lake: Lake, name: &str) -> Result<()> {
    let trial = Trial::texts(lake, name, 20).await?;
    trial.exported(&["--run-id", "first"]).await?;
    trial.exported(&["--mode", "append", "--run-id", "second"]).await?;
    let foreign = "name = arguments\ntable = catalog.load_table(name)\n\
        table.append(table.scan(row_filter='id < 3').to_arrow())\nsay(None)";
    trial.lake.script(foreign, serde_json::json!(trial.name)).await?;
    let known = trial.lake.snapshots(&trial.name).await?;

    let ended = snapshots(&trial, &trial.name, &["--output", "json"]).await?.with_code(0)?;
    let said: Value = serde_json::from_str(&ended.stdout)?;
    let said = said.as_array().or(said["snapshots"].as_array()).context("no list")?;
    ensure!(said.len() == 3, "{ended:?}");
    for (at, (found, known)) in said.iter().zip(&known).enumerate() {
        ensure!(found["id"] == known["snapshot-id"], "{found}, {known}");
        ensure!(found["parent"] == known["parent-snapshot-id"], "{found}, {known}");
        ensure!(found["operation"] == known["summary"]["operation"], "{found}, {known}");
        ensure!(found["current"] == (at == 2), "{found}");
        let run_id = [Value::from("first"), Value::from("second"), Value::Null];
        ensure!(found["run_id"] == run_id[at], "{found}");
        ensure!(found["committed_at"].is_string(), "{found}");
    }

    let ended = snapshots(&trial, &trial.name, &[]).await?.with_code(0)?;
    let lines: Vec<&str> = ended.stdout.lines().collect();
    for (at, run_id) in ["first", "second"].into_iter().enumerate() {
        let id = known[at]["snapshot-id"].to_string();
        let line = lines.iter().find(|line| line.contains(&id)).context("no line")?;
        says(line, &[run_id, "append", "20", if at == 0 { "20" } else { "40" }])?;
    }
    ensure!(ended.stdout.contains(&known[2]["snapshot-id"].to_string()), "{ended:?}");
    Ok(())
}

#[test]
fn all_snapshots_are_listed() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        are_listed(lake, "lake_snapshots").await?;
        let Some(lake) = Lake::rest().await? else { return Ok(()) };
        are_listed(lake, "lake_snapshots_rest").await
    });
}

#[test]
fn a_table_without_snapshots_and_none_at_all_are_told_apart() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_snapshots_none", 1).await?;
        trial.exported(&[]).await?;
        let make = "catalog.create_namespace('empty')\n\
            catalog.create_table('empty.t', pa.schema([('id', pa.int32())]))\nsay(None)";
        trial.lake.script(make, Value::Null).await?;
        let ended = snapshots(&trial, "empty.t", &[]).await?.with_code(0)?;
        says(&ended.stdout, &["no snapshots"])?;
        let ended = snapshots(&trial, "empty.nosuch", &[]).await?.with_code(2)?;
        says(&ended.stderr, &["nosuch", "empty"])?;
        let ended = snapshots(&trial, "nosuch.t", &[]).await?.with_code(2)?;
        says(&ended.stderr, &["nosuch", "lake_snapshots_none"])?;
        let ended = snapshots(&trial, "no_namespace", &[]).await?.with_code(2)?;
        says(&ended.stderr, &["no_namespace"])
    });
}
