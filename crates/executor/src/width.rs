//! How wide rows are, so that pages are asked for in bytes although the protocol counts rows.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows of a page before anything is known of their width.
const FIRST_ROWS: i32 = 500;

/// The width of a run's rows as last seen, and what pages are to weigh. Shared by all splits: the rows
/// of a table are more alike than not.
#[derive(Debug)]
pub(crate) struct RowWidth {
    page_bytes: usize,
    /// Bytes per row of the latest page that had any; 0: none had.
    latest: AtomicUsize,
}

impl RowWidth {
    pub(crate) fn new(page_bytes: usize) -> Self {
        RowWidth { page_bytes: page_bytes.max(1), latest: AtomicUsize::new(0) }
    }

    /// A page has come.
    pub(crate) fn learn(&self, rows: usize, bytes: usize) {
        if let Some(width) = bytes.checked_div(rows) {
            self.latest.store(width.max(1), Ordering::Relaxed);
        }
    }

    /// How many rows to ask for, where at most so many may be.
    pub(crate) fn page_size(&self, most: i32) -> i32 {
        let rows = match self.latest.load(Ordering::Relaxed) {
            0 => FIRST_ROWS,
            width => i32::try_from(self.page_bytes / width).unwrap_or(i32::MAX),
        };
        rows.min(most).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_weigh_what_they_are_to_weigh() {
        let width = RowWidth::new(256 << 10);
        assert_eq!(width.page_size(5000), FIRST_ROWS);
        assert_eq!(width.page_size(10), 10);
        width.learn(500, 500 * 128);
        assert_eq!(width.page_size(5000), 2048);
        width.learn(0, 0);
        assert_eq!(width.page_size(5000), 2048);
        width.learn(1, 10 << 20);
        assert_eq!(width.page_size(5000), 1);
        width.learn(5000, 0);
        assert_eq!(width.page_size(5000), 5000);
    }
}
