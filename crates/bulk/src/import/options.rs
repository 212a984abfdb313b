//! How an import reads and writes.

use std::path::PathBuf;
use std::time::Instant;

use cql_arrow::{Nulls, TextOptions};
use executor::WriteOptions;
use formats::Guess;

/// How many records may be bad before an import stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxErrors {
    /// So many; one more stops it.
    Count(u64),
    /// So many percent of the records read, judged from [`MaxErrors::SAMPLE`] records on, and at the end.
    Percent(f64),
}

impl MaxErrors {
    /// With fewer records, a percentage says little.
    pub const SAMPLE: u64 = 1000;

    /// Whether so many bad ones of so many are too many.
    pub(crate) fn is_exceeded(self, bad: u64, read: u64, at_end: bool) -> bool {
        match self {
            MaxErrors::Count(most) => bad > most,
            // Counts of records are far below what a double holds exactly.
            MaxErrors::Percent(most) => {
                (at_end || read >= Self::SAMPLE) && bad as f64 * 100.0 > most * read as f64
            }
        }
    }
}

impl Default for MaxErrors {
    /// 100 records.
    fn default() -> Self {
        MaxErrors::Count(100)
    }
}

/// How an import reads and writes. The defaults suit files with a header, or of a format with names.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// What is known of the files: format, dialect, compression. The rest is told from name and content.
    pub format: Guess,
    /// How text is read where tools differ.
    pub text: TextOptions,
    /// The columns of files without names of fields, in their order. Default: the table's, as
    /// `SELECT *` has them.
    pub columns: Option<Vec<String>>,
    /// Fields, by name or place from 0, with the columns that they are for.
    pub map: Vec<(String, String)>,
    /// Fields that are passed over.
    pub skip: Vec<String>,
    /// Columns with the text of the value that all records get.
    pub set: Vec<(String, String)>,
    /// Whether fields that no column is for are passed over.
    pub allow_extra: bool,
    /// Whether columns that no field is for are left as they are.
    pub allow_missing: bool,
    /// What a null does: by default nothing ([`Nulls::Unset`]); [`Nulls::Null`] deletes what is there, by
    /// a tombstone.
    pub nulls: Nulls,
    /// So many records are left out at the beginning of the input.
    pub skip_rows: u64,
    /// So many records are read, with those left out; then the import ends.
    pub max_rows: Option<u64>,
    /// How many records may be bad.
    pub max_errors: MaxErrors,
    /// Seconds that what is written lives. Default: the table's.
    pub ttl: Option<i32>,
    /// The write time of everything, in microseconds since 1970. Default: when the import began.
    pub timestamp: Option<i64>,
    /// The folder for the journal, and for bad records. Default: a new one in the current folder.
    pub journal: Option<PathBuf>,
    /// Go on with the import whose journal that is; begin it if there is none.
    pub resume: bool,
    /// Read, convert and bind everything, and write nothing, neither to the table nor to files.
    pub dry_run: bool,
    /// Files read at the same time.
    pub files: usize,
    /// Bytes of text in which records of the same partition are brought together.
    pub window_bytes: usize,
    /// When the import is to have ended: from then on it stops, and can be gone on with.
    pub deadline: Option<Instant>,
    /// How rows are written: batches, limits, retries. Its timestamp, semantics and cancellation are the
    /// import's own.
    pub write: WriteOptions,
}

/// Larger windows take more memory, and bring few more records together.
const WINDOW_BYTES: usize = 1 << 20;

impl Default for ImportOptions {
    fn default() -> Self {
        ImportOptions {
            format: Guess::default(),
            text: TextOptions::default(),
            columns: None,
            map: Vec::new(),
            skip: Vec::new(),
            set: Vec::new(),
            allow_extra: false,
            allow_missing: false,
            nulls: Nulls::Unset,
            skip_rows: 0,
            max_rows: None,
            max_errors: MaxErrors::default(),
            ttl: None,
            timestamp: None,
            journal: None,
            resume: false,
            dry_run: false,
            files: 1,
            window_bytes: WINDOW_BYTES,
            deadline: None,
            write: WriteOptions::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_judged_by_enough_records_or_at_the_end() {
        let two = MaxErrors::Percent(2.0);
        assert!(!two.is_exceeded(5, 10, false) && two.is_exceeded(5, 10, true));
        assert!(!two.is_exceeded(20, 1000, false) && two.is_exceeded(21, 1000, false));
        assert!(!MaxErrors::Count(3).is_exceeded(3, 3, true));
        assert!(MaxErrors::Count(3).is_exceeded(4, 4_000_000, false));
        assert!(!MaxErrors::Percent(0.0).is_exceeded(0, 0, true));
    }
}
