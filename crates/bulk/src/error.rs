//! One error for all jobs, with the errors of the layers below in it.

use std::error::Error as StdError;
use std::fmt;

use executor::Stats;

use crate::import::ImportReport;

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
    /// The job had not ended at its deadline; what is done is there to go on with.
    Deadline,
    /// The table was altered, dropped or made anew meanwhile; what was done may be of both.
    Changed,
    /// A value cannot be turned into what was asked for.
    Value,
    /// The place that files are in could not be read or written.
    Destination,
    /// Something that should not happen.
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
    /// While rows were turned into batches.
    Value(cql_arrow::Error),
    /// While files were read or written.
    Files(formats::Error),
    /// In a catalog, or in an Iceberg table.
    Table(lakehouse::Error),
    /// In the job itself.
    Job(JobError),
    /// In an import that had begun to write.
    Import(Box<ImportError>),
    /// In an export into an Iceberg table whose run had begun.
    IcebergRun(Box<IcebergRunError>),
}

/// An export into an Iceberg table that did not end, and can be gone on with.
#[derive(Debug)]
pub struct IcebergRunError {
    run_id: String,
    error: Error,
}

/// An import that did not do all that was asked, with the report of what it did.
#[derive(Debug)]
pub struct ImportError {
    kind: ErrorKind,
    message: String,
    report: ImportReport,
    source: Option<Error>,
}

