//! A table of known content: eight columns, about 150 bytes a row, partitions of very unequal size.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use bulk::TableName;
use futures::{StreamExt, TryStreamExt, stream};
use scylla::client::session::Session;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::value::CqlTimestamp;
use scylla::{DeserializeRow, SerializeRow};

/// Rows of one batch, at the most; all of one partition.
const BATCH_ROWS: u32 = 50;
/// Batches in flight.
const IN_FLIGHT: usize = 64;

/// A row. Everything but its key follows from its key.
#[derive(Clone, Debug, PartialEq, DeserializeRow, SerializeRow)]
pub struct Reading {
    /// Partition key.
    pub sensor: i64,
    /// Clustering key.
    pub sequence: i32,
    /// A moment.
    pub at: CqlTimestamp,
    /// A place name of 20 bytes or so.
    pub place: String,
    /// A number.
    pub value: f64,
    /// A flag.
    pub valid: bool,
    /// A short word.
    pub unit: String,
    /// Some 80 bytes of text.
    pub note: String,
}

impl Reading {
    /// The row of a key.
    pub fn of(sensor: i64, sequence: i32) -> Self {
        let mixed = mix(sensor.cast_unsigned() ^ (u64::from(sequence.cast_unsigned()) << 40));
        Reading {
            sensor,
            sequence,
            at: CqlTimestamp(1_700_000_000_000 + i64::from(sequence) * 1000),
            place: format!("place-{:014x}", mixed >> 8),
            value: f64::from(u32::try_from(mixed >> 40).unwrap_or_default()) / 1000.0,
            valid: mixed.is_multiple_of(2),
            unit: ["kelvin", "pascal", "volt", "metre"][usize::try_from(mixed % 4).unwrap_or(0)]
                .to_owned(),
            note: format!("reading {sequence} of sensor {sensor}: {mixed:016x}{mixed:032x}"),
        }
    }
}

/// The finaliser of SplitMix64: every bit of the result depends on every bit of the key.
fn mix(key: u64) -> u64 {
    let mut mixed = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Partitions with their numbers of rows, so that all together have `rows`: most have a handful, one in
/// a hundred some hundreds, one in ten thousand ten thousand.
pub fn partitions(rows: u64) -> impl Iterator<Item = (i64, u32)> {
    let mut left = rows;
    (0_i64..).map_while(move |sensor| {
        let wanted = match sensor {
            sensor if sensor % 10_000 == 777 => 10_000,
            sensor if sensor % 100 == 42 => 300,
            sensor => 1 + u32::try_from(mix(sensor.cast_unsigned()) % 9).unwrap_or(0),
        };
        let size = u64::from(wanted).min(left);
        left -= size;
        u32::try_from(size).ok().filter(|size| *size > 0).map(|size| (sensor, size))
    })
}

/// Rows of an even partition.
pub const EVEN_ROWS: u32 = 5;

/// Partitions with their numbers of rows, so that all together have `rows`: [`EVEN_ROWS`] in each, but
/// for the last, which may have fewer.
pub fn even_partitions(rows: u64) -> impl Iterator<Item = (i64, u32)> + Send {
    let mut left = rows;
    (0_i64..).map_while(move |sensor| {
        let size = u64::from(EVEN_ROWS).min(left);
        left -= size;
        u32::try_from(size).ok().filter(|size| *size > 0).map(|size| (sensor, size))
    })
}

/// Creates a keyspace of this replication factor, unless it is there.
pub async fn create_keyspace(session: &Session, keyspace: &str, replication: u32) -> Result<()> {
    let cql = format!(
        "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = \
         {{'class': 'NetworkTopologyStrategy', 'replication_factor': {replication}}}"
    );
    session.query_unpaged(cql, &[]).await.context("the keyspace could not be created")?;
    Ok(())
}

/// Drops a table, if it is there.
pub async fn drop_table(session: &Session, table: &TableName) -> Result<()> {
    let cql = format!("DROP TABLE IF EXISTS {}", table.cql());
    session.query_unpaged(cql, &[]).await.context("the table could not be dropped")?;
    Ok(())
}

/// Creates the table anew.
pub async fn create_table(session: &Session, table: &TableName) -> Result<()> {
    drop_table(session, table).await?;
    let cql = format!(
        "CREATE TABLE {} (sensor bigint, sequence int, at timestamp, place text, value double, \
         valid boolean, unit text, note text, PRIMARY KEY (sensor, sequence))",
        table.cql()
    );
    session.query_unpaged(cql, &[]).await.context("the table could not be created")?;
    Ok(())
}

/// The statement that writes a [`Reading`].
pub async fn prepare_insert(session: &Session, table: &TableName) -> Result<PreparedStatement> {
    let cql = format!(
        "INSERT INTO {} (sensor, sequence, at, place, value, valid, unit, note) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        table.cql()
    );
    session.prepare(cql).await.context("the insert could not be prepared")
}

/// So many inserts as one request. All rows must be of one partition.
pub fn batch_of(insert: &PreparedStatement, rows: usize) -> Batch {
    let mut batch = Batch::new(BatchType::Unlogged);
    for _ in 0..rows {
        batch.append_statement(insert.clone());
    }
    batch
}

/// Loads so many rows, in unlogged batches of one partition each.
pub async fn load(session: &Arc<Session>, table: &TableName, rows: u64) -> Result<()> {
    let insert = prepare_insert(session, table).await?;
    let batches = partitions(rows).flat_map(|(sensor, size)| {
        let starts = (0..size).step_by(usize::try_from(BATCH_ROWS).unwrap_or(1));
        starts.map(move |start| (sensor, start..size.min(start + BATCH_ROWS)))
    });
    stream::iter(batches)
        .map(|(sensor, sequences)| {
            let (session, insert) = (Arc::clone(session), insert.clone());
            async move {
                let readings: Vec<Reading> =
                    sequences.map(|sequence| Reading::of(sensor, sequence.cast_signed())).collect();
                session.batch(&batch_of(&insert, readings.len()), readings).await.map(drop)
            }
        })
        .buffer_unordered(IN_FLIGHT)
        .try_collect::<()>()
        .await
        .context("a batch could not be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_partitions_have_the_rows_asked_for() {
        let sizes: Vec<u32> = even_partitions(12).map(|(_, size)| size).collect();
        assert_eq!(sizes, [5, 5, 2]);
        assert_eq!(even_partitions(0).count(), 0);
    }
}
