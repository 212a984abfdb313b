//! Opens a session to a cluster, and says clearly why it could not.
//!
//! The driver names one reason when no contact point works. Someone at 3 a.m. needs all of them, so
//! after a failure each contact point is tried alone, side by side, only to learn its reason.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::client::{Compression, SelfIdentity};
use scylla::errors::{ConnectionError, ConnectionPoolError, MetadataError, NewSessionError};
use scylla::policies::address_translator::AddressTranslator;
use scylla::policies::load_balancing::DefaultPolicy;
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::statement::Consistency;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, ErrorKind, Result};
use crate::fault::is_denied;
use crate::tls::{Refusal, TlsOptions, last_word, refusal};

/// The driver bounds neither handshakes nor first requests. This is longer than it takes to find out
/// by its keepalive, which it has once a connection is secured, that a node is silent.
const SILENCE: Duration = Duration::from_secs(90);

/// The name under which nodes know the sessions of [`connect`]: what they call the driver's name
/// (STARTUP's `DRIVER_NAME`), shown by `nodetool clientstats` and `system_views.clients`. Runs tell each other by it from those
/// for whom they hold back.
pub const CLIENT_NAME: &str = "cassandra-bulk";

/// A user and a password that cannot be printed.
///
/// ```
/// let credentials = topology::Credentials::new("cassandra", "hunter2".to_owned());
/// assert!(!format!("{credentials:?}").contains("hunter2"));
/// ```
#[derive(Clone)]
pub struct Credentials {
    user: String,
    password: SecretString,
}

impl Credentials {
    /// Takes the password over: it is wiped from memory when the last copy is dropped.
    pub fn new(user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Credentials { user: user.into(), password: password.into() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// How to reach a cluster.
#[derive(Clone)]
pub struct ConnectOptions {
    /// Nodes to ask first, as host names or addresses, each with or without a port. One that answers
    /// is enough; the others are found from it.
    pub contact_points: Vec<String>,
    /// The port of contact points that name none.
    pub port: u16,
    /// For clusters that ask for a password.
    pub credentials: Option<Credentials>,
    /// For clusters that encrypt connections. `None`: plain text.
    pub tls: Option<TlsOptions>,
    /// The datacenter whose replicas are read. `None`: any.
    pub local_datacenter: Option<String>,
    /// The consistency of statements that set none of their own.
    pub consistency: Consistency,
    /// How long one connection may take to open.
    pub connect_timeout: Duration,
    /// How long one request may take, as seen from here.
    pub request_timeout: Duration,
    /// Whether frames are compressed with LZ4.
    pub compression: bool,
    /// Maps the addresses that nodes tell of each other to those reachable from here.
    pub address_translator: Option<Arc<dyn AddressTranslator>>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        ConnectOptions {
            contact_points: vec!["127.0.0.1".to_owned()],
            port: 9042,
            credentials: None,
            tls: None,
            local_datacenter: None,
            consistency: Consistency::LocalOne,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            compression: false,
            address_translator: None,
        }
    }
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("contact_points", &self.contact_points)
            .field("port", &self.port)
            .field("credentials", &self.credentials)
            .field("tls", &self.tls)
            .field("local_datacenter", &self.local_datacenter)
            .field("consistency", &self.consistency)
            .finish_non_exhaustive()
    }
}

/// Opens a session.
///
/// The session does not retry by itself: whoever runs a plan decides, and counts, every retry.
///
/// # Errors
///
/// [`ErrorKind::Unreachable`] naming each contact point with its reason, [`ErrorKind::Authentication`]
/// naming the user, or the certificate that is not trusted, [`ErrorKind::NotFound`] for a local
/// datacenter that is not there, with those that are, [`ErrorKind::Invalid`] for a contact point that is
/// none, for a file of [`TlsOptions`] that cannot be used, and where one side encrypts and the other
/// does not.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), topology::Error> {
/// use topology::ConnectOptions;
/// let session = topology::connect(&ConnectOptions {
///     contact_points: vec!["127.0.0.11".to_owned(), "127.0.0.12".to_owned()],
///     ..ConnectOptions::default()
/// })
/// .await?;
/// # Ok(()) }
/// ```
pub async fn connect(options: &ConnectOptions) -> Result<Session> {
    if options.contact_points.is_empty() {
        return Err(Error::new(
            ErrorKind::Invalid,
            "no contact point is given; name at least one host",
        ));
    }
    let addresses: Vec<String> =
        options.contact_points.iter().map(|host| with_port(host, options.port)).collect();
    let tls = match &options.tls {
        Some(tls) => Some(tls.config(names(&addresses))?),
        None => None,
    };
    let session = match open(options, tls.as_ref(), &addresses).await {
        Ok(session) => session,
        Err(error) => return Err(explain(options, tls.as_ref(), &addresses, error).await),
    };
    check_datacenter(options, &session)?;
    Ok(session)
}

/// Appends the port to a host that has none. IPv6 addresses come bare, or in brackets with a port.
fn with_port(host: &str, port: u16) -> String {
    let bare_v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
    match host.rsplit_once(':') {
        _ if bare_v6 => format!("[{host}]:{port}"),
        Some((_, last)) if last.parse::<u16>().is_ok() => host.to_owned(),
        _ => format!("{host}:{port}"),
    }
}

/// Those of the addresses that are host names, without their ports.
fn names(addresses: &[String]) -> Vec<ServerName<'static>> {
    let hosts = addresses.iter().filter_map(|address| address.rsplit_once(':'));
    hosts
        .filter_map(|(host, _)| ServerName::try_from(host.to_owned()).ok())
        .filter(|name| matches!(name, ServerName::DnsName(_)))
        .collect()
}

