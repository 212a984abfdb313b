//! How a commit may fail.

use crate::error::Error;

/// A commit that is not known to have been done.
#[derive(Debug)]
pub(crate) enum CommitFault {
    /// Not done: someone else was first. With the table as it is now, it may be.
    Conflict(Error),
    /// Not done, and the same never will be.
    Refused(Error),
    /// Not done: the catalog could not be asked, or had no time. The same may be tried again.
    Unavailable(Error),
    /// Perhaps done: what became of it was not told.
    Unknown(Error),
}

impl CommitFault {
    /// The error itself.
    pub(crate) fn into_error(self) -> Error {
        match self {
            CommitFault::Conflict(error)
            | CommitFault::Refused(error)
            | CommitFault::Unavailable(error)
            | CommitFault::Unknown(error) => error,
        }
    }
}
