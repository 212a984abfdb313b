//! How many splits each node serves at a time: what was told, or what its answers show.
//!
//! The schedule asks before it gives work to a node; the readers tell how long pages took. A split may
//! take minutes, so a node that is to have fewer gets them back between two pages.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::courtesy::Courtesy;
use crate::limit::{Bounds, Limit};

/// Work below this many bytes, or rows counted, is timed as if it were as much: the time of small
/// answers is that of the way.
const LEAST_BYTES: u64 = 32 << 10;
const LEAST_COUNTED: u64 = 2_000;
/// A rest is never longer.
const LONGEST_REST: Duration = Duration::from_secs(1);

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
    adaptive: Option<Mutex<Adaptive>>,
    /// Splits that readers are to give back.
    give_back: AtomicUsize,
    in_flight: AtomicUsize,
    /// Lanes for each split in flight, where these are fewer than the lanes.
    lanes_per_split: AtomicUsize,
}

/// What the number of splits follows.
#[derive(Debug)]
enum Adaptive {
    /// How long pages take.
    Limit(Limit),
    /// What others feel.
    Courtesy(Courtesy),
}

impl Adaptive {
    /// How much at a time; it may be less than one.
    fn share(&self) -> f64 {
        match self {
            Adaptive::Limit(limit) => limit.share(),
            Adaptive::Courtesy(courtesy) => courtesy.share(),
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozens")]
    fn slots(&self) -> usize {
        self.share().max(1.0) as usize
    }
}

impl Lane {
    pub(crate) fn new(is_fixed: bool) -> Self {
        Lane {
            adaptive: (!is_fixed).then(|| Mutex::new(Adaptive::Limit(Limit::new(Bounds::pages())))),
            give_back: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            lanes_per_split: AtomicUsize::new(1),
        }
    }

    fn lock(&self) -> Option<MutexGuard<'_, Adaptive>> {
        Some(self.adaptive.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many splits the node takes at a time, as far as its answers tell.
    pub(crate) fn slots(&self) -> usize {
        self.lock().map_or(usize::MAX, |adaptive| adaptive.slots())
    }

    /// The share of the node's time that the run takes while others use the cluster.
    pub(crate) fn courtesy(&self) -> Option<f64> {
        match &*self.lock()? {
            Adaptive::Courtesy(courtesy) => Some(courtesy.share()),
            Adaptive::Limit(_) => None,
        }
    }

    /// So many lanes have one split in flight between them, and so rest the shorter.
    pub(crate) fn set_lanes_per_split(&self, lanes: usize) {
        self.lanes_per_split.store(lanes, Ordering::Relaxed);
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

    /// Nobody else uses the node, or nobody knows: the pages' own times count.
    pub(crate) fn alone(&self) {
        if let Some(mut adaptive) = self.lock()
            && matches!(*adaptive, Adaptive::Courtesy(_))
        {
            *adaptive = Adaptive::Limit(Limit::new(Bounds::pages()));
        }
    }

    /// Others use the cluster: small reads count, which took so long while the run was silent.
    pub(crate) fn beside_others(&self, quiet: &mut [Duration]) {
        if let Some(mut adaptive) = self.lock() {
            match &mut *adaptive {
                Adaptive::Courtesy(courtesy) => courtesy.set_quiet(quiet),
                limit => *limit = Adaptive::Courtesy(Courtesy::new(quiet)),
            }
        }
    }

    /// A small read took so long; says whether the number of splits has changed.
    pub(crate) fn felt(&self, took: Duration) -> bool {
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        self.change(|adaptive| {
            let is_full = in_flight >= adaptive.slots();
            if let Adaptive::Courtesy(courtesy) = adaptive {
                courtesy.felt(took, is_full);
            }
        })
    }

    /// A page came after so long; says how long to send nothing, and whether the number of splits has changed.
    pub(crate) fn answered(&self, took: Duration, cost: Cost) -> (Duration, bool) {
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        let changed = self.change(|adaptive| {
            if let Adaptive::Limit(limit) = adaptive {
                limit.answered(cost.normal(took), in_flight);
            }
        });
        let lanes = self.lanes_per_split.load(Ordering::Relaxed) as f64;
        let rest = |adaptive: MutexGuard<'_, Adaptive>| rest(adaptive.share() * lanes, took);
        (self.lock().map_or(Duration::ZERO, rest), changed)
    }

    /// The node has too much to do.
    pub(crate) fn pushed_back(&self) {
        self.change(|adaptive| match adaptive {
            Adaptive::Limit(limit) => limit.pushed_back(),
            Adaptive::Courtesy(courtesy) => courtesy.pushed_back(),
        });
    }

    fn change(&self, change: impl FnOnce(&mut Adaptive)) -> bool {
        let Some(mut adaptive) = self.lock() else { return false };
        let before = adaptive.slots();
        change(&mut adaptive);
        adaptive.slots() != before
    }
}

/// How long to send nothing after a request that took so long, where less than one at a time is to be there.
fn rest(share: f64, took: Duration) -> Duration {
    if share < 1.0 { took.mul_f64(1.0 / share - 1.0).min(LONGEST_REST) } else { Duration::ZERO }
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
    fn less_than_one_at_a_time_brings_rests_that_are_bounded() {
        let took = Duration::from_millis(60);
        assert_eq!(rest(2.0, took), Duration::ZERO);
        assert_eq!(rest(0.25, took), took * 3);
        assert_eq!(rest(0.05, Duration::from_secs(3600)), LONGEST_REST);
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
