//! The branch that is committed to.

use iceberg::spec::{MAIN_BRANCH, SnapshotReference, SnapshotRetention, TableMetadata};

use crate::error::{Error, ErrorKind, Result};

/// The main branch at another snapshot. How long its snapshots are kept stays as it was.
pub(super) fn main_at(metadata: &TableMetadata, snapshot_id: i64) -> Result<SnapshotReference> {
    let unreadable = |source| {
        let what = "the table's references can't be read";
        Error::new(ErrorKind::Internal, what).with_source(source)
    };
    // The crate shows a branch's snapshot, but not its retention: that is read from the metadata's own form.
    let metadata = serde_json::to_value(metadata).map_err(unreadable)?;
    let found = metadata.get("refs").and_then(|references| references.get(MAIN_BRANCH));
    let retention = match found {
        Some(main) => {
            serde_json::from_value::<SnapshotReference>(main.clone()).map_err(unreadable)?.retention
        }
        None => SnapshotRetention::branch(None, None, None),
    };
    Ok(SnapshotReference::new(snapshot_id, retention))
}
