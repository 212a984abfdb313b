//! The document at the end of a run, for each way of ending.

use anyhow::{Result, ensure};
use integration_tests::run;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::{ROWS, RUN, Trial};

/// What every document has.
fn is_summary(document: &Value, outcome: &str, code: i32, kind: Option<&str>) -> Result<()> {
    ensure!(document["outcome"] == outcome && document["exit_code"] == code, "{document:#}");
    ensure!(document["error"]["kind"].as_str() == kind, "{document:#}");
    ensure!(document["error"]["message"].is_string() == kind.is_some(), "{document:#}");
    for member in ["version", "job", "table", "run", "started", "finished"] {
        ensure!(document[member].as_str().is_some_and(|text| !text.is_empty()), "{document:#}");
    }
    ensure!(document["started"].as_str() <= document["finished"].as_str(), "{document:#}");
    ensure!(document["limits"].is_object() && document["seconds"].is_number(), "{document:#}");
    Ok(())
}

#[test]
fn a_complete_run_has_the_figures_that_the_output_has() {
    run(async {
        let trial = Trial::new("control_summary", ROWS).await?;
        let summary = trial.place("summary.json");
        let options = format!("--summary {summary} --output json --run-name {RUN}");
        let ended = trial.run("count", &options).await?.with_code(0)?;
        let document = trial.document("summary.json")?;
        is_summary(&document, "complete", 0, None)?;
        ensure!(document["job"] == "count" && document["run"] == RUN, "{document:#}");
        ensure!(document["table"] == trial.table.name.to_string(), "{document:#}");
        let printed: Value = serde_json::from_str(&ended.stdout)?;
        ensure!(document["report"] == printed && printed["rows"] == ROWS, "{document:#}");

        let out = trial.place("out");
        let options = format!("{out} --summary {summary} --output json --max-per-node 3");
        let ended = trial.run("export", &options).await?.with_code(0)?;
        let document = trial.document("summary.json")?;
        is_summary(&document, "complete", 0, None)?;
        ensure!(document["report"] == serde_json::from_str::<Value>(&ended.stdout)?);
        ensure!(document["limits"]["max_per_node"] == 3, "{document:#}");
        Ok(())
    });
}

#[test]
fn a_partial_result_says_what_is_missing() {
    run(async {
        let trial = Trial::new("control_summary_partial", 10).await?;
        let summary = trial.place("summary.json");
        let unmet = "--consistency THREE --max-retry-time 1";
        trial.run("count", &format!("{unmet} --summary {summary}")).await?.with_code(4)?;
        let document = trial.document("summary.json")?;
        is_summary(&document, "partial", 4, Some("incomplete"))?;
        let missing = document["report"]["missing"].as_array().map(Vec::len);
        ensure!(missing == Some(1) && document["report"]["complete"] == false, "{document:#}");

        std::fs::write(trial.path("bad.csv"), "id,v\nnone,x\n100,y\n")?;
        let (file, journal) = (trial.place("bad.csv"), trial.place("journal"));
        let options = format!("--from {file} --journal {journal} --summary {summary}");
        trial.run("import", &options).await?.with_code(4)?;
        let document = trial.document("summary.json")?;
        is_summary(&document, "partial", 4, Some("incomplete"))?;
        ensure!(document["report"]["counts"]["bad"] == 1, "{document:#}");
        Ok(())
    });
}

#[test]
fn an_interrupted_run_has_its_figures() {
    run(async {
        let trial = Trial::new("control_summary_term", ROWS).await?;
        let options = format!("--summary {}", trial.place("summary.json"));
        let mut export = trial.start_export(100, &options)?;
        trial.until_rows(&mut export, 1).await?;
        export.signal(Signal::SIGTERM)?;
        let (_, ended) = export.end().await?;
        ended.with_code(130)?;
        let document = trial.document("summary.json")?;
        is_summary(&document, "interrupted", 130, Some("interrupted"))?;
        let rows = document["report"]["stats"]["rows"].as_u64();
        ensure!(rows > Some(0) && rows < Some(ROWS as u64), "{document:#}");
        Ok(())
    });
}

#[test]
fn a_run_that_could_not_begin_says_why() {
    run(async {
        let trial = Trial::new("control_summary_failed", 1).await?;
        let summary = trial.place("summary.json");
        for (line, code, kind) in [
            ("count a.b --host 127.0.0.99", 3, "connect"),
            ("count bulk_rf1.nothing --host 127.0.0.11", 2, "request"),
            ("count bulk_rf1.control_summary_failed --top 3 --by node", 2, "request"),
        ] {
            let arguments: Vec<&str> =
                line.split(' ').chain(["--summary", summary.as_str()]).collect();
            let ended = integration_tests::program_in(&trial.environment(), &arguments).await?;
            let ended = ended.with_code(code)?;
            let document = trial.document("summary.json")?;
            is_summary(&document, "failed", code, Some(kind))?;
            let message = document["error"]["message"].as_str().unwrap_or_default();
            ensure!(ended.stderr.contains(message), "{ended:?}: {document:#}");
            ensure!(document["report"].is_null(), "{document:#}");
        }
        Ok(())
    });
}

#[test]
fn a_summary_that_cannot_be_written_is_an_error_but_no_worse_than_another() {
    run(async {
        let trial = Trial::new("control_summary_unwritten", 10).await?;
        // A folder is there in its place.
        std::fs::create_dir(trial.path("summary.json"))?;
        std::fs::write(trial.path("summary.json/file"), "")?;
        let options = format!("--summary {}", trial.place("summary.json"));
        let ended = trial.run("count", &options).await?.with_code(5)?;
        // The result stands.
        ensure!(ended.stdout.trim() == "10" && ended.stderr.contains("summary.json"), "{ended:?}");
        let options = format!("{options} --consistency THREE --max-retry-time 1");
        let ended = trial.run("count", &options).await?.with_code(4)?;
        ensure!(ended.stderr.contains("the summary is not written"), "{ended:?}");
        Ok(())
    });
}
