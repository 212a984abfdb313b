//! What an import has done, and how it can end badly.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use executor::WriteStats;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What became of the records: `read = written + bad + filtered + unknown`, all runs of an import taken
/// together, each record counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records read.
    pub read: u64,
    /// Records that are in the table.
    pub written: u64,
    /// Records that could not be written; they are kept.
    pub bad: u64,
    /// Records that were left out as asked for.
    pub filtered: u64,
    /// Updates of counters of which it is not known whether they were done; they are kept.
    pub unknown: u64,
}

impl Counts {
    /// Whether every record is accounted for.
    pub fn is_balanced(&self) -> bool {
        // They may be of a damaged journal, whose sum does not fit.
        let all = [self.written, self.bad, self.filtered, self.unknown];
        u128::from(self.read) == all.into_iter().map(u128::from).sum::<u128>()
    }
}

/// A file that could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenFile {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What an import has done.
#[derive(Clone, Debug)]
pub struct ImportReport {
    /// The import's own id, the same for all its runs.
    pub import_id: Uuid,
    /// What became of the records.
    pub counts: Counts,
    /// The part of it that runs before this one have done.
    pub before: Counts,
    /// How many runs it took.
    pub attempts: u32,
    /// The figures of this run's writes. What this run has written exceeds `counts` less `before` by what it
    /// had to send again.
    pub writes: WriteStats,
    /// Files that were to be read.
    pub files: usize,
    /// Files of an Iceberg table that were not read, since they have no row for the filter; told of an
    /// import that ended well.
    pub files_skipped: u64,
    /// Files that could not be read to their end.
    pub broken: Vec<BrokenFile>,
    /// The first bad records, with their reasons.
    pub examples: Vec<String>,
    /// The write time of what was written, in microseconds since 1970.
    pub timestamp: i64,
    /// The folder of the journal and of the kept records; none where nothing had to be kept.
    pub journal: Option<PathBuf>,
    /// The files of kept records.
    pub kept: Vec<PathBuf>,
    /// How long this run took.
    pub elapsed: Duration,
    /// Whether nothing was written, since that was asked for.
    pub dry_run: bool,
    /// Whether all files were read to their ends.
    pub complete: bool,
}

impl ImportReport {
    /// The counts of this run.
    pub fn this_run(&self) -> Counts {
        let (now, before) = (&self.counts, &self.before);
        Counts {
            read: now.read.saturating_sub(before.read),
            written: now.written.saturating_sub(before.written),
            bad: now.bad.saturating_sub(before.bad),
            filtered: now.filtered.saturating_sub(before.filtered),
            unknown: now.unknown.saturating_sub(before.unknown),
        }
    }
}

/// How far an import is, told while it goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportProgress {
    /// What became of the records so far.
    pub counts: Counts,
    /// Bytes of the files, as they lie there; `None` for a stream.
    pub bytes_total: Option<u64>,
    /// Bytes of them that were read.
    pub bytes_read: u64,
    /// Since this run began.
    pub elapsed: Duration,
    /// Records that this run has settled.
    pub settled: u64,
}

impl ImportProgress {
    /// Records settled a second.
    pub fn rows_per_second(&self) -> f64 {
        self.settled as f64 / self.elapsed.as_secs_f64().max(1e-3)
    }

    /// How much of the input was read, where its size is known.
    pub fn percent(&self) -> Option<f64> {
        let total = self.bytes_total?;
        let read = self.bytes_read.min(total);
        Some(if total == 0 { 100.0 } else { read as f64 * 100.0 / total as f64 })
    }
}

type Callback = dyn Fn(&ImportProgress) + Send + Sync;

/// Whoever is told how far an import is.
#[derive(Clone, Default)]
pub(crate) struct ProgressObserver(Option<Arc<Callback>>);

impl ProgressObserver {
    pub(crate) fn new(callback: impl Fn(&ImportProgress) + Send + Sync + 'static) -> Self {
        ProgressObserver(Some(Arc::new(callback)))
    }

    pub(crate) fn tell(&self, progress: &ImportProgress) {
        if let Some(callback) = &self.0 {
            callback(progress);
        }
    }
}

impl fmt::Debug for ProgressObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "ProgressObserver(..)"
        } else {
            "ProgressObserver(none)"
        })
    }
}
