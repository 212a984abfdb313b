//! A node dies, or stops answering, in the middle of a run: with other replicas nobody notices; without
//! any, the run says exactly what is missing, and what it did deliver is right.
//!
//! On a cluster of its own, since the main one may be in use by others; it is started once, so the cases
//! are one test, one after another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{BulkOptions, Consistency, Operator, RangeSet, RetryPolicy, ScanOptions, Token};
use executor::{ErrorKind, Query};
use futures::{StreamExt, TryStreamExt};
use integration_tests::{Extra, create_keyspace, ddl, exactly, load, program, run};
use xtask::cluster::{Cluster, Profile};

/// The node that suffers.
const VICTIM: usize = 1;

/// Does something to the nodes that takes its time.
async fn nodes<F>(extra: &Extra, act: F) -> Result<()>
where
    F: FnOnce(&Cluster) -> Result<()> + Send + 'static,
{
    let cluster = Arc::clone(&extra.cluster);
    tokio::task::spawn_blocking(move || act(&cluster)).await?
}

async fn fill(operator: &Operator, keyspace: &str, table: &str, rows: i32) -> Result<()> {
    let session = operator.session();
    ddl(session, &format!("CREATE TABLE {keyspace}.{table} (id int PRIMARY KEY)")).await?;
    let insert = format!("INSERT INTO {keyspace}.{table} (id) VALUES (?)");
    load(session, &insert, (0..rows).map(|id| (id,))).await
}

#[test]
fn nodes_that_die_and_freeze_in_the_middle() {
    run(async {
        let extra = Extra::up(Profile::named("node-down", 6, 3)).await?;
        let operator = extra.operator().await?;
        for (keyspace, replicas) in [("rf1", 1), ("rf3", 3)] {
            let replication =
                format!("{{'class': 'SimpleStrategy', 'replication_factor': {replicas}}}");
            create_keyspace(operator.session(), keyspace, &replication).await?;
        }
        // Before anything happens: a node that has just come back may lag behind the schema. And
        // flushed: one that is killed forgets what its commit log has not yet synced.
        for (keyspace, table) in [("rf3", "dies"), ("rf3", "freezes"), ("rf1", "alone")] {
            fill(&operator, keyspace, table, 6000).await?;
        }
        nodes(&extra, |cluster| cluster.nodetool(VICTIM, &["flush"]).map(drop)).await?;
        dies_with_other_replicas(&extra, &operator).await.context("it dies, RF 3")?;
        freezes_with_other_replicas(&extra, &operator).await.context("it freezes, RF 3")?;
        dies_alone(&extra, &operator).await.context("it dies, RF 1")
    });
}

fn scan(max_elapsed: Duration) -> ScanOptions {
    ScanOptions {
        consistency: Some(Consistency::One),
        page_size: 20,
        request_timeout: Duration::from_secs(3),
        retry: RetryPolicy {
            max_elapsed,
            max_delay: Duration::from_secs(1),
            ..RetryPolicy::default()
        },
        ..ScanOptions::default()
    }
}

/// Streams a table; when 500 rows have come, something happens.
async fn streams_through<F>(
    extra: &Extra,
    operator: &Operator,
    table: &str,
    happens: F,
) -> Result<()>
where
    F: FnOnce(&Cluster) -> Result<()> + Send + 'static,
{
    let options = BulkOptions::default().scan(scan(Duration::from_secs(60))).split_count(12);
    let plan = operator.plan("rf3", table, &options).await?;
    let mut rows = operator.export_by_token_ranges::<(i32,)>("rf3", table, &options).await?;
    let mut ids = Vec::new();
    while ids.len() < 500 {
        ids.push(rows.try_next().await?.context("the rows ended early")?.0);
    }
    nodes(extra, happens).await?;
    while let Some((id,)) = rows.try_next().await? {
        ids.push(id);
    }
    exactly(ids, 0..6000)?;
    let stats = rows.stats();
    ensure!(stats.complete && stats.errors == 0 && stats.misrouted == 0, "{stats:?}");
    ensure!(stats.retries > 0, "what happened was not noticed: {stats:?}");
    // And a run that begins in that state.
    let session = Arc::clone(operator.session());
    let query = executor::Query::count(&plan.table);
    let report = executor::count(session, plan, query, scan(Duration::from_secs(60))).await?;
    ensure!(report.rows == 6000 && report.stats.complete, "{:?}", report.stats);
    Ok(())
}

async fn dies_with_other_replicas(extra: &Extra, operator: &Operator) -> Result<()> {
    streams_through(extra, operator, "dies", |cluster| cluster.kill(VICTIM)).await?;
    nodes(extra, |cluster| cluster.start(VICTIM)).await?;
    is_connected(extra, operator).await
}

