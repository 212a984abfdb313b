//! How fast runs may go, as told from outside: rates, a bound for each node, a halt. It can be changed
//! while they go, from wherever a clone of it is.
//!
//! What the cluster itself takes is found out by each run ([`crate::limit`]); this is the rest.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use tokio::sync::watch;

use crate::rate::Rate;

/// How fast the runs that share it may go. Clones are the same pace.
///
/// ```
/// use std::num::NonZeroU32;
/// use executor::{Pace, ScanOptions};
/// let pace = Pace::default();
/// let options = ScanOptions { pace: pace.clone(), ..ScanOptions::default() };
/// // Later, from anywhere:
/// pace.set_rows_per_second(NonZeroU32::new(50_000));
/// pace.pause();
/// assert!(options.pace.is_paused());
/// pace.resume();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pace(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    settings: watch::Sender<Settings>,
    rows: Rate,
    bytes: Rate,
}

/// What runs look at before each request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Settings {
    paused: bool,
    max_per_node: Option<NonZeroUsize>,
}

impl Pace {
    /// Sends no further request until [`resume`](Self::resume); what is in flight is waited for. A
    /// paused run can still be cancelled, and its deadline still holds.
    pub fn pause(&self) {
        self.0.settings.send_modify(|settings| settings.paused = true);
    }

    /// Goes on.
    pub fn resume(&self) {
        self.0.settings.send_modify(|settings| settings.paused = false);
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.0.settings.borrow().paused
    }

    /// Rows, or records, per second, of all nodes together; `None`: as many as the cluster takes.
    pub fn set_rows_per_second(&self, rate: Option<NonZeroU32>) {
        self.0.rows.set(rate);
    }

    /// Rows per second, where they are bounded.
    pub fn rows_per_second(&self) -> Option<NonZeroU32> {
        self.0.rows.get()
    }

    /// Bytes of rows read, or of values written, per second, of all nodes together; `None`: as many as
    /// the cluster takes.
    pub fn set_bytes_per_second(&self, rate: Option<NonZeroU32>) {
        self.0.bytes.set(rate);
    }

    /// Bytes per second, where they are bounded.
    pub fn bytes_per_second(&self) -> Option<NonZeroU32> {
        self.0.bytes.get()
    }

    /// How many requests one node has at a time, at the most; `None`: as many as it takes.
    pub fn set_max_per_node(&self, count: Option<NonZeroUsize>) {
        self.0.settings.send_modify(|settings| settings.max_per_node = count);
    }

    /// How many requests one node has at a time, where that is bounded.
    pub fn max_per_node(&self) -> Option<NonZeroUsize> {
        self.0.settings.borrow().max_per_node
    }

    /// Waits until so much may go out, or has been paid for.
    pub(crate) async fn pass(&self, rows: usize, bytes: usize) {
        self.unpaused().await;
        self.0.rows.pass(rows).await;
        self.0.bytes.pass(bytes).await;
    }

    /// Waits while it is paused.
    pub(crate) async fn unpaused(&self) {
        if self.is_paused() {
            // The sender lives as long as this does.
            let _ = self.0.settings.subscribe().wait_for(|settings| !settings.paused).await;
        }
    }

    /// Told of every change of what is looked at before a request.
    pub(crate) fn changes(&self) -> PaceChanges {
        PaceChanges(self.0.settings.subscribe())
    }
}

/// Changes of a pace.
#[derive(Debug)]
pub(crate) struct PaceChanges(watch::Receiver<Settings>);

impl PaceChanges {
    /// Waits for the next change.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn nothing_passes_while_it_is_paused() {
        let pace = Pace::default();
        assert!(pace.pass(1, 1).now_or_never().is_some());
        let same = pace.clone();
        same.pause();
        assert!(pace.is_paused() && pace.pass(0, 0).now_or_never().is_none());
        let waiting = pace.pass(1, 1);
        same.resume();
        waiting.await;
    }

    #[tokio::test]
    async fn changes_are_told() {
        let pace = Pace::default();
        let mut changes = pace.changes();
        assert!(changes.next().now_or_never().is_none());
        pace.set_max_per_node(NonZeroUsize::new(2));
        assert!(changes.next().now_or_never().is_some());
        assert_eq!(pace.max_per_node(), NonZeroUsize::new(2));
    }
}
