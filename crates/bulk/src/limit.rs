//! A number of rows that all who read a run share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

/// How many more rows are wanted. When there are enough, the run is ended.
#[derive(Clone, Debug)]
pub(crate) struct RowLimit {
    left: Option<Arc<AtomicU64>>,
    enough: CancellationToken,
}

impl RowLimit {
    /// A limit, which cancels `run` when it is reached.
    pub(crate) fn new(limit: Option<u64>, run: CancellationToken) -> Self {
        RowLimit { left: limit.map(|limit| Arc::new(AtomicU64::new(limit))), enough: run }
    }

    /// How many of these rows are wanted.
    pub(crate) fn take(&self, rows: usize) -> usize {
        let Some(left) = &self.left else {
            return rows;
        };
        let wanted = rows as u64;
        // Never fails: the closure always gives a value.
        let before = left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_sub(wanted))
            })
            .unwrap_or(0);
        if before <= wanted {
            self.enough.cancel();
        }
        usize::try_from(before.min(wanted)).unwrap_or(rows)
    }

    /// Whether there are as many rows as are wanted.
    pub(crate) fn is_reached(&self) -> bool {
        self.left.as_ref().is_some_and(|left| left.load(Ordering::Relaxed) == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_as_many_are_granted() {
        let run = CancellationToken::new();
        let limit = RowLimit::new(Some(10), run.clone());
        assert_eq!((limit.take(4), limit.is_reached()), (4, false));
        assert!(!run.is_cancelled());
        assert_eq!((limit.take(7), limit.is_reached()), (6, true));
        assert!(run.is_cancelled());
        assert_eq!(limit.take(3), 0);
        assert_eq!(RowLimit::new(None, run).take(5), 5);
    }
}
