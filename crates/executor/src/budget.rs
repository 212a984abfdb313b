//! The bytes that pages waiting for the consumer may hold, shared by all splits of a run.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A semaphore's permits are at most `u32` at a time, so a permit is worth this many bytes.
const UNIT: usize = 1024;

/// A budget of bytes.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    permits: Arc<Semaphore>,
    units: u32,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        let permits = usize::try_from(units).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Budget { permits: Arc::new(Semaphore::new(permits)), units }
    }

    /// Waits until so many bytes are free. What is larger than the whole budget waits for all of it,
    /// and then passes alone.
    pub(crate) async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, self.units);
        // The semaphore is never closed.
        Arc::clone(&self.permits).acquire_many_owned(units).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_page_waits_until_its_bytes_are_free() {
        let budget = Budget::new(10 * UNIT);
        let first = budget.take(8 * UNIT).await;
        assert!(budget.take(3 * UNIT).now_or_never().is_none());
        drop(first);
        assert!(budget.take(3 * UNIT).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_page_larger_than_the_budget_passes_alone() {
        let budget = Budget::new(UNIT);
        let huge = budget.take(100 * UNIT).now_or_never().flatten();
        assert!(huge.is_some());
        assert!(budget.take(1).now_or_never().is_none());
    }
}
