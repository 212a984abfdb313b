//! How many requests one node gets at a time: what it takes without making them wait. Pure: no clock;
//! whoever asks has measured.
//!
//! Answers are looked at in windows of as many as may be in flight. As long as they come soon enough
//! the limit grows by one each window; where they take much longer than the quickest ever did, requests
//! wait in the node's queues, and it shrinks by a tenth; where the node says that it is overloaded, or
//! says nothing at all, it halves. What is soon enough follows the node: a multiple of its quickest
//! answer, which is the way to it and back, yet never less than what a busy node takes anyway.

use std::time::Duration;

/// Requests in flight before anything is known.
const FIRST: usize = 16;
/// Slow answers alone never make the limit less: below that, a node idles between requests.
const FEW: usize = 4;
/// Answers of a window, at the least: fewer say nothing.
const SHORTEST_WINDOW: usize = 8;
/// Answers within this time are soon enough from any node.
const SOON: Duration = Duration::from_millis(20);
/// Answers within this multiple of the quickest are soon enough.
const PATIENCE: u32 = 4;

/// The limit of one node.
#[derive(Debug)]
pub(super) struct Limit {
    now: usize,
    most: usize,
    quickest: Option<Duration>,
    window: Window,
}

/// Answers since the limit was last looked at.
#[derive(Debug, Default)]
struct Window {
    /// Answers and refusals.
    count: usize,
    /// Answers whose time is known.
    timed: u32,
    time: Duration,
    /// Whether as many were in flight as may be: else their times say nothing of a higher limit.
    full: bool,
    /// Whether the limit has been halved in it.
    halved: bool,
}

impl Limit {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Limit { now: FIRST.min(most), most, quickest: None, window: Window::default() }
    }

    /// Requests that may be in flight.
    pub(super) fn now(&self) -> usize {
        self.now
    }

    /// A request was answered after so long, while so many were in flight, itself included.
    pub(super) fn answered(&mut self, took: Duration, in_flight: usize) {
        self.quickest = Some(self.quickest.map_or(took, |quickest| quickest.min(took)));
        self.window.timed += 1;
        self.window.time = self.window.time.saturating_add(took);
        self.window.full |= in_flight >= self.now;
        self.count();
    }

    /// The node asked for less, or did not answer in time.
    pub(super) fn pushed_back(&mut self) {
        if !self.window.halved {
            self.now = (self.now / 2).max(1);
            self.window = Window { halved: true, ..Window::default() };
        }
        self.count();
    }

    fn count(&mut self) {
        self.window.count += 1;
        if self.window.count < self.now.max(SHORTEST_WINDOW) {
            return;
        }
        let Window { timed, time, full, halved, .. } = std::mem::take(&mut self.window);
        let Some(mean) = time.checked_div(timed) else { return };
        if mean > self.soon_enough() {
            let less = self.now - self.now.div_ceil(10);
            self.now = less.max(FEW).min(self.now);
        } else if full && !halved {
            self.now = (self.now + 1).min(self.most);
        }
    }

    fn soon_enough(&self) -> Duration {
        let multiple = self.quickest.map_or(SOON, |quickest| quickest.saturating_mul(PATIENCE));
        multiple.max(SOON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(2);
    const SLOW: Duration = Duration::from_millis(60);

    /// As many answers as make a window.
    fn window(limit: &mut Limit, took: Duration, in_flight: usize) {
        for _ in 0..limit.now().max(SHORTEST_WINDOW) {
            limit.answered(took, in_flight);
        }
    }

    #[test]
    fn quick_answers_let_it_grow_to_its_bound_by_one_a_window() {
        let mut limit = Limit::new(20);
        for expected in [17, 18, 19, 20, 20] {
            let in_flight = limit.now();
            window(&mut limit, QUICK, in_flight);
            assert_eq!(limit.now(), expected);
        }
    }

    #[test]
    fn answers_to_few_requests_say_nothing_of_more() {
        let mut limit = Limit::new(256);
        for _ in 0..10 {
            window(&mut limit, QUICK, 3);
        }
        assert_eq!(limit.now(), FIRST);
    }

    #[test]
    fn slow_answers_make_it_shrink_by_a_tenth_and_never_below_a_few() {
        let mut limit = Limit::new(256);
        limit.answered(QUICK, 1);
        window(&mut limit, SLOW, 16);
        assert_eq!(limit.now(), 14);
        for _ in 0..100 {
            window(&mut limit, SLOW, 16);
        }
        assert_eq!(limit.now(), FEW);
    }

    #[test]
    fn a_node_that_is_far_away_is_not_taken_for_a_slow_one() {
        let mut limit = Limit::new(256);
        window(&mut limit, SLOW, 16);
        assert_eq!(limit.now(), 17);
    }

    #[test]
    fn it_halves_once_a_window_however_many_refuse() {
        let mut limit = Limit::new(256);
        for _ in 0..SHORTEST_WINDOW {
            limit.pushed_back();
        }
        assert_eq!(limit.now(), 8);
        limit.pushed_back();
        assert_eq!(limit.now(), 4);
    }

    #[test]
    fn a_node_that_refuses_everything_is_still_asked() {
        let mut limit = Limit::new(256);
        for _ in 0..1000 {
            limit.pushed_back();
        }
        assert_eq!(limit.now(), 1);
        for _ in 0..3 {
            window(&mut limit, QUICK, 4);
        }
        // The first of them still belongs to the window of the last refusal.
        assert!(limit.now() > 1, "{}", limit.now());
    }
}
