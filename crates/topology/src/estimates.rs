//! How much data a table holds, roughly.
//!
//! Three sources, the cheapest first, each used where the one before shows nothing:
//!
//! 1. `system.size_estimates`, kept by every node for its own primary ranges, made by a timer from
//!    SSTables only. So it must be asked of each node, and is empty for a fresh table.
//! 2. `system_views.disk_usage` (Cassandra 4.0 on), in whole mebibytes on disk, replicas included.
//! 3. A sample: a few rows from evenly spaced places of the ring.
//!
//! Estimates decide how many splits there are and what a plan shows; never what is read.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use scylla::DeserializeRow;
use scylla::client::session::Session;
use scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::statement::Consistency;
use scylla::statement::unprepared::Statement;
use tokenring::{RangeSet, Token, TokenRange};

use crate::error::{Error, Result};
use crate::name::TableName;
use crate::ring::{Node, RingSnapshot};
use crate::sample::sample;
use crate::schema::TableSchema;

/// What does not answer for so long is left out: a table whose size is not known can be read all the same.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Where an estimate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EstimateSource {
    /// `system.size_estimates` of all nodes.
    SizeEstimates,
    /// `system_views.disk_usage` of all nodes.
    DiskUsage,
    /// Rows read at evenly spaced places of the ring.
    Sample,
    /// Nothing is known.
    Unknown,
}

/// A table's estimated content, replicas counted once. `None`: not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeEstimates {
    /// Where the figures come from.
    pub source: EstimateSource,
    /// Partitions.
    pub partitions: Option<u64>,
    /// Rows.
    pub rows: Option<u64>,
    /// Bytes: on disk from the first two sources, in result frames from a sample.
    pub bytes: Option<u64>,
}

/// A row of `system.size_estimates`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeEstimate {
    /// Start of a range that may wrap around.
    pub start: Token,
    /// Its end.
    pub end: Token,
    /// Partitions in it.
    pub partitions: u64,
    /// Mean bytes of a partition.
    pub mean_partition_bytes: u64,
}

impl SizeEstimates {
    /// Nothing known.
    pub fn unknown() -> Self {
        SizeEstimates { source: EstimateSource::Unknown, partitions: None, rows: None, bytes: None }
    }

    /// The sum of what the nodes estimate for their ranges.
    ///
    /// A range told by several nodes counts once, with the largest figure. Where rows are missing,
    /// what is there is scaled up to the whole ring: keys are spread evenly by their hash.
    ///
    /// ```
    /// use tokenring::Token;
    /// use topology::{RangeEstimate, SizeEstimates};
    /// // One half of the ring, told as a wrapping range; the other half is missing.
    /// let half = RangeEstimate {
    ///     start: Token::new(1 << 62),
    ///     end: Token::new(-(1 << 62)),
    ///     partitions: 100,
    ///     mean_partition_bytes: 50,
    /// };
    /// let all = SizeEstimates::from_ranges(&[half]);
    /// assert_eq!((all.partitions, all.bytes), (Some(200), Some(10_000)));
    /// ```
    pub fn from_ranges(ranges: &[RangeEstimate]) -> Self {
        let mut largest: BTreeMap<(Token, Token), (u64, u128)> = BTreeMap::new();
        for row in ranges {
            let bytes = u128::from(row.partitions) * u128::from(row.mean_partition_bytes);
            let known = largest.entry((row.start, row.end)).or_default();
            *known = (known.0.max(row.partitions), known.1.max(bytes));
        }
        let covered: u128 =
            largest.keys().map(|&(start, end)| TokenRange::unwrapped(start, end).coverage()).sum();
        let partitions: u128 =
            largest.values().map(|&(partitions, _)| u128::from(partitions)).sum();
        let bytes: u128 = largest.values().map(|&(_, bytes)| bytes).sum();
        if covered == 0 || partitions == 0 {
            return SizeEstimates::unknown();
        }
        let scale = |part: u128| {
            let whole = part as f64 * (RangeSet::full().coverage() as f64 / covered as f64);
            // Saturates, which is as good an estimate as any of that size.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturating"
            )]
            let whole = whole.round() as u64;
            whole
        };
        SizeEstimates {
            source: EstimateSource::SizeEstimates,
            partitions: Some(scale(partitions)),
            rows: None,
            bytes: Some(scale(bytes)),
        }
    }

    /// Reads the cheapest source that knows anything; one that fails counts as one that knows nothing.
    pub async fn read(session: &Session, table: &TableSchema, ring: &RingSnapshot) -> Self {
        let name = table.name();
        let mut known = SizeEstimates::from_ranges(&size_estimates(session, name, ring).await);
        if known.source == EstimateSource::Unknown {
            known = disk_usage(session, name, ring).await;
        }
        if known.source == EstimateSource::Unknown {
            known = sample(session, table).await;
        }
        if table.columns_of(crate::ColumnKind::Clustering).next().is_none() {
            known.rows = known.rows.or(known.partitions);
            known.partitions = known.partitions.or(known.rows);
        }
        known
    }

    /// The same, with rows filled in from a sample where the source does not tell them.
    pub async fn read_with_rows(
        session: &Session,
        table: &TableSchema,
        ring: &RingSnapshot,
    ) -> Self {
        let known = SizeEstimates::read(session, table, ring).await;
        match known.rows {
            Some(_) => known,
            None => SizeEstimates { rows: sample(session, table).await.rows, ..known },
        }
    }

    /// The share of a figure that falls into some ranges: keys are spread evenly by their hash.
    pub fn share(figure: Option<u64>, ranges: &[TokenRange]) -> Option<u64> {
        let covered: u128 = ranges.iter().map(|range| u128::from(range.size())).sum();
        let share = u128::from(figure?) * covered / u128::from(TokenRange::FULL.size());
        Some(u64::try_from(share).unwrap_or(u64::MAX))
    }
}

