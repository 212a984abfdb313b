//! What is read of a cluster is what the cluster says itself: ring and replicas as `nodetool` has
//! them, columns as `SELECT *` has them, sizes near the truth; and what cannot be read is said clearly.

mod errors;
mod estimates;
mod partitioners;
mod ring;
mod schema;
mod two_datacenters;

use anyhow::{Result, ensure};
use topology::{Error, ErrorKind};

/// An error of this kind whose message has all of these parts.
fn is_said<T>(result: Result<T, Error>, kind: ErrorKind, parts: &[&str]) -> Result<()> {
    let Err(error) = result else {
        anyhow::bail!("no error, where {kind:?} with {parts:?} was expected");
    };
    let text = error.to_string();
    ensure!(error.kind() == kind, "{:?} instead of {kind:?}: {text}", error.kind());
    for part in parts {
        ensure!(text.contains(part), "{part:?} is not said: {text}");
    }
    Ok(())
}
