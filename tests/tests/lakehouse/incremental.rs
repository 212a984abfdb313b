//! Runs that bring what was written since the last one.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Lake, exactly, run};
use serde_json::json;

use crate::{Trial, says, text_cells, write_texts};

const SINCE: [&str; 5] = ["--mode", "append", "--written-after", "last", "--written-lag=0"];

async fn mark(trial: &Trial) -> Result<i64> {
    let described = trial.lake.described(&trial.name).await?;
    let name = format!("cassandra-bulk.written-until.{}", trial.table.name);
    let text = described["metadata"]["properties"][&name].clone();
    let text: &str = text.as_str().with_context(|| format!("no {name}: {described:#}"))?;
    Ok(text.parse()?)
}

#[test]
fn each_run_brings_what_was_written_since_the_one_before() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_incremental", 50).await?;
        trial.exported(&SINCE).await?;
        trial.holds(0..50).await?;
        let first = mark(&trial).await?;

        // Nothing new, and nothing comes.
        trial.exported(&SINCE).await?;
        trial.holds(0..50).await?;
        let second = mark(&trial).await?;
        ensure!(second > first, "{first}, {second}");

        // An update is a row; a deletion is not seen.
        let updates = (0..10).map(|id| (format!("new {id}"), id));
        trial.table.write("UPDATE {} SET v = ? WHERE id = ?", updates).await?;
        write_texts(&trial.table, 50..60).await?;
        trial.table.write("DELETE FROM {} WHERE id = ?", (20..25).map(|id| (id,))).await?;
        trial.exported(&[&SINCE[..], &["--run-id", "third"]].concat()).await?;
        let news = (0..10).map(|id| json!([id.to_string(), format!("new {id}")]).to_string());
        let expected: Vec<String> = text_cells(0..60).into_iter().chain(news).collect();
        exactly(trial.lake.rows(&trial.name).await?, expected.clone())?;
        trial.ran_once("third").await?;
        let third = mark(&trial).await?;
        ensure!(third > second, "{second}, {third}");

        // A run that is done again leaves the mark where it is.
        let again = ["--mode", "append", "--written-after=last", "--run-id", "third"];
        trial.exported(&again).await?;
        ensure!(mark(&trial).await? == third);
        exactly(trial.lake.rows(&trial.name).await?, expected)
    });
}

/// A row that a run could have missed, as it was written with an older time than others already seen, is
/// left to the next one by the lag.
#[test]
fn what_is_younger_than_the_lag_is_left_to_the_next_run() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_incremental_lag", 0).await?;
        let now = i64::try_from(
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_micros(),
        )?;
        let insert = "INSERT INTO {} (id, v) VALUES (?, ?) USING TIMESTAMP ?";
        let hour = 3_600_000_000;
        let rows = [(1, now - 3 * hour), (2, now - hour / 60)];
        let row = |(id, at): (i32, i64)| (id, format!("row {id}"), at);
        trial.table.write(insert, rows.map(row)).await?;
        let since = ["--mode", "append", "--written-after", "last"];
        let late = [&since[..], &["--written-lag", "7200"]].concat();
        trial.exported(&late).await?;
        trial.holds([1]).await?;
        // Not there before, and older than what was.
        trial.table.write(insert, [row((3, now - hour))]).await?;
        let soon = [&since[..], &["--written-lag", "0"]].concat();
        trial.exported(&soon).await?;
        trial.holds([1, 2, 3]).await
    });
}

#[test]
fn there_is_no_mark_to_be_misread() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_incremental_bad", 10).await?;
        trial.exported(&SINCE).await?;
        let spoil = r#"
name, key = arguments
with catalog.load_table(name).transaction() as change:
    change.set_properties({key: "yesterday"})
say(None)
"#;
        let key = format!("cassandra-bulk.written-until.{}", trial.table.name);
        trial.lake.script(spoil, json!([trial.name, key])).await?;
        let ended = trial.export(&SINCE).await?.with_code(2)?;
        says(&ended.stderr, &["written-until", "yesterday", "--written-after"])?;
        trial.holds(0..10).await?;
        Ok(())
    });
}

/// A run of a part of the table says nothing of the rest.
#[test]
fn a_run_of_a_part_loses_nothing_of_the_rest() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_incremental_part", 10).await?;
        trial.exported(&SINCE).await?;
        write_texts(&trial.table, 10..20).await?;
        for part in [["--where", "id = 15"], ["--token-range", "0:1000"], ["--limit", "1"]] {
            let ended = trial.export(&[&SINCE[..], &part].concat()).await?;
            ensure!(matches!(ended.code, Some(0 | 2)), "{part:?}: {ended:?}");
        }
        trial.exported(&SINCE).await?;
        let found: BTreeSet<String> = trial.lake.rows(&trial.name).await?.into_iter().collect();
        exactly(found, text_cells(0..20))
    });
}
