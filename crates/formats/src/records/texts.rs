//! The original texts of records.

use std::borrow::Cow;

use arrow_array::RecordBatch;

use super::object::object;

/// The texts of the rows of a chunk, by their places in what was read.
pub(crate) enum Texts {
    /// Bytes of a text file.
    Lines { bytes: Vec<u8>, places: Vec<Place> },
    /// Rows of a batch.
    Batch { batch: RecordBatch, rows: Vec<usize> },
}

/// Where a record is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The line where it begins, from 1.
    pub(crate) line: u64,
    /// Its bytes, without the end of the line.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Texts {
    pub(super) fn text(&self, row: usize) -> Cow<'_, [u8]> {
        match self {
            Texts::Lines { bytes, places } => {
                Cow::Borrowed(&bytes[places[row].start..places[row].end])
            }
            Texts::Batch { batch, rows } => Cow::Owned(object(batch, rows[row])),
        }
    }

    pub(super) fn line(&self, row: usize) -> Option<u64> {
        match self {
            Texts::Lines { places, .. } => Some(places[row].line),
            Texts::Batch { .. } => None,
        }
    }

    /// Leaves out the rows that are refused.
    pub(super) fn retain(&mut self, good: &[bool]) {
        match self {
            Texts::Lines { places, .. } => retain(places, good),
            Texts::Batch { rows, .. } => retain(rows, good),
        }
    }
}

/// Leaves out what is not good. What has no entry in `good` stays.
pub(super) fn retain<T>(items: &mut Vec<T>, good: &[bool]) {
    let mut good = good.iter();
    items.retain(|_| good.next().copied().unwrap_or(true));
}