/// Asks one node a question about itself.
async fn ask<R>(session: &Session, node: &Node, table: &TableName, cql: &str) -> Result<Vec<R>>
where
    R: for<'f> scylla::deserialize::row::DeserializeRow<'f, 'f>,
{
    let doing = || format!("{node} did not tell the size of {table}");
    let mut statement = Statement::new(cql);
    let only = SingleTargetLoadBalancingPolicy::new(NodeIdentifier::HostId(node.host_id), None);
    statement.set_load_balancing_policy(Some(only));
    statement.set_consistency(Consistency::LocalOne);
    statement.set_request_timeout(Some(PATIENCE));
    let rows = session
        .query_unpaged(statement, (table.keyspace(), table.table()))
        .await
        .map_err(|error| Error::query(doing(), error))?
        .into_rows_result()
        .map_err(|error| Error::answer(doing(), error))?;
    let rows = rows.rows::<R>().map_err(|error| Error::answer(doing(), error))?;
    rows.collect::<Result<Vec<R>, _>>().map_err(|error| Error::answer(doing(), error))
}

/// Asks all nodes; a node that does not answer is left out, and logged.
async fn ask_all<R>(session: &Session, ring: &RingSnapshot, table: &TableName, cql: &str) -> Vec<R>
where
    R: for<'f> scylla::deserialize::row::DeserializeRow<'f, 'f>,
{
    let answers = join_all(ring.nodes().iter().map(|node| ask(session, node, table, cql))).await;
    let mut all = Vec::new();
    for answer in answers {
        match answer {
            Ok(rows) => all.extend(rows),
            Err(error) => tracing::debug!(%error, "an estimate is missing"),
        }
    }
    all
}

#[derive(DeserializeRow)]
struct EstimateRow {
    range_start: String,
    range_end: String,
    partitions_count: i64,
    mean_partition_size: i64,
}

async fn size_estimates(
    session: &Session,
    table: &TableName,
    ring: &RingSnapshot,
) -> Vec<RangeEstimate> {
    let cql = "SELECT range_start, range_end, partitions_count, mean_partition_size \
               FROM system.size_estimates WHERE keyspace_name = ? AND table_name = ?";
    let rows: Vec<EstimateRow> = ask_all(session, ring, table, cql).await;
    rows.iter()
        .filter_map(|row| {
            Some(RangeEstimate {
                start: row.range_start.parse().ok()?,
                end: row.range_end.parse().ok()?,
                partitions: u64::try_from(row.partitions_count).ok()?,
                mean_partition_bytes: u64::try_from(row.mean_partition_size).ok()?,
            })
        })
        .collect()
}

async fn disk_usage(session: &Session, table: &TableName, ring: &RingSnapshot) -> SizeEstimates {
    let cql = "SELECT mebibytes FROM system_views.disk_usage \
               WHERE keyspace_name = ? AND table_name = ?";
    let rows: Vec<(i64,)> = ask_all(session, ring, table, cql).await;
    let mebibytes: u64 = rows.iter().filter_map(|&(size,)| u64::try_from(size).ok()).sum();
    // A node that holds anything at all says 1: that tells nothing of a small table.
    if mebibytes <= rows.len() as u64 {
        return SizeEstimates::unknown();
    }
    let bytes = mebibytes.saturating_mul(1 << 20) as f64 / ring.mean_replicas();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturating")]
    let bytes = bytes as u64;
    SizeEstimates {
        source: EstimateSource::DiskUsage,
        bytes: Some(bytes),
        ..SizeEstimates::unknown()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(start: i64, end: i64, partitions: u64) -> RangeEstimate {
        RangeEstimate {
            start: Token::new(start),
            end: Token::new(end),
            partitions,
            mean_partition_bytes: 10,
        }
    }

    #[test]
    fn a_fresh_table_is_unknown_not_empty() {
        assert_eq!(SizeEstimates::from_ranges(&[]), SizeEstimates::unknown());
        assert_eq!(SizeEstimates::from_ranges(&[row(0, 10, 0)]), SizeEstimates::unknown());
    }

    #[test]
    fn a_range_told_twice_counts_once() {
        let whole = [row(0, 0, 70), row(0, 0, 90)];
        assert_eq!(SizeEstimates::from_ranges(&whole).partitions, Some(90));
    }

    #[test]
    fn wrapped_ranges_are_whole() {
        let ring = [row(-100, 100, 1), row(100, -100, 999)];
        let all = SizeEstimates::from_ranges(&ring);
        assert_eq!((all.partitions, all.bytes), (Some(1000), Some(10_000)));
    }

    #[test]
    fn the_largest_figures_do_not_overflow() {
        let huge = RangeEstimate { mean_partition_bytes: u64::MAX, ..row(0, 1, u64::MAX) };
        let all = SizeEstimates::from_ranges(&[huge]);
        assert_eq!((all.partitions, all.bytes), (Some(u64::MAX), Some(u64::MAX)));
        assert_eq!(SizeEstimates::share(Some(u64::MAX), &[TokenRange::FULL]), Some(u64::MAX));
    }
}
