//! The largest partitions of a table, by rows.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use executor::{Page, Scan, Stats};
use futures::TryStreamExt;

use crate::error::{Error, Result};
use crate::json::JsonRow;

/// A partition and its rows.
///
/// Ordered by rows; of two with as many, the one whose key comes first as text is the larger, so that
/// the same table gives the same answer whatever order its pages come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionCount {
    /// Rows in the partition.
    pub rows: u64,
    /// The partition key: its columns and their values.
    pub key: JsonRow,
}

impl Ord for PartitionCount {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = || other.key.to_string().cmp(&self.key.to_string());
        self.rows.cmp(&other.rows).then_with(by_key)
    }
}

impl PartialOrd for PartitionCount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The largest partitions of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct LargestPartitions {
    /// The largest ones, the largest first.
    pub top: Vec<PartitionCount>,
    /// How many partitions there are in all.
    pub partitions: u64,
    /// The figures of the run; its rows are those of all partitions.
    pub stats: Stats,
}

impl LargestPartitions {
    /// Keeps the `top` largest of the partitions that the pages count.
    pub(crate) async fn read(mut pages: Scan, top: usize) -> Result<Self> {
        // The smallest of those kept is on top of the heap.
        let mut largest: BinaryHeap<Reverse<PartitionCount>> = BinaryHeap::new();
        let mut partitions = 0;
        while let Some(page) = pages.try_next().await? {
            for partition in decode(&page, &pages)? {
                partitions += 1;
                largest.push(Reverse(partition));
                if largest.len() > top {
                    largest.pop();
                }
            }
        }
        let top = largest.into_sorted_vec().into_iter().map(|Reverse(count)| count).collect();
        Ok(LargestPartitions { top, partitions, stats: pages.stats() })
    }
}

fn decode(page: &Page, pages: &Scan) -> Result<Vec<PartitionCount>> {
    let malformed = |error: Box<dyn std::error::Error + Send + Sync>| {
        let what = format!("the partition counts of range {} are malformed", page.range());
        Error::Run(executor::Error::decode(what, error, pages.stats()))
    };
    let rows = page.rows::<JsonRow>().map_err(|error| malformed(error.into()))?;
    rows.map(|row| {
        let mut key = row.map_err(|error| malformed(error.into()))?;
        // The count is the last column; the key's own columns may have any name.
        let count = key.pop().and_then(|(_, count)| count.as_u64());
        let rows = count.ok_or_else(|| malformed("a partition has no count".into()))?;
        Ok(PartitionCount { rows, key })
    })
    .collect()
}
