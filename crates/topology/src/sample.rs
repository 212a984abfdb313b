//! Estimates a table from a few rows, where the cluster keeps no estimate of its own.
//!
//! From each of a few evenly spaced tokens the next rows are read; how much of the ring they span
//! tells how dense it is, because keys are spread evenly by their hash.

use futures::future::join_all;
use scylla::client::session::Session;
use scylla::deserialize::row::ColumnIterator;
use scylla::deserialize::value::DeserializeValue;
use scylla::response::PagingState;
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;
use tokenring::{Token, TokenRange};

use crate::error::{Error, Result};
use crate::estimates::{EstimateSource, PATIENCE, SizeEstimates};
use crate::schema::TableSchema;

/// Places of the ring that are looked at.
const PLACES: usize = 8;
/// Rows read at each, at the most.
const ROWS: i32 = 100;

/// What was found at one place.
struct Place {
    rows: u64,
    partitions: u64,
    bytes: u64,
    span: u64,
}

/// Samples a table; places that do not answer are left out, and logged.
pub(crate) async fn sample(session: &Session, table: &TableSchema) -> SizeEstimates {
    let cql = format!(
        "SELECT token({keys}), {columns} FROM {table} WHERE token({keys}) > ? AND token({keys}) <= ? \
         LIMIT {ROWS}",
        keys = table.partition_key_list(),
        columns = table.column_list(),
        table = table.name().cql(),
    );
    // The driver prepares on all nodes and waits for each without bound.
    let mut statement = match tokio::time::timeout(PATIENCE, session.prepare(cql)).await {
        Ok(Ok(statement)) => statement,
        Ok(Err(error)) => {
            tracing::debug!(%error, table = %table.name(), "the table could not be sampled");
            return SizeEstimates::unknown();
        }
        Err(_) => {
            tracing::debug!(table = %table.name(), "a node is silent: the table is not sampled");
            return SizeEstimates::unknown();
        }
    };
    statement.set_consistency(Consistency::LocalOne);
    statement.set_request_timeout(Some(PATIENCE));
    let looks = TokenRange::FULL.split(PLACES).map(|range| look(session, table, &statement, range));
    let mut places = Vec::new();
    for place in join_all(looks).await {
        match place {
            Ok(place) => places.push(place),
            Err(error) => tracing::debug!(%error, "a place of the ring could not be sampled"),
        }
    }
    extrapolate(&places)
}

async fn look(
    session: &Session,
    table: &TableSchema,
    statement: &PreparedStatement,
    range: TokenRange,
) -> Result<Place> {
    let doing = || format!("a sample of {} from token {} failed", table.name(), range.start());
    let bounds = (range.start().value(), range.end().value());
    let (page, _more) = session
        .execute_single_page(statement, bounds, PagingState::start())
        .await
        .map_err(|error| Error::query(doing(), error))?;
    let page = page.into_rows_result().map_err(|error| Error::answer(doing(), error))?;
    let (mut last, mut partitions) = (None, 0);
    for row in page.rows::<ColumnIterator<'_, '_>>().map_err(|e| Error::answer(doing(), e))? {
        let mut row = row.map_err(|error| Error::answer(doing(), error))?;
        let Some(cell) = row.next() else { break };
        let cell = cell.map_err(|error| Error::answer(doing(), error))?;
        let token = <i64 as DeserializeValue<'_, '_>>::deserialize(cell.spec.typ(), cell.slice)
            .map_err(|error| Error::answer(doing(), error))?;
        if last != Some(token) {
            partitions += 1;
            last = Some(token);
        }
    }
    let rows = page.rows_num() as u64;
    // Fewer rows than asked for: the whole range was seen.
    let span = match last {
        Some(token) if rows >= u64::from(ROWS.unsigned_abs()) => {
            TokenRange::new(range.start(), Token::new(token)).map_or(1, TokenRange::size)
        }
        _ => range.size(),
    };
    Ok(Place { rows, partitions, bytes: page.rows_bytes_size() as u64, span })
}

fn extrapolate(places: &[Place]) -> SizeEstimates {
    let total = |figure: fn(&Place) -> u64| -> u128 {
        places.iter().map(|place| u128::from(figure(place))).sum()
    };
    let span = total(|place| place.span);
    if span == 0 {
        return SizeEstimates::unknown();
    }
    let whole = |figure: u128| {
        let figure = figure.saturating_mul(u128::from(TokenRange::FULL.size())) / span;
        Some(u64::try_from(figure).unwrap_or(u64::MAX))
    };
    SizeEstimates {
        source: EstimateSource::Sample,
        partitions: whole(total(|place| place.partitions)),
        rows: whole(total(|place| place.rows)),
        bytes: whole(total(|place| place.bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_scaled_by_the_ring_it_spans() {
        let span = TokenRange::FULL.size() / 1000;
        let place = || Place { rows: 100, partitions: 20, bytes: 5000, span };
        let all = extrapolate(&[place(), place()]);
        assert_eq!(all.rows, Some(100_000));
        assert_eq!(all.partitions, Some(20_000));
        assert_eq!(all.bytes, Some(5_000_000));
    }

    #[test]
    fn an_empty_table_is_known_to_be_empty() {
        let all = extrapolate(&[Place { rows: 0, partitions: 0, bytes: 0, span: 10 }]);
        assert_eq!((all.rows, all.source), (Some(0), EstimateSource::Sample));
        assert_eq!(extrapolate(&[]), SizeEstimates::unknown());
    }
}
