//! How many requests one node gets at a time: what it takes without making them wait. Pure: no clock;
//! whoever asks has measured.
//!
//! A gradient limiter, after TCP Vegas (Brakmo and Peterson, 1995) and Netflix's
//! `concurrency-limits` (`GradientLimit`): answers are looked at in windows. While they take at most a
//! multiple of what the quickest window took, the limit grows by a step each window; where they take longer,
//! requests wait in the node's queues, or someone else's load is on it, and the limit shrinks by as much
//! as they are too slow, by half at the most. Where the node says that it is overloaded, or says nothing
//! at all, it halves.
//!
//! Requests of writes are small, and many are in flight. A page of a scan keeps a core of the node busy by
//! itself, so their limit may be **less than one**: then one request is in flight, and after it comes a
//! rest, as long as the limit says.

use std::time::Duration;

/// Answers of a window, at the least: fewer say nothing.
const SHORTEST_WINDOW: usize = 8;
/// Windows until what is the quickest is found out anew, where that is done: tables are not equally
/// cold everywhere, and nodes not equally busy all day.
const WINDOWS_BETWEEN_PROBES: u32 = 200;

/// Within what a limit moves, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Before anything is known.
    first: f64,
    /// Slow answers alone never make it less.
    least: f64,
    most: f64,
    /// What it grows by in a window.
    step: f64,
    /// Answers within this multiple of the quickest are soon enough…
    patience: f64,
    /// … and so are answers within this time, in seconds, from any node.
    soon: f64,
    /// Whether the quickest is found out anew now and then.
    probes: bool,
}

impl Bounds {
    /// For batches of writes.
    pub(crate) fn writes(most: usize) -> Self {
        Bounds {
            first: 16.0,
            least: 4.0,
            most: most.max(1) as f64,
            step: 1.0,
            patience: 4.0,
            soon: 0.02,
            probes: false,
        }
    }

    /// For pages of a scan.
    pub(crate) fn pages() -> Self {
        Bounds {
            first: 1.0,
            least: 0.2,
            most: 16.0,
            step: 0.25,
            patience: 2.0,
            soon: 0.0,
            probes: true,
        }
    }
}

/// The limit of one node.
#[derive(Debug)]
pub(crate) struct Limit {
    now: f64,
    bounds: Bounds,
    /// Seconds of the quickest window (or of the quickest answer until there was one).
    quickest: Option<f64>,
    window: Window,
    windows: u32,
    /// The limit to go back to after the quickest has been found out anew.
    probing: Option<Probe>,
}

#[derive(Debug)]
struct Probe {
    back_to: f64,
    /// Answers to what was sent before it are over.
    settled: bool,
}

/// Answers since the limit was last looked at.
#[derive(Debug, Default)]
struct Window {
    /// Answers and refusals.
    count: usize,
    /// Answers whose time is known.
    timed: u32,
    seconds: f64,
    /// Whether as many were in flight as may be: else their times say nothing of a higher limit.
    full: bool,
    /// Whether the limit has been halved in it.
    halved: bool,
}

