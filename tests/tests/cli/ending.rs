//! How the program ends: the exit codes, signals, closed pipes, and what is said where.

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Ended, RF1, Table, command, program, run};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Child;

use crate::{json, on, quoted, table};

#[test]
fn bad_arguments_and_names_are_usage() {
    run(async {
        let table = table("cli_usage", 10).await?;
        let host = ["--host", "127.0.0.11"];
        for (arguments, parts) in [
            (vec!["count"], vec!["Usage"]),
            (vec!["count", "cli_usage"], vec!["keyspace.table"]),
            (vec!["count", "bulk_rf3.cli_usage", "--splits", "0"], vec!["--splits"]),
            (vec!["count", "bulk_rf3.cli_usage", "--password", "x"], vec!["--password"]),
            (vec!["count", "bulk_rf3.cli_usge"], vec!["no table", "cli_usage"]),
            (vec!["export", "bulk_rf33.cli_usage"], vec!["no keyspace", "bulk_rf3"]),
            (vec!["export", "bulk_rf3.cli_usage", "--columns", "idd"], vec!["no column", "id"]),
            (vec!["plan", "system.local"], vec!["LocalStrategy"]),
            (vec!["count", "system_views.clients"], vec!["virtual table"]),
            (vec!["count", "bulk_rf3.cli_usage", "--local-dc", "nowhere"], vec!["datacenter1"]),
        ] {
            let arguments: Vec<&str> = arguments.into_iter().chain(host).collect();
            let ended = program(&arguments).await?.with_code(2)?;
            ensure!(ended.stdout.is_empty(), "{ended:?}");
            for part in parts {
                ensure!(ended.stderr.contains(part), "no {part} in {ended:?}");
            }
        }
        let mut fooled = command(&["count", &quoted(&table), "--host", "127.0.0.11"])?;
        fooled.env("RUST_LOG", "no=such=filter");
        let output = tokio::process::Command::from(fooled).output().await?;
        Ended::new(output.status, output.stdout, output.stderr)?.with_code(2)?;
        Ok(())
    });
}

#[test]
fn help_and_version_are_success() {
    run(async {
        for arguments in [vec!["--help"], vec!["count", "--help"], vec!["--version"]] {
            let ended = program(&arguments).await?.with_code(0)?;
            ensure!(
                ended.stderr.is_empty() && ended.stdout.contains("cassandra-bulk"),
                "{ended:?}"
            );
        }
        let help = program(&["--help"]).await?.stdout;
        ensure!(["0 ", "2 ", "3 ", "4 ", "130"].iter().all(|code| help.contains(code)), "{help}");
        Ok(())
    });
}

#[test]
fn a_cluster_that_is_not_there_is_3() {
    run(async {
        let ended = program(&["count", "a.b", "--host", "127.0.0.99"]).await?.with_code(3)?;
        ensure!(ended.stderr.contains("127.0.0.99:9042") && ended.stdout.is_empty(), "{ended:?}");
        let ended = program(&["count", "a.b", "--host", "127.0.0.11", "--port", "9"])
            .await?
            .with_code(3)?;
        ensure!(ended.stderr.contains("127.0.0.11:9"), "{ended:?}");
        Ok(())
    });
}

/// Three replicas are asked for where there is one: that is never there.
#[test]
fn a_partial_result_is_4() {
    run(async {
        let table = Table::create(RF1, "cli_partial", "(id int PRIMARY KEY)").await?;
        table.write("INSERT INTO {} (id) VALUES (?)", (0..10).map(|id| (id,))).await?;
        let options = "--consistency THREE --max-retry-time 1";
        let ended = on(&table, "count", options).await?.with_code(4)?;
        ensure!(ended.stdout.is_empty() && ended.stderr.contains("INCOMPLETE"), "{ended:?}");
        let ended = on(&table, "export", options).await?.with_code(4)?;
        ensure!(ended.stdout.is_empty() && ended.stderr.contains("127.0.0.1"), "{ended:?}");
        let ended = on(&table, "count", &format!("{options} --output json")).await?.with_code(4)?;
        let document = json(&ended.stdout)?;
        ensure!(document["complete"] == false, "{document}");
        let missing = document["missing"].as_array().context("nothing is missing")?;
        ensure!(
            missing.len() == 1 && missing[0]["end"].as_str() == Some("9223372036854775807"),
            "{document}"
        );
        let failures = document["failures"].as_array().context("no failures")?;
        ensure!(!failures.is_empty() && failures.iter().all(|f| f["node"].is_string()));
        Ok(())
    });
}

