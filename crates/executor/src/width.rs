//! How wide rows are, so that pages are asked for in bytes although the protocol counts rows.

use std::sync::atomic::{AtomicUsize, Ordering};

/// By how much more rows than ever before a page may have: rows of a table may be of 10 bytes or of
/// 10 MB, and only those that came tell.
const GROWTH: usize = 8;

/// The width of a run's rows as last seen, and what pages are to weigh. Shared by all splits: the rows
/// of a table are more alike than not.
#[derive(Debug)]
pub(crate) struct RowWidth {
    page_bytes: usize,
    /// Bytes per row of the latest pages that had any; 0: none had. It grows at once and shrinks slowly.
    latest: AtomicUsize,
    /// Rows of the longest page so far.
    longest: AtomicUsize,
}

impl RowWidth {
    pub(crate) fn new(page_bytes: usize) -> Self {
        RowWidth {
            page_bytes: page_bytes.max(1),
            latest: AtomicUsize::new(0),
            longest: AtomicUsize::new(0),
        }
    }

    /// A page has come.
    pub(crate) fn learn(&self, rows: usize, bytes: usize) {
        if let Some(width) = bytes.checked_div(rows) {
            let before = self.latest.load(Ordering::Relaxed);
            self.latest.store(width.max(before - before / 4).max(1), Ordering::Relaxed);
            self.longest.fetch_max(rows, Ordering::Relaxed);
        }
    }

    /// How many rows to ask for, where at most so many may be, and at most so many bytes.
    pub(crate) fn page_size(&self, most: i32, most_bytes: usize) -> i32 {
        let width = self.latest.load(Ordering::Relaxed).max(1);
        let by_width = self.page_bytes.min(most_bytes) / width;
        let by_growth = self.longest.load(Ordering::Relaxed).saturating_mul(GROWTH);
        let rows = i32::try_from(by_width.min(by_growth)).unwrap_or(i32::MAX);
        rows.min(most).max(1)
    }

    /// How many pages may be under way at a time, so that all together weigh at most so much.
    pub(crate) fn pages_in(&self, bytes: usize) -> usize {
        let page = self.latest.load(Ordering::Relaxed).max(self.page_bytes);
        (bytes / page).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: usize = usize::MAX;

    #[test]
    fn pages_weigh_what_they_are_to_weigh() {
        let width = RowWidth::new(256 << 10);
        width.learn(5000, 5000 * 128);
        assert_eq!(width.page_size(5000, ANY), 2048);
        assert_eq!(width.page_size(10, ANY), 10);
        assert_eq!(width.page_size(5000, 1280), 10);
        width.learn(0, 0);
        assert_eq!(width.page_size(5000, ANY), 2048);
        width.learn(1, 10 << 20);
        assert_eq!(width.page_size(5000, ANY), 1);
    }

    #[test]
    fn the_first_page_is_of_one_row_and_the_next_ones_grow() {
        let width = RowWidth::new(256 << 10);
        assert_eq!(width.page_size(5000, ANY), 1);
        for expected in [8, 64, 512, 4096, 5000] {
            let rows = usize::try_from(width.page_size(5000, ANY)).unwrap();
            width.learn(rows, rows * 10);
            assert_eq!(width.page_size(5000, ANY), expected);
        }
    }

    #[test]
    fn a_wide_row_is_remembered_for_a_while() {
        let width = RowWidth::new(128 << 10);
        width.learn(1000, 10_000);
        width.learn(1, 5 << 20);
        width.learn(1, 10);
        assert_eq!(width.page_size(5000, ANY), 1);
        for _ in 0..60 {
            width.learn(100, 1000);
        }
        assert!(width.page_size(5000, ANY) > 1000);
    }

    #[test]
    fn wide_pages_are_few_at_a_time() {
        let width = RowWidth::new(128 << 10);
        assert_eq!(width.pages_in(32 << 20), 256);
        width.learn(1, 5 << 20);
        assert_eq!(width.pages_in(32 << 20), 6);
        width.learn(1, 500 << 20);
        assert_eq!(width.pages_in(32 << 20), 1);
    }
}
