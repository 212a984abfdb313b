//! What became of each record.

use topology::Fault;

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The cluster has it, as many replicas as the consistency asks for.
    Written,
    /// It was given up.
    Failed {
        /// What kind of failure was the last.
        fault: Fault,
        /// What the cluster or the driver said.
        reason: String,
    },
    /// The cluster may have it or not, and sending it again could count it twice. Counters only.
    Unknown {
        /// What the cluster or the driver said.
        reason: String,
    },
    /// The run was cancelled before it was written. Where the writes are not counters, an earlier try
    /// whose answer was lost may have been applied all the same.
    NotSent,
}

/// What became of all records of some mutations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteReport {
    /// Each record, by the caller's number, with its outcome; in ascending order.
    pub outcomes: Vec<(u32, Outcome)>,
    /// Why sending was given up: a batch had used all its time
    /// ([`RetryPolicy::max_elapsed`](crate::RetryPolicy)), and for half of it no node had taken any other. What was not written by then was not sent, or may
    /// be sent again: it is no fault of the records.
    pub stalled: Option<String>,
}

impl WriteReport {
    /// How many records were written.
    pub fn written(&self) -> usize {
        self.outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Written).count()
    }
}
