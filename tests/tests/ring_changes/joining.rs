//! A node joins while tables are exported, counted and loaded.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, ensure};
use bulk::{BulkOptions, Operator};
use futures::TryStreamExt;
use integration_tests::{Ended, Extra, command, exactly};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Child;

use crate::held::{Held, connected};
use crate::{KEYSPACES, ROWS, Verdict, nodes};

/// Gives the index of the node that has joined.
pub(crate) async fn in_the_middle(
    extra: &Extra,
    operator: &Operator,
    verdict: &mut Verdict,
) -> Result<usize> {
    let (alone, shared) =
        (Held::begin(operator, "rf1").await?, Held::begin(operator, "rf3").await?);
    let mut loads = Vec::new();
    for (keyspace, _) in KEYSPACES {
        loads.push((keyspace, Loading::begin(extra, keyspace).await?));
    }

    let joined = AtomicBool::new(false);
    let join = async {
        let newcomer = nodes(extra, |cluster| cluster.join()).await;
        joined.store(true, Ordering::Relaxed);
        newcomer
    };
    let (newcomer, counts) = tokio::join!(join, counts_until(operator, &joined));
    let newcomer = newcomer.context("it does not join")?;
    let host_id = connected(extra, operator, newcomer).await?;
    verdict.of("it joins, counts", counts);

    for (keyspace, load) in loads {
        verdict.of(&format!("it joins, import, {keyspace}"), load.finish(operator, keyspace).await);
    }
    // From here on, who still asks those that had its ranges before gets nothing of RF 1.
    nodes(extra, |cluster| (0..3).try_for_each(|n| cluster.nodetool(n, &["cleanup"]).map(drop)))
        .await?;
    for (case, held) in [("export, RF 1", alone), ("export, RF 3", shared)] {
        let finished = async {
            let whole = held.finish().await?;
            ensure!(whole.nodes.contains(&host_id), "nothing was asked of the newcomer: {whole:?}");
            ensure!(whole.stats.replans > 0, "the run did not notice: {whole:?}");
            Ok(())
        };
        verdict.of(&format!("it joins, {case}"), finished.await);
    }
    Ok(newcomer)
}

/// Counts again and again, each time right, until something is done; and once more.
async fn counts_until(operator: &Operator, done: &AtomicBool) -> Result<()> {
    loop {
        let is_last = done.load(Ordering::Relaxed);
        for (keyspace, _) in KEYSPACES {
            let options = BulkOptions::default().split_count(200);
            let rows = operator.count_by_token_ranges(keyspace, "t", &options).await?;
            ensure!(rows == u64::try_from(ROWS)?, "{rows} rows of {keyspace}");
        }
        if is_last {
            return Ok(());
        }
    }
}

/// An import by the program from its standard input, of which half has come.
struct Loading(Child);

impl Loading {
    async fn begin(extra: &Extra, keyspace: &str) -> Result<Loading> {
        let (table, host) = (format!("{keyspace}.loaded"), extra.cluster.profile().address(0));
        let host = host.to_string();
        let arguments =
            ["import", &table, "--from", "-", "--format", "csv", "--host", &host, "--quiet"];
        let mut command = tokio::process::Command::from(command(&arguments)?);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let stdin = child.stdin.as_mut().context("no standard input")?;
        stdin.write_all(format!("id\n{}", lines(0..ROWS / 2)).as_bytes()).await?;
        stdin.flush().await?;
        Ok(Loading(child))
    }

    async fn finish(mut self, operator: &Operator, keyspace: &str) -> Result<()> {
        let mut stdin = self.0.stdin.take().context("no standard input")?;
        let feed = async {
            // Where it has ended early, its exit code says so.
            let _ = stdin.write_all(lines(ROWS / 2..ROWS).as_bytes()).await;
            drop(stdin);
        };
        let (output, ()) = tokio::join!(self.0.wait_with_output(), feed);
        let output = output?;
        Ended::new(output.status, output.stdout, output.stderr)?.with_code(0)?;
        let options = BulkOptions::default();
        let rows = operator.export_by_token_ranges::<(i32,)>(keyspace, "loaded", &options).await?;
        let ids: Vec<(i32,)> = rows.try_collect().await?;
        exactly(ids, (0..ROWS).map(|id| (id,)))
    }
}

fn lines(ids: std::ops::Range<i32>) -> String {
    ids.map(|id| format!("{id}\n")).collect()
}
