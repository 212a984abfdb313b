//! The one place where the driver's errors are sorted by what is to be done about them.
//!
//! The driver has dozens of error variants, nested four deep. Those who retry need to know seven things.

use scylla::errors::{ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind};
use scylla::errors::{DbError, ExecutionError, PrepareError, RequestAttemptError};

/// Codes that the driver does not know (native_protocol_v5.spec, section 9).
const CDC_WRITE_FAILURE: i32 = 0x1600;
const CAS_WRITE_UNKNOWN: i32 = 0x1700;

/// What is to be done after a fault; [`Fault::remedy`] says which is for which. docs/faults.md has the
/// table for users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// The same request once more, after a pause.
    RetryHere,
    /// The same request to another replica.
    RetryElsewhere,
    /// Less at a time: the range cut in two, or smaller pages.
    Resplit,
    /// Fewer requests at a time to this node, then the same once more.
    SlowDown,
    /// Nothing helps but a person.
    GiveUp,
}

/// What a failed request means for whoever has to decide on the next one.
///
/// | fault | examples | what helps |
/// |---|---|---|
/// | `Timeout` | READ_TIMEOUT, WRITE_TIMEOUT, client-side timeout | the same request later, a smaller page, a smaller range |
/// | `Overloaded` | OVERLOADED, rate limit, bootstrapping | the same request, after a pause |
/// | `Failure` | READ_FAILURE (tombstones, a corrupt file), WRITE_FAILURE, SERVER_ERROR | another replica, then a smaller page, a smaller range |
/// | `Unavailable` | UNAVAILABLE, UNPREPARED | the same request, after a pause |
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
    /// A replica failed while reading or writing: too many tombstones, a corrupt file, a bug.
    Failure,
    /// Too few replicas are alive.
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
        self.remedy() != Remedy::GiveUp
    }

    /// What is to be done about it.
    ///
    /// ```
    /// use topology::{Fault, Remedy};
    /// assert_eq!(Fault::Overloaded.remedy(), Remedy::SlowDown);
    /// ```
    pub fn remedy(self) -> Remedy {
        match self {
            Fault::Timeout | Fault::Failure => Remedy::Resplit,
            Fault::Overloaded => Remedy::SlowDown,
            Fault::Unavailable => Remedy::RetryHere,
            Fault::Connection => Remedy::RetryElsewhere,
            Fault::Denied | Fault::Invalid => Remedy::GiveUp,
        }
    }
}

/// Sorts an error of the driver.
///
/// A fault tells what helps, as if the request were idempotent: reads are, and so are writes with a
/// timestamp. For other writes see [`is_outcome_unknown`].
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

/// Whether a write that failed so may have been applied all the same, on some replica.
///
/// | error | applied? |
/// |---|---|
/// | WRITE_TIMEOUT, WRITE_FAILURE, SERVER_ERROR, codes that the driver does not know (CDC_WRITE_FAILURE, CAS_WRITE_UNKNOWN) | perhaps |
/// | client-side timeout, broken connection | perhaps: the request may have arrived |
/// | an answer that cannot be read | perhaps |
/// | rate limit of ScyllaDB, as told by a replica | perhaps: by the others |
/// | rate limit of ScyllaDB, as told by the coordinator | no |
/// | UNAVAILABLE, OVERLOADED, IS_BOOTSTRAPPING | no: told before anything is sent to replicas |
/// | READ_TIMEOUT, READ_FAILURE | no: what is read for a write is read before it |
/// | syntax, invalid, unauthorized, unprepared and the like | no: refused as it is |
/// | no connection, no free stream, not serialized | no: not sent |
///
/// Where a write is idempotent this does not matter. Counters must not be sent again after a
/// "perhaps".
pub fn is_outcome_unknown(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::RequestTimeout(_) => true,
        ExecutionError::LastAttemptError(error) => is_attempt_unknown(error),
        _ => false,
    }
}

