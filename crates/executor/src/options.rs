//! How a plan is run.

use std::time::Duration;

use scylla::statement::Consistency;
use tokio_util::sync::CancellationToken;

use crate::event::Observer;
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
    /// How many splits one node serves at a time; `None`: its share of the plan's parallelism,
    /// rounded up.
    pub max_per_node: Option<usize>,
    /// Bytes of pages that may wait for the consumer. Each split in flight may hold one page more; what
    /// the consumer has taken is its own.
    pub budget_bytes: usize,
    /// What happens after a fault.
    pub retry: RetryPolicy,
    /// Who is told of the run's events.
    pub observer: Observer,
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
            max_per_node: None,
            budget_bytes: 2 << 20,
            retry: RetryPolicy::default(),
            observer: Observer::none(),
            cancel: CancellationToken::new(),
        }
    }
}
