//! How much goes through per second: a rate that may be changed while someone waits for it.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Notify;

/// A second's worth comes in so many parts, so that the load is even.
const SMOOTHNESS: u32 = 10;

/// A rate, or none.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    now: Mutex<Option<Arc<Limiter>>>,
    changed: Notify,
    /// The limiter wakes all who wait for it, and one of them wins. Here they stand in line.
    line: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Limiter {
    per_second: NonZeroU32,
    burst: NonZeroU32,
    limiter: DefaultDirectRateLimiter,
}

impl Limiter {
    fn new(per_second: NonZeroU32) -> Self {
        let burst = NonZeroU32::new(per_second.get() / SMOOTHNESS).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst));
        Limiter { per_second, burst, limiter }
    }
}

impl Rate {
    pub(crate) fn set(&self, per_second: Option<NonZeroU32>) {
        let limiter = per_second.map(|rate| Arc::new(Limiter::new(rate)));
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = limiter;
        self.changed.notify_waiters();
    }

    pub(crate) fn get(&self) -> Option<NonZeroU32> {
        self.limiter().map(|limiter| limiter.per_second)
    }

    fn limiter(&self) -> Option<Arc<Limiter>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so much may pass.
    pub(crate) async fn pass(&self, amount: usize) {
        let mut left = u32::try_from(amount).unwrap_or(u32::MAX);
        if left == 0 || self.limiter().is_none() {
            return;
        }
        let _first_in_line = self.line.lock().await;
        loop {
            let changed = self.changed.notified();
            let Some(limiter) = self.limiter() else { return };
            // More than a burst at once would wait for ever.
            let Some(part) = NonZeroU32::new(left.min(limiter.burst.get())) else { return };
            tokio::select! {
                biased;
                passed = limiter.limiter.until_n_ready(part) => match passed {
                    Ok(()) => left -= part.get(),
                    Err(_) => return,
                },
                () = changed => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn rate(per_second: u32) -> Rate {
        let rate = Rate::default();
        rate.set(NonZeroU32::new(per_second));
        rate
    }

    #[tokio::test]
    async fn without_a_rate_everything_passes() {
        assert!(rate(0).pass(usize::MAX).now_or_never().is_some());
    }

    #[tokio::test]
    async fn what_is_more_than_the_rate_waits() {
        let rate = rate(100);
        assert!(rate.pass(10).now_or_never().is_some());
        assert!(rate.pass(1).now_or_never().is_none());
    }

    #[tokio::test]
    async fn more_than_ever_may_pass_at_once_passes_in_parts() {
        // A burst is 1000: this takes four of them.
        rate(10_000).pass(4000).await;
    }

    #[tokio::test]
    async fn who_waits_learns_of_a_new_rate() {
        let rate = rate(1);
        let all = futures::future::join(rate.pass(1_000_000), async { rate.set(None) });
        all.await;
        assert_eq!(rate.get(), None);
    }
}
