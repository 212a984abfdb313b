//! An S3 server of a test's own, with faults on order: moto's, behind `python/s3.py`.
//!
//! It lives no longer than the test's process, however that ends: the server ends when its standard
//! input does. Orders and answers are lines of JSON over its standard input and output.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::Mutex;

use crate::python::Python;

const SERVER: &str = include_str!("../python/s3.py");
const BUCKET: &str = "exports";

/// A server with one bucket, empty at first.
#[derive(Debug)]
pub struct S3 {
    /// Its address: `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// The bucket's name.
    pub bucket: String,
    orders: Mutex<Orders>,
    _server: Child,
}

#[derive(Debug)]
struct Orders {
    stdin: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// Which requests fail, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Those that fail.
    pub requests: Requests,
    /// What they get instead of their answer.
    pub answer: Answer,
    /// How many of them; `None`: all until [`S3::heal`].
    pub times: Option<u32>,
}

/// Kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// The beginning of a multipart upload.
    Create,
    /// Parts of multipart uploads of this number, counted from 1, and above.
    Parts(u32),
    /// The end of a multipart upload, which makes the object visible.
    Complete,
    /// The end of a multipart upload that is given up.
    Abort,
    /// Whole objects put by one request.
    Put,
    /// Reading an object, or asking for its length.
    Get,
    /// Listing the bucket.
    List,
    /// Deleting objects.
    Delete,
}

/// What a request gets that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 403, `AccessDenied`.
    Denied,
    /// 404, `NoSuchBucket`.
    NoSuchBucket,
    /// 500, `InternalError`.
    InternalError,
    /// 503, `SlowDown`.
    SlowDown,
    /// None: the connection ends, and nothing was done.
    HangUp,
    /// None: the connection ends, after all was done as it was asked for.
    Lost,
}

impl S3 {
    /// Starts a server.
    ///
    /// # Errors
    ///
    /// Where it does not start.
    pub async fn start(python: &Python) -> Result<S3> {
        let mut command = python.command(SERVER, &[BUCKET]);
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = server.stdin.take().context("no standard input")?;
        let stdout = server.stdout.take().context("no standard output")?;
        let mut answers = BufReader::new(stdout).lines();
        let line = answers.next_line().await?.context("the S3 server ended as it began")?;
        let port = serde_json::from_str::<Value>(&line)?["port"].as_u64().context("no port")?;
        Ok(S3 {
            endpoint: format!("http://127.0.0.1:{port}"),
            bucket: BUCKET.to_owned(),
            orders: Mutex::new(Orders { stdin, answers }),
            _server: server,
        })
    }

    /// The environment variables by which a program finds the server.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("NO_PROXY", "127.0.0.1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The URL of a folder in the bucket.
    pub fn url(&self, folder: &str) -> String {
        format!("s3://{}/{folder}", self.bucket)
    }

    /// Lets requests fail from now on, and others, if any failed before, no longer.
    ///
    /// # Errors
    ///
    /// Where the server is gone.
    pub async fn fail(&self, fault: Fault) -> Result<()> {
        let (requests, from) = match fault.requests {
            Requests::Create => ("create", 0),
            Requests::Parts(from) => ("part", from),
            Requests::Complete => ("complete", 0),
            Requests::Abort => ("abort", 0),
            Requests::Put => ("put", 0),
            Requests::Get => ("get", 0),
            Requests::List => ("list", 0),
            Requests::Delete => ("delete", 0),
        };
        let answer = match fault.answer {
            Answer::Denied => json!(403),
            Answer::NoSuchBucket => json!(404),
            Answer::InternalError => json!(500),
            Answer::SlowDown => json!(503),
            Answer::HangUp => json!("hang up"),
            Answer::Lost => json!("lost"),
        };
        let order = json!({
            "do": "fail", "requests": requests, "from": from, "answer": answer, "times": fault.times
        });
        self.order(&order).await.map(drop)
    }

    /// Lets nothing fail any more; gives how many requests failed since [`fail`](Self::fail).
    ///
    /// # Errors
    ///
    /// Where the server is gone.
    pub async fn heal(&self) -> Result<u64> {
        let answer = self.order(&json!({ "do": "heal" })).await?;
        answer["strikes"].as_u64().context("no number of strikes")
    }

    /// The objects of the bucket, by their keys, with their sizes in bytes.
    ///
    /// # Errors
    ///
    /// Where the server is gone.
    pub async fn objects(&self) -> Result<Vec<(String, u64)>> {
        let mut answer = self.order(&json!({ "do": "objects" })).await?;
        Ok(serde_json::from_value(answer["objects"].take())?)
    }

