//! What a round does: which job, in which format, of how many rows.
//!
//! Job, format and first kind of fault go by the seed's remainders, so that seeds after each other have
//! them all, and all pairs of them; the numbers of them have no common divisor.

use std::fmt;
use std::ops::Range;

use rand::Rng;
use rand::rngs::StdRng;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// A table into a folder.
    Export,
    /// Files into a table.
    Import,
    /// A table is counted.
    Count,
    /// A table onto a disk that fills up.
    ExportToFullDisk,
    /// Files of which some records are bad into a table.
    ImportOfBadRecords,
    /// A table into an object store that fails.
    ExportToStore,
    /// Files into a table of counters.
    ImportOfCounters,
    /// Objects of a store that fails into a table.
    ImportFromStore,
}

const JOBS: [Job; 8] = [
    Job::Export,
    Job::Import,
    Job::Count,
    Job::ExportToFullDisk,
    Job::ImportOfBadRecords,
    Job::ExportToStore,
    Job::ImportOfCounters,
    Job::ImportFromStore,
];
const FORMATS: [&str; 5] = ["csv", "jsonl", "json", "parquet", "arrow"];

impl Job {
    /// Whether it writes files.
    pub(crate) fn is_export(self) -> bool {
        matches!(self, Job::Export | Job::ExportToFullDisk | Job::ExportToStore)
    }

    /// Whether a store plays a part.
    pub(crate) fn has_store(self) -> bool {
        matches!(self, Job::ExportToStore | Job::ImportFromStore)
    }

    /// The codes of a complete run. 4 says that something is amiss with records, and not with the run.
    pub(crate) fn codes(self) -> &'static [i32] {
        match self {
            Job::ImportOfBadRecords => &[4],
            Job::ImportOfCounters => &[0, 4],
            _ => &[0],
        }
    }
}

/// What a seed has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) job: Job,
    pub(crate) format: &'static str,
    pub(crate) rows: i32,
}

impl Choice {
    pub(crate) fn of(seed: u64, rows: Range<i32>, random: &mut StdRng) -> Choice {
        let job = JOBS[index(seed, JOBS.len())];
        let format = match job {
            // Bad records are put into lines of text; records of counters are written by hand.
            Job::ImportOfBadRecords => FORMATS[index(seed, FORMATS.len()) % 2],
            Job::ImportOfCounters => FORMATS[0],
            _ => FORMATS[index(seed, FORMATS.len())],
        };
        Choice { job, format, rows: random.random_range(rows) }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}, {} rows", self.job, self.format, self.rows)
    }
}

/// Which of so many a seed takes.
pub(crate) fn index(seed: u64, of: usize) -> usize {
    usize::try_from(seed % of.max(1) as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng as _;

    use super::*;

    fn choice(seed: u64) -> Choice {
        Choice::of(seed, 10..20, &mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn seeds_after_each_other_have_every_job() {
        for first in 0..40 {
            let jobs: BTreeSet<String> =
                (first..first + 8).map(|seed| format!("{:?}", choice(seed).job)).collect();
            assert_eq!(jobs.len(), JOBS.len(), "{jobs:?}");
        }
    }

    #[test]
    fn every_job_comes_in_every_format_it_can_have() {
        let all: BTreeSet<String> =
            (0..40).map(|seed| format!("{:?} {}", choice(seed).job, choice(seed).format)).collect();
        assert_eq!(all.len(), 6 * FORMATS.len() + 2 + 1, "{all:?}");
        assert_eq!(choice(7), choice(7));
    }
}
