//! How a run can end badly, with all that it still has to say.

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use scylla::errors::ExecutionError;
use tokenring::{RangeSet, TokenRange};
use topology::{Fault, TableName, classify};

use crate::count::RangeCount;
use crate::stats::Stats;

/// The result of a run.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Some ranges could not be read; the others were.
    Incomplete,
    /// The cluster refused the statement or the user: the run was stopped.
    Refused,
    /// The run was cancelled.
    Interrupted,
    /// The run had not ended at its deadline.
    Deadline,
    /// The table was altered, dropped or made anew while it was read or written.
    Changed,
    /// The plan does not cover what it says it does.
    Plan,
    /// A page could not be decoded.
    Decode,
    /// What was asked for does not go with the table or the cluster.
    Invalid,
}

/// A range that was given up.
#[derive(Clone, Debug)]
pub struct RangeFailure {
    /// Its split.
    pub split: usize,
    /// The range.
    pub range: TokenRange,
    /// The node that failed last.
    pub node: SocketAddr,
    /// Faults in a row before it was given up.
    pub attempts: u32,
    /// Rows of the range that had been delivered before.
    pub rows_delivered: u64,
    /// What kind of failure.
    pub fault: Fault,
    /// What the driver said.
    pub error: Arc<ExecutionError>,
}

impl fmt::Display for RangeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "range {} on node {}: {}", self.range, self.node, self.error)
    }
}

/// A run that did not do all that was asked, with the figures and every failure.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    partial: Box<Partial>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What there is of a run that did not end well.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    pub(crate) stats: Stats,
    pub(crate) failures: Vec<RangeFailure>,
    pub(crate) missing: RangeSet,
    pub(crate) counts: Vec<RangeCount>,
}

impl Error {
    fn new(kind: ErrorKind, message: String, partial: Partial) -> Self {
        Error { kind, message, partial: Box::new(partial), source: None }
    }

    pub(crate) fn incomplete(table: &TableName, partial: Partial) -> Self {
        let Partial { stats, failures, missing, .. } = &partial;
        let first = failures.first().map_or_else(
            || format!("ranges {missing} were not read, and no request failed: please report this"),
            |failure| format!("{failure}"),
        );
        let more = match failures.len() {
            0 | 1 => String::new(),
            several => format!("; and {} more", several - 1),
        };
        let message = format!(
            "{table} was not read completely: {} of {} ranges failed, {:.3} % of the tokens are done \
             ({first}{more}); bring the nodes back or choose another consistency, then run it again",
            failures.len(),
            stats.ranges_total,
            stats.percent(),
        );
        Error::new(ErrorKind::Incomplete, message, partial)
    }

    pub(crate) fn refused(table: &TableName, failure: &RangeFailure, partial: Partial) -> Self {
        let message = match failure.fault {
            Fault::Denied => format!("the cluster does not let this user read {table} ({failure})"),
            _ => format!(
                "the cluster refused the statement for {table} ({failure}); has the table changed \
                 since the run began?"
            ),
        };
        Error::new(ErrorKind::Refused, message, partial)
    }

    pub(crate) fn interrupted(table: &TableName, partial: Partial) -> Self {
        let percent = partial.stats.percent();
        let message =
            format!("reading {table} was interrupted with {percent:.3} % of the tokens done");
        Error::new(ErrorKind::Interrupted, message, partial)
    }

    pub(crate) fn too_late(table: &TableName, partial: Partial) -> Self {
        let percent = partial.stats.percent();
        let message = format!(
            "reading {table} had not ended at its deadline: {percent:.3} % of the tokens are done"
        );
        Error::new(ErrorKind::Deadline, message, partial)
    }

    pub(crate) fn changed(table: &TableName, source: topology::Error) -> Self {
        let message = format!("{table} is not the table any more that was begun with");
        let error = Error::new(ErrorKind::Changed, message, Partial::default());
        Error { source: Some(Box::new(source)), ..error }
    }

    /// All was read, and nobody can say whether it was of one table.
    pub(crate) fn unconfirmed(table: &TableName, source: topology::Error) -> Self {
        let message = format!("whether {table} stayed the same while it was read is not known");
        let error = Error::new(ErrorKind::Incomplete, message, Partial::default());
        Error { source: Some(Box::new(source)), ..error }
    }

    pub(crate) fn plan(source: topology::Error) -> Self {
        let error = Error::new(ErrorKind::Plan, source.to_string(), Partial::default());
        Error { source: Some(Box::new(source)), ..error }
    }

    pub(crate) fn prepare(table: &TableName, source: ExecutionError) -> Self {
        let message = format!("the statement for {table} could not be prepared");
        let passes = classify(&source).retryable();
        let kind = if passes { ErrorKind::Incomplete } else { ErrorKind::Refused };
        let error = Error::new(kind, message, Partial::default());
        Error { source: Some(Box::new(source)), ..error }
    }

    pub(crate) fn invalid(message: String) -> Self {
        Error::new(ErrorKind::Invalid, message, Partial::default())
    }

    pub(crate) fn write_denied(table: &TableName, source: ExecutionError) -> Self {
        let message = format!("the cluster does not let this user write to {table}");
        let error = Error::new(ErrorKind::Refused, message, Partial::default());
        Error { source: Some(Box::new(source)), ..error }
    }

    pub(crate) fn write_interrupted(table: &TableName) -> Self {
        let message = format!("writing to {table} was interrupted before it began");
        Error::new(ErrorKind::Interrupted, message, Partial::default())
    }

    /// A page that is not what its statement says.
    pub fn decode(
        what: impl fmt::Display,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
        stats: Stats,
    ) -> Self {
        let partial = Partial { stats, ..Partial::default() };
        let error = Error::new(ErrorKind::Decode, what.to_string(), partial);
        Error { source: Some(source.into()), ..error }
    }

    /// The figures and failures up to the end, where the error does not have them.
    pub(crate) fn with_partial(mut self, partial: Partial) -> Self {
        if self.partial.stats == Stats::default() {
            *self.partial = partial;
        }
        self
    }

    pub(crate) fn with_counts(mut self, counts: Vec<RangeCount>) -> Self {
        self.partial.counts = counts;
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same run may succeed later without a change.
    pub fn retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Incomplete | ErrorKind::Interrupted | ErrorKind::Deadline)
    }

    /// The figures up to the end.
    pub fn stats(&self) -> &Stats {
        &self.partial.stats
    }

    /// Every range that was given up.
    pub fn failures(&self) -> &[RangeFailure] {
        &self.partial.failures
    }

    /// All that was asked for and not done, exactly.
    pub fn missing(&self) -> &RangeSet {
        &self.partial.missing
    }

    /// The counts of the ranges that were done, when counting.
    pub fn counts(&self) -> &[RangeCount] {
        &self.partial.counts
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
