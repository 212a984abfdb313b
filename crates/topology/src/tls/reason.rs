//! Why an encrypted connection did not come about, and what is to be done.
//!
//! The driver wraps TLS errors in errors of the operating system, some of them in its own errors of
//! broken connections: under TLS 1.3 a node refuses a client's certificate only after the handshake,
//! when the first request is under way. That request may then meet a closed door before the node's
//! last word is read, so a connection that was closed is opened once more, only to listen.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error as TlsError};
use scylla::errors::{
    BrokenConnectionError, BrokenConnectionErrorKind, ConnectionError,
    ConnectionSetupRequestErrorKind, FrameHeaderParseError,
};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::TlsOptions;
use crate::error::ErrorKind;

/// Why a node and this client do not come together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// For whom the remedy is.
    pub(crate) kind: ErrorKind,
    /// The reason, with its remedy.
    pub(crate) message: String,
}

/// What a node says after a handshake to whom it does not want; `None`: nothing, within `patience`.
pub(crate) async fn last_word(
    address: &str,
    config: &Arc<ClientConfig>,
    tls: &TlsOptions,
    patience: Duration,
) -> Option<Refusal> {
    let listening = async {
        let stream = TcpStream::connect(address).await.ok()?;
        let name = ServerName::IpAddress(stream.peer_addr().ok()?.ip().into());
        let connector = TlsConnector::from(Arc::clone(config));
        let mut stream = connector.connect(name, stream).await.ok()?;
        stream.read_u8().await.err()
    };
    let error = tokio::time::timeout(patience, listening).await.ok()??;
    let (kind, message) = told_late(tls_error(&error)?, tls);
    Some(Refusal { kind, message })
}

/// What the encryption, or its absence, has to do with a connection that failed; `None`: nothing.
pub(crate) fn refusal(error: &ConnectionError, tls: Option<&TlsOptions>) -> Option<Refusal> {
    let (kind, message) = match (tls, cause(error)?) {
        (Some(tls), Cause::Tls(error)) => told(error, tls),
        (Some(tls), Cause::Late(error)) => told_late(error, tls),
        (Some(tls), Cause::Closed) if tls.certificate.is_none() => (
            ErrorKind::Unreachable,
            "it closed the connection while it was secured; if it asks for a client certificate, \
             name one with its key"
                .to_owned(),
        ),
        (Some(tls), Cause::Closed) => (
            ErrorKind::Unreachable,
            format!(
                "it closed the connection while it was secured; see its log, and whether it trusts \
                 the authority of {}",
                path(tls.certificate.as_deref())
            ),
        ),
        (None, Cause::Closed) => (
            ErrorKind::Unreachable,
            "it closed the connection at the first request; if it asks for encryption, turn TLS on"
                .to_owned(),
        ),
        (None, Cause::NotCql) => (
            ErrorKind::Invalid,
            "it does not answer in CQL; if the port is encrypted, turn TLS on".to_owned(),
        ),
        _ => return None,
    };
    Some(Refusal { kind, message })
}

enum Cause<'a> {
    /// In the handshake.
    Tls(&'a TlsError),
    /// After it.
    Late(&'a TlsError),
    Closed,
    NotCql,
}

fn cause(error: &ConnectionError) -> Option<Cause<'_>> {
    match error {
        ConnectionError::IoError(error) => of_io(error),
        ConnectionError::BrokenConnection(broken) => of_broken(broken),
        ConnectionError::ConnectionSetupRequestError(setup) => match setup.get_error() {
            ConnectionSetupRequestErrorKind::BrokenConnection(broken) => {
                of_broken(broken).map(|cause| match cause {
                    Cause::Tls(error) => Cause::Late(error),
                    other => other,
                })
            }
            _ => None,
        },
        _ => None,
    }
}

fn of_broken(broken: &BrokenConnectionError) -> Option<Cause<'_>> {
    match broken.downcast_ref::<BrokenConnectionErrorKind>()? {
        BrokenConnectionErrorKind::WriteError(error) => of_io(error),
        BrokenConnectionErrorKind::FrameHeaderParseError(frame) => match frame {
            FrameHeaderParseError::HeaderIoError(error)
            | FrameHeaderParseError::BodyChunkIoError(_, error) => of_io(error),
            FrameHeaderParseError::ConnectionClosed(..) => Some(Cause::Closed),
            FrameHeaderParseError::FrameFromClient
            | FrameHeaderParseError::VersionNotSupported(_)
            | FrameHeaderParseError::UnknownResponseOpcode(_) => Some(Cause::NotCql),
            _ => None,
        },
        // The connection ended before the request was queued: its own error is lost.
        BrokenConnectionErrorKind::ChannelError => Some(Cause::Closed),
        _ => None,
    }
}

