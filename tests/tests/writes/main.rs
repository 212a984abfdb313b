//! Writing to the real cluster: each record is accounted for, whatever happens on the way.
//!
//! As in `faults`, a proxy in front of each node forges errors and loses frames. What the table holds
//! in the end is read through a session that nothing is done to.

mod cancelling;
mod counters;
mod faults;
mod lists;
mod node_dies;
mod routing;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use executor::{Outcome, Pace, RetryPolicy, StatementId, WriteOptions, WriteReport, Writer};
use integration_tests::Table;
use scylla::client::session::Session;
use scylla::serialize::row::SerializeRow;
use topology::{RingSnapshot, TableSchema};

/// So many records in a second, at the most.
fn rows_per_second(rate: u32) -> Pace {
    let pace = Pace::default();
    pace.set_rows_per_second(std::num::NonZeroU32::new(rate));
    pace
}

/// A run that waits little: proxies answer at once, and tests should end.
fn hasty() -> WriteOptions {
    WriteOptions {
        request_timeout: Duration::from_secs(2),
        retry: RetryPolicy {
            min_delay: Duration::from_millis(20),
            max_delay: Duration::from_millis(200),
            max_elapsed: Duration::from_secs(120),
            ..RetryPolicy::default()
        },
        ..WriteOptions::default()
    }
}

/// A writer with one statement; `{}` stands for the table's name.
async fn writer(
    session: &Arc<Session>,
    table: &Table,
    cql: &str,
    options: WriteOptions,
) -> Result<(Writer, StatementId)> {
    let schema = TableSchema::read(session, &table.name).await?;
    let ring = RingSnapshot::read(session, &table.name)?;
    let mut writer = Writer::new(Arc::clone(session), ring, Arc::new(schema), options)?;
    let statement = writer.prepare(&cql.replace("{}", &table.name.to_string())).await?;
    Ok((writer, statement))
}

/// Writes rows, each a record; their numbers are their places.
async fn write<R: SerializeRow>(
    writer: &Writer,
    statement: StatementId,
    rows: impl IntoIterator<Item = R>,
) -> Result<WriteReport> {
    let mut mutations = writer.mutations();
    for (record, row) in (0..).zip(rows) {
        mutations.push(record, statement, &row)?;
    }
    let records = mutations.records();
    let report = writer.write(mutations).await?;
    let numbers = report.outcomes.iter().map(|(record, _)| *record);
    ensure!(numbers.eq(0..u32::try_from(records)?), "not each record once: {report:?}");
    Ok(report)
}

/// Every record was written.
fn all_written(report: &WriteReport) -> Result<()> {
    let other = report.outcomes.iter().find(|(_, outcome)| *outcome != Outcome::Written);
    ensure!(other.is_none(), "{other:?}");
    Ok(())
}