    /// The keys of multipart uploads that were neither finished nor given up.
    ///
    /// # Errors
    ///
    /// Where the server is gone.
    pub async fn unfinished_uploads(&self) -> Result<Vec<String>> {
        let mut answer = self.order(&json!({ "do": "uploads" })).await?;
        Ok(serde_json::from_value(answer["uploads"].take())?)
    }

    /// Copies the objects below a folder of the bucket into a local one.
    ///
    /// # Errors
    ///
    /// Where the server is gone, or a file cannot be written.
    pub async fn download(&self, folder: &str, into: &Path) -> Result<()> {
        let order = json!({ "do": "download", "prefix": folder, "folder": into });
        self.order(&order).await.map(drop)
    }

    async fn order(&self, order: &Value) -> Result<Value> {
        let mut orders = self.orders.lock().await;
        orders.stdin.write_all(format!("{order}\n").as_bytes()).await?;
        orders.stdin.flush().await?;
        let line = orders.answers.next_line().await?.context("the S3 server has ended")?;
        let answer: Value = serde_json::from_str(&line)?;
        match answer["error"].as_str() {
            Some(error) => bail!("the S3 server could not obey {order}: {error}"),
            None => Ok(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::ensure;
    use serde_json::json;

    use super::*;
    use crate::python::python;
    use crate::run;

    /// Uploads 11 MiB in three parts, as a client that retries nothing; prints what came of it.
    const UPLOAD: &str = r#"
import json, sys, boto3, botocore.config
config = botocore.config.Config(retries={"total_max_attempts": 1}, proxies={})
client = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1",
    aws_access_key_id="test", aws_secret_access_key="test", config=config)
target = {"Bucket": sys.argv[2], "Key": sys.argv[3]}
id = client.create_multipart_upload(**target)["UploadId"]
try:
    parts = []
    for number, size in [(1, 5 << 20), (2, 5 << 20), (3, 1 << 20)]:
        part = client.upload_part(**target, UploadId=id, PartNumber=number, Body=b"x" * size)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    client.complete_multipart_upload(**target, UploadId=id, MultipartUpload={"Parts": parts})
    print(json.dumps("done"))
except Exception as error:
    answer = getattr(error, "response", None) or {"Error": {"Code": "no answer"}}
    print(json.dumps(answer["Error"]["Code"]))
"#;

    async fn upload(python: &Python, s3: &S3, key: &str) -> Result<Value> {
        python.run(UPLOAD, &[&s3.endpoint, &s3.bucket, key]).await
    }

    #[test]
    fn an_upload_is_visible_when_it_is_whole() {
        run(async {
            let Some(python) = python().await? else { return Ok(()) };
            let s3 = S3::start(&python).await?;
            ensure!(s3.objects().await?.is_empty() && s3.unfinished_uploads().await?.is_empty());
            ensure!(upload(&python, &s3, "a/b/whole").await? == json!("done"));
            ensure!(s3.objects().await? == [("a/b/whole".to_owned(), 11 << 20)]);
            let folder = tempfile::tempdir()?;
            s3.download("a", folder.path()).await?;
            ensure!(folder.path().join("b/whole").metadata()?.len() == 11 << 20);
            Ok(())
        });
    }

    #[test]
    fn each_fault_strikes_where_it_is_told_to_and_heals() {
        run(async {
            let Some(python) = python().await? else { return Ok(()) };
            let s3 = S3::start(&python).await?;
            let cases = [
                (Requests::Parts(2), Answer::InternalError, "InternalError"),
                (Requests::Parts(3), Answer::Denied, "AccessDenied"),
                (Requests::Parts(1), Answer::SlowDown, "SlowDown"),
                (Requests::Parts(2), Answer::HangUp, "no answer"),
                (Requests::Complete, Answer::NoSuchBucket, "NoSuchBucket"),
                (Requests::Complete, Answer::HangUp, "no answer"),
            ];
            for (number, (requests, answer, expected)) in cases.into_iter().enumerate() {
                s3.fail(Fault { requests, answer, times: Some(1) }).await?;
                let said = upload(&python, &s3, &format!("{number}")).await?;
                ensure!(said == json!(expected), "{requests:?}, {answer:?}: {said}");
                ensure!(s3.heal().await? == 1);
                ensure!(s3.objects().await?.is_empty(), "{requests:?}, {answer:?}");
                ensure!(s3.unfinished_uploads().await?.len() == number + 1);
            }
            // The answer is lost, and the object is there.
            let lost = Fault { requests: Requests::Complete, answer: Answer::Lost, times: None };
            s3.fail(lost).await?;
            ensure!(upload(&python, &s3, "lost").await? == json!("no answer"));
            ensure!(s3.objects().await? == [("lost".to_owned(), 11 << 20)]);
            s3.heal().await?;
            ensure!(upload(&python, &s3, "healed").await? == json!("done"));
            Ok(())
        });
    }
}
