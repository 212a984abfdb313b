//! The arguments that say how a cluster is reached. Each may as well be a variable or a line of a file;
//! `settings.rs` puts those in before the arguments are read.

use std::path::PathBuf;
use std::time::Duration;

use bulk::{Consistency, TlsOptions};
use clap::Args as ClapArgs;
use clap::builder::BoolishValueParser;

use crate::args::{Shown, seconds};
use crate::login::StoredPassword;

/// What every command has that asks a cluster.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Connection and output")]
pub(crate) struct Common {
    /// A node to ask first; may be given several times. HOST or HOST:PORT.
    #[arg(long, value_name = "HOST", value_delimiter = ',', default_value = "127.0.0.1")]
    pub(crate) host: Vec<String>,
    /// The port of hosts that name none.
    #[arg(long, default_value_t = 9042, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
    /// The user to log in as. The password comes from --password-file, from the environment variable
    /// CASSANDRA_BULK_PASSWORD, from the configuration, from cqlsh's files, or from a prompt; never
    /// from an argument, which `ps` would show.
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// A file whose first line is the password.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read from the replicas of this datacenter.
    #[arg(long, value_name = "NAME")]
    pub(crate) local_dc: Option<String>,
    /// The consistency of each read, or write [default: LOCAL_ONE; LOCAL_QUORUM for import].
    #[arg(long, value_name = "LEVEL", value_parser = consistency, ignore_case = true)]
    pub(crate) consistency: Option<Consistency>,
    /// Give a connection up after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) connect_timeout: Duration,
    /// Give a request up after so many seconds, and try again.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) request_timeout: Duration,
    /// Compress what goes over the network with LZ4.
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_value = "false", default_missing_value = "true", hide_default_value = true,
        value_parser = BoolishValueParser::new())]
    pub(crate) compress_frames: bool,
    #[command(flatten)]
    pub(crate) tls: Tls,
    #[command(flatten)]
    pub(crate) files: ConfigFiles,
    #[command(flatten)]
    pub(crate) shown: Shown,
    /// The passwords that files have, the strongest first.
    #[arg(skip)]
    pub(crate) stored: Vec<StoredPassword>,
}

/// Whether, and how, connections are encrypted.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Encryption")]
pub(crate) struct Tls {
    /// Encrypt connections; any other option of encryption does so, too. --tls=false does not, whatever
    /// the configuration says.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub(crate) tls: Option<bool>,
    /// A PEM file of the authorities to trust [default: the system's].
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// A PEM file of the certificate to show, where the cluster asks for one.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// A PEM file of the private key of that certificate.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Accept certificates of trusted authorities that are for other names than the node's.
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_value = "false", default_missing_value = "true", hide_default_value = true,
        value_parser = BoolishValueParser::new())]
    pub(crate) tls_no_hostname_check: bool,
    /// Accept any certificate: whoever is in between can read and change everything.
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_value = "false", default_missing_value = "true", hide_default_value = true,
        value_parser = BoolishValueParser::new())]
    pub(crate) tls_no_verify: bool,
}

impl Tls {
    /// How connections are encrypted, if they are.
    pub(crate) fn options(&self) -> Option<TlsOptions> {
        let is_implied = self.tls_ca.is_some()
            || self.tls_cert.is_some()
            || self.tls_key.is_some()
            || self.tls_no_hostname_check
            || self.tls_no_verify;
        self.tls.unwrap_or(is_implied).then(|| TlsOptions {
            ca: self.tls_ca.clone(),
            certificate: self.tls_cert.clone(),
            key: self.tls_key.clone(),
            verify_hostname: !self.tls_no_hostname_check,
            verify: !self.tls_no_verify,
        })
    }
}

/// Which files the settings come from that no argument and no variable gives.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct ConfigFiles {
    /// A file of settings (TOML), or none [default: ~/.config/cassandra-bulk/config.toml, if it is
    /// there]. Every option of a connection and of a run may also be a variable: --local-dc is
    /// CASSANDRA_BULK_LOCAL_DC.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The profile of that file to use: its table [profiles.NAME].
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// A cqlshrc, as cqlsh has it, or none [default: ~/.cassandra/cqlshrc, if it is there].
    #[arg(long, value_name = "FILE")]
    pub(crate) cqlshrc: Option<PathBuf>,
}

/// The levels that a read over a range may have.
fn consistency(text: &str) -> Result<Consistency, String> {
    match text.to_ascii_uppercase().as_str() {
        "ONE" => Ok(Consistency::One),
        "TWO" => Ok(Consistency::Two),
        "THREE" => Ok(Consistency::Three),
        "QUORUM" => Ok(Consistency::Quorum),
        "ALL" => Ok(Consistency::All),
        "LOCAL_QUORUM" => Ok(Consistency::LocalQuorum),
        "LOCAL_ONE" => Ok(Consistency::LocalOne),
        _ => Err("choose ONE, TWO, THREE, QUORUM, ALL, LOCAL_QUORUM or LOCAL_ONE".to_owned()),
    }
}
