//! Counts, held by a proxy that lets requests wait, and imports, held by their standard input.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{BulkOptions, Event};
use integration_tests::{Ended, Proxied, Table, command, run};
use scylla_proxy::{Reaction as _, RequestReaction, RequestRule};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

use crate::{CHANGES, Change, ROWS, table};

/// How long each request waits: with one at a time, there is time for a change between two of them.
const WAIT: Duration = Duration::from_millis(300);

async fn count(proxied: &mut Proxied, change: &Change) -> Result<()> {
    let table = table("count", change.case).await?;
    proxied.on_requests(&[RequestRule(Proxied::is_execute(), RequestReaction::delay(WAIT))]);
    let begun = Arc::new(Notify::new());
    let told = Arc::clone(&begun);
    let options =
        BulkOptions::default().split_count(60).parallelism(1).progress(move |event, _| {
            if matches!(event, Event::RangeDone { .. }) {
                told.notify_one();
            }
        });
    let operator = proxied.operator.clone();
    let (keyspace, name) = (table.keyspace(), table.table());
    let counting = operator.count_by_token_ranges(keyspace, name, &options);
    let changing = async {
        begun.notified().await;
        let changed = change.happens(&table).await;
        proxied.on_requests(&[]);
        changed
    };
    let (counted, changed) = tokio::join!(counting, changing);
    changed?;
    match counted {
        Ok(rows) => bail!("{rows} rows were counted"),
        Err(error) => change.is_told(&table, &error),
    }
}

#[test]
fn a_count_ends_with_what_changed() {
    run(async {
        let mut proxied = Proxied::start(31).await?;
        for change in &CHANGES {
            count(&mut proxied, change).await.context(change.case)?;
        }
        Ok(())
    });
}

/// The program, reading records of which half has come, is told of the change by its cluster alone.
async fn import(table: &Table, change: &Change) -> Result<Ended> {
    let name = table.name.cql();
    let arguments = [
        "import",
        &name,
        "--from",
        "-",
        "--format",
        "csv",
        "--window",
        "16KiB",
        "--host",
        "127.0.0.11",
    ];
    // Its journal lies in the folder that it runs in.
    let folder = tempfile::tempdir()?;
    let mut command = tokio::process::Command::from(command(&arguments)?);
    command.current_dir(folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn()?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    let feed = async {
        stdin.write_all(format!("id,v,w\n{}", lines(ROWS..ROWS * 9)).as_bytes()).await?;
        stdin.flush().await?;
        written(table).await?;
        change.happens(table).await?;
        // Where it has ended by now, its exit code says so.
        let _ = stdin.write_all(lines(ROWS * 9..ROWS * 20).as_bytes()).await;
        drop(stdin);
        anyhow::Ok(())
    };
    let (output, fed) = tokio::join!(child.wait_with_output(), feed);
    fed?;
    let output = output?;
    Ended::new(output.status, output.stdout, output.stderr)
}

fn lines(ids: std::ops::Range<i32>) -> String {
    ids.map(|id| format!("{id},{id},{id}\n")).collect()
}

/// Waits until the first of the records is in the table.
async fn written(table: &Table) -> Result<()> {
    let select = format!("SELECT id FROM {{}} WHERE id = {ROWS}");
    for _ in 0..600 {
        if !table.rows::<(i32,)>(&select).await?.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("nothing was written")
}

#[test]
fn an_import_ends_with_what_changed() {
    run(async {
        for change in &CHANGES {
            let table = table("import", change.case).await?;
            let ended = import(&table, change).await?.with_code(4).context(change.case)?;
            ensure!(ended.stderr.contains(&table.name.to_string()), "{ended:?}");
            ensure!(ended.stderr.contains(change.says), "{}: {ended:?}", change.case);
        }
        Ok(())
    });
}
