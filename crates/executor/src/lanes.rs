//! How many splits each node serves at a time: what was told, or what its answers show.
//!
//! The schedule asks before it gives work to a node; the readers tell how long pages took. A split may
//! take minutes, so a node that is to have fewer gets them back between two pages.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::limit::{Bounds, Limit};

/// Work below this many bytes, or rows counted, is timed as if it were as much: the time of small
/// answers is that of the way.
const LEAST_BYTES: u64 = 32 << 10;
const LEAST_COUNTED: u64 = 2_000;

/// What a page cost its node: the time, and what there was to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cost {
    /// A page of rows, of so many bytes.
    Bytes(u64),
    /// A count of so many rows.
    Counted(u64),
}

impl Cost {
    /// The time that the usual amount would have taken.
    fn normal(self, took: Duration) -> Duration {
        let (amount, least) = match self {
            Cost::Bytes(bytes) => (bytes, LEAST_BYTES),
            Cost::Counted(rows) => (rows, LEAST_COUNTED),
        };
        took.mul_f64(least as f64 / amount.max(least) as f64)
    }
}

/// The way to one node.
#[derive(Debug)]
pub(crate) struct Lane {
    /// `None`: the number is fixed.
    limit: Option<Mutex<Limit>>,
    /// Splits that readers are to give back.
    give_back: AtomicUsize,
    in_flight: AtomicUsize,
}

impl Lane {
    pub(crate) fn new(is_fixed: bool) -> Self {
        Lane {
            limit: (!is_fixed).then(|| Mutex::new(Limit::new(Bounds::pages()))),
            give_back: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
        }
    }

    fn lock(&self) -> Option<MutexGuard<'_, Limit>> {
        Some(self.limit.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many splits the node takes at a time, as far as its answers tell.
    pub(crate) fn slots(&self) -> usize {
        self.lock().map_or(usize::MAX, |limit| limit.slots())
    }

    /// The node serves so many, and is to serve only so many.
    pub(crate) fn set(&self, in_flight: usize, room: usize) {
        self.in_flight.store(in_flight, Ordering::Relaxed);
        self.give_back.store(in_flight.saturating_sub(room), Ordering::Relaxed);
    }

    /// Whether a reader between two pages is to give its split back. It is asked of one reader for
    /// each split that is too many.
    pub(crate) fn is_given_back(&self) -> bool {
        self.give_back
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1))
            .is_ok()
    }

    /// A page came after so long; says how long to send nothing, and whether the limit has changed.
    pub(crate) fn answered(&self, took: Duration, cost: Cost) -> (Duration, bool) {
        let Some(mut limit) = self.lock() else { return (Duration::ZERO, false) };
        let before = limit.slots();
        limit.answered(cost.normal(took), self.in_flight.load(Ordering::Relaxed));
        (limit.rest(took), limit.slots() != before)
    }

    /// The node has too much to do.
    pub(crate) fn pushed_back(&self) {
        if let Some(mut limit) = self.lock() {
            limit.pushed_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_lane_has_no_limit_of_its_own() {
        let lane = Lane::new(true);
        assert_eq!(lane.slots(), usize::MAX);
        let (rest, changed) = lane.answered(Duration::from_secs(9), Cost::Bytes(1));
        assert_eq!((rest, changed), (Duration::ZERO, false));
    }

    #[test]
    fn as_many_are_given_back_as_are_too_many() {
        let lane = Lane::new(false);
        lane.set(3, 1);
        assert!(lane.is_given_back() && lane.is_given_back() && !lane.is_given_back());
    }

    #[test]
    fn the_time_of_large_pages_is_held_against_their_size() {
        let took = Duration::from_millis(40);
        assert_eq!(Cost::Bytes(LEAST_BYTES * 4).normal(took), took / 4);
        assert_eq!(Cost::Bytes(10).normal(took), took);
        assert_eq!(Cost::Counted(LEAST_COUNTED * 2).normal(took), took / 2);
    }
}