/// Waits until the session has found the node again: until then, nothing would be asked of it.
async fn is_connected(extra: &Extra, operator: &Operator) -> Result<()> {
    let victim = extra.cluster.contact_points()[VICTIM].ip();
    for _ in 0..600 {
        let state = operator.session().get_cluster_state();
        let mut nodes = state.get_nodes_info().iter();
        if nodes.any(|node| node.address.ip() == victim && node.is_connected()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("the session has not found the node again")
}

async fn freezes_with_other_replicas(extra: &Extra, operator: &Operator) -> Result<()> {
    streams_through(extra, operator, "freezes", |cluster| cluster.pause(VICTIM)).await?;
    nodes(extra, |cluster| {
        cluster.resume(VICTIM)?;
        cluster.wait(Duration::from_secs(120))
    })
    .await?;
    is_connected(extra, operator).await
}

async fn dies_alone(extra: &Extra, operator: &Operator) -> Result<()> {
    let options = BulkOptions::default().split_count(12);
    let plan = Arc::new(operator.plan("rf1", "alone", &options).await?);
    let victim = extra.cluster.contact_points()[VICTIM];
    let dead = plan.nodes.iter().find(|node| node.address == victim);
    let dead = dead.context("the node is not in the plan")?.host_id;

    let session = Arc::clone(operator.session());
    let query = Query::rows(&plan.table);
    let scan = scan(Duration::from_secs(8));
    let mut pages = executor::scan(session, Arc::clone(&plan), query, scan.clone());
    let mut rows: BTreeMap<_, Vec<i32>> = BTreeMap::new();
    let mut done = RangeSet::new();
    let mut killed = false;
    let error = loop {
        let page = match pages.next().await {
            Some(Ok(page)) => page,
            Some(Err(error)) => break error,
            None => bail!("the run ended well without the only replica"),
        };
        let of_range = rows.entry(page.range()).or_default();
        for row in page.rows::<(i32,)>()? {
            of_range.push(row?.0);
        }
        if page.is_last() {
            done.insert(page.range());
        }
        if !killed && rows.len() >= 6 {
            nodes(extra, |cluster| cluster.kill(VICTIM)).await?;
            killed = true;
        }
    };

    ensure!(error.kind() == ErrorKind::Incomplete && error.retryable(), "{error}");
    let held = plan.splits.iter().filter(|split| split.replicas.contains(dead));
    let held: Vec<_> = held.flat_map(|split| split.ranges.clone()).collect();
    let undone: Vec<_> = held.into_iter().filter(|range| !done.covers(*range)).collect();
    ensure!(!undone.is_empty(), "the node was killed too late");
    let expected: RangeSet = undone.iter().copied().collect();
    ensure!(*error.missing() == expected, "{} is not {expected}", error.missing());
    ensure!(RangeSet::full().difference(&done) == expected, "a living node's range is missing");
    exactly(error.failures().iter().map(|failure| failure.range), undone)?;
    for failure in error.failures() {
        ensure!(failure.node == victim && failure.attempts > 1, "{failure:?}");
        let delivered = rows.get(&failure.range).map_or(0, Vec::len) as u64;
        ensure!(failure.rows_delivered == delivered, "{failure:?}, and {delivered} came");
    }
    let text = error.to_string();
    ensure!(text.contains(&victim.to_string()), "{text}");

    // What came is right: of each done range everything, of the others a part, and nothing twice.
    let all: Vec<i32> = rows.values().flatten().copied().collect();
    ensure!(error.stats().rows == all.len() as u64, "{:?}", error.stats());
    let distinct: BTreeSet<i32> = all.iter().copied().collect();
    ensure!(distinct.len() == all.len(), "{} rows came twice", all.len() - distinct.len());
    let token = |id: i32| Token::of_partition_key(&[id.to_be_bytes()]);
    for (range, of_range) in &rows {
        for id in of_range {
            ensure!((0..6000).contains(id) && range.contains(token(*id)?), "row {id}");
        }
    }
    let (mut of_done, mut of_rest) = (Vec::new(), Vec::new());
    for id in 0..6000 {
        if done.contains(token(id)?) { of_done.push(id) } else { of_rest.push((id,)) }
    }
    exactly(all.into_iter().filter(|id| token(*id).is_ok_and(|t| done.contains(t))), of_done)?;

    // The program says the same by its exit code.
    let arguments =
        ["count", "rf1.alone", "--host", "127.0.6.11", "--max-retry-time", "1", "--output", "json"];
    let ended = program(&arguments).await?.with_code(4)?;
    let document: serde_json::Value = serde_json::from_str(&ended.stdout)?;
    ensure!(document["complete"] == false, "{document}");
    let failures = document["failures"].as_array().context("no failures")?;
    let named = failures.iter().all(|failure| failure["node"] == victim.to_string().as_str());
    ensure!(named && !failures.is_empty(), "{document}");
    ensure!(document["missing"].as_array().is_some_and(|ranges| !ranges.is_empty()), "{document}");
    ensure!(ended.stderr.contains(&victim.to_string()), "{ended:?}");

    // With the node back, the missing ranges are the rest.
    nodes(extra, |cluster| cluster.start(VICTIM)).await?;
    let options = BulkOptions::default().token_ranges(error.missing().clone());
    let rest = operator
        .export_by_token_ranges::<(i32,)>("rf1", "alone", &options)
        .await?
        .try_collect::<Vec<_>>()
        .await?;
    exactly(rest, of_rest)
}
