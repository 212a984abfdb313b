//! Some records of a file, good and bad.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use arrow_array::RecordBatch;

use super::texts::Texts;

/// Consecutive records of a file: the good ones as rows, and the bad ones as they stand there.
///
/// Every record in [`Chunk::records`] is a row, or bad, or in [`RecordOptions::skip`](crate::RecordOptions).
pub struct Chunk {
    /// The ordinals of all its records. The first record of a file has 0, and the first record of a chunk
    /// follows the last one of the chunk before.
    pub records: Range<u64>,
    /// The good records, with the schema that was asked for.
    pub rows: RecordBatch,
    /// The ordinal of each row.
    pub ordinals: Vec<u64>,
    /// The bad records, by ordinal.
    pub bad: Vec<BadRecord>,
    /// Columns that rows had nothing for, not even a null: JSON objects without their keys. Each by the
    /// row's ordinal and the column's index, in order.
    pub missing: Vec<(u64, usize)>,
    pub(super) texts: Texts,
}

/// A record that is no row, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// Its place among the records of the file, from 0.
    pub ordinal: u64,
    /// The line where it begins, from 1, in text files.
    pub line: Option<u64>,
    /// The field that is wrong, where it is one.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// The record as [`Chunk::text`] gives it for rows.
    pub text: Vec<u8>,
    /// The text was too long, and is only its beginning.
    pub truncated: bool,
}

impl Chunk {
    /// The original text of a row, without the end of its line.
    ///
    /// For lines of CSV or JSON these are the bytes of the file, as UTF-8 if it has another encoding; for
    /// an array of JSON, those of the object; for Parquet and Arrow, the fields that were read, as a JSON
    /// object.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn text(&self, row: usize) -> Cow<'_, [u8]> {
        self.texts.text(row)
    }

    /// The line where a row begins, from 1, in text files.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn line(&self, row: usize) -> Option<u64> {
        self.texts.line(row)
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("records", &self.records)
            .field("rows", &self.rows.num_rows())
            .field("bad", &self.bad)
            .finish_non_exhaustive()
    }
}
