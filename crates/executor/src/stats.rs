//! The figures of a run.

use std::time::Duration;

/// The figures of a run, during it and after it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Rows delivered, or counted.
    pub rows: u64,
    /// Pages received.
    pub pages: u64,
    /// Bytes of rows received, uncompressed.
    pub bytes: u64,
    /// Ranges read to their end.
    pub ranges_done: u64,
    /// Ranges there are; grows when one is cut in two.
    pub ranges_total: u64,
    /// Splits read to their end.
    pub splits_done: u64,
    /// Splits of the plan.
    pub splits_total: u64,
    /// Tokens covered by the ranges done.
    pub tokens_done: u128,
    /// Tokens asked for.
    pub tokens_asked: u128,
    /// Requests sent again after a fault.
    pub retries: u64,
    /// Ranges cut, and pages made smaller: after timeouts and failures, where a range was slow, and where
    /// the ring has new borders.
    pub resplits: u64,
    /// Times that the ring changed, and what was left was planned anew.
    pub replans: u64,
    /// Pages served by another node than the one asked; the rows are right, the routing is not.
    pub misrouted: u64,
    /// Ranges given up.
    pub errors: u64,
    /// Time since the run began.
    pub elapsed: Duration,
    /// Whether all that was asked for is done. Only ever true at the end.
    pub complete: bool,
}

impl Stats {
    /// Rows per second over the whole run so far.
    pub fn rows_per_second(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.rows as f64 / seconds } else { 0.0 }
    }

    /// The covered part of what was asked for, in percent. It is 100 only when nothing is missing:
    /// the comparison is one of integers, and what is nearly done stays below.
    ///
    /// ```
    /// use executor::Stats;
    /// let mut stats = Stats { tokens_asked: u128::MAX, ..Stats::default() };
    /// stats.tokens_done = u128::MAX - 1;
    /// assert!(stats.percent() < 100.0);
    /// stats.tokens_done = u128::MAX;
    /// assert_eq!(stats.percent(), 100.0);
    /// ```
    pub fn percent(&self) -> f64 {
        const NEARLY: f64 = 99.999;
        if self.tokens_done >= self.tokens_asked {
            return 100.0;
        }
        (self.tokens_done as f64 / self.tokens_asked as f64 * 100.0).min(NEARLY)
    }
}
