//! What is said over a run's socket: a line of JSON with a request, and a line with the reply.
//!
//! `docs/operations.md` describes it for others; members are added to it, and never change.

use std::num::{NonZeroU32, NonZeroUsize};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What a run is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "lowercase")]
pub(crate) enum Request {
    /// How far it is.
    Status,
    /// To send nothing more to the cluster for now.
    Pause,
    /// To go on.
    Resume,
    /// To go at another pace.
    Set(LimitChange),
}

/// Limits that change; `null` removes one, one that is not there stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitChange {
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub(crate) rows_per_second: Option<Option<NonZeroU32>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub(crate) bytes_per_second: Option<Option<NonZeroU32>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub(crate) max_per_node: Option<Option<NonZeroUsize>>,
}

/// What a run replies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reply {
    /// How it stands after what was asked for.
    Status(Box<Status>),
    /// Why nothing was done.
    Error(String),
}

/// How a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) run: String,
    pub(crate) process: u32,
    pub(crate) version: String,
    pub(crate) job: String,
    pub(crate) table: String,
    pub(crate) state: State,
    pub(crate) started: String,
    pub(crate) elapsed_seconds: f64,
    /// Rows read, or records settled, by this run.
    pub(crate) rows: u64,
    /// How much is done, where that is known.
    pub(crate) percent: Option<f64>,
    /// Since it began, pauses included.
    pub(crate) rows_per_second: f64,
    /// Requests sent again after faults, where they are counted while the run goes.
    pub(crate) retries: Option<u64>,
    pub(crate) limits: Limited,
    /// All figures, as the result has them.
    pub(crate) figures: Option<Value>,
}

/// Whether a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Running,
    Paused,
}

/// The limits of a run; `null` where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limited {
    pub(crate) rows_per_second: Option<NonZeroU32>,
    pub(crate) bytes_per_second: Option<NonZeroU32>,
    pub(crate) max_per_node: Option<NonZeroUsize>,
}

/// A member that is there, even if it is `null`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Request, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_limit_that_is_null_goes_and_one_that_is_not_there_stays() {
        let change = LimitChange {
            rows_per_second: Some(NonZeroU32::new(5)),
            max_per_node: Some(None),
            ..LimitChange::default()
        };
        let text = r#"{"command":"set","rows_per_second":5,"max_per_node":null}"#;
        assert_eq!(read(text), Ok(Request::Set(change)));
        assert_eq!(serde_json::to_string(&Request::Set(change)).unwrap(), text);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            "status",
            r#"{"command":"stop"}"#,
            r#"{"command":"set","rows":5}"#,
            r#"{"command":"set","rows_per_second":0}"#,
            r#"{"command":"set","rows_per_second":-1}"#,
            r#"{"command":"set","bytes_per_second":"10MiB"}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(read(r#" {"command": "pause"} "#), Ok(Request::Pause));
    }
}
