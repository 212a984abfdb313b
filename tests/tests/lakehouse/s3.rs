//! A warehouse in an object store, with the catalog in a SQLite file.

use anyhow::{Context as _, Result, ensure};
use integration_tests::{
    Answer, Fault, Lake, RF1, Reader, Requests, S3, Table, exactly, python, run,
};
use serde_json::json;

use crate::{Trial, says, text_cells, text_ids, write_texts};

async fn started(name: &str, rows: i32) -> Result<Option<(S3, Trial)>> {
    let Some(python) = python().await? else { return Ok(None) };
    let s3 = S3::start(&python).await?;
    let Some(lake) = Lake::s3(&s3).await? else { return Ok(None) };
    let trial = Trial::texts(lake, name, rows).await?;
    Ok(Some((s3, trial)))
}

#[test]
fn a_table_in_a_bucket_is_written_and_read() {
    run(async {
        let Some((s3, trial)) = started("lake_s3", 100).await? else { return Ok(()) };
        trial.exported(&["--run-id", "first", "--partition-by", "bucket(2, id)"]).await?;
        write_texts(&trial.table, 100..120).await?;
        trial.exported(&["--mode", "append", "--run-id", "second", "--where=id = 101"]).await?;
        for reader in [Reader::Pyiceberg, Reader::Duckdb] {
            let found = trial.lake.read(reader, &trial.name, json!({})).await?;
            let expected = text_cells((0..100).chain([101]));
            exactly(found.texts(), expected).with_context(|| format!("{reader:?}"))?;
        }
        trial.exported(&["--mode", "replace", "--run-id", "third"]).await?;
        trial.holds(0..120).await?;
        let objects = s3.objects().await?;
        let is_left = |name: &str| name.contains("_bulk") || name.contains('#');
        ensure!(!objects.iter().any(|(name, _)| is_left(name)), "{objects:?}");
        ensure!(s3.unfinished_uploads().await?.is_empty());

        let columns = "(id int PRIMARY KEY, v text)";
        let again = Table::create(RF1, "lake_s3_again", columns).await?;
        trial.imported(&again, &[]).await?;
        exactly(text_ids(&again).await?, 0..120)
    });
}

#[test]
fn a_store_that_fails_is_gone_on_with() {
    run(async {
        let Some((s3, trial)) = started("lake_s3_faults", 100).await? else { return Ok(()) };
        trial.exported(&["--run-id", "first"]).await?;
        for (number, (requests, answer)) in [
            (Requests::Put, Answer::InternalError),
            (Requests::Put, Answer::Lost),
            (Requests::Get, Answer::SlowDown),
            (Requests::List, Answer::HangUp),
        ]
        .into_iter()
        .enumerate()
        {
            let run_id = format!("run-{number}");
            s3.fail(Fault { requests, answer, times: Some(2) }).await?;
            let options = ["--mode", "replace", "--run-id", &run_id];
            let ended = trial.export(&options).await?;
            s3.heal().await?;
            if ended.code != Some(0) {
                let about = || format!("{requests:?}, {answer:?}, {ended:?}");
                ensure!(matches!(ended.code, Some(4 | 5)), "{}", about());
                trial.exported(&options).await.with_context(about)?;
            }
            trial.holds(0..100).await?;
            trial.lake.snapshot_of(&trial.name, &run_id).await?;
        }
        Ok(())
    });
}

#[test]
fn a_store_that_refuses_is_said_and_no_secret_is() {
    run(async {
        let Some((s3, trial)) = started("lake_s3_refuses", 10).await? else { return Ok(()) };
        let config = trial.lake.folder().join(".pyiceberg.yaml");
        let secret = std::fs::read_to_string(&config)?.replace("\"test\"", "\"hunter2\"");
        ensure!(secret.contains("hunter2"), "{secret}");
        std::fs::write(&config, secret)?;
        s3.fail(Fault { requests: Requests::Put, answer: Answer::Denied, times: None }).await?;
        let ended = trial.export(&[]).await?.with_code(5)?;
        says(&ended.stderr, &["s3://exports/warehouse", "credentials"])?;
        s3.heal().await?;
        ensure!(!ended.stderr.contains("hunter2"), "{ended:?}");
        trial.exported(&["--mode=append", "--run-id=after"]).await?;
        ensure!(!s3.objects().await?.is_empty());
        let folder = tempfile::tempdir()?;
        s3.download("warehouse", folder.path()).await?;
        for file in crate::files_below(folder.path())? {
            let content = std::fs::read(&file)?;
            let has = content.windows(7).any(|part| part == b"hunter2");
            ensure!(!has, "a secret is in {}", file.display());
        }
        Ok(())
    });
}