/// What a job itself refuses.
#[derive(Debug)]
pub struct JobError {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Error::Job(JobError { kind: ErrorKind::Request, message: message.into(), source: None })
    }

    /// A law of ours that does not hold.
    pub(crate) fn internal(what: impl fmt::Display) -> Self {
        let message = format!("internal error, please report it: {what}");
        Error::Job(JobError { kind: ErrorKind::Internal, message, source: None })
    }

    /// A job that cannot go on, and may later.
    pub(crate) fn incomplete(message: impl Into<String>) -> Self {
        Error::Job(JobError { kind: ErrorKind::Incomplete, message: message.into(), source: None })
    }

    /// A place that cannot be written.
    pub(crate) fn destination(message: impl Into<String>) -> Self {
        Error::Job(JobError { kind: ErrorKind::Destination, message: message.into(), source: None })
    }

    pub(crate) fn import(
        kind: ErrorKind,
        message: String,
        report: ImportReport,
        source: Option<Error>,
    ) -> Self {
        Error::Import(Box::new(ImportError { kind, message, report, source }))
    }

    pub(crate) fn of_run(self, run_id: &str) -> Self {
        Error::IcebergRun(Box::new(IcebergRunError { run_id: run_id.to_owned(), error: self }))
    }

    /// The run into an Iceberg table that had begun, and that the same id goes on with.
    pub fn run_id(&self) -> Option<&str> {
        match self {
            Error::IcebergRun(error) => Some(&error.run_id),
            _ => None,
        }
    }

    /// The same, with what it is about, where it does not say that itself.
    pub(crate) fn about(self, what: &str) -> Self {
        match self {
            Error::Job(error) => {
                Error::Job(JobError { message: format!("{what}: {}", error.message), ..error })
            }
            other => other,
        }
    }

    /// What an import that ended badly has done.
    pub fn import_report(&self) -> Option<&ImportReport> {
        match self {
            Error::Import(error) => Some(&error.report),
            _ => None,
        }
    }

    pub(crate) fn with_source(self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        match self {
            Error::Job(error) => Error::Job(JobError { source: Some(cause.into()), ..error }),
            other => other,
        }
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Topology(error) => match error.kind() {
                topology::ErrorKind::Unreachable | topology::ErrorKind::Authentication => {
                    ErrorKind::Connect
                }
                topology::ErrorKind::Changed => ErrorKind::Changed,
                topology::ErrorKind::Query if error.retryable() => ErrorKind::Connect,
                topology::ErrorKind::Query => ErrorKind::Internal,
                _ => ErrorKind::Request,
            },
            Error::Run(error) => match error.kind() {
                executor::ErrorKind::Incomplete | executor::ErrorKind::Refused => {
                    ErrorKind::Incomplete
                }
                executor::ErrorKind::Interrupted => ErrorKind::Interrupted,
                executor::ErrorKind::Deadline => ErrorKind::Deadline,
                executor::ErrorKind::Changed => ErrorKind::Changed,
                executor::ErrorKind::Invalid => ErrorKind::Request,
                _ => ErrorKind::Internal,
            },
            Error::Value(error) => match error.kind() {
                cql_arrow::ErrorKind::Value => ErrorKind::Value,
                _ => ErrorKind::Request,
            },
            Error::Files(error) => match error.kind() {
                formats::ErrorKind::Request => ErrorKind::Request,
                formats::ErrorKind::Data => ErrorKind::Value,
                _ => ErrorKind::Destination,
            },
            Error::Table(error) => match error.kind() {
                lakehouse::ErrorKind::Request
                | lakehouse::ErrorKind::NotFound
                | lakehouse::ErrorKind::Mismatch
                | lakehouse::ErrorKind::Unsupported => ErrorKind::Request,
                lakehouse::ErrorKind::Conflict | lakehouse::ErrorKind::Unknown => {
                    ErrorKind::Incomplete
                }
                lakehouse::ErrorKind::Value => ErrorKind::Value,
                lakehouse::ErrorKind::Internal => ErrorKind::Internal,
                _ => ErrorKind::Destination,
            },
            Error::Job(error) => error.kind,
            Error::Import(error) => error.kind,
            Error::IcebergRun(run) => run.error.kind(),
        }
    }

    /// Whether the same job may succeed later without a change.
    pub fn retryable(&self) -> bool {
        match self {
            Error::Topology(error) => error.retryable(),
            Error::Run(error) => error.retryable(),
            Error::Files(error) => error.retryable(),
            Error::Table(error) => error.retryable(),
            Error::Import(error) if error.kind == ErrorKind::Deadline => true,
            Error::Import(error) => error.source.as_ref().is_some_and(Error::retryable),
            Error::IcebergRun(run) => run.error.retryable(),
            Error::Value(_) | Error::Job(_) => false,
        }
    }

    /// The figures of a run that ended badly.
    pub fn stats(&self) -> Option<&Stats> {
        match self {
            Error::Run(error) => Some(error.stats()),
            Error::IcebergRun(run) => run.error.stats(),
            _ => None,
        }
    }

    /// Whether whoever read what was written has gone away, as `head` does.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Files(error) if error.is_broken_pipe())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Topology(error) => error.fmt(f),
            Error::Run(error) => error.fmt(f),
            Error::Value(error) => error.fmt(f),
            Error::Files(error) => error.fmt(f),
            Error::Table(error) => error.fmt(f),
            Error::Job(error) => f.write_str(&error.message),
            Error::Import(error) => f.write_str(&error.message),
            Error::IcebergRun(run) => run.error.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Error::Topology(error) => error.source(),
            Error::Run(error) => error.source(),
            Error::Value(error) => error.source(),
            Error::Files(error) => error.source(),
            Error::Table(error) => error.source(),
            Error::Job(error) => error.source.as_deref().map(|source| source as _),
            Error::Import(error) => error.source.as_ref().map(|source| source as _),
            Error::IcebergRun(run) => run.error.source(),
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

impl From<cql_arrow::Error> for Error {
    fn from(error: cql_arrow::Error) -> Self {
        Error::Value(error)
    }
}

impl From<formats::Error> for Error {
    fn from(error: formats::Error) -> Self {
        Error::Files(error)
    }
}

impl From<lakehouse::Error> for Error {
    fn from(error: lakehouse::Error) -> Self {
        Error::Table(error)
    }
}

/// An error and its causes, in a line; a cause that the error has told already is left out.
///
/// ```
/// let error = "x".parse::<i32>().unwrap_err();
/// assert_eq!(bulk::with_causes(&error), "invalid digit found in string");
/// ```
pub fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.contains(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = error.source();
    }
    text
}
