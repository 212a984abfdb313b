//! The bare loops over the driver that the engine is measured against: no plan, no routing, no retry,
//! no proof, no events. What they take is the floor.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use bulk::TableName;
use futures::{StreamExt, TryStreamExt, stream};
use scylla::client::session::Session;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::statement::batch::Batch;
use scylla::statement::prepared::PreparedStatement;
use tokenring::TokenRange;

use crate::dataset::{EVEN_ROWS, Reading, batch_of, even_partitions, prepare_insert};

/// The batches in flight that the bare loop of writes is tried with.
pub const IN_FLIGHT: [usize; 6] = [16, 32, 64, 128, 256, 512];
/// Tries of a write, at the most.
const TRIES: u32 = 5;
/// The splits that the bare loops are tried with: their best is the floor.
pub const SPLITS: [usize; 4] = [3, 12, 48, 192];
/// How many of them at a time.
pub const AT_ONCE: [usize; 3] = [3, 6, 12];

/// Counts by the server over so many even ranges, so many at a time.
pub async fn count(
    session: &Arc<Session>,
    table: &TableName,
    splits: usize,
    at_once: usize,
) -> Result<u64> {
    let select = "COUNT(*)";
    over_ranges(session, table, select, splits, at_once, |session, statement, range| async move {
        let bounds = (range.start().value(), range.end().value());
        let result = session.execute_unpaged(&statement, bounds).await?;
        let (count,) = result.into_rows_result()?.single_row::<(i64,)>()?;
        Ok(u64::try_from(count)?)
    })
    .await
}

/// Reads every page over so many even ranges, so many at a time, and only counts the rows.
pub async fn pages(
    session: &Arc<Session>,
    table: &TableName,
    splits: usize,
    at_once: usize,
) -> Result<u64> {
    let select = "sensor, sequence, at, place, value, valid, unit, note";
    over_ranges(session, table, select, splits, at_once, |session, statement, range| async move {
        let bounds = (range.start().value(), range.end().value());
        let (mut rows, mut paging) = (0, PagingState::start());
        loop {
            let (page, more) = session.execute_single_page(&statement, bounds, paging).await?;
            rows += page.into_rows_result()?.rows_num() as u64;
            match more {
                PagingStateResponse::HasMorePages { state } => paging = state,
                PagingStateResponse::NoMorePages => return Ok(rows),
            }
        }
    })
    .await
}

/// Writes the rows of even partitions, a batch for each, so many in flight.
pub async fn batches(
    session: &Arc<Session>,
    table: &TableName,
    rows: u64,
    in_flight: usize,
) -> Result<()> {
    let insert = prepare_insert(session, table).await?;
    // Cloned once for each number of rows, and not for each batch: the best that a loop can do.
    let sizes: Vec<Batch> =
        (0..=usize::try_from(EVEN_ROWS)?).map(|rows| batch_of(&insert, rows)).collect();
    let sizes: Arc<[Batch]> = sizes.into();
    over_partitions(rows, in_flight, |readings| {
        let (session, sizes) = (Arc::clone(session), Arc::clone(&sizes));
        async move {
            let batch = sizes.get(readings.len()).context("a partition is too large")?;
            again(|| session.batch(batch, &readings)).await
        }
    })
    .await
}

/// Writes the same rows one by one, so many in flight.
pub async fn inserts(
    session: &Arc<Session>,
    table: &TableName,
    rows: u64,
    in_flight: usize,
) -> Result<()> {
    let insert = prepare_insert(session, table).await?;
    let partitions_in_flight = in_flight.div_ceil(usize::try_from(EVEN_ROWS)?);
    over_partitions(rows, partitions_in_flight, |readings| {
        let (session, insert) = (Arc::clone(session), insert.clone());
        async move {
            let (session, insert) = (&*session, &insert);
            let write = |row| again(move || session.execute_unpaged(insert, row));
            let requests = readings.iter().map(write);
            futures::future::try_join_all(requests).await?;
            Ok(())
        }
    })
    .await
}

/// Makes a request, a few times if need be. Writing a row twice is writing it once, and a node that is a
/// while behind must not end a benchmark; the time is the loop's own.
async fn again<F, T, E>(request: impl Fn() -> F) -> Result<()>
where
    F: Future<Output = Result<T, E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    for _ in 1..TRIES {
        if request().await.is_ok() {
            return Ok(());
        }
    }
    request().await?;
    Ok(())
}

/// Makes the rows of each even partition and writes them, in a task each.
async fn over_partitions<F>(
    rows: u64,
    in_flight: usize,
    write: impl Fn(Vec<Reading>) -> F,
) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    stream::iter(even_partitions(rows))
        .map(|(sensor, size)| {
            let sequences = (0..size).map(u32::cast_signed);
            let readings = sequences.map(|sequence| Reading::of(sensor, sequence)).collect();
            let task = tokio::spawn(write(readings));
            async move { task.await? }
        })
        .buffer_unordered(in_flight)
        .try_collect()
        .await
}

async fn over_ranges<F>(
    session: &Arc<Session>,
    table: &TableName,
    select: &str,
    splits: usize,
    at_once: usize,
    read: impl Fn(Arc<Session>, PreparedStatement, TokenRange) -> F,
) -> Result<u64>
where
    F: Future<Output = Result<u64>> + Send + 'static,
{
    let cql =
        format!("SELECT {select} FROM {table} WHERE token(sensor) > ? AND token(sensor) <= ?");
    let mut statement = session.prepare(cql).await?;
    statement.set_page_size(5000);
    stream::iter(TokenRange::FULL.split(splits))
        .map(|range| {
            let task = tokio::spawn(read(Arc::clone(session), statement.clone(), range));
            async move { task.await? }
        })
        .buffer_unordered(at_once)
        .try_fold(0, |sum, rows| async move { Ok(sum + rows) })
        .await
}
