//! Tables of wide rows: one partition a row, one cell that nearly all of the row is.

use anyhow::{Context as _, Result};
use bulk::{BulkOptions, TableName};
use clap::ValueEnum;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use rand::rngs::SmallRng;
use rand::{Rng as _, RngCore as _, SeedableRng as _};

use crate::dataset::{create_keyspace, drop_table};
use crate::tables::{KEYSPACE, connect};

/// Inserts in flight: a node has little memory for requests of megabytes.
const IN_FLIGHT: usize = 2;
/// Bytes of a cell of those that are all alike.
const EVEN: usize = 5_000_000;
/// The narrowest and the widest of mixed cells. A node refuses a write of half a commit log segment, which
/// is 16 MiB.
const NARROWEST: f64 = 10.0;
const WIDEST: f64 = 10_000_000.0;

/// How wide the cells are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Widths {
    /// 5 MB each.
    Even,
    /// From 10 B to 10 MB, as many between 10 and 100 B as between 1 and 10 MB.
    Mixed,
}

impl Widths {
    /// The table of so many rows.
    pub fn table(self, rows: u64) -> TableName {
        let kind = match self {
            Widths::Even => "even",
            Widths::Mixed => "mixed",
        };
        TableName::new(KEYSPACE, format!("wide_{kind}_{rows}"))
    }

    /// The cell of a key. Random bytes: what can be compressed would weigh less on disk and in files
    /// than in memory.
    pub fn cell(self, key: u32) -> Vec<u8> {
        let mut random = SmallRng::seed_from_u64(u64::from(key));
        let width = match self {
            Widths::Even => EVEN,
            Widths::Mixed => mixed_width(random.random()),
        };
        let mut cell = vec![0; width];
        random.fill_bytes(&mut cell);
        cell
    }

    /// Loads the table, if it is not there whole; says so.
    ///
    /// # Errors
    ///
    /// Where the cluster can't be reached, or does not take a row.
    pub async fn prepare(
        self,
        hosts: &[String],
        rows: u32,
        mut say: impl FnMut(&str),
    ) -> Result<()> {
        let operator = connect(hosts).await?;
        let session = operator.session();
        create_keyspace(session, KEYSPACE, 1).await?;
        let table = self.table(u64::from(rows));
        let options = BulkOptions::default();
        let there = operator.count_by_token_ranges(KEYSPACE, table.table(), &options).await;
        if there.ok() == Some(u64::from(rows)) {
            return Ok(());
        }
        say(&format!("loading {rows} rows into {table}"));
        drop_table(session, &table).await?;
        let cql = format!("CREATE TABLE {} (key int PRIMARY KEY, cell blob)", table.cql());
        session.query_unpaged(cql, &[]).await.context("the table could not be created")?;
        let cql = format!("INSERT INTO {} (key, cell) VALUES (?, ?)", table.cql());
        let insert = session.prepare(cql).await.context("the insert could not be prepared")?;
        let insert = &insert;
        stream::iter(0..rows)
            .map(|key| async move {
                let values = (key.cast_signed(), self.cell(key));
                session.execute_unpaged(insert, values).await.map(drop)
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<()>()
            .await
            .context("a wide row could not be written")
    }
}

/// The width for a number from 0 to 1: its logarithm is spread evenly.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between the narrowest and the widest"
)]
fn mixed_width(share: f64) -> usize {
    (NARROWEST * (WIDEST / NARROWEST).powf(share.clamp(0.0, 1.0))).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_widths_are_of_all_magnitudes() {
        let widths = [0.0, 1.0 / 6.0, 0.5, 1.0].map(mixed_width);
        assert_eq!(widths, [10, 100, 10_000, 10_000_000]);
        let cells: Vec<usize> = (0..50).map(|key| Widths::Mixed.cell(key).len()).collect();
        assert!(cells.iter().any(|width| *width < 1000), "{cells:?}");
        assert!(cells.iter().any(|width| *width > 1_000_000), "{cells:?}");
    }

    #[test]
    fn a_cell_is_the_same_each_time_and_unlike_the_others() {
        let cell = Widths::Even.cell(3);
        assert_eq!(cell.len(), EVEN);
        assert_eq!(cell, Widths::Even.cell(3));
        assert_ne!(cell, Widths::Even.cell(4));
    }
}
