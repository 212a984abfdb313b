//! The largest partitions of a table, by rows.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use cql_arrow::{DecodeOptions, Decoder, JsonRows, MappingOptions};
use executor::{Page, Scan, Stats};
use futures::TryStreamExt;
use scylla::frame::response::result::{ColumnType, NativeType};
use topology::{ColumnKind, TableSchema};

use crate::error::{Error, Result};

/// A partition and its rows.
///
/// Ordered by rows; of two with as many, the one whose key comes first as text is the larger, so that
/// the same table gives the same answer whatever order its pages come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionCount {
    /// Rows in the partition.
    pub rows: u64,
    /// The partition key, as a JSON object of its columns.
    pub key: String,
}

impl Ord for PartitionCount {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rows.cmp(&other.rows).then_with(|| other.key.cmp(&self.key))
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
    pub(crate) async fn read(mut pages: Scan, table: &TableSchema, top: usize) -> Result<Self> {
        let mut decoder = decoder(table)?;
        // The smallest of those kept is on top of the heap.
        let mut largest: BinaryHeap<Reverse<PartitionCount>> = BinaryHeap::new();
        let mut partitions = 0;
        while let Some(page) = pages.try_next().await? {
            for partition in decode(&mut decoder, &page)? {
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

/// The key's own columns may have any name; the count is the last column.
fn decoder(table: &TableSchema) -> Result<Decoder> {
    let count = ColumnType::Native(NativeType::BigInt);
    let key = table.columns_of(ColumnKind::PartitionKey);
    let columns = key.map(|column| (column.name.as_str(), &column.typ)).chain([("count", &count)]);
    let schema = cql_arrow::schema(columns, &MappingOptions::default())?;
    Ok(Decoder::new(Arc::new(schema), DecodeOptions::default())?)
}

fn decode(decoder: &mut Decoder, page: &Page) -> Result<Vec<PartitionCount>> {
    decoder.append(page.result())?;
    let mut batch = decoder.finish()?;
    let counts = batch.remove_column(batch.num_columns() - 1);
    let (counts, keys) = (counts.as_primitive::<Int64Type>(), JsonRows::new(&batch)?);
    (0..batch.num_rows())
        .map(|row| {
            let mut key = Vec::new();
            keys.write(row, &mut key)?;
            let key = String::from_utf8(key).map_err(Error::internal)?;
            let rows = u64::try_from(counts.value(row)).map_err(Error::internal)?;
            Ok(PartitionCount { rows, key })
        })
        .collect()
}
