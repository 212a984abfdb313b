//! Plans a scan: which ranges, in how many splits, read from which replicas.
//!
//! A **split** is the unit of work: one or more ranges that are held by the same replicas. Cutting
//! gives more splits than the ring has ranges, and grouping ranges of the same replicas gives fewer;
//! so an asked-for count is met exactly, down to one split per distinct replica set.
//!
//! Ranges are cut by their share of the ring, not by estimated bytes: the hash spreads keys evenly,
//! while estimates are stale where it matters, just after a load.

use std::sync::Arc;

use tokenring::{
    RangeSet, TokenRange, apportion, group_equal, merge_neighbours, pack, split_by_size,
};

use crate::error::{Error, ErrorKind, Result};
use crate::estimates::SizeEstimates;
use crate::ring::{Node, ReplicaSet, RingSnapshot};
use crate::schema::TableSchema;

/// The size a split aims at by default, in estimated bytes: small enough that a split which has to be
/// read again costs seconds, large enough that starting it costs nothing.
pub const DEFAULT_SPLIT_BYTES: u64 = 64 << 20;

/// What a plan is to look like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanOptions {
    /// How many splits; `None`: by data size, at least 4 × nodes.
    pub splits: Option<usize>,
    /// How many splits run at the same time; `None`: as many as the nodes take without making them
    /// wait.
    pub parallelism: Option<usize>,
    /// What to read; `None`: the whole ring.
    pub asked: Option<RangeSet>,
    /// The datacenter whose replicas are read, where it has any; `None`: all alike.
    pub local_datacenter: Option<String>,
}

/// A unit of work: ranges that the same nodes hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Disjoint ranges in token order; at least one.
    pub ranges: Vec<TokenRange>,
    /// The nodes that hold them.
    pub replicas: ReplicaSet,
    /// Estimated rows, where known.
    pub rows: Option<u64>,
    /// Estimated bytes, where known.
    pub bytes: Option<u64>,
}

/// A scan of a table, ready to run.
///
/// **Invariant**: the ranges of all splits are pairwise disjoint and together exactly what was asked
/// for ([`ScanPlan::prove`]); replicas are nodes of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanPlan {
    /// The table.
    pub table: Arc<TableSchema>,
    /// The nodes of the cluster.
    pub nodes: Arc<[Node]>,
    /// The ranges to read.
    pub asked: RangeSet,
    /// The units of work, in token order of their first ranges.
    pub splits: Vec<Split>,
    /// How many of them run at the same time; `None`: as many as the nodes take without making them
    /// wait, found out while the plan is run.
    pub parallelism: Option<usize>,
    /// The datacenter whose replicas are preferred.
    pub local_datacenter: Option<String>,
    /// What the whole table is estimated to hold.
    pub estimates: SizeEstimates,
    /// `false` where the driver shows no replicas (tablets), so that any node is asked.
    pub replicas_known: bool,
}

impl ScanPlan {
    /// Proves, in exact integers, that the splits are the asked-for ranges: none missing, none twice.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] naming the first overlap, or what is missing or too much.
    pub fn prove(&self) -> Result<()> {
        let parts = self.splits.iter().flat_map(|split| split.ranges.iter().copied());
        self.asked.is_exact_partition(parts).map_err(|error| {
            let name = self.table.name();
            Error::new(ErrorKind::Invalid, format!("the plan of {name} does not cover it exactly"))
                .with_source(error)
        })
    }

    /// The nodes a split may be read from: its replicas in the local datacenter, or all of them where
    /// it has none there.
    pub fn coordinators(&self, replicas: &ReplicaSet) -> impl Iterator<Item = &Node> + Clone {
        replicas.coordinators(&self.nodes, self.local_datacenter.as_deref()).into_iter()
    }

    /// The number of ranges in all splits.
    pub fn range_count(&self) -> usize {
        self.splits.iter().map(|split| split.ranges.len()).sum()
    }
}

