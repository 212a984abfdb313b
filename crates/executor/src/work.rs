//! What is left to do of a split.

use std::collections::VecDeque;
use std::sync::Arc;

use scylla::response::PagingState;
use tokenring::TokenRange;
use uuid::Uuid;

use crate::retry::Streak;

/// What is left to do of a split: its ranges, and how far the first of them has been read.
#[derive(Debug)]
pub(crate) struct Work {
    /// The split's index in the plan.
    pub(crate) split: usize,
    /// The ranges to read; the first is the one being read.
    pub(crate) ranges: VecDeque<TokenRange>,
    /// Where in the first range to go on.
    pub(crate) paging: PagingState,
    /// Whether a page of the first range has been delivered.
    pub(crate) delivered: bool,
    /// Rows of the first range so far.
    pub(crate) rows: u64,
    /// Rows per page.
    pub(crate) page_size: i32,
    /// Faults since the last page.
    pub(crate) streak: Option<Streak>,
    /// The node that failed last.
    pub(crate) avoid: Option<Uuid>,
    /// Whether any node has been asked yet.
    pub(crate) started: bool,
    /// The nodes that may serve it, by their index, sorted; and of which look at the ring that is.
    pub(crate) nodes: Arc<[usize]>,
    pub(crate) look: u64,
}

impl Work {
    pub(crate) fn new(
        split: usize,
        ranges: impl IntoIterator<Item = TokenRange>,
        page_size: i32,
    ) -> Self {
        Work {
            split,
            ranges: ranges.into_iter().collect(),
            paging: PagingState::start(),
            delivered: false,
            rows: 0,
            page_size,
            streak: None,
            avoid: None,
            started: false,
            nodes: Arc::default(),
            look: 0,
        }
    }

    /// The range being read.
    pub(crate) fn range(&self) -> Option<TokenRange> {
        self.ranges.front().copied()
    }

    /// Takes the first range off, done or given up; the next begins at its start.
    pub(crate) fn next_range(&mut self) {
        self.ranges.pop_front();
        self.paging = PagingState::start();
        self.delivered = false;
        self.rows = 0;
    }

    /// Cuts the first range in two where nothing of it has been delivered. The first half stays with
    /// the rest; the second becomes work of its own, so that both can run at once.
    pub(crate) fn bisect(&mut self) -> Option<(Work, (TokenRange, TokenRange))> {
        if self.delivered {
            return None;
        }
        let (left, right) = self.range()?.bisect()?;
        *self.ranges.front_mut()? = left;
        self.paging = PagingState::start();
        let half = Work { avoid: self.avoid, ..self.sibling([right]) };
        Some((half, (left, right)))
    }

    /// Takes half of the ranges that have not been begun off, as work of its own: for a node that has
    /// nothing to do while this one goes on.
    pub(crate) fn share(&mut self) -> Option<Work> {
        let unbegun = self.ranges.len().saturating_sub(1);
        if unbegun == 0 {
            return None;
        }
        let taken = self.ranges.split_off(self.ranges.len() - unbegun.div_ceil(2));
        Some(self.sibling(taken))
    }

    /// Work of the same split, of the same nodes.
    fn sibling(&self, ranges: impl IntoIterator<Item = TokenRange>) -> Work {
        Work {
            started: true,
            nodes: Arc::clone(&self.nodes),
            look: self.look,
            ..Work::new(self.split, ranges, self.page_size)
        }
    }
}

#[cfg(test)]
mod tests {
    use tokenring::Token;

    use super::*;

    #[test]
    fn bisecting_keeps_every_token_and_every_other_range() {
        let later = TokenRange::new(Token::new(50), Token::new(60)).unwrap();
        let first = TokenRange::new(Token::new(0), Token::new(10)).unwrap();
        let mut work = Work::new(3, [first, later], 100);
        let (half, (left, right)) = work.bisect().unwrap();
        assert_eq!((left.start(), right.end()), (first.start(), first.end()));
        assert_eq!(left.end(), right.start());
        assert_eq!(work.ranges, [left, later]);
        assert_eq!(half.ranges, [right]);
    }

    #[test]
    fn what_has_not_begun_is_shared() {
        let range = |n| TokenRange::new(Token::new(n), Token::new(n + 1)).unwrap();
        let mut work = Work::new(3, [range(0), range(1), range(2), range(3)], 100);
        assert_eq!(work.share().unwrap().ranges, [range(2), range(3)]);
        assert_eq!(work.share().unwrap().ranges, [range(1)]);
        assert!(work.share().is_none());
        assert_eq!(work.ranges, [range(0)]);
    }

    #[test]
    fn a_range_of_which_rows_went_out_is_never_cut() {
        let mut work = Work::new(0, [TokenRange::FULL], 100);
        work.delivered = true;
        assert!(work.bisect().is_none());
    }
}
