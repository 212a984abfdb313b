//! Limits hold, from the beginning or set while a run goes.

use anyhow::{Context as _, Result, ensure};
use integration_tests::run;
use serde_json::Value;

use crate::{ROWS, Trial};

/// What may have come besides: a tenth of a second's worth, and the pages in flight.
const MORE: f64 = 200.0;

/// No more rows than the limit allows for the time that the run itself has measured.
fn keeps(status: &Value, rows_per_second: f64) -> Result<()> {
    let seconds = status["elapsed_seconds"].as_f64().context("no time")?;
    let rows = status["rows"].as_f64().context("no rows")?;
    ensure!(rows <= seconds * rows_per_second + MORE, "{rows} rows in {seconds} s: {status}");
    Ok(())
}

#[test]
fn a_run_reads_no_more_rows_a_second_than_it_may() {
    run(async {
        let trial = Trial::new("control_rate", ROWS).await?;
        let mut export = trial.start_export(300, "")?;
        for rows in [1, 300, 600] {
            let status = trial.until_rows(&mut export, rows).await?;
            keeps(&status, 300.0)?;
            ensure!(status["limits"]["rows_per_second"] == 300, "{status}");
        }
        trial.tell("set rate=off").await?;
        let (_, ended) = export.end().await?;
        ended.with_code(0)?;
        ensure!(trial.exported()? == ROWS as u64);
        Ok(())
    });
}

/// A run that may read one row a second would take an hour.
#[test]
fn limits_are_set_and_removed_while_a_run_goes() {
    run(async {
        let trial = Trial::new("control_set", ROWS).await?;
        let mut export = trial.start_export(1, "--bytes-per-second 1KiB --max-per-node 1")?;
        let status = trial.until(&mut export, |_| true).await?;
        let limits = serde_json::json!({
            "rows_per_second": 1, "bytes_per_second": 1024, "max_per_node": 1,
        });
        ensure!(status["limits"] == limits, "{status}");
        let status = trial.tell("set rate=200 bytes=10MiB").await?;
        let limits = serde_json::json!({
            "rows_per_second": 200, "bytes_per_second": 10 << 20, "max_per_node": 1,
        });
        ensure!(status["limits"] == limits, "{status}");
        keeps(&trial.until_rows(&mut export, 300).await?, 200.0)?;
        let status = trial.tell("set rate=off bytes=off max-per-node=off").await?;
        ensure!(status["limits"]["max_per_node"].is_null(), "{status}");
        let (_, ended) = export.end().await?;
        ended.with_code(0)?;
        ensure!(trial.exported()? == ROWS as u64);
        Ok(())
    });
}

#[test]
fn an_import_keeps_its_limits_too() {
    run(async {
        let trial = Trial::new("control_import_rate", 0).await?;
        let file = trial.csv("in.csv", 0..ROWS)?;
        let options = format!("--from {file} --rows-per-second 100 --batch-rows 10");
        let mut import = trial.start("import", &options)?;
        loop {
            let there = trial.rows().await?;
            // What it has measured after the rows were looked at is never too little.
            let status = trial.until(&mut import, |_| true).await?;
            let seconds = status["elapsed_seconds"].as_f64().context("no time")?;
            ensure!(there as f64 <= seconds * 100.0 + MORE, "{there} rows: {status}");
            if there >= 200 {
                break;
            }
        }
        trial.tell("set rate=off").await?;
        let (_, ended) = import.end().await?;
        ended.with_code(0)?;
        ensure!(trial.rows().await? == ROWS as usize);
        Ok(())
    });
}

#[test]
fn a_count_and_a_verification_can_be_watched_as_well() {
    run(async {
        let trial = Trial::new("control_count", ROWS).await?;
        let slow = "--rows-per-second 1 --splits 16 --parallelism 1";
        let mut count = trial.start("count", slow)?;
        let status = trial.until_rows(&mut count, 1).await?;
        ensure!(status["job"] == "count" && status["table"] == trial.table.name.to_string());
        trial.tell("set rate=off").await?;
        let (_, ended) = count.end().await?;
        ensure!(ended.with_code(0)?.stdout.trim() == ROWS.to_string());

        let out = trial.place("out");
        trial.run("export", &out).await?.with_code(0)?;
        let host = ["--host", "127.0.0.11", "--run-name", crate::RUN, "--live"];
        let arguments =
            [&["verify", &out][..], &host, &slow.split(' ').collect::<Vec<_>>()].concat();
        let mut verify = integration_tests::Running::start_in(&trial.environment(), &arguments)?;
        ensure!(trial.until_rows(&mut verify, 1).await?["job"] == "verify");
        trial.tell("set rate=off").await?;
        let (_, ended) = verify.end().await?;
        ended.with_code(0)?;
        Ok(())
    });
}
