//! The one place where the driver's errors are sorted by what is to be done about them.
//!
//! The driver has dozens of error variants, nested four deep. Those who retry need to know six things.

use scylla::errors::{ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind};
use scylla::errors::{DbError, ExecutionError, PrepareError, RequestAttemptError};

/// What a failed request means for whoever has to decide on the next one.
///
/// | fault | examples | what helps |
/// |---|---|---|
/// | `Timeout` | READ_TIMEOUT, client-side timeout | the same page later, a smaller page, a smaller range |
/// | `Overloaded` | OVERLOADED, rate limit, bootstrapping | the same page, after a pause |
/// | `Unavailable` | UNAVAILABLE, READ_FAILURE | another replica, after a pause |
/// | `Connection` | refused, reset, no connection in the pool | another replica |
/// | `Denied` | bad credentials, no permission | nothing: a person |
/// | `Invalid` | syntax, no such column, malformed frame | nothing: a bug, or the schema has changed |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The work did not end in time, on the server or as seen from here.
    Timeout,
    /// The node asks for less.
    Overloaded,
    /// Too few replicas are alive, or one failed while reading.
    Unavailable,
    /// The request did not reach the node, or its answer did not come back.
    Connection,
    /// The user may not do this.
    Denied,
    /// The request can never succeed as it is.
    Invalid,
}

impl Fault {
    /// Whether the same request may succeed later, perhaps on another node.
    pub fn retryable(self) -> bool {
        !matches!(self, Fault::Denied | Fault::Invalid)
    }
}

/// Sorts an error of the driver.
///
/// Reads are idempotent, so a request whose outcome is unknown (a lost connection, a timeout) may
/// be sent again.
pub fn classify(error: &ExecutionError) -> Fault {
    match error {
        ExecutionError::RequestTimeout(_) => Fault::Timeout,
        ExecutionError::EmptyPlan => Fault::Connection,
        ExecutionError::ConnectionPoolError(error) => of_pool(error),
        ExecutionError::LastAttemptError(error) => of_attempt(error),
        ExecutionError::PrepareError(error) => of_prepare(error),
        ExecutionError::SchemaAgreementError(_) => Fault::Unavailable,
        ExecutionError::MetadataError(_) => Fault::Connection,
        _ => Fault::Invalid,
    }
}

/// What the server said, without what the driver adds; `None` where the server did not answer.
pub fn server_message(error: &ExecutionError) -> Option<&str> {
    let attempt = match error {
        ExecutionError::LastAttemptError(attempt)
        | ExecutionError::PrepareError(PrepareError::AllAttemptsFailed {
            first_attempt: attempt,
        }) => attempt,
        _ => return None,
    };
    match attempt {
        RequestAttemptError::DbError(_, message) => Some(message),
        _ => None,
    }
}

fn of_prepare(error: &PrepareError) -> Fault {
    match error {
        PrepareError::ConnectionPoolError(error) => of_pool(error),
        PrepareError::AllAttemptsFailed { first_attempt } => of_attempt(first_attempt),
        _ => Fault::Invalid,
    }
}

fn of_pool(error: &ConnectionPoolError) -> Fault {
    match error {
        ConnectionPoolError::Broken { last_connection_error }
            if is_denied(last_connection_error) =>
        {
            Fault::Denied
        }
        _ => Fault::Connection,
    }
}

/// Whether a connection was refused for its credentials.
pub(crate) fn is_denied(error: &ConnectionError) -> bool {
    let ConnectionError::ConnectionSetupRequestError(setup) = error else {
        return false;
    };
    matches!(
        setup.get_error(),
        ConnectionSetupRequestErrorKind::DbError(
            DbError::AuthenticationError | DbError::Unauthorized,
            _
        ) | ConnectionSetupRequestErrorKind::MissingAuthentication
            | ConnectionSetupRequestErrorKind::StartAuthSessionError(_)
            | ConnectionSetupRequestErrorKind::AuthChallengeEvaluationError(_)
            | ConnectionSetupRequestErrorKind::AuthFinishError(_)
    )
}

fn of_attempt(error: &RequestAttemptError) -> Fault {
    match error {
        RequestAttemptError::BrokenConnectionError(_)
        | RequestAttemptError::UnableToAllocStreamId => Fault::Connection,
        RequestAttemptError::DbError(error, _) => of_database(error),
        _ => Fault::Invalid,
    }
}

fn of_database(error: &DbError) -> Fault {
    match error {
        DbError::ReadTimeout { .. } | DbError::WriteTimeout { .. } => Fault::Timeout,
        DbError::Overloaded | DbError::IsBootstrapping | DbError::RateLimitReached { .. } => {
            Fault::Overloaded
        }
        DbError::Unavailable { .. } | DbError::ReadFailure { .. } | DbError::ServerError => {
            Fault::Unavailable
        }
        // The driver prepares again by itself; where that did not help, another node may.
        DbError::Unprepared { .. } => Fault::Unavailable,
        DbError::AuthenticationError | DbError::Unauthorized => Fault::Denied,
        _ => Fault::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scylla::statement::Consistency;

    use super::*;

    fn database(error: DbError) -> ExecutionError {
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, String::new()))
    }

    #[test]
    fn each_error_has_one_fault() {
        let read_timeout = DbError::ReadTimeout {
            consistency: Consistency::One,
            received: 0,
            required: 1,
            data_present: false,
        };
        let unavailable =
            DbError::Unavailable { consistency: Consistency::One, required: 1, alive: 0 };
        for (error, fault) in [
            (database(read_timeout), Fault::Timeout),
            (ExecutionError::RequestTimeout(Duration::from_secs(1)), Fault::Timeout),
            (database(DbError::Overloaded), Fault::Overloaded),
            (database(unavailable), Fault::Unavailable),
            (ExecutionError::EmptyPlan, Fault::Connection),
            (database(DbError::Unauthorized), Fault::Denied),
            (database(DbError::SyntaxError), Fault::Invalid),
            (database(DbError::Invalid), Fault::Invalid),
        ] {
            assert_eq!(classify(&error), fault, "{error}");
            assert_eq!(fault.retryable(), !matches!(fault, Fault::Denied | Fault::Invalid));
        }
    }
}
