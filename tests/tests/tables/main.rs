//! Every kind of table is counted and streamed exactly: nothing missing, nothing twice, each page from
//! a node that holds it. On the real cluster, because the paging, the tombstones and the placement
//! that have to be got right are the server's.

mod events;
mod names;
mod partitions;
mod routing;
mod shapes;
mod stopping;
mod tombstones;

use std::collections::HashSet;
use std::fmt::Debug;

use anyhow::{Context as _, Result, ensure};
use bulk::{BulkOptions, RangeSet};
use futures::TryStreamExt;
use integration_tests::{Table, exactly};
use scylla::deserialize::row::DeserializeRow;

/// One split, few, as many as there are by default, and far more than the ring has ranges.
const SPLITS: [Option<usize>; 6] = [Some(1), Some(3), Some(8), Some(32), Some(1000), None];

/// Counts and streams the table at every split count, and compares with what was loaded.
async fn is_read_exactly<R>(table: &Table, loaded: &[R], options: &BulkOptions) -> Result<()>
where
    R: for<'page> DeserializeRow<'page, 'page> + Clone + Debug + Ord,
{
    for splits in SPLITS {
        let options = match splits {
            Some(count) => options.clone().split_count(count),
            None => options.clone(),
        };
        let context = || format!("{} in {splits:?} splits", table.name);
        counts(table, loaded.len() as u64, splits, &options).await.with_context(context)?;
        streams(table, loaded, &options).await.with_context(context)?;
    }
    Ok(())
}

/// Counts the table; the parts of the report have to agree with each other too.
async fn counts(
    table: &Table,
    rows: u64,
    splits: Option<usize>,
    options: &BulkOptions,
) -> Result<()> {
    let operator = &table.on.operator;
    let report =
        operator.count_by_token_ranges_with_stats(table.keyspace(), table.table(), options).await?;
    ensure!(report.rows == rows, "{} rows were counted, {rows} loaded", report.rows);
    let by_range: u64 = report.ranges.iter().map(|count| count.rows).sum();
    ensure!(by_range == rows, "the ranges have {by_range} rows, the table {rows}");
    RangeSet::full().is_exact_partition(report.ranges.iter().map(|count| count.range))?;
    let by_node: u64 = report.by_node().iter().map(|(_, rows)| rows).sum();
    ensure!(by_node == rows * table.replicas(), "the nodes have {by_node} rows together");
    for count in &report.ranges {
        let split = &report.plan.splits[count.split];
        ensure!(split.ranges.contains(&count.range), "{} is of another split", count.range);
    }

    let stats = &report.stats;
    ensure!(stats.complete && stats.rows == rows && stats.misrouted == 0, "{stats:?}");
    ensure!(stats.errors == 0 && stats.tokens_done == stats.tokens_asked, "{stats:?}");
    let owners: HashSet<_> = report.plan.splits.iter().map(|split| &split.replicas).collect();
    let least = splits.unwrap_or(4 * report.plan.nodes.len()).max(owners.len());
    ensure!(report.plan.splits.len() == least, "{} splits", report.plan.splits.len());
    Ok(())
}

/// Streams the table.
async fn streams<R>(table: &Table, loaded: &[R], options: &BulkOptions) -> Result<()>
where
    R: for<'page> DeserializeRow<'page, 'page> + Clone + Debug + Ord,
{
    let operator = &table.on.operator;
    let mut stream =
        operator.export_by_token_ranges::<R>(table.keyspace(), table.table(), options).await?;
    let mut rows = Vec::with_capacity(loaded.len());
    while let Some(row) = stream.try_next().await? {
        rows.push(row);
    }
    exactly(rows, loaded.iter().cloned())?;
    let stats = stream.stats();
    ensure!(stats.complete && stats.misrouted == 0, "{stats:?}");
    ensure!(stats.rows == loaded.len() as u64, "{stats:?}");
    Ok(())
}
