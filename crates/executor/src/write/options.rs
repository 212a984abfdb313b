//! How mutations are written.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use scylla::statement::Consistency;
use tokio_util::sync::CancellationToken;

use crate::pace::Pace;
use crate::retry::RetryPolicy;

/// What sending a batch again does to a table, and so when and how it is sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WriteSemantics {
    /// The same statement with the same timestamp changes nothing the second time: it is sent again
    /// after whatever fault that may pass.
    #[default]
    Idempotent,
    /// The table has a list that is not frozen. Writing one is a deletion just below the timestamp,
    /// and then cells with names of their own, which double when they come twice. So each retry has a
    /// timestamp 1 µs later, whose deletion removes what the tries before it may have left. The same is
    /// added to a value bound to `USING TIMESTAMP ?`.
    Lists,
    /// The table has counters: batches are counter batches without a timestamp, and are never sent
    /// again once their outcome is unknown.
    Counters,
}

/// How mutations are written. What is written is their own affair.
///
/// ```
/// use executor::WriteOptions;
/// let options = WriteOptions { batch_rows: 16, ..WriteOptions::default() };
/// assert_eq!(options.batch_bytes, 32 << 10);
/// ```
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// The consistency of each write; `None`: the session's.
    pub consistency: Option<Consistency>,
    /// How long one batch may take, as seen from here.
    pub request_timeout: Duration,
    /// What happens after a fault.
    pub retry: RetryPolicy,
    /// The default timestamp of every batch, in microseconds since 1970. One for a whole run makes its
    /// replays harmless. But lists need a later one wherever a record is written anew that an earlier
    /// run may have written ([`WriteSemantics::Lists`]). [`WriteOptions::default`] takes the clock's.
    pub timestamp: i64,
    /// What sending a batch again does to the table.
    pub semantics: WriteSemantics,
    /// Records in a batch, at the most.
    pub batch_rows: usize,
    /// Bytes of a batch, roughly; a record that is larger goes alone.
    pub batch_bytes: usize,
    /// Bytes of a record, at the most: a larger one is refused before it is sent. Servers take no
    /// mutation of more than 16 MiB (half a segment of the commit log), and some drop the connection.
    pub max_record_bytes: usize,
    /// Batches in flight per node, at the most: the upper bound of what adapts to each node.
    pub in_flight: usize,
    /// How fast it may go; what is not told there, the nodes' own answers decide.
    pub pace: Pace,
    /// The datacenter whose nodes are asked before all others; `None`: all are alike.
    pub local_datacenter: Option<String>,
    /// Ends the run early: what has not been sent is told as such.
    pub cancel: CancellationToken,
}

impl Default for WriteOptions {
    fn default() -> Self {
        WriteOptions {
            consistency: None,
            request_timeout: Duration::from_secs(30),
            retry: RetryPolicy::default(),
            timestamp: now(),
            semantics: WriteSemantics::default(),
            batch_rows: 64,
            batch_bytes: 32 << 10,
            max_record_bytes: 15 << 20,
            in_flight: 256,
            pace: Pace::default(),
            local_datacenter: None,
            cancel: CancellationToken::new(),
        }
    }
}

/// Microseconds since 1970; a clock before that is as good as one at it.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
