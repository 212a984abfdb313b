//! Rows to standard output: the same formats, in a stream.

use std::process::Stdio;

use anyhow::{Context as _, ensure};
use integration_tests::{Ended, Engine, command, exactly, python, run};
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use crate::{export_arguments, text_cells, texts};

const ROWS: i32 = 1000;

#[test]
fn every_format_is_read_from_a_stream() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = texts("files_stdout", ROWS).await?;
        let name = table.name.cql();
        let folder = tempfile::tempdir()?;
        for (format, engine, more) in [
            ("csv", Engine::Pyarrow, &[][..]),
            ("csv", Engine::Pyarrow, &["--compression", "gzip"]),
            ("parquet", Engine::Pyarrow, &[]),
            ("arrow", Engine::Pyarrow, &[]),
            ("json", Engine::Json, &[]),
            ("jsonl", Engine::Json, &[]),
        ] {
            let options = [&["--format", format, "--quiet"], more].concat();
            let command = command(&export_arguments(&name, "-", &options))?;
            let output = tokio::process::Command::from(command).output().await?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success() && said.is_empty(), "{options:?}: {said}");
            let ending = if more.is_empty() { "" } else { ".gz" };
            let file = folder.path().join(format!("rows.{format}{ending}"));
            std::fs::write(&file, &output.stdout)?;
            let found = python.read(engine, format, &[file], json!({})).await?;
            ensure!(found.names() == ["id", "v"], "{:?}", found.columns);
            exactly(found.texts(), text_cells(0..ROWS)).context(format)?;
        }
        Ok(())
    });
}

#[test]
fn a_limit_ends_a_stream_with_success() {
    run(async {
        let table = texts("files_stdout_limit", ROWS).await?;
        let name = table.name.cql();
        let options = ["--limit", "123", "--page-size", "10", "--output", "json"];
        let arguments = export_arguments(&name, "-", &options);
        let ended = integration_tests::program(&arguments).await?.with_code(0)?;
        ensure!(ended.stdout.lines().count() == 123, "{ended:?}");
        let figures: serde_json::Value = serde_json::from_str(&ended.stderr)?;
        ensure!(figures["complete"] == true, "{figures}");
        Ok(())
    });
}

/// Whoever reads may have read enough, in the midst of a page as well as of a row group.
#[test]
fn a_reader_that_goes_away_is_success_in_every_format() {
    run(async {
        let table = texts("files_stdout_head", 30_000).await?;
        let name = table.name.cql();
        for format in ["csv", "jsonl", "json", "parquet", "arrow"] {
            let options = ["--format", format, "--quiet"];
            let mut command =
                tokio::process::Command::from(command(&export_arguments(&name, "-", &options))?);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
            let mut child = command.spawn()?;
            let mut stdout = child.stdout.take().context("no standard output")?;
            ensure!(stdout.read_u8().await.is_ok(), "{format}: nothing was written");
            drop(stdout);
            let output = child.wait_with_output().await?;
            let ended = Ended::new(output.status, output.stdout, output.stderr)?.with_code(0)?;
            ensure!(ended.stderr.is_empty(), "{format}: {ended:?}");
        }
        Ok(())
    });
}
