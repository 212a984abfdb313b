//! How the program ends: the exit code, and the one place where an error is printed.

use std::io::Write;
use std::process::ExitCode;

use bulk::{ErrorKind, with_causes};

/// Done, completely. A closed pipe is done too: whoever read has read enough.
const OK: u8 = 0;
/// Something that should not happen.
const INTERNAL: u8 = 1;
/// Bad arguments, or names that are not there; clap uses it as well.
const USAGE: u8 = 2;
/// No node reached, or credentials refused.
const CONNECT: u8 = 3;
/// The result is partial.
const INCOMPLETE: u8 = 4;
/// The destination cannot be written or read.
const DESTINATION: u8 = 5;
/// Interrupted; 128 + SIGINT, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command did not do what it was told.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments cannot be followed.
    Usage(String),
    /// A job failed.
    Job(bulk::Error),
    /// The result could not be written.
    Output(std::io::Error),
    /// What was verified is not as it should be.
    Different(usize),
    /// So many records of an import are kept, since they could not be written.
    Bad(u64),
    /// The program could not be set up.
    Setup(String),
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::Usage(message.into())
    }

    pub(crate) fn code(&self) -> u8 {
        match self {
            Failure::Usage(_) => USAGE,
            Failure::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => OK,
            Failure::Different(_) | Failure::Bad(_) => INCOMPLETE,
            Failure::Output(_) | Failure::Setup(_) => INTERNAL,
            Failure::Job(error) => match error.kind() {
                ErrorKind::Connect => CONNECT,
                ErrorKind::Request => USAGE,
                _ if error.is_broken_pipe() => OK,
                ErrorKind::Incomplete
                | ErrorKind::Value
                | ErrorKind::Deadline
                | ErrorKind::Changed => INCOMPLETE,
                ErrorKind::Destination => DESTINATION,
                ErrorKind::Interrupted => INTERRUPTED,
                _ => INTERNAL,
            },
        }
    }

    /// How the run ended, for programs. A closed pipe is success, and yet not all was written.
    pub(crate) fn outcome(&self) -> &'static str {
        match (self, self.code()) {
            (Failure::Job(error), _) if error.kind() == ErrorKind::Deadline => "deadline",
            (_, OK | INCOMPLETE) => "partial",
            (_, INTERRUPTED) => "interrupted",
            _ => "failed",
        }
    }

    /// What kind of thing went wrong, for programs.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Failure::Usage(_) => "request",
            Failure::Output(_) => "output",
            Failure::Different(_) => "different",
            Failure::Bad(_) => "incomplete",
            Failure::Setup(_) => "internal",
            Failure::Job(error) => match error.kind() {
                ErrorKind::Connect => "connect",
                ErrorKind::Request => "request",
                ErrorKind::Incomplete => "incomplete",
                ErrorKind::Deadline => "deadline",
                ErrorKind::Changed => "changed",
                ErrorKind::Interrupted => "interrupted",
                ErrorKind::Value => "value",
                ErrorKind::Destination => "destination",
                _ => "internal",
            },
        }
    }

    pub(crate) fn message(&self) -> String {
        match self {
            Failure::Usage(message) | Failure::Setup(message) => message.clone(),
            Failure::Output(error) => format!("the result cannot be written: {error}"),
            Failure::Bad(1) => "1 record was not written".to_owned(),
            Failure::Bad(count) => format!("{count} records were not written"),
            Failure::Different(1) => "there is 1 difference".to_owned(),
            Failure::Different(count) => format!("there are {count} differences"),
            // It has told every cause, one for each host.
            Failure::Job(error) if error.kind() == ErrorKind::Connect => error.to_string(),
            Failure::Job(error) => with_option(with_causes(error)),
        }
    }
}

impl From<bulk::Error> for Failure {
    fn from(error: bulk::Error) -> Self {
        Failure::Job(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Output(error)
    }
}

/// The library names a remedy; here it has an option.
fn with_option(mut text: String) -> String {
    for (remedy, option) in
        [("ALLOW FILTERING", "--allow-filtering"), ("read such values as null", "--empty-as-null")]
    {
        if text.contains(remedy) && !text.contains(option) {
            text.push_str(&format!(" ({option} does that)"));
        }
    }
    text
}

/// The exit code; prints the error, if there is one to print.
pub(crate) fn of(result: Result<(), Failure>) -> ExitCode {
    let Err(failure) = result else {
        return ExitCode::from(OK);
    };
    let code = failure.code();
    if code != OK {
        // Where standard error is closed, the exit code has to do.
        let _ = writeln!(std::io::stderr(), "error: {}", failure.message());
    }
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_closed_pipe_is_success() {
        assert_eq!(Failure::from(Error::from(ErrorKind::BrokenPipe)).code(), OK);
        assert_eq!(Failure::from(Error::from(ErrorKind::StorageFull)).code(), INTERNAL);
    }
}
