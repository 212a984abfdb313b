//! Export to an object store, which may fail in the midst of it.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{
    Answer, Ended, Engine, Fault, Python, Requests, S3, Table, exactly, program_in, python, run,
};
use serde_json::json;

use crate::{export_arguments, read, says, text_cells, texts, whole, wide_cells, wide_texts};

async fn to_s3(s3: &S3, table: &Table, folder: &str, options: &[&str]) -> Result<Ended> {
    let (name, url) = (table.name.cql(), s3.url(folder));
    program_in(&s3.environment(), &export_arguments(&name, &url, options)).await
}

async fn verified(s3: &S3, folder: &str) -> Result<Ended> {
    program_in(&s3.environment(), &["verify", &s3.url(folder)]).await
}

/// The rows of an export in the store, and that nothing is there besides.
async fn rows_of(
    python: &Python,
    s3: &S3,
    folder: &str,
    format: &str,
    engine: Engine,
) -> Result<Vec<String>> {
    let local = tempfile::tempdir()?;
    s3.download(folder, local.path()).await?;
    whole(local.path())?;
    Ok(read(python, engine, format, local.path(), json!({})).await?.texts())
}

/// Objects that anybody would take for data.
async fn visible(s3: &S3) -> Result<Vec<String>> {
    let objects = s3.objects().await?.into_iter().map(|(name, _)| name);
    Ok(objects.filter(|name| !name.contains("/_bulk/")).collect())
}

#[test]
fn every_format_is_written_and_verified() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let s3 = S3::start(&python).await?;
        let table = texts("files_s3", 300).await?;
        for (format, engine) in [
            ("csv", Engine::Pyarrow),
            ("jsonl", Engine::Json),
            ("json", Engine::Json),
            ("parquet", Engine::Pyarrow),
            ("arrow", Engine::Pyarrow),
        ] {
            let options = ["--format", format, "--max-file-rows", "100"];
            let folder = format!("of/{format}");
            to_s3(&s3, &table, &folder, &options).await?.with_code(0)?;
            verified(&s3, &folder).await?.with_code(0)?;
            let found = rows_of(&python, &s3, &folder, format, engine).await?;
            exactly(found, text_cells(0..300)).context(format)?;
            let ended = to_s3(&s3, &table, &folder, &options).await?.with_code(2)?;
            says(&ended.stderr, &["not empty", "s3://exports/of/"])?;
        }
        let options = ["--format", "csv", "--overwrite", "--partition-by", "v", "--limit", "30"];
        to_s3(&s3, &table, "of/csv", &options).await?.with_code(0)?;
        verified(&s3, "of/csv").await?.with_code(0)?;
        ensure!(s3.unfinished_uploads().await?.is_empty());
        Ok(())
    });
}

/// 7 MB of rows: a file of two parts.
const WIDE: i32 = 3500;

async fn has_all(python: &Python, s3: &S3, folder: &str) -> Result<()> {
    let found = rows_of(python, s3, folder, "jsonl", Engine::Json).await?;
    exactly(found, wide_cells(WIDE))
}

const ONE_FILE: [&str; 6] = ["--format", "jsonl", "--files", "1", "--quiet", "--splits=4"];

#[test]
fn large_files_go_in_parts_and_survive_faults_that_pass() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let s3 = S3::start(&python).await?;
        let table = wide_texts("files_s3_parts", WIDE).await?;
        to_s3(&s3, &table, "calm", &ONE_FILE).await?.with_code(0)?;
        let largest = s3.objects().await?.into_iter().map(|(_, bytes)| bytes).max();
        ensure!(largest.is_some_and(|bytes| bytes > 5 << 20), "{largest:?}");
        has_all(&python, &s3, "calm").await?;
        for (folder, requests, answer) in [
            ("slow", Requests::Parts(2), Answer::SlowDown),
            ("broken", Requests::Parts(1), Answer::HangUp),
            ("begun", Requests::Create, Answer::InternalError),
            ("ended", Requests::Complete, Answer::InternalError),
        ] {
            s3.fail(Fault { requests, answer, times: Some(2) }).await?;
            let ended = to_s3(&s3, &table, folder, &ONE_FILE).await?;
            ended.with_code(0).with_context(|| folder.to_owned())?;
            ensure!(s3.heal().await? == 2, "{folder}: the fault did not strike");
            has_all(&python, &s3, folder).await?;
            verified(&s3, folder).await?.with_code(0)?;
        }
        ensure!(s3.unfinished_uploads().await?.is_empty());
        Ok(())
    });
}

