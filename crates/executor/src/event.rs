//! What a run tells while it goes: typed events, for whoever shows or records them.
//!
//! The engine prints nothing. A progress bar, JSON lines and metrics are three observers.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use tokenring::TokenRange;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use topology::Fault;

use crate::stats::Stats;

/// Something that happened in a run. Splits are named by their index in the plan.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A split was given to a node for the first time.
    SplitStarted {
        /// The split.
        split: usize,
        /// The node asked.
        node: SocketAddr,
    },
    /// A page arrived.
    Page {
        /// Its split.
        split: usize,
        /// The range it is of.
        range: TokenRange,
        /// Rows in it, or counted by it.
        rows: u64,
        /// Bytes of rows.
        bytes: u64,
    },
    /// A range was read to its end.
    RangeDone {
        /// Its split.
        split: usize,
        /// The range.
        range: TokenRange,
        /// Its rows.
        rows: u64,
    },
    /// All ranges of a split were read to their end.
    SplitDone {
        /// The split.
        split: usize,
    },
    /// A request failed and will be sent again.
    Retry {
        /// Its split.
        split: usize,
        /// The range it was for.
        range: TokenRange,
        /// The node that failed.
        node: SocketAddr,
        /// What kind of failure.
        fault: Fault,
        /// What the driver said.
        reason: String,
        /// The pause before it is sent again.
        delay: Duration,
    },
    /// A range was cut in two: it timed out, its replicas failed, or nothing of it came for long while
    /// nodes were idle.
    Resplit {
        /// Its split.
        split: usize,
        /// The halves.
        halves: (TokenRange, TokenRange),
    },
    /// A range that timed out in the middle goes on with smaller pages.
    SmallerPages {
        /// Its split.
        split: usize,
        /// The range.
        range: TokenRange,
        /// Rows per page from now on.
        page_size: i32,
    },
    /// The ring has changed, and what is left is read from those who hold it now.
    Replanned {
        /// The nodes of the cluster.
        nodes: Vec<SocketAddr>,
    },
    /// A page was served by another node than the one asked.
    Misrouted {
        /// Its split.
        split: usize,
        /// The node asked.
        asked: SocketAddr,
        /// The node that answered.
        answered: SocketAddr,
    },
    /// A range was given up.
    RangeFailed {
        /// Its split.
        split: usize,
        /// The range.
        range: TokenRange,
        /// Why.
        reason: String,
    },
    /// The run is over; the figures say how it ended.
    Finished,
    /// So many events were missed by an [`event_stream`] that was read too slowly.
    Missed(u64),
}

type Callback = dyn Fn(&Event, &Stats) + Send + Sync;

/// Whoever is told of a run's events, with the figures as they stand after each.
///
/// It is called from the run's own tasks, and not at the same time from several: what it does should be quick.
#[derive(Clone)]
pub struct Observer(Option<Arc<Callback>>);

impl Observer {
    /// Nobody.
    pub fn none() -> Self {
        Observer(None)
    }

    /// A callback.
    ///
    /// ```
    /// use executor::{Event, Observer};
    /// let observer = Observer::new(|event, stats| {
    ///     if let Event::RangeDone { range, rows, .. } = event {
    ///         println!("{range}: {rows} rows, {:.1} % done", stats.percent());
    ///     }
    /// });
    /// # let _ = observer;
    /// ```
    pub fn new(callback: impl Fn(&Event, &Stats) + Send + Sync + 'static) -> Self {
        Observer(Some(Arc::new(callback)))
    }

    /// This one, then another.
    pub fn and(self, other: Observer) -> Self {
        match (self.0, other.0) {
            (Some(first), Some(second)) => Observer::new(move |event, stats| {
                first(event, stats);
                second(event, stats);
            }),
            (first, second) => Observer(first.or(second)),
        }
    }

    pub(crate) fn tell(&self, event: &Event, stats: &Stats) {
        if let Some(callback) = &self.0 {
            callback(event, stats);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer(..)" } else { "Observer(none)" })
    }
}

/// An observer, and the stream of what it sees.
///
/// The stream keeps the last `capacity` events: one who reads too slowly misses some and is told how
/// many ([`Event::Missed`]), but never slows the run or makes it grow. It ends when the run and the
/// observer are gone.
pub fn event_stream(capacity: usize) -> (Observer, impl Stream<Item = (Event, Stats)> + Unpin) {
    let (sender, receiver) = broadcast::channel(capacity.max(1));
    let observer = Observer::new(move |event: &Event, stats: &Stats| {
        // An error only says that nobody listens any more.
        let _ = sender.send((event.clone(), stats.clone()));
    });
    let stream = BroadcastStream::new(receiver).map(|item| match item {
        Ok(seen) => seen,
        Err(BroadcastStreamRecvError::Lagged(missed)) => (Event::Missed(missed), Stats::default()),
    });
    (observer, stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_is_told_what_it_missed() {
        let (observer, stream) = event_stream(2);
        for split in 0..5 {
            observer.tell(&Event::SplitDone { split }, &Stats::default());
        }
        drop(observer);
        let events: Vec<Event> = stream.map(|(event, _)| event).collect().await;
        assert!(matches!(events[0], Event::Missed(3)), "{events:?}");
        assert!(matches!(events[2], Event::SplitDone { split: 4 }), "{events:?}");
        assert_eq!(events.len(), 3);
    }
}
