//! How faults are waited out: what is tried again, how soon, and until when.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use topology::Fault;

/// When a failed request is sent again: a page of a range, or a batch of writes.
///
/// Every fault of the cluster is: timeouts, overload, too few replicas, lost connections
/// ([`topology::Fault::retryable`]). Bad statements and refused permissions are not.
///
/// A pause starts at `min_delay`, doubles up to `max_delay`, and has jitter added, so that splits which
/// failed together do not come back together. `max_elapsed` bounds the time that a range spends in
/// failed requests and pauses **without progress**: a delivered page starts it anew, and so does cutting
/// a range that timed out in two, as long as anything of the run moves (`max_stalled`). For a batch
/// it is the time of all its tries and pauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The first pause.
    pub min_delay: Duration,
    /// The longest pause, before jitter.
    pub max_delay: Duration,
    /// How long a range may go without progress before it is given up.
    pub max_elapsed: Duration,
    /// How long the whole run may go without a page before ranges that time out are no longer made
    /// smaller, but given up.
    pub max_stalled: Duration,
}

impl Default for RetryPolicy {
    /// 100 ms, doubling up to 5 s; given up after 60 s; stalled after 5 min.
    fn default() -> Self {
        RetryPolicy {
            min_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(5),
            max_elapsed: Duration::from_secs(60),
            max_stalled: Duration::from_secs(300),
        }
    }
}

/// A row of faults without progress in between.
#[derive(Debug)]
pub(crate) struct Streak {
    /// Time spent in failed requests and pauses. Waiting for a free slot does not count.
    spent: Duration,
    delays: ExponentialBackoff,
    /// Faults so far.
    pub(crate) faults: u32,
    /// Timeouts so far.
    pub(crate) timeouts: u32,
}

impl Streak {
    pub(crate) fn start(policy: &RetryPolicy) -> Self {
        let delays = ExponentialBuilder::default()
            .with_min_delay(policy.min_delay)
            .with_max_delay(policy.max_delay)
            .with_jitter()
            .without_max_times()
            .build();
        Streak { spent: Duration::ZERO, delays, faults: 0, timeouts: 0 }
    }

    /// A request failed, after so much time.
    pub(crate) fn record(&mut self, fault: Fault, took: Duration) {
        self.spent += took;
        self.faults += 1;
        self.timeouts += u32::from(fault == Fault::Timeout);
    }

    /// How long to wait before the next try; `None`: the bound is reached.
    pub(crate) fn next_delay(&mut self, policy: &RetryPolicy) -> Option<Duration> {
        let left = policy.max_elapsed.checked_sub(self.spent).filter(|left| !left.is_zero())?;
        let delay = self.delays.next()?.min(left);
        self.spent += delay;
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let policy = RetryPolicy::default();
        let mut streak = Streak::start(&policy);
        let delays: Vec<Duration> = std::iter::from_fn(|| streak.next_delay(&policy)).collect();
        assert!(delays[0] >= policy.min_delay && delays.len() > 5, "{delays:?}");
        assert!(delays.iter().any(|delay| *delay >= policy.max_delay), "{delays:?}");
        assert_eq!(delays.iter().sum::<Duration>(), policy.max_elapsed);
    }

    #[test]
    fn the_time_of_failed_requests_counts() {
        let policy = RetryPolicy::default();
        let mut streak = Streak::start(&policy);
        streak.record(Fault::Timeout, policy.max_elapsed);
        assert_eq!(streak.next_delay(&policy), None);
    }

    #[test]
    fn no_time_left_means_no_more_tries() {
        let policy = RetryPolicy { max_elapsed: Duration::ZERO, ..RetryPolicy::default() };
        assert_eq!(Streak::start(&policy).next_delay(&policy), None);
    }
}
