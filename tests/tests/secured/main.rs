//! Clusters that do not let everyone in: by logins, and by certificates over encrypted connections. Each
//! is started once; so its cases are one test.

mod authority;
mod encrypted;
mod logins;

use anyhow::{Result, ensure};
use topology::{ConnectOptions, ErrorKind};

/// Connecting fails with this kind of error, whose message has all of these parts.
async fn refused(options: &ConnectOptions, kind: ErrorKind, parts: &[&str]) -> Result<()> {
    let Err(error) = topology::connect(options).await else {
        anyhow::bail!("let in, where {kind:?} with {parts:?} was expected");
    };
    ensure!(error.kind() == kind, "{:?} instead of {kind:?}: {error}", error.kind());
    for part in parts {
        ensure!(error.to_string().contains(part), "'{part}' is not in: {error}");
    }
    Ok(())
}
