//! Standard input, plain and compressed.

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Ended, command, run};
use tokio::io::AsyncWriteExt as _;

use crate::{Trial, csv, gzip, json_lines, parquet, says};

async fn piped(trial: &Trial, input: &[u8], options: &[&str]) -> Result<Ended> {
    let arguments = trial.arguments(&[&["--from", "-"], options].concat());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = tokio::process::Command::from(command(&arguments)?);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    let feed = async {
        // A program that refuses its arguments reads nothing.
        let _ = stdin.write_all(input).await;
        drop(stdin);
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), feed);
    let output = output?;
    Ended::new(output.status, output.stdout, output.stderr)
}

#[test]
fn text_of_every_kind_comes_through_a_pipe() {
    run(async {
        let trial = Trial::new("loading_stdin").await?;
        let rows = || csv(0..3000);
        for (case, input, options) in [
            ("csv", rows().into_bytes(), &[][..]),
            ("csv.gz", gzip(rows())?, &[]),
            ("csv.zst", zstd::encode_all(rows().as_bytes(), 1)?, &[]),
            ("jsonl", json_lines(0..3000).into_bytes(), &[]),
            (
                "jsonl.gz",
                gzip(json_lines(0..3000))?,
                &["--format", "jsonl", "--compression", "gzip"],
            ),
            ("with semicolons", rows().replace(',', ";").into_bytes(), &["--delimiter", ";"]),
        ] {
            let journal = trial.place(case);
            let ended =
                piped(&trial, &input, &[&["--journal", &journal], options].concat()).await?;
            ended.with_code(0).context(case)?;
            trial.holds_rows(0..3000).await.context(case)?;
            trial.table.alter("TRUNCATE {}").await?;
        }
        Ok(())
    });
}

#[test]
fn bad_records_of_a_pipe_are_kept() {
    run(async {
        let trial = Trial::new("loading_stdin_bad").await?;
        let text = csv(0..100).replace("\n50,", "\nfifty,");
        let ended = piped(&trial, text.as_bytes(), &[]).await?.with_code(4)?;
        says(&ended.stderr, &["standard input, line 52", "fifty"])?;
        ensure!(!ended.stderr.contains("--resume"), "{ended:?}");
        let kept = trial.kept("bad")?;
        ensure!(kept.len() == 1 && kept[0].1 == "id,v\nfifty,row 50\n", "{kept:?}");
        Ok(())
    });
}

#[test]
fn what_a_pipe_cannot_be_is_said() {
    run(async {
        let trial = Trial::new("loading_stdin_refused").await?;
        let ended = piped(&trial, &parquet(0..10)?, &[]).await?;
        ensure!(matches!(ended.code, Some(2 | 4)), "{ended:?}");
        says(&ended.stderr, &["Parquet", "pipe"])?;
        let other = trial.place("other");
        let options = ["--resume", "--journal", &other];
        let ended = piped(&trial, csv(0..10).as_bytes(), &options).await?.with_code(2)?;
        says(&ended.stderr, &["standard input", "cannot be resumed"])?;
        let empty = trial.place("empty");
        let ended = piped(&trial, b"", &["--journal", &empty]).await?.with_code(4)?;
        says(&ended.stderr, &["standard input", "empty"])?;
        let ended =
            piped(&trial, b"", &["--from", "-", "--journal", &empty]).await?.with_code(2)?;
        says(&ended.stderr, &["standard input", "twice"])?;
        trial.holds([]).await
    });
}