/// Starts an export that takes long, and waits for the first of its output.
async fn slow_export(
    table: &Table,
    options: &[&str],
) -> Result<(Child, BufReader<impl AsyncReadExt + Unpin>)> {
    let name = quoted(table);
    let mut arguments = vec!["export", name.as_str(), "--host", "127.0.0.11"];
    arguments.extend(options);
    let mut command = tokio::process::Command::from(command(&arguments)?);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
    ensure!(!stdout.fill_buf().await?.is_empty(), "nothing was written");
    Ok((child, stdout))
}

#[test]
fn signals_end_a_run_with_what_there_is() {
    run(async {
        let table = table("cli_signals", 20_000).await?;
        for signal in [Signal::SIGINT, Signal::SIGTERM] {
            let options = ["--page-size", "1", "--parallelism", "1"];
            let (mut child, mut stdout) = slow_export(&table, &options).await?;
            let pid = i32::try_from(child.id().context("it has ended already")?)?;
            kill(Pid::from_raw(pid), signal)?;
            let mut text = String::new();
            stdout.read_to_string(&mut text).await?;
            let mut stderr = Vec::new();
            child.stderr.take().context("no standard error")?.read_to_end(&mut stderr).await?;
            let ended = Ended::new(child.wait().await?, Vec::new(), stderr)?.with_code(130)?;
            ensure!(ended.stderr.contains("INCOMPLETE"), "{signal}: {ended:?}");
            ensure!(ended.stderr.contains("interrupted"), "{signal}: {ended:?}");
            // The lines that were written are whole.
            ensure!(text.ends_with("}\n"), "the last line is cut: {text:.100}");
            let rows = text.lines().map(json).collect::<Result<Vec<_>>>()?;
            ensure!(!rows.is_empty() && rows.len() < 20_000, "{} rows", rows.len());
        }
        Ok(())
    });
}

#[test]
fn a_closed_pipe_is_success() {
    run(async {
        let table = table("cli_pipe", 20_000).await?;
        let (mut child, mut stdout) = slow_export(&table, &["--quiet"]).await?;
        let mut line = String::new();
        stdout.read_line(&mut line).await?;
        json(&line)?;
        drop(stdout);
        let mut stderr = Vec::new();
        child.stderr.take().context("no standard error")?.read_to_end(&mut stderr).await?;
        let ended = Ended::new(child.wait().await?, Vec::new(), stderr)?.with_code(0)?;
        ensure!(ended.stderr.is_empty(), "{ended:?}");
        Ok(())
    });
}

#[test]
fn the_log_goes_to_its_file() {
    run(async {
        let table = table("cli_log", 100).await?;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("run.log");
        let file = path.to_str().context("a path that is not text")?;
        let options = format!("--quiet -vvv --log-file {file}");
        let ended = on(&table, "count", &options).await?.with_code(0)?;
        ensure!(ended.stdout == "100\n" && ended.stderr.is_empty(), "{ended:?}");
        let first = std::fs::metadata(&path)?.len();
        ensure!(first > 0, "the log is empty");
        on(&table, "count", &options).await?.with_code(0)?;
        ensure!(std::fs::metadata(&path)?.len() > first, "the log was not appended to");
        let ended = on(&table, "count", "--log-file /no/such/folder/log").await?.with_code(2)?;
        ensure!(ended.stderr.contains("/no/such/folder/log"), "{ended:?}");
        Ok(())
    });
}
