//! The bare loops over the driver that the engine is measured against: no plan, no routing, no retry,
//! no proof, no events. What they take is the floor.

use std::sync::Arc;

use anyhow::Result;
use bulk::TableName;
use futures::{StreamExt, TryStreamExt, stream};
use scylla::client::session::Session;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::statement::prepared::PreparedStatement;
use tokenring::TokenRange;

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
