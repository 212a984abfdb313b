//! How a plan is run.

use std::time::{Duration, Instant};

use scylla::statement::Consistency;
use tokio_util::sync::CancellationToken;

use crate::event::Observer;
use crate::pace::Pace;
use crate::retry::RetryPolicy;

/// How a plan is run. What is read is the plan's and the query's affair.
///
/// ```
/// use executor::ScanOptions;
/// use scylla::statement::Consistency;
/// let options = ScanOptions { consistency: Some(Consistency::LocalQuorum), ..ScanOptions::default() };
/// assert_eq!(options.page_size, 5000);
/// ```
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// The consistency of each read; `None`: the session's.
    pub consistency: Option<Consistency>,
    /// Rows per page, at the most.
    pub page_size: i32,
    /// Bytes per page, roughly: wide rows make pages of fewer rows, by the width of those seen before.
    pub page_bytes: usize,
    /// How long one page may take, as seen from here.
    pub request_timeout: Duration,
    /// How fast it may go; what is not told there, the nodes' own answers decide, unless the plan has
    /// a fixed parallelism.
    pub pace: Pace,
    /// Bytes of pages that may wait for the consumer. Each split in flight may hold one page more; what
    /// the consumer has taken is its own.
    pub budget_bytes: usize,
    /// Bytes of pages under way from the nodes, roughly: of wide rows fewer splits are in flight, but at
    /// least one.
    pub in_flight_bytes: usize,
    /// What happens after a fault.
    pub retry: RetryPolicy,
    /// Who is told of the run's events.
    pub observer: Observer,
    /// When the run is to have ended: from then on it fails, with the figures so far.
    pub deadline: Option<Instant>,
    /// Ends the run early, with an error that has the figures so far.
    pub cancel: CancellationToken,
}

impl Default for ScanOptions {
    fn default() -> Self {
        ScanOptions {
            consistency: None,
            page_size: 5000,
            page_bytes: 128 << 10,
            request_timeout: Duration::from_secs(30),
            pace: Pace::default(),
            budget_bytes: 2 << 20,
            in_flight_bytes: 32 << 20,
            retry: RetryPolicy::default(),
            observer: Observer::none(),
            deadline: None,
            cancel: CancellationToken::new(),
        }
    }
}
