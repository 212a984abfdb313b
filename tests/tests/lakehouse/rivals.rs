//! Several programs that write into one table at the same time.

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use integration_tests::{Lake, run};

use crate::Trial;

const RIVALS: i32 = 6;

async fn all_are_heard(lake: Lake, name: &str) -> Result<()> {
    let trial = Trial::texts(lake, name, 50).await?;
    trial.exported(&["--run-id", "first"]).await?;
    let rivals = (0..RIVALS).map(|number| {
        let trial = &trial;
        async move {
            let run_id = format!("run-{number}");
            trial.exported(&["--mode", "append", "--run-id", &run_id]).await
        }
    });
    try_join_all(rivals).await?;
    trial.holds((0..50 * (RIVALS + 1)).map(|id| id % 50)).await?;
    let snapshots = trial.lake.snapshots(&trial.name).await?;
    ensure!(snapshots.len() == 7, "{snapshots:#?}");
    for number in 0..RIVALS {
        trial.ran_once(&format!("run-{number}")).await?;
    }
    // Each follows the one before it.
    for pair in snapshots.windows(2) {
        ensure!(pair[1]["parent-snapshot-id"] == pair[0]["snapshot-id"], "{snapshots:#?}");
    }
    Ok(())
}

#[test]
fn six_programs_append_to_a_table_in_a_sql_catalog() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        all_are_heard(lake, "lake_rivals_sql").await
    });
}

#[test]
fn six_programs_append_to_a_table_in_a_rest_catalog() {
    run(async {
        let Some(lake) = Lake::rest().await? else { return Ok(()) };
        all_are_heard(lake, "lake_rivals_rest").await
    });
}

/// They all want to make the table, too.
#[test]
fn programs_with_one_run_id_leave_one_run() {
    run(async {
        for number in 0..2 {
            let Some(lake) = Lake::sql().await? else { return Ok(()) };
            let trial = Trial::texts(lake, "lake_rivals_same", 500).await?;
            let options =
                ["--mode=append", "--run-id=same", "--page-size=50", "--max-file-rows=100"];
            let ended = try_join_all((0..4).map(|_| trial.export(&options))).await?;
            let about = || format!("round {number}: {ended:#?}");
            if ended.iter().all(|ended| ended.code != Some(0)) {
                trial.exported(&options).await.with_context(about)?;
            }
            trial.holds(0..500).await.with_context(about)?;
            trial.lake.snapshot_of(&trial.name, "same").await.with_context(about)?;
        }
        Ok(())
    });
}