fn is_attempt_unknown(error: &RequestAttemptError) -> bool {
    match error {
        RequestAttemptError::SerializationError(_)
        | RequestAttemptError::CqlRequestSerialization(_)
        | RequestAttemptError::UnableToAllocStreamId
        | RequestAttemptError::RepreparedIdChanged { .. }
        | RequestAttemptError::RepreparedIdMissingInBatch => false,
        RequestAttemptError::DbError(error, _) => match error {
            DbError::RateLimitReached { rejected_by_coordinator, .. } => !rejected_by_coordinator,
            DbError::SyntaxError
            | DbError::Invalid
            | DbError::AlreadyExists { .. }
            | DbError::FunctionFailure { .. }
            | DbError::AuthenticationError
            | DbError::Unauthorized
            | DbError::ConfigError
            | DbError::Unavailable { .. }
            | DbError::Overloaded
            | DbError::IsBootstrapping
            | DbError::TruncateError
            | DbError::ReadTimeout { .. }
            | DbError::ReadFailure { .. }
            | DbError::Unprepared { .. }
            | DbError::ProtocolError => false,
            _ => true,
        },
        _ => true,
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
        DbError::ReadFailure { .. }
        | DbError::WriteFailure { .. }
        | DbError::ServerError
        | DbError::Other(CDC_WRITE_FAILURE | CAS_WRITE_UNKNOWN) => Fault::Failure,
        DbError::Unavailable { .. } => Fault::Unavailable,
        // The driver prepares again by itself; where that did not help, another node may.
        DbError::Unprepared { .. } => Fault::Unavailable,
        DbError::AuthenticationError | DbError::Unauthorized => Fault::Denied,
        _ => Fault::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scylla::errors::{OperationType, WriteType};
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
            (database(write_timeout()), Fault::Timeout),
            (database(write_failure()), Fault::Failure),
            (database(DbError::Other(CDC_WRITE_FAILURE)), Fault::Failure),
            (database(DbError::Other(7)), Fault::Invalid),
        ] {
            assert_eq!(classify(&error), fault, "{error}");
            assert_eq!(fault.retryable(), !matches!(fault, Fault::Denied | Fault::Invalid));
        }
    }

    fn write_timeout() -> DbError {
        let (consistency, write_type) = (Consistency::One, WriteType::UnloggedBatch);
        DbError::WriteTimeout { consistency, received: 0, required: 1, write_type }
    }

    fn write_failure() -> DbError {
        let (consistency, write_type) = (Consistency::One, WriteType::Counter);
        DbError::WriteFailure { consistency, received: 0, required: 1, numfailures: 1, write_type }
    }

    fn rate_limit(rejected_by_coordinator: bool) -> DbError {
        DbError::RateLimitReached { op_type: OperationType::Write, rejected_by_coordinator }
    }

    #[test]
    fn a_write_is_lost_for_certain_only_where_nothing_went_to_a_replica() {
        let unavailable =
            DbError::Unavailable { consistency: Consistency::One, required: 1, alive: 0 };
        for (error, unknown) in [
            (database(write_timeout()), true),
            (database(write_failure()), true),
            (database(DbError::ServerError), true),
            (database(DbError::Other(CAS_WRITE_UNKNOWN)), true),
            (database(rate_limit(false)), true),
            (ExecutionError::RequestTimeout(Duration::from_secs(1)), true),
            (database(rate_limit(true)), false),
            (database(unavailable), false),
            (database(DbError::Overloaded), false),
            (database(DbError::IsBootstrapping), false),
            (database(DbError::Invalid), false),
            (database(DbError::SyntaxError), false),
            (database(DbError::Unauthorized), false),
            (ExecutionError::LastAttemptError(RequestAttemptError::UnableToAllocStreamId), false),
            (ExecutionError::EmptyPlan, false),
        ] {
            assert_eq!(is_outcome_unknown(&error), unknown, "{error}");
        }
    }
}
