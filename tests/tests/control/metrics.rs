//! Metrics, as Prometheus's own client reads them.

use std::net::TcpListener;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Python, metrics_python, run};
use serde_json::Value;

use crate::{ROWS, RUN, Trial};

/// Scrapes, as Prometheus does; prints what is there, by name, each with its type, labels and value.
const SCRAPE: &str = r#"
import json, sys, urllib.request
from prometheus_client.openmetrics.parser import text_string_to_metric_families
with urllib.request.urlopen(sys.argv[1], timeout=60) as reply:
    kind, text = reply.headers["Content-Type"], reply.read().decode()
assert kind.startswith("application/openmetrics-text; version=1.0.0"), kind
found = {}
for family in text_string_to_metric_families(text):
    for sample in family.samples:
        assert sample.name not in found, sample
        found[sample.name] = {"type": family.type, "labels": sample.labels, "value": sample.value}
print(json.dumps(found))
"#;

/// A port that nobody listens on.
fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

async fn scrape(python: &Python, address: &str) -> Result<Value> {
    python.run(SCRAPE, &[&format!("http://{address}/metrics")]).await
}

fn value(metrics: &Value, name: &str) -> Result<f64> {
    metrics[name]["value"].as_f64().with_context(|| format!("no {name} in {metrics:#}"))
}

#[test]
fn a_run_that_reads_is_scraped() {
    run(async {
        let trial = Trial::new("control_metrics", ROWS).await?;
        let address = free_address()?;
        let mut export = trial.start_export(100, &format!("--metrics {address}"))?;
        trial.until_rows(&mut export, 1).await?;
        trial.tell("pause").await?;
        let rows = trial.until_still(&mut export).await?;
        if let Some(python) = metrics_python().await? {
            let status = trial.tell("status").await?;
            let metrics = scrape(&python, &address).await?;
            let info = &metrics["cassandra_bulk_run_info"];
            ensure!(info["type"] == "info" && info["labels"]["run"] == RUN, "{info}");
            ensure!(info["labels"]["table"] == trial.table.name.to_string(), "{info}");
            let figures = &status["figures"];
            for (name, expected) in [
                ("cassandra_bulk_rows_total", &figures["rows"]),
                ("cassandra_bulk_read_bytes_total", &figures["bytes"]),
                ("cassandra_bulk_pages_total", &figures["pages"]),
                ("cassandra_bulk_ranges_done_total", &figures["ranges_done"]),
                ("cassandra_bulk_ranges", &figures["ranges_total"]),
                ("cassandra_bulk_splits_done_total", &figures["splits_done"]),
                ("cassandra_bulk_splits", &figures["splits_total"]),
                ("cassandra_bulk_retries_total", &figures["retries"]),
                ("cassandra_bulk_resplits_total", &figures["resplits"]),
                ("cassandra_bulk_replans_total", &figures["replans"]),
                ("cassandra_bulk_misrouted_pages_total", &figures["misrouted"]),
                ("cassandra_bulk_range_errors_total", &figures["errors"]),
            ] {
                ensure!(Some(value(&metrics, name)?) == expected.as_f64(), "{name}: {metrics:#}");
            }
            ensure!(value(&metrics, "cassandra_bulk_rows_total")? == rows as f64);
            ensure!(metrics["cassandra_bulk_rows_total"]["type"] == "counter");
            ensure!(value(&metrics, "cassandra_bulk_paused")? == 1.0);
            ensure!(value(&metrics, "cassandra_bulk_limit_rows_per_second")? == 100.0);
            let covered = value(&metrics, "cassandra_bulk_tokens_covered_ratio")?;
            ensure!((0.0..1.0).contains(&covered), "{covered}");
            ensure!(metrics["cassandra_bulk_limit_max_per_node"].is_null(), "{metrics:#}");
        }
        let elsewhere = reqwest::get(format!("http://{address}/")).await?;
        ensure!(elsewhere.status() == 404, "{elsewhere:?}");
        let posted =
            reqwest::Client::new().post(format!("http://{address}/metrics")).send().await?;
        ensure!(posted.status() == 405, "{posted:?}");
        trial.tell("set rate=off").await?;
        trial.tell("resume").await?;
        let (_, ended) = export.end().await?;
        ended.with_code(0)?;
        ensure!(reqwest::get(format!("http://{address}/metrics")).await.is_err());
        Ok(())
    });
}

#[test]
fn an_import_is_scraped() {
    run(async {
        let Some(python) = metrics_python().await? else { return Ok(()) };
        let trial = Trial::new("control_metrics_import", 0).await?;
        let file = trial.csv("in.csv", 0..ROWS)?;
        std::fs::write(trial.path("bad.csv"), "id,v\nnone,x\n")?;
        let (bad, address) = (trial.place("bad.csv"), free_address()?);
        let journal = trial.place("journal");
        let options = format!(
            "--from {bad} --from {file} --journal {journal} --rows-per-second 50 --metrics {address}"
        );
        let mut import = trial.start("import", &options)?;
        trial.until_rows(&mut import, 1).await?;
        trial.tell("pause").await?;
        trial.until_still(&mut import).await?;
        let status = trial.tell("status").await?;
        let metrics = scrape(&python, &address).await?;
        let counts = &status["figures"]["counts"];
        for (name, expected) in [
            ("cassandra_bulk_records_read_total", &counts["read"]),
            ("cassandra_bulk_records_written_total", &counts["written"]),
            ("cassandra_bulk_records_bad_total", &counts["bad"]),
            ("cassandra_bulk_records_unknown_total", &counts["unknown"]),
        ] {
            ensure!(Some(value(&metrics, name)?) == expected.as_f64(), "{name}: {metrics:#}");
        }
        ensure!(value(&metrics, "cassandra_bulk_records_bad_total")? == 1.0);
        trial.tell("set rate=off").await?;
        trial.tell("resume").await?;
        let (_, ended) = import.end().await?;
        ended.with_code(4)?;
        ensure!(trial.rows().await? == ROWS as usize);
        Ok(())
    });
}

#[test]
fn an_address_that_is_in_use_is_said_before_the_run_begins() {
    run(async {
        let trial = Trial::new("control_metrics_taken", 1).await?;
        let taken = TcpListener::bind("127.0.0.1:0")?;
        let address = taken.local_addr()?.to_string();
        let out = trial.place("out");
        let ended =
            trial.run("export", &format!("{out} --metrics {address}")).await?.with_code(2)?;
        ensure!(ended.stderr.contains(&address) && ended.stderr.contains("--metrics"), "{ended:?}");
        ensure!(!trial.path("out").exists());
        Ok(())
    });
}
