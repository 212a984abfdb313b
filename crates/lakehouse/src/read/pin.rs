//! Which snapshot of a table is read, and with which schema.

use chrono::{DateTime, SecondsFormat, Utc};
use iceberg::spec::{SchemaRef, SnapshotRef};

use crate::catalog::Table;
use crate::error::{Error, ErrorKind, Result};

/// How many snapshots an error names.
const SHOWN: usize = 5;

/// Which snapshot of a table is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pin {
    /// The current one, with the table's current schema.
    #[default]
    Current,
    /// The one with this id, with the schema it was written with.
    Snapshot(i64),
    /// The one that was current at a time by the table's snapshot log, with the schema it was written with:
    /// what Iceberg's `SnapshotUtil.snapshotIdAsOfTime` finds. A snapshot that was rolled back is found for
    /// times at which it was current.
    AsOf(DateTime<Utc>),
}

/// What a pin stands for in a table.
pub(super) struct Pinned {
    /// `None` if the table has none.
    pub(super) snapshot: Option<SnapshotRef>,
    pub(super) schema: SchemaRef,
}

impl Pin {
    pub(super) fn resolve(self, table: &Table) -> Result<Pinned> {
        let metadata = table.inner.metadata();
        let id = match self {
            Pin::Current => {
                let snapshot = metadata.current_snapshot().cloned();
                return Ok(Pinned { snapshot, schema: metadata.current_schema().clone() });
            }
            Pin::Snapshot(id) => id,
            Pin::AsOf(time) => {
                let millis = time.timestamp_millis();
                let log = metadata.history().iter();
                let current = log.rev().find(|log| log.timestamp_ms() <= millis);
                current.ok_or_else(|| too_early(table, time))?.snapshot_id
            }
        };
        let snapshot = metadata.snapshot_by_id(id).ok_or_else(|| unknown(table, id))?;
        let schema = snapshot.schema(metadata).map_err(|source| {
            Error::of(
                format!("the schema of snapshot {id} of {} can't be found", table.name),
                source,
            )
        })?;
        Ok(Pinned { snapshot: Some(snapshot.clone()), schema })
    }
}

fn unknown(table: &Table, id: i64) -> Error {
    let mut all: Vec<&SnapshotRef> = table.inner.metadata().snapshots().collect();
    all.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.timestamp_ms()));
    let newest = all.iter().take(SHOWN);
    let newest: Vec<String> = newest
        .map(|snapshot| format!("{} of {}", snapshot.snapshot_id(), shown(snapshot.timestamp_ms())))
        .collect();
    let there = match (newest.is_empty(), all.len() > SHOWN) {
        (true, _) => "it has no snapshots".to_owned(),
        (false, false) => format!("it has {}", newest.join(", ")),
        (false, true) => format!("its newest are {}", newest.join(", ")),
    };
    let name = &table.name;
    Error::new(
        ErrorKind::NotFound,
        format!("the table {name} has no snapshot {id}, or no longer; {there}"),
    )
}

fn too_early(table: &Table, time: DateTime<Utc>) -> Error {
    let time = shown(time.timestamp_millis());
    let name = &table.name;
    let remedy = match table.inner.metadata().history().first() {
        Some(first) => format!(
            "its log begins with snapshot {} at {}; give that time or a later one",
            first.snapshot_id,
            shown(first.timestamp_ms())
        ),
        None => "it has no snapshots at all".to_owned(),
    };
    let message = format!("the table {name} had no snapshot at {time}: {remedy}");
    Error::new(ErrorKind::NotFound, message)
}

fn shown(millis: i64) -> String {
    match DateTime::from_timestamp_millis(millis) {
        Some(time) => time.to_rfc3339_opts(SecondsFormat::Millis, true),
        None => format!("{millis} ms since 1970"),
    }
}
