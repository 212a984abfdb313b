//! Files of an object store, which may fail in the midst of them.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Answer, Ended, Fault, Python, Requests, S3, program_in, python, run};
use serde_json::Value;

use crate::{Trial, csv, gzip, parquet, says};

/// Uploads a local folder. Arguments: endpoint, bucket, folder, prefix.
const UPLOAD: &str = r#"
import json, os, sys, boto3, botocore.config
endpoint, bucket, folder, prefix = sys.argv[1:]
client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test",
    config=botocore.config.Config(proxies={}))
count = 0
for above, _, names in os.walk(folder):
    for name in names:
        path = os.path.join(above, name)
        key = prefix + "/" + os.path.relpath(path, folder)
        client.upload_file(path, bucket, key)
        count += 1
print(json.dumps(count))
"#;

async fn upload(python: &Python, s3: &S3, folder: &Path, prefix: &str) -> Result<()> {
    let folder = folder.to_str().context("a path that is no text")?;
    let count = python.run(UPLOAD, &[&s3.endpoint, &s3.bucket, folder, prefix]).await?;
    ensure!(count.as_u64().is_some_and(|count| count > 0), "nothing was uploaded: {count}");
    Ok(())
}

async fn import(trial: &Trial, s3: &S3, options: &[&str]) -> Result<Ended> {
    let arguments = trial.arguments(&[options, &["--output", "json"]].concat());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    program_in(&s3.environment(), &arguments).await
}

fn written(ended: &Ended) -> Result<u64> {
    let report: Value = serde_json::from_str(&ended.stdout)?;
    report["counts"]["written"].as_u64().context("no count")
}

#[test]
fn objects_are_read_by_name_folder_and_pattern() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let s3 = S3::start(&python).await?;
        let trial = Trial::new("loading_s3").await?;
        trial.file("in/a.csv", csv(0..100))?;
        trial.file("in/b.csv.gz", gzip(csv(100..200))?)?;
        trial.file("in/deep/c.parquet", parquet(200..300)?)?;
        trial.file("in/_SUCCESS", "")?;
        trial.file("in/é %.csv", csv(300..400))?;
        upload(&python, &s3, &trial.path("in"), "load").await?;
        for (number, (place, ids)) in [
            ("load/a.csv", Vec::from_iter(0..100)),
            ("load", Vec::from_iter(0..400)),
            ("load/", Vec::from_iter(0..400)),
            ("load/*.csv*", Vec::from_iter((0..200).chain(300..400))),
            ("load/**/*.parquet", Vec::from_iter(200..300)),
        ]
        .into_iter()
        .enumerate()
        {
            let (url, journal) = (s3.url(place), trial.place(&format!("journal {number}")));
            let ended = import(&trial, &s3, &["--from", &url, "--journal", &journal]).await?;
            ended.with_code(0).context(place)?;
            trial.holds_rows(ids).await.context(place)?;
            trial.table.alter("TRUNCATE {}").await?;
        }
        let url = s3.url("nothing");
        let ended = import(&trial, &s3, &["--from", &url]).await?;
        ensure!(matches!(ended.code, Some(2 | 5)), "{ended:?}");
        says(&ended.stderr, &["nothing"])
    });
}

#[test]
fn requests_that_fail_now_and_then_are_survived() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let s3 = S3::start(&python).await?;
        let trial = Trial::new("loading_s3_faults").await?;
        trial.file("in/a.csv", csv(0..20_000))?;
        trial.file("in/b.parquet", parquet(20_000..40_000)?)?;
        upload(&python, &s3, &trial.path("in"), "load").await?;
        let url = s3.url("load");
        for (requests, answer) in [
            (Requests::Get, Answer::SlowDown),
            (Requests::Get, Answer::InternalError),
            (Requests::Get, Answer::HangUp),
            (Requests::List, Answer::SlowDown),
        ] {
            let case = format!("{requests:?}, {answer:?}");
            s3.fail(Fault { requests, answer, times: Some(2) }).await?;
            let journal = trial.place(&case);
            let ended = import(&trial, &s3, &["--from", &url, "--journal", &journal]).await?;
            ended.with_code(0).context(case.clone())?;
            ensure!(s3.heal().await? == 2, "{case}: nothing has failed");
            trial.holds_rows(0..40_000).await.context(case)?;
            trial.table.alter("TRUNCATE {}").await?;
        }
        Ok(())
    });
}

#[test]
fn what_cannot_be_read_is_told_and_loaded_later() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let s3 = S3::start(&python).await?;
        let trial = Trial::new("loading_s3_denied").await?;
        trial.file("in/a.csv", csv(0..1000))?;
        trial.file("in/b.csv", csv(1000..2000))?;
        upload(&python, &s3, &trial.path("in"), "load").await?;
        let url = s3.url("load");
        s3.fail(Fault { requests: Requests::Get, answer: Answer::Denied, times: None }).await?;
        let options = ["--from", &url, "--resume"];
        let ended = import(&trial, &s3, &options).await?;
        ensure!(matches!(ended.code, Some(4 | 5)), "{ended:?}");
        says(&ended.stderr, &["exports/load", "not allowed"])?;
        s3.heal().await?;
        let ended = import(&trial, &s3, &options).await?.with_code(0)?;
        ensure!(written(&ended)? == 2000, "{ended:?}");
        trial.holds_rows(0..2000).await
    });
}