fn of_io(error: &io::Error) -> Option<Cause<'_>> {
    if let Some(error) = tls_error(error) {
        return Some(Cause::Tls(error));
    }
    let is_closed = matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    );
    is_closed.then_some(Cause::Closed)
}

fn tls_error(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}

/// Nothing but the client's certificate is looked at after the handshake of TLS 1.3, and not every node
/// has the proper alert for it: Cassandra speaks of an internal error.
fn told_late(error: &TlsError, tls: &TlsOptions) -> (ErrorKind, String) {
    match error {
        TlsError::AlertReceived(alert) => unwanted(*alert, tls),
        other => told(other, tls),
    }
}

fn told(error: &TlsError, tls: &TlsOptions) -> (ErrorKind, String) {
    match error {
        TlsError::InvalidCertificate(error) => (ErrorKind::Authentication, distrust(error, tls)),
        TlsError::AlertReceived(alert) => alerted(*alert, tls),
        TlsError::InvalidMessage(_) => (
            ErrorKind::Invalid,
            "it does not speak TLS on this port; turn TLS off, or name the encrypted port"
                .to_owned(),
        ),
        TlsError::PeerIncompatible(_) => (ErrorKind::Invalid, nothing_in_common(error)),
        other => (ErrorKind::Unreachable, format!("TLS failed ({other})")),
    }
}

fn nothing_in_common(error: &TlsError) -> String {
    format!(
        "it and this client have no version or cipher of TLS in common ({error}); let it accept TLS \
         1.2 or 1.3"
    )
}

/// Why a node's certificate is not trusted.
fn distrust(error: &CertificateError, tls: &TlsOptions) -> String {
    let authority = match &tls.ca {
        Some(path) => format!("the authorities in {}", path.display()),
        None => "the authorities that this system trusts".to_owned(),
    };
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
            "its certificate is not signed by {authority}; name the file of the authority that \
             signed it"
        ),
        CertificateError::ExpiredContext { time, not_after } => {
            let days = time.as_secs().saturating_sub(not_after.as_secs()) / 86_400;
            format!(
                "its certificate, or one above it, expired {days} days ago by this machine's clock; \
                 renew it"
            )
        }
        CertificateError::Expired => "its certificate has expired; renew it".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; check the clocks of both machines".to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "its certificate {}, and neither {} nor the host names among the contact points; have \
             it name the address, connect by a name that it has, or turn the check of host names off",
            names(presented),
            expected.to_str()
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not for servers; have its extended key usage include serverAuth"
                .to_owned()
        }
        other => format!("its certificate cannot be used ({other}); have it issued anew"),
    }
}

fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "has no subject alternative names (a common name does not count)".to_owned();
    }
    // `DnsName("db.example")`, `IpAddress(10.0.0.1)`.
    let bare = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, inner)| inner);
        inner.trim_matches(['"', ')']).to_owned()
    };
    format!("is for {}", presented.iter().map(bare).collect::<Vec<_>>().join(", "))
}

/// What a node says when it ends a handshake.
fn alerted(alert: AlertDescription, tls: &TlsOptions) -> (ErrorKind, String) {
    use AlertDescription as Alert;
    let of_certificates = matches!(
        alert,
        Alert::AccessDenied
            | Alert::BadCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRequired
            | Alert::CertificateRevoked
            | Alert::CertificateUnknown
            | Alert::DecryptError
            | Alert::NoCertificate
            | Alert::UnknownCA
            | Alert::UnsupportedCertificate
    );
    match alert {
        _ if of_certificates => unwanted(alert, tls),
        Alert::HandshakeFailure | Alert::ProtocolVersion => {
            (ErrorKind::Invalid, nothing_in_common(&TlsError::AlertReceived(alert)))
        }
        _ => (ErrorKind::Unreachable, format!("it ended the handshake ({})", spoken(alert))),
    }
}

fn unwanted(alert: AlertDescription, tls: &TlsOptions) -> (ErrorKind, String) {
    let message = match &tls.certificate {
        None => format!(
            "it asks for a client certificate, and none was given ({}); name one with its key",
            spoken(alert)
        ),
        Some(path) => format!(
            "it refused the client certificate {} ({}); give one that has not expired, of an authority \
             that the node trusts",
            path.display(),
            spoken(alert)
        ),
    };
    (ErrorKind::Authentication, message)
}

fn spoken(alert: AlertDescription) -> String {
    format!("TLS alert {}, {alert:?}", u8::from(alert))
}

fn path(path: Option<&std::path::Path>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}