/// The store has done what it was asked for, and its client does not know: whatever that run makes of it,
/// in the end each row is there once.
#[test]
fn an_answer_that_is_lost_makes_no_row_come_twice() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let s3 = S3::start(&python).await?;
        let table = wide_texts("files_s3_lost", WIDE).await?;
        for (folder, requests) in [
            ("put", Requests::Put),
            ("part", Requests::Parts(2)),
            ("begun", Requests::Create),
            ("complete", Requests::Complete),
        ] {
            s3.fail(Fault { requests, answer: Answer::Lost, times: Some(1) }).await?;
            let ended = to_s3(&s3, &table, folder, &ONE_FILE).await?;
            ensure!(s3.heal().await? == 1, "{folder}: the fault did not strike");
            ensure!(
                folder != "put" || ended.code == Some(0),
                "its own entry is another's: {ended:?}"
            );
            if ended.code != Some(0) {
                let resume = [&ONE_FILE[..], &["--resume"]].concat();
                to_s3(&s3, &table, folder, &resume).await?.with_code(0)?;
            }
            has_all(&python, &s3, folder).await.with_context(|| folder.to_owned())?;
            verified(&s3, folder).await?.with_code(0)?;
        }
        Ok(())
    });
}

#[test]
fn an_upload_that_fails_for_good_leaves_nothing_and_can_be_resumed() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let s3 = S3::start(&python).await?;
        let table = wide_texts("files_s3_failing", WIDE).await?;
        let failing =
            Fault { requests: Requests::Parts(2), answer: Answer::InternalError, times: None };
        s3.fail(failing).await?;
        let ended = to_s3(&s3, &table, "out", &ONE_FILE).await?.with_code(5)?;
        says(&ended.stderr, &["s3://exports/out/", "could not be written", "--resume"])?;
        ensure!(visible(&s3).await?.is_empty(), "{:?}", s3.objects().await?);
        ensure!(s3.unfinished_uploads().await?.is_empty(), "{:?}", s3.unfinished_uploads().await?);
        ensure!(s3.heal().await? > 1, "it was not tried again");
        let ended = verified(&s3, "out").await?.with_code(2)?;
        says(&ended.stderr, &["--resume"])?;

        let resume = [&ONE_FILE[..], &["--resume"]].concat();
        to_s3(&s3, &table, "out", &resume).await?.with_code(0)?;
        has_all(&python, &s3, "out").await?;
        verified(&s3, "out").await?.with_code(0)?;
        Ok(())
    });
}

#[test]
fn a_store_that_refuses_is_said_at_once() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let s3 = S3::start(&python).await?;
        let table = texts("files_s3_refusing", 100).await?;
        for (requests, part) in [(Requests::List, "not allowed"), (Requests::Put, "not allowed")] {
            s3.fail(Fault { requests, answer: Answer::Denied, times: None }).await?;
            let ended = to_s3(&s3, &table, "refused", &[]).await?.with_code(5)?;
            says(&ended.stderr, &["s3://exports/refused", part, "credentials"])?;
            ensure!(!ended.stderr.contains("AWS_SECRET"), "{ended:?}");
            ensure!(s3.heal().await? == 1, "what is refused is not tried again");
        }
        ensure!(s3.objects().await?.is_empty());
        let (name, url) = (table.name.cql(), "s3://no-such-bucket/out");
        let arguments = export_arguments(&name, url, &[]);
        let ended = program_in(&s3.environment(), &arguments).await?.with_code(5)?;
        says(&ended.stderr, &["s3://no-such-bucket/out"])?;
        Ok(())
    });
}

/// Nobody listens there.
#[test]
fn a_store_that_is_not_there_is_said() {
    run(async {
        let table = texts("files_s3_unreachable", 10).await?;
        let environment = [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("NO_PROXY", "127.0.0.1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let name = table.name.cql();
        let arguments = export_arguments(&name, "s3://exports/out", &[]);
        let ended = program_in(&environment, &arguments).await?.with_code(5)?;
        says(&ended.stderr, &["s3://exports/out", "could not be listed"])?;
        ensure!(!ended.stderr.contains("hunter2"), "{ended:?}");
        ensure!(!Path::new("s3:").exists());
        Ok(())
    });
}