async fn open(
    options: &ConnectOptions,
    tls: Option<&Arc<ClientConfig>>,
    addresses: &[String],
) -> Result<Session, NewSessionError> {
    let mut policy = DefaultPolicy::builder();
    if let Some(datacenter) = &options.local_datacenter {
        policy = policy.prefer_datacenter(datacenter.clone()).permit_dc_failover(true);
    }
    let profile = ExecutionProfile::builder()
        .consistency(options.consistency)
        .request_timeout(Some(options.request_timeout))
        .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
        .load_balancing_policy(policy.build())
        .build();
    let identity = SelfIdentity::new()
        .with_custom_driver_name(CLIENT_NAME)
        .with_custom_driver_version(env!("CARGO_PKG_VERSION"));
    let mut builder = SessionBuilder::new()
        .known_nodes(addresses)
        .custom_identity(identity)
        .default_execution_profile_handle(profile.into_handle())
        .connection_timeout(options.connect_timeout)
        .compression(options.compression.then_some(Compression::Lz4));
    if let Some(credentials) = &options.credentials {
        builder = builder.user(&credentials.user, credentials.password.expose_secret());
    }
    if let Some(translator) = &options.address_translator {
        builder = builder.address_translator(Arc::clone(translator));
    }
    builder = builder.tls_context(tls.map(Arc::clone));
    let limit = SILENCE.max(options.connect_timeout + options.request_timeout);
    match tokio::time::timeout(limit, builder.build()).await {
        Ok(built) => built,
        Err(_) => Err(NewSessionError::MetadataError(MetadataError::ConnectionPoolError(
            ConnectionPoolError::Broken { last_connection_error: ConnectionError::ConnectTimeout },
        ))),
    }
}

async fn explain(
    options: &ConnectOptions,
    tls: Option<&Arc<ClientConfig>>,
    addresses: &[String],
    error: NewSessionError,
) -> Error {
    if refused_credentials(&error) {
        let remedy = match &options.credentials {
            None => "the cluster asks for a user and a password, and none were given".to_owned(),
            Some(given) => format!(
                "the cluster refused user '{}'; check the password and that the user may log in",
                given.user
            ),
        };
        return Error::new(ErrorKind::Authentication, format!("authentication failed: {remedy}"))
            .with_source(error);
    }
    let reasons = if let [only] = addresses {
        vec![(only.as_str(), reason(&error, options, tls, only).await)]
    } else {
        join_all(addresses.iter().map(|address| async move {
            match open(options, tls, std::slice::from_ref(address)).await {
                Ok(_) => (address.as_str(), unreachable("answered when asked again")),
                Err(error) => (address.as_str(), reason(&error, options, tls, address).await),
            }
        }))
        .await
    };
    let told: Vec<String> =
        reasons.iter().map(|(address, reason)| format!("{address}: {}", reason.message)).collect();
    let told = told.join("; ");
    // What a person must mend is final only if no other node may come back.
    let settled = reasons.iter().all(|(_, reason)| reason.kind != ErrorKind::Unreachable);
    let (kind, message) = match reasons.first() {
        Some((_, first)) if settled => (first.kind, format!("no node could be used ({told})")),
        _ => (
            ErrorKind::Unreachable,
            format!(
                "no node could be reached ({told}); check the hosts, the port and that Cassandra is up"
            ),
        ),
    };
    Error::new(kind, message).with_source(error)
}

fn unreachable(message: impl Into<String>) -> Refusal {
    Refusal { kind: ErrorKind::Unreachable, message: message.into() }
}

fn refused_credentials(error: &NewSessionError) -> bool {
    matches!(
        error,
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(
            ConnectionPoolError::Broken { last_connection_error }
        )) if is_denied(last_connection_error)
    )
}

/// The innermost cause: what the operating system, the encryption or the node said.
async fn reason(
    error: &NewSessionError,
    options: &ConnectOptions,
    tls: Option<&Arc<ClientConfig>>,
    address: &str,
) -> Refusal {
    let last = match error {
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(
            ConnectionPoolError::Broken { last_connection_error },
        )) => last_connection_error,
        NewSessionError::FailedToResolveAnyHostname(_) => {
            return unreachable("the name cannot be resolved");
        }
        other => return unreachable(other.to_string()),
    };
    let Some(refusal) = refusal(last, options.tls.as_ref()) else {
        return unreachable(last.to_string());
    };
    match (&options.tls, tls) {
        (Some(files), Some(config)) if refusal.kind == ErrorKind::Unreachable => {
            last_word(address, config, files, options.connect_timeout).await.unwrap_or(refusal)
        }
        _ => refusal,
    }
}

/// A misspelt datacenter would silently make every read a remote one.
fn check_datacenter(options: &ConnectOptions, session: &Session) -> Result<()> {
    let Some(wanted) = &options.local_datacenter else {
        return Ok(());
    };
    let state = session.get_cluster_state();
    let known = state.replica_locator().datacenter_names();
    if known.contains(wanted) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::NotFound,
        format!("no datacenter '{wanted}' in this cluster; it has {}", known.join(", ")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_added_only_where_there_is_none() {
        for (host, address) in [
            ("10.0.0.1", "10.0.0.1:9042"),
            ("10.0.0.1:19042", "10.0.0.1:19042"),
            ("db.example", "db.example:9042"),
            ("db.example:1", "db.example:1"),
            ("::1", "[::1]:9042"),
            ("[::1]:7", "[::1]:7"),
            ("[::1]", "[::1]:9042"),
        ] {
            assert_eq!(with_port(host, 9042), address);
        }
    }

    #[test]
    fn only_host_names_are_names() {
        let addresses = ["10.0.0.1:9042", "[::1]:9042", "db.example:1"].map(str::to_owned);
        assert_eq!(names(&addresses), [ServerName::try_from("db.example").unwrap()]);
    }
}
