//! What a snapshot says of itself: what it changed, and what the table has after it. The names and rules are
//! those of Java's `SnapshotSummary` and `SnapshotProducer`.

use std::collections::{HashMap, HashSet};

use iceberg::spec::{DataFile, Operation, Summary};

use crate::commit::request::{Commit, Mode};
use crate::manifest::Removals;
use crate::snapshot::RUN_ID;

/// What has a total, with the entries of what is added and removed.
const TOTALS: [(&str, &str, &str); 6] = [
    ("total-records", "added-records", "deleted-records"),
    ("total-files-size", "added-files-size", "removed-files-size"),
    ("total-data-files", "added-data-files", "deleted-data-files"),
    ("total-delete-files", "added-delete-files", "removed-delete-files"),
    ("total-position-deletes", "added-position-deletes", "removed-position-deletes"),
    ("total-equality-deletes", "added-equality-deletes", "removed-equality-deletes"),
];

/// Sums a commit up.
pub(super) fn summary(
    commit: &Commit,
    added: &[DataFile],
    removed: &Removals,
    previous: Option<&Summary>,
) -> Summary {
    let computed = changes(commit.spec_id, added, removed);
    let totals = match commit.mode {
        // What is there then is what is added: also right where the totals before were wrong or missing.
        Mode::Replace => TOTALS
            .map(|(total, added, _)| (total, Some(computed.get(added).copied().unwrap_or(0))))
            .to_vec(),
        Mode::Append => TOTALS
            .map(|(total, added, removed)| {
                let change = |name| computed.get(name).copied().unwrap_or(0);
                (total, total_after(previous, total, change(added), change(removed)))
            })
            .to_vec(),
    };
    let mut entries: HashMap<String, String> =
        commit.summary.clone().into_iter().filter(|(name, _)| !is_computed(name)).collect();
    entries.extend(computed.into_iter().map(|(name, value)| (name.to_owned(), value.to_string())));
    let totals =
        totals.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_string())));
    entries.extend(totals);
    entries.insert(RUN_ID.to_owned(), commit.run_id.clone());
    let operation = match commit.mode {
        Mode::Append => Operation::Append,
        Mode::Replace => Operation::Overwrite,
    };
    Summary { operation, additional_properties: entries }
}

/// Whether Iceberg means something by an entry of this name. Where it does and nothing was computed, there is
/// none.
fn is_computed(name: &str) -> bool {
    const OTHERS: [&str; 14] = [
        "operation",
        "changed-partition-count",
        "added-delete-files",
        "added-position-delete-files",
        "added-equality-delete-files",
        "added-position-deletes",
        "added-equality-deletes",
        "added-dvs",
        "removed-delete-files",
        "removed-position-delete-files",
        "removed-equality-delete-files",
        "removed-dvs",
        "partition-summaries-included",
        RUN_ID,
    ];
    let is_total =
        |(total, added, removed): &(&str, &str, &str)| [*total, *added, *removed].contains(&name);
    OTHERS.contains(&name) || name.starts_with("partitions.") || TOTALS.iter().any(is_total)
}

/// A total after a change. There is none where the table's last commit left it out or wrote nonsense: a
/// total that is wrong is worse than none. A table without a snapshot begins at 0.
fn total_after(previous: Option<&Summary>, name: &str, added: u64, removed: u64) -> Option<u64> {
    let before = match previous {
        Some(previous) => previous.additional_properties.get(name)?.parse().ok()?,
        None => 0_u64,
    };
    before.checked_add(added)?.checked_sub(removed)
}

/// All changes that are not nothing.
fn changes(spec_id: i32, added: &[DataFile], removed: &Removals) -> HashMap<&'static str, u64> {
    let sum = |of: fn(&DataFile) -> u64| added.iter().map(of).fold(0, u64::saturating_add);
    let count = |length| u64::try_from(length).unwrap_or(u64::MAX);
    let mut partitions: HashSet<_> = added.iter().map(|file| (spec_id, file.partition())).collect();
    partitions.extend(removed.partitions.iter().map(|(spec, partition)| (*spec, partition)));
    let delete_files =
        removed.position_delete_files + removed.deletion_vectors + removed.equality_delete_files;
    [
        ("added-data-files", count(added.len())),
        ("added-records", sum(DataFile::record_count)),
        ("added-files-size", sum(DataFile::file_size_in_bytes)),
        ("deleted-data-files", removed.data_files),
        ("deleted-records", removed.records),
        ("removed-files-size", removed.bytes),
        ("removed-delete-files", delete_files),
        ("removed-position-delete-files", removed.position_delete_files),
        ("removed-dvs", removed.deletion_vectors),
        ("removed-position-deletes", removed.position_deletes),
        ("removed-equality-delete-files", removed.equality_delete_files),
        ("removed-equality-deletes", removed.equality_deletes),
        ("changed-partition-count", count(partitions.len())),
    ]
    .into_iter()
    .filter(|(_, value)| *value > 0)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(entries: &[(&str, &str)], mode: Mode) -> HashMap<String, String> {
        let entries = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let previous =
            Summary { operation: Operation::Append, additional_properties: entries.collect() };
        let commit = Commit {
            run_id: "run".to_owned(),
            mode,
            schema_id: 0,
            spec_id: 0,
            files: vec![],
            summary: Default::default(),
            properties: Default::default(),
        };
        let removed = Removals { records: 5, data_files: 1, ..Removals::default() };
        summary(&commit, &[], &removed, Some(&previous)).additional_properties
    }

    #[test]
    fn a_total_goes_on_from_the_one_before() {
        let after = after(&[("total-records", "12"), ("total-data-files", "3")], Mode::Append);
        assert_eq!(after["total-records"], "7");
        assert_eq!(after["total-data-files"], "2");
    }

    #[test]
    fn a_total_that_can_not_be_known_is_left_out() {
        let before = [("total-records", "4"), ("total-data-files", "many")];
        let after = after(&before, Mode::Append);
        for total in ["total-records", "total-data-files", "total-files-size"] {
            assert!(!after.contains_key(total), "{total}");
        }
        assert_eq!(after["deleted-records"], "5");
    }

    #[test]
    fn after_a_replacement_all_totals_are_known() {
        let after = after(&[("total-records", "nonsense")], Mode::Replace);
        assert!(TOTALS.iter().all(|(total, _, _)| after[*total] == "0"));
    }
}
