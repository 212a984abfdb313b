//! One error for all jobs: from reading the cluster, or from running a plan.

use std::error::Error as StdError;
use std::fmt;

use executor::Stats;

/// The result of a job.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong, as far as a caller has to act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The cluster could not be reached, did not answer, or did not let the user in.
    Connect,
    /// What was asked for does not exist, or cannot be done: names, options, kinds of tables.
    Request,
    /// The job ended, and not everything is there.
    Incomplete,
    /// The job was cancelled.
    Interrupted,
    /// The cluster answered in a way it should not.
    Internal,
}

/// What went wrong in a job.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// While the cluster was read, or the plan made.
    Topology(topology::Error),
    /// While the plan was run.
    Run(executor::Error),
}

impl Error {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Topology(error) => match error.kind() {
                topology::ErrorKind::Unreachable | topology::ErrorKind::Authentication => {
                    ErrorKind::Connect
                }
                topology::ErrorKind::Query if error.retryable() => ErrorKind::Connect,
                topology::ErrorKind::Query => ErrorKind::Internal,
                _ => ErrorKind::Request,
            },
            Error::Run(error) => match error.kind() {
                executor::ErrorKind::Incomplete | executor::ErrorKind::Refused => {
                    ErrorKind::Incomplete
                }
                executor::ErrorKind::Interrupted => ErrorKind::Interrupted,
                _ => ErrorKind::Internal,
            },
        }
    }

    /// Whether the same job may succeed later without a change.
    pub fn retryable(&self) -> bool {
        match self {
            Error::Topology(error) => error.retryable(),
            Error::Run(error) => error.retryable(),
        }
    }

    /// The figures of a run that ended badly.
    pub fn stats(&self) -> Option<&Stats> {
        match self {
            Error::Topology(_) => None,
            Error::Run(error) => Some(error.stats()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Topology(error) => error.fmt(f),
            Error::Run(error) => error.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Error::Topology(error) => error.source(),
            Error::Run(error) => error.source(),
        }
    }
}

impl From<topology::Error> for Error {
    fn from(error: topology::Error) -> Self {
        Error::Topology(error)
    }
}

impl From<executor::Error> for Error {
    fn from(error: executor::Error) -> Self {
        Error::Run(error)
    }
}
