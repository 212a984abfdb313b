//! Looks before the leap: addresses, ports and memory, each with an error that says what to do.
//!
//! A node that finds its port taken, or is killed for want of memory, says so deep in a log or not
//! at all.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::profile::{CQL_PORT, Profile, STORAGE_PORT};

/// What a node takes beside its heap, in MiB: memtables and buffers off the heap, classes, code.
const BESIDE_THE_HEAP: u64 = 400;

/// How long a port may outlive the process that was killed a moment ago.
const LINGERING: Duration = Duration::from_secs(1);

/// Checks that these nodes of the profile can be started.
pub(super) fn check(profile: &Profile, nodes: &[usize]) -> Result<()> {
    for &node in nodes {
        let address = profile.address(node);
        bind(SocketAddr::from((address, CQL_PORT)))?;
        bind(SocketAddr::from((address, STORAGE_PORT)))?;
        bind(SocketAddr::from((Ipv4Addr::LOCALHOST, profile.jmx_port(node))))?;
    }
    let count = u64::try_from(nodes.len()).unwrap_or(u64::MAX);
    let needed = count.saturating_mul(u64::from(profile.heap_mb) + BESIDE_THE_HEAP);
    memory(available_mib(), needed, nodes.len())
}

fn bind(address: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + LINGERING;
    let mut attempt = TcpListener::bind(address);
    while matches!(&attempt, Err(error) if error.kind() == ErrorKind::AddrInUse)
        && Instant::now() < deadline
    {
        sleep(Duration::from_millis(50));
        attempt = TcpListener::bind(address);
    }
    match attempt {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "{address} is in use by a process that is not of this cluster: stop that process (for \
             a cluster of another target folder, `cargo xtask cassandra-down` with its \
             CARGO_TARGET_DIR)"
        ),
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => bail!(
            "{ip} is no address of this machine: add it (on macOS `sudo ifconfig lo0 alias {ip} \
             up`)",
            ip = address.ip()
        ),
        Err(error) => Err(error).with_context(|| format!("can't listen on {address}")),
    }
}

fn memory(available: Option<u64>, needed: u64, nodes: usize) -> Result<()> {
    match available {
        Some(available) if available < needed => bail!(
            "{nodes} node(s) need {needed} MiB of memory and {available} MiB are available: free \
             some, or start fewer nodes (`cargo xtask cassandra-up --nodes 1`)"
        ),
        _ => Ok(()),
    }
}

/// `MemAvailable`; unknown where there is no `/proc`.
fn available_mib() -> Option<u64> {
    parse_meminfo(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

fn parse_meminfo(text: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = rest.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let error = bind(address).unwrap_err().to_string();
        assert!(error.starts_with(&address.to_string()), "{error}");
    }

    #[test]
    fn an_address_of_another_machine_is_named() {
        let error = bind(SocketAddr::from(([192, 0, 2, 1], 9042))).unwrap_err();
        assert!(error.to_string().contains("alias 192.0.2.1"), "{error}");
    }

    #[test]
    fn too_little_memory_is_an_error_and_an_unknown_amount_is_not() {
        assert!(memory(Some(1_000), 2_000, 3).is_err());
        assert!(memory(Some(2_000), 2_000, 3).is_ok());
        assert!(memory(None, 2_000, 3).is_ok());
        let text = "MemTotal: 100 kB\nMemAvailable:   2097152 kB\n";
        assert_eq!(parse_meminfo(text), Some(2_048));
    }
}
