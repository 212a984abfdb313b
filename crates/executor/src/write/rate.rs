//! The rates that the user allows, of all nodes together.

use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Mutex;

/// What may come at once is a second's worth divided by this.
const SMOOTHNESS: u32 = 10;

/// How many records and bytes may go out per second.
#[derive(Debug)]
pub(super) struct Rates {
    rows: Option<Rate>,
    bytes: Option<Rate>,
}

impl Rates {
    pub(super) fn new(rows: Option<NonZeroU32>, bytes: Option<NonZeroU32>) -> Self {
        Rates { rows: rows.map(Rate::new), bytes: bytes.map(Rate::new) }
    }

    /// Waits until so much may go out.
    pub(super) async fn pass(&self, rows: usize, bytes: usize) {
        if let Some(rate) = &self.rows {
            rate.pass(rows).await;
        }
        if let Some(rate) = &self.bytes {
            rate.pass(bytes).await;
        }
    }
}

#[derive(Debug)]
struct Rate {
    limiter: DefaultDirectRateLimiter,
    burst: NonZeroU32,
    /// The limiter wakes all who wait for it, and one of them wins. Here they stand in line.
    line: Mutex<()>,
}

impl Rate {
    fn new(per_second: NonZeroU32) -> Self {
        let burst = NonZeroU32::new(per_second.get() / SMOOTHNESS).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst));
        Rate { limiter, burst, line: Mutex::new(()) }
    }

    async fn pass(&self, amount: usize) {
        let _first_in_line = self.line.lock().await;
        let mut left = u32::try_from(amount).unwrap_or(u32::MAX);
        // More than a burst at once would wait for ever.
        while let Some(part) = NonZeroU32::new(left.min(self.burst.get())) {
            if self.limiter.until_n_ready(part).await.is_err() {
                return;
            }
            left -= part.get();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn rates(rows: u32, bytes: u32) -> Rates {
        Rates::new(NonZeroU32::new(rows), NonZeroU32::new(bytes))
    }

    #[tokio::test]
    async fn without_a_rate_everything_passes() {
        assert!(rates(0, 0).pass(usize::MAX, usize::MAX).now_or_never().is_some());
    }

    #[tokio::test]
    async fn what_is_more_than_the_rate_waits() {
        let rates = rates(100, 0);
        assert!(rates.pass(10, 5000).now_or_never().is_some());
        assert!(rates.pass(1, 0).now_or_never().is_none());
    }

    #[tokio::test]
    async fn more_than_ever_may_pass_at_once_passes_in_parts() {
        // A burst is 1000 bytes: this takes four of them.
        rates(0, 10_000).pass(1, 4000).await;
    }
}
