//! What a server answers, and what it means.

use std::fmt::Display;

use bytes::Bytes;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};

/// How much of a server's message is told.
const TOLD: usize = 500;

/// A whole reply. Its content is never shown, but for the message of an error: a table's
/// configuration may have credentials in it.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    body: Bytes,
}

/// An error as the protocol has it (`IcebergErrorResponse`), or as OAuth2 has it.
#[derive(Deserialize)]
struct Failure {
    error: Reason,
    error_description: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Reason {
    Model {
        message: Option<String>,
        #[serde(rename = "type")]
        name: Option<String>,
    },
    Code(String),
}

impl Reply {
    pub(super) async fn of(response: reqwest::Response) -> reqwest::Result<Self> {
        Ok(Reply { status: response.status(), body: response.bytes().await? })
    }

    /// The content.
    pub(super) fn read<T: DeserializeOwned>(&self, what: impl Display) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            let why = format!("{what}: the catalog's reply can't be understood at {place}");
            Error::new(ErrorKind::Data, why)
        })
    }

    /// What an unhappy status means where nothing else is known of it.
    pub(super) fn kind(&self) -> ErrorKind {
        match self.status.as_u16() {
            401 | 403 | 407 | 419 => ErrorKind::Denied,
            404 => ErrorKind::NotFound,
            409 => ErrorKind::Conflict,
            405 | 406 | 501 => ErrorKind::Unsupported,
            408 | 429 | 500..=599 => ErrorKind::Unavailable,
            _ => ErrorKind::Request,
        }
    }

    /// An error with what the server says of it.
    pub(super) fn refusal(&self, kind: ErrorKind, what: impl Display) -> Error {
        let remedy = match kind {
            ErrorKind::Denied => "; check the token or credential, and what it permits",
            _ => "",
        };
        let said = self.said().map(|said| format!(": {said}")).unwrap_or_default();
        Error::new(kind, format!("{what}: the catalog answered {}{said}{remedy}", self.status))
    }

    fn said(&self) -> Option<String> {
        let failure: Failure = serde_json::from_slice(&self.body).ok()?;
        let (message, name) = match failure.error {
            Reason::Model { message, name } => (message, name),
            Reason::Code(code) => (failure.error_description, Some(code)),
        };
        let said = match (message, name) {
            (Some(message), Some(name)) => format!("{message} ({name})"),
            (message, name) => message.or(name)?,
        };
        let plain = said.chars().map(|char| if char.is_control() { ' ' } else { char });
        Some(plain.take(TOLD).collect())
    }
}

/// An error of the connection. URLs are not told: `what` says enough.
pub(super) fn transport(what: impl Display, source: reqwest::Error) -> Error {
    let why = match () {
        () if source.is_connect() => "there is no connection to the catalog",
        () if source.is_timeout() => "the catalog did not answer in time",
        () => "the connection to the catalog was lost",
    };
    Error::new(ErrorKind::Unavailable, format!("{what}: {why}")).with_source(source.without_url())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &'static str) -> Reply {
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn what_the_server_says_is_told() {
        for (body, said) in [
            (
                r#"{"error":{"message":"no\nsuch table","type":"NoSuchTableException","code":404}}"#,
                Some("no such table (NoSuchTableException)"),
            ),
            (r#"{"error":{"message":"x"}}"#, Some("x")),
            (
                r#"{"error":"invalid_client","error_description":"who?"}"#,
                Some("who? (invalid_client)"),
            ),
            (r#"{"error":"invalid_client"}"#, Some("invalid_client")),
            ("<html>hunter2</html>", None),
            ("", None),
            ("{}", None),
        ] {
            let reply = reply(404, body);
            assert_eq!(reply.said().as_deref(), said, "{body}");
            let error = reply.refusal(ErrorKind::NotFound, "it failed").to_string();
            assert!(error.starts_with("it failed: the catalog answered 404 Not Found"), "{error}");
            assert!(!error.contains("hunter2"));
        }
    }

    #[test]
    fn a_reply_that_is_not_understood_is_not_shown() {
        let body = r#"{"metadata-location": 5, "config": {"s3.secret-access-key": "hunter2"}}"#;
        let error = reply(200, body).read::<Vec<u8>>("it failed").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }

    #[test]
    fn a_status_has_a_kind() {
        for (status, kind) in [
            (400, ErrorKind::Request),
            (401, ErrorKind::Denied),
            (403, ErrorKind::Denied),
            (419, ErrorKind::Denied),
            (404, ErrorKind::NotFound),
            (406, ErrorKind::Unsupported),
            (429, ErrorKind::Unavailable),
            (503, ErrorKind::Unavailable),
            (302, ErrorKind::Request),
        ] {
            assert_eq!(reply(status, "").kind(), kind, "{status}");
        }
    }
}
