//! The states that a table has had, and which run made each.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::catalog::Table;

/// The entry of a snapshot's summary that has the id of the run that made it.
pub const RUN_ID: &str = "cassandra-bulk.run-id";

/// A state of a table, as one commit left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its id: random, not in the order of time.
    pub id: i64,
    /// The snapshot that it changed. `None` for the first of a table.
    pub parent: Option<i64>,
    /// When it was made, by the clock of the program that made it.
    pub committed_at: DateTime<Utc>,
    /// What was done: `append`, `overwrite`, `replace` (files rewritten, the same rows) or `delete`.
    pub operation: String,
    /// The run that made it, where it was one of this crate's.
    pub run_id: Option<String>,
    /// What the commit said of itself and of the table after it: `added-records`, `total-records`, …
    pub summary: BTreeMap<String, String>,
    /// The table's schema at that time.
    pub schema_id: Option<i32>,
    /// Whether it is what a reader sees who asks for no other.
    pub is_current: bool,
}

impl Snapshot {
    pub(crate) fn new(snapshot: &iceberg::spec::Snapshot, is_current: bool) -> Self {
        let milliseconds = snapshot.timestamp_ms();
        // Beyond what chrono can hold are only times that no clock has had.
        let bound =
            if milliseconds < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
        let summary = snapshot.summary();
        Snapshot {
            id: snapshot.snapshot_id(),
            parent: snapshot.parent_snapshot_id(),
            committed_at: DateTime::from_timestamp_millis(milliseconds).unwrap_or(bound),
            operation: summary.operation.as_str().to_owned(),
            run_id: summary.additional_properties.get(RUN_ID).cloned(),
            summary: summary.additional_properties.clone().into_iter().collect(),
            schema_id: snapshot.schema_id(),
            is_current,
        }
    }
}

impl Table {
    /// The snapshots that the table still has, oldest first. Expired ones are not among them.
    pub fn snapshots(&self) -> Vec<Snapshot> {
        let metadata = self.inner.metadata();
        let mut snapshots: Vec<_> = metadata.snapshots().collect();
        snapshots.sort_unstable_by_key(|snapshot| {
            (snapshot.timestamp_ms(), snapshot.sequence_number(), snapshot.snapshot_id())
        });
        let current = metadata.current_snapshot_id();
        let is_current =
            |snapshot: &iceberg::spec::Snapshot| current == Some(snapshot.snapshot_id());
        snapshots
            .into_iter()
            .map(|snapshot| Snapshot::new(snapshot, is_current(snapshot)))
            .collect()
    }

    /// The snapshot that a run made, be it the current one or not, as long as it has not expired.
    pub fn run(&self, run_id: &str) -> Option<Snapshot> {
        let found = self.snapshot_of_run(run_id)?;
        let is_current = self.inner.metadata().current_snapshot_id() == Some(found.snapshot_id());
        Some(Snapshot::new(found, is_current))
    }

    pub(crate) fn snapshot_of_run(&self, run_id: &str) -> Option<&iceberg::spec::SnapshotRef> {
        let is_of_run = |snapshot: &&iceberg::spec::SnapshotRef| {
            snapshot.summary().additional_properties.get(RUN_ID).is_some_and(|id| id == run_id)
        };
        self.inner.metadata().snapshots().find(is_of_run)
    }
}
