//! What can go wrong while a cluster is read or a plan is made.
//!
//! One struct with a `Copy` kind, after the manner of iceberg-rust: callers match on the kind, people
//! read the message, and the driver's own error stays reachable as the source.

use std::error::Error as StdError;
use std::fmt;

use scylla::errors::ExecutionError;

use crate::fault::{Fault, classify};

/// The result of reading a cluster or making a plan.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No node could be reached.
    Unreachable,
    /// The cluster refused the credentials or the client certificate, or asked for some where none were
    /// given; or a node's own certificate is not trusted.
    Authentication,
    /// The keyspace, table or datacenter does not exist.
    NotFound,
    /// It exists, and cannot be scanned by token ranges: a view, a virtual table, another partitioner.
    Unsupported,
    /// A name, option or plan that makes no sense.
    Invalid,
    /// The table is not what it was when it was read first: altered, dropped, or made anew.
    Changed,
    /// The cluster answered a query with an error, or not at all.
    Query,
}

/// An error of this crate: a kind, what was being done, and the cause.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    retryable: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let retryable = kind == ErrorKind::Unreachable;
        Error { kind, message: message.into(), retryable, source: None }
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// A statement that the cluster did not answer as wished; `doing` names the object.
    pub fn query(doing: impl fmt::Display, source: ExecutionError) -> Self {
        let fault = classify(&source);
        let kind = match fault {
            Fault::Denied => ErrorKind::Authentication,
            Fault::Connection => ErrorKind::Unreachable,
            _ => ErrorKind::Query,
        };
        Error {
            kind,
            message: doing.to_string(),
            retryable: fault.retryable(),
            source: Some(Box::new(source)),
        }
    }

    /// An answer that is not of the shape its table has.
    pub(crate) fn answer(
        doing: impl fmt::Display,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Error::new(ErrorKind::Query, doing.to_string()).with_source(source)
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later without a change.
    pub fn retryable(&self) -> bool {
        self.retryable
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
