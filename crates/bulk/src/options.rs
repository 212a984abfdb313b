//! The options that all jobs share.

use std::time::Instant;

use executor::{Condition, Event, Observer, Pace, ScanOptions, Stats};
use scylla::statement::Consistency;
use tokenring::RangeSet;
use tokio_util::sync::CancellationToken;

use crate::selection::CellColumns;

/// What a job reads, and how. The defaults suit most tables.
///
/// ```
/// use bulk::BulkOptions;
/// use scylla::statement::Consistency;
/// let options = BulkOptions::default()
///     .split_count(128)
///     .parallelism(12)
///     .consistency(Consistency::LocalQuorum)
///     .progress(|_event, stats| eprintln!("{:.1} %", stats.percent()));
/// ```
#[derive(Clone, Debug, Default)]
pub struct BulkOptions {
    pub(crate) split_count: Option<usize>,
    pub(crate) parallelism: Option<usize>,
    pub(crate) token_ranges: Option<RangeSet>,
    pub(crate) local_datacenter: Option<String>,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) writetime: CellColumns,
    pub(crate) ttl: CellColumns,
    pub(crate) filter: Option<Condition>,
    pub(crate) allow_filtering: bool,
    pub(crate) scan: ScanOptions,
}

impl BulkOptions {
    /// How many units of work the table is cut into. Default: by data size, at least 4 × nodes.
    ///
    /// It is met exactly where it can be: there is at least one split for each distinct set of
    /// replicas, since a split is read from one node.
    pub fn split_count(mut self, count: usize) -> Self {
        self.split_count = Some(count);
        self
    }

    /// How many of them run at the same time. Default: as many as each node takes without making them
    /// wait, which follows its answers.
    pub fn parallelism(mut self, count: usize) -> Self {
        self.parallelism = Some(count);
        self
    }

    /// The consistency of each read. Default: the session's.
    pub fn consistency(mut self, consistency: Consistency) -> Self {
        self.scan.consistency = Some(consistency);
        self
    }

    /// Rows per page, at the most. Default: 5,000; fewer where they would weigh more than
    /// [`ScanOptions::page_bytes`].
    pub fn page_size(mut self, rows: i32) -> Self {
        self.scan.page_size = rows;
        self
    }

    /// The ranges to read. Default: the whole ring.
    pub fn token_ranges(mut self, ranges: RangeSet) -> Self {
        self.token_ranges = Some(ranges);
        self
    }

    /// The columns that an export reads, in this order. Default: all, in the schema's order.
    pub fn columns(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// The columns whose write times an export reads too, in microseconds since 1970, as columns named
    /// `writetime(…)`: a list, with one for each element, where a collection or a user-defined type is
    /// not frozen, which needs Cassandra 5.
    pub fn writetime(mut self, columns: CellColumns) -> Self {
        self.writetime = columns;
        self
    }

    /// The columns whose times to live an export reads too, in seconds, as columns named `ttl(…)`; as
    /// [`writetime`](Self::writetime).
    pub fn ttl(mut self, columns: CellColumns) -> Self {
        self.ttl = columns;
        self
    }

    /// Only the rows that a condition holds for. The server refuses one that it has no index for,
    /// unless it is [allowed](Self::allow_filtering) to read all rows and drop what does not match.
    pub fn filter(mut self, condition: Condition) -> Self {
        self.filter = Some(condition);
        self
    }

    /// Adds `ALLOW FILTERING` to a [`filter`](Self::filter).
    pub fn allow_filtering(mut self, allowed: bool) -> Self {
        self.allow_filtering = allowed;
        self
    }

    /// The datacenter whose replicas are read. Default: the operator's, if it was connected with one.
    pub fn local_datacenter(mut self, datacenter: impl Into<String>) -> Self {
        self.local_datacenter = Some(datacenter.into());
        self
    }

    /// A callback that is told of every event with the figures after it. For a stream of events, see
    /// [`event_stream`](crate::event_stream) and [`observer`](Self::observer).
    pub fn progress(self, callback: impl Fn(&Event, &Stats) + Send + Sync + 'static) -> Self {
        self.observer(Observer::new(callback))
    }

    /// One more observer of the run's events.
    pub fn observer(mut self, observer: Observer) -> Self {
        self.scan.observer = self.scan.observer.and(observer);
        self
    }

    /// Ends the job early when it is cancelled, with an error that has the figures so far.
    pub fn cancel(mut self, token: CancellationToken) -> Self {
        self.scan.cancel = token;
        self
    }

    /// How fast the job may go; it can be changed while it goes.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.scan.pace = pace;
        self
    }

    /// When the job is to have ended: from then on it fails, with what is done to go on with.
    pub fn deadline(mut self, moment: Instant) -> Self {
        self.scan.deadline = Some(moment);
        self
    }

    /// Everything else about the run: timeouts, retries, memory. Replaces what was set before of
    /// consistency, page size, observers and cancellation.
    pub fn scan(mut self, options: ScanOptions) -> Self {
        self.scan = options;
        self
    }
}
