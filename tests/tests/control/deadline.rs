//! A run that has a deadline keeps what it has by then, and is gone on with.

use anyhow::ensure;
use integration_tests::run;

use crate::{ROWS, Trial};

#[test]
fn an_export_that_took_too_long_is_gone_on_with() {
    run(async {
        let trial = Trial::new("control_deadline", ROWS).await?;
        let (out, summary) = (trial.place("out"), trial.place("summary.json"));
        let options = format!("{out} --summary {summary}");
        let slow = format!("{options} --rows-per-second 50 --page-size 20 --deadline 10s");
        let ended = trial.run("export", &slow).await?.with_code(4)?;
        ensure!(
            ended.stderr.contains("deadline") && ended.stderr.contains("--resume"),
            "{ended:?}"
        );
        let document = trial.document("summary.json")?;
        ensure!(document["outcome"] == "deadline" && document["exit_code"] == 4, "{document}");
        ensure!(document["error"]["kind"] == "deadline", "{document}");
        ensure!(document["report"]["complete"] == false, "{document}");
        ensure!(!trial.path("out").join(bulk::MANIFEST).exists());
        trial.run("export", &format!("{options} --resume")).await?.with_code(0)?;
        ensure!(trial.exported()? == ROWS as u64);
        ensure!(trial.document("summary.json")?["outcome"] == "complete");
        Ok(())
    });
}

#[test]
fn an_import_that_took_too_long_is_gone_on_with() {
    run(async {
        let trial = Trial::new("control_deadline_import", 0).await?;
        let file = trial.csv("in.csv", 0..ROWS)?;
        let (journal, summary) = (trial.place("journal"), trial.place("summary.json"));
        let options = format!("--from {file} --journal {journal} --summary {summary}");
        let slow = format!("{options} --rows-per-second 50 --deadline 10s");
        let ended = trial.run("import", &slow).await?.with_code(4)?;
        ensure!(ended.stderr.contains("--resume"), "{ended:?}");
        let document = trial.document("summary.json")?;
        ensure!(document["outcome"] == "deadline" && document["exit_code"] == 4, "{document}");
        ensure!(trial.rows().await? < ROWS as usize);
        trial.run("import", &format!("{options} --resume")).await?.with_code(0)?;
        ensure!(trial.rows().await? == ROWS as usize);
        let counts = &trial.document("summary.json")?["report"]["counts"];
        ensure!(counts["read"] == ROWS && counts["written"] == ROWS, "{counts}");
        Ok(())
    });
}

#[test]
fn a_deadline_ends_a_paused_run_and_a_count() {
    run(async {
        let trial = Trial::new("control_deadline_paused", ROWS).await?;
        let mut count = trial.start("count", "--rows-per-second 1 --deadline 10s --output json")?;
        trial.until(&mut count, |_| true).await?;
        trial.tell("pause").await?;
        let (_, ended) = count.end().await?;
        let ended = ended.with_code(4)?;
        let document: serde_json::Value = serde_json::from_str(&ended.stdout)?;
        ensure!(document["complete"] == false, "{document}");
        Ok(())
    });
}