impl Limit {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Limit {
            now: bounds.first.min(bounds.most),
            bounds,
            quickest: None,
            window: Window::default(),
            windows: 0,
            probing: None,
        }
    }

    /// Requests that may be in flight; at least one.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to `most`")]
    pub(crate) fn slots(&self) -> usize {
        self.now.max(1.0) as usize
    }

    /// The limit itself, which may be less than one.
    pub(crate) fn share(&self) -> f64 {
        self.now
    }

    /// A request was answered after so long, while so many were in flight, itself included.
    pub(crate) fn answered(&mut self, took: Duration, in_flight: usize) {
        let seconds = took.as_secs_f64();
        if !self.bounds.probes {
            self.quickest = Some(self.quickest.map_or(seconds, |quickest| quickest.min(seconds)));
        }
        self.window.timed += 1;
        self.window.seconds += seconds;
        self.window.full |= in_flight >= self.slots();
        self.count();
    }

    /// The node asked for less, or did not answer in time.
    pub(crate) fn pushed_back(&mut self) {
        if !self.window.halved {
            self.now = (self.now / 2.0).max(self.bounds.least.min(1.0));
            self.window = Window { halved: true, ..Window::default() };
        }
        self.count();
    }

    fn count(&mut self) {
        self.window.count += 1;
        if self.window.count < self.slots().max(SHORTEST_WINDOW) {
            return;
        }
        let window = std::mem::take(&mut self.window);
        if window.timed == 0 {
            return;
        }
        let mean = window.seconds / f64::from(window.timed);
        if self.bounds.probes && self.probe(mean) {
            return;
        }
        let quickest = self.quickest.map_or(mean, |quickest| quickest.min(mean));
        if self.bounds.probes {
            self.quickest = Some(quickest);
        }
        let soon_enough = (quickest * self.bounds.patience).max(self.bounds.soon);
        if mean > soon_enough {
            let gradient = (soon_enough / mean).max(0.5);
            self.now = (self.now * gradient).max(self.bounds.least.min(self.now));
        } else if window.full && !window.halved {
            self.now = (self.now + self.bounds.step).min(self.bounds.most);
        }
    }

    /// Whether a window belongs to finding out the quickest anew.
    fn probe(&mut self, mean: f64) -> bool {
        self.windows += 1;
        match &mut self.probing {
            None if self.windows < WINDOWS_BETWEEN_PROBES => false,
            None => {
                self.probing = Some(Probe { back_to: self.now, settled: false });
                self.now = self.now.min(self.bounds.first);
                true
            }
            Some(probe) if !probe.settled => {
                probe.settled = true;
                true
            }
            Some(probe) => {
                self.now = probe.back_to;
                self.quickest = Some(mean);
                self.probing = None;
                self.windows = 0;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(2);
    const SLOW: Duration = Duration::from_millis(60);

    fn writes(most: usize) -> Limit {
        Limit::new(Bounds::writes(most))
    }

    /// As many answers as make a window.
    fn window(limit: &mut Limit, took: Duration, in_flight: usize) {
        for _ in 0..limit.slots().max(SHORTEST_WINDOW) {
            limit.answered(took, in_flight);
        }
    }

    #[test]
    fn quick_answers_let_it_grow_to_its_bound_by_one_a_window() {
        let mut limit = writes(20);
        for expected in [17, 18, 19, 20, 20] {
            let in_flight = limit.slots();
            window(&mut limit, QUICK, in_flight);
            assert_eq!(limit.slots(), expected);
        }
    }

    #[test]
    fn answers_to_few_requests_say_nothing_of_more() {
        let mut limit = writes(256);
        for _ in 0..10 {
            window(&mut limit, QUICK, 3);
        }
        assert_eq!(limit.slots(), 16);
    }

    #[test]
    fn slow_answers_make_it_shrink_by_as_much_as_they_are_too_slow() {
        let mut limit = writes(256);
        limit.answered(QUICK, 1);
        window(&mut limit, Duration::from_millis(25), 16);
        assert!((11..=14).contains(&limit.slots()), "{limit:?}");
        for _ in 0..100 {
            window(&mut limit, SLOW, 16);
        }
        assert_eq!(limit.slots(), 4);
    }

    #[test]
    fn a_node_that_is_far_away_is_not_taken_for_a_slow_one() {
        let mut limit = writes(256);
        window(&mut limit, SLOW, 16);
        assert_eq!(limit.slots(), 17);
    }

    #[test]
    fn it_halves_once_a_window_however_many_refuse() {
        let mut limit = writes(256);
        for _ in 0..SHORTEST_WINDOW {
            limit.pushed_back();
        }
        assert_eq!(limit.slots(), 8);
        limit.pushed_back();
        assert_eq!(limit.slots(), 4);
    }

    #[test]
    fn a_node_that_refuses_everything_is_still_asked() {
        for mut limit in [writes(256), Limit::new(Bounds::pages())] {
            for _ in 0..1000 {
                limit.pushed_back();
            }
            assert_eq!(limit.slots(), 1);
            for _ in 0..10 {
                window(&mut limit, QUICK, 4);
            }
            assert!(limit.slots() > 1, "{limit:?}");
        }
    }

    #[test]
    fn pages_that_wait_bring_it_below_one() {
        let mut limit = Limit::new(Bounds::pages());
        window(&mut limit, QUICK, 1);
        assert!(limit.share() >= 1.0);
        for _ in 0..20 {
            window(&mut limit, SLOW, 1);
        }
        assert_eq!((limit.slots(), limit.share()), (1, 0.2));
    }

    #[test]
    fn what_is_quick_is_found_out_anew() {
        let mut limit = Limit::new(Bounds::pages());
        window(&mut limit, QUICK, 1);
        for _ in 0..(WINDOWS_BETWEEN_PROBES + 3) {
            window(&mut limit, SLOW, 1);
        }
        let before = limit.share();
        for _ in 0..10 {
            window(&mut limit, SLOW, 1);
        }
        assert!(limit.share() > before, "{limit:?}");
    }
}