/// Plans a scan of `table`. Pure: the same input gives the same plan.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] for zero splits, zero parallelism, or an empty set of ranges.
///
/// The crate's own documentation has an example.
pub fn plan(
    ring: &RingSnapshot,
    table: Arc<TableSchema>,
    estimates: &SizeEstimates,
    options: &PlanOptions,
) -> Result<ScanPlan> {
    let nodes = ring.nodes().len();
    let asked = options.asked.clone().unwrap_or_else(RangeSet::full);
    if asked.is_empty() {
        let message = format!("no token range of {} is asked for", table.name());
        return Err(Error::new(ErrorKind::Invalid, message));
    }
    let parallelism =
        options.parallelism.map(|count| at_least_one("parallelism", count)).transpose()?;
    let floor = 4 * nodes;
    let splits = at_least_one(
        "split count",
        options.splits.unwrap_or_else(|| {
            let asked: Vec<TokenRange> = asked.iter().collect();
            let bytes = SizeEstimates::share(estimates.bytes, &asked).unwrap_or(0);
            let by_size =
                usize::try_from(bytes.div_ceil(DEFAULT_SPLIT_BYTES)).unwrap_or(usize::MAX);
            by_size.max(floor)
        }),
    )?;

    let owned = owned_ranges(ring, &asked);
    let mut units = if owned.len() <= splits { cut(owned, splits) } else { group(owned, splits) };
    units.sort_by_key(|(ranges, _)| ranges.first().copied());
    let splits = units
        .into_iter()
        .map(|(ranges, replicas)| Split {
            rows: SizeEstimates::share(estimates.rows, &ranges),
            bytes: SizeEstimates::share(estimates.bytes, &ranges),
            ranges,
            replicas,
        })
        .collect();
    let plan = ScanPlan {
        table,
        nodes: Arc::clone(ring.nodes()),
        asked,
        splits,
        parallelism,
        local_datacenter: options.local_datacenter.clone(),
        estimates: estimates.clone(),
        replicas_known: ring.replicas_known(),
    };
    plan.prove()?;
    Ok(plan)
}

fn at_least_one(what: &str, count: usize) -> Result<usize> {
    if count == 0 {
        return Err(Error::new(
            ErrorKind::Invalid,
            format!("the {what} is 0; it must be at least 1"),
        ));
    }
    Ok(count)
}

/// The asked-for ranges with their replicas, neighbours of the same replicas merged.
fn owned_ranges(ring: &RingSnapshot, asked: &RangeSet) -> Vec<(TokenRange, ReplicaSet)> {
    let whole = merge_neighbours(ring.ranges().map(|(range, replicas)| (range, replicas.clone())));
    if asked.is_full() {
        return whole;
    }
    let parts = whole.into_iter().flat_map(|(range, replicas)| {
        let inside: Vec<TokenRange> = asked.intersection(&range.into()).iter().collect();
        inside.into_iter().map(move |part| (part, replicas.clone()))
    });
    parts.collect()
}

type Unit = (Vec<TokenRange>, ReplicaSet);

/// More splits than ranges: each range is cut into its share of them.
fn cut(owned: Vec<(TokenRange, ReplicaSet)>, splits: usize) -> Vec<Unit> {
    let ranges: Vec<TokenRange> = owned.iter().map(|(range, _)| *range).collect();
    let parts = split_by_size(&ranges, splits);
    let owners = owned.into_iter().map(|(_, replicas)| replicas);
    parts
        .into_iter()
        .zip(owners)
        .flat_map(|(parts, replicas)| {
            parts.into_iter().map(move |part| (vec![part], replicas.clone()))
        })
        .collect()
}

/// Fewer splits than ranges: each replica set packs its ranges into its share of them.
fn group(owned: Vec<(TokenRange, ReplicaSet)>, splits: usize) -> Vec<Unit> {
    let groups = group_equal(owned);
    let weights: Vec<u128> = groups
        .iter()
        .map(|(_, ranges)| ranges.iter().map(|range| u128::from(range.size())).sum())
        .collect();
    let shares = apportion(&weights, splits);
    groups
        .into_iter()
        .zip(shares)
        .flat_map(|((replicas, ranges), share)| {
            pack(&ranges, share).into_iter().map(move |run| (run, replicas.clone()))
        })
        .collect()
}

#[cfg(test)]
mod tests;
