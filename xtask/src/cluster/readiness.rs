//! Waits until a cluster can be used: every node answers CQL and sees all the others up.
//!
//! The second half matters: a node that thinks a peer is down refuses a query at QUORUM, and tells
//! drivers that the peer is gone.

use std::net::Ipv4Addr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::cql;
use super::journal::Journal;
use super::node::Node;

const PAUSE: Duration = Duration::from_millis(200);
const TAIL: usize = 25;

/// One node and what is wanted of it.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) node: Node,
    pub(super) address: Ipv4Addr,
    /// From where on its log is believed.
    pub(super) log_offset: u64,
    /// Whether it must answer CQL.
    pub(super) cql: bool,
    /// Whom it must see up.
    pub(super) peers: Vec<Ipv4Addr>,
    /// Whether there must be a role to log in with.
    pub(super) first_role: bool,
}

impl Wanted {
    fn journal(&self) -> Journal {
        Journal::since(&self.node.dir.system_log(), self.log_offset)
    }

    fn name(&self) -> String {
        format!("{} ({})", self.node.dir.name(), self.address)
    }

    /// Whether it once served CQL and no longer does: nothing will come of waiting.
    pub(super) fn is_stuck(&self) -> bool {
        if !self.journal().is_listening() || cql::answers(self.address) {
            return false;
        }
        // It says that it listens a moment before it does.
        sleep(Duration::from_secs(1));
        !cql::answers(self.address)
    }

    /// What is still missing, if anything.
    fn missing(&self) -> Option<String> {
        if self.is_paused() {
            return Some(format!("{} is paused", self.name()));
        }
        if self.cql && !cql::answers(self.address) {
            return Some(format!("{} does not answer CQL", self.name()));
        }
        let journal = self.journal();
        self.peers
            .iter()
            .find(|peer| !journal.sees_up(**peer))
            .map(|peer| format!("{} does not see {peer} up", self.name()))
    }

    fn is_paused(&self) -> bool {
        let process = self.node.process();
        process.is_ok_and(|process| process.is_some_and(|process| process.is_paused()))
    }

    fn fail_if_dead(&self) -> Result<()> {
        let Some(record) = self.node.record()? else {
            bail!("{} is not running: start it (`cargo xtask cassandra-up`)", self.name());
        };
        if record.alive().is_some() {
            return Ok(());
        }
        let console = Journal::since(&self.node.dir.console_log(), 0).tail(TAIL);
        let system = self.journal().tail(TAIL);
        bail!(
            "{} has died: see the end of its logs here, the rest in {}, then start it again \
             (`cargo xtask cassandra-up`){console}{system}",
            self.name(),
            self.node.dir.logs().display()
        );
    }
}

/// What is still missing of all that is wanted, if anything.
pub(super) fn missing(wanted: &[Wanted]) -> Result<Option<String>> {
    for one in wanted {
        one.fail_if_dead()?;
    }
    // Any node makes the role, on its first start, which the whole of its log remembers.
    let made = |one: &Wanted| Journal::since(&one.node.dir.system_log(), 0).made_the_first_role();
    if wanted.iter().any(|one| one.first_role) && !wanted.iter().any(made) {
        return Ok(Some("no node has made the first role".to_owned()));
    }
    Ok(wanted.iter().find_map(Wanted::missing))
}

/// Waits until nothing is missing; at once an error if one of the nodes has died.
pub(super) fn wait(wanted: &[Wanted], patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    loop {
        let Some(missing) = missing(wanted)? else {
            return Ok(());
        };
        if Instant::now() > deadline {
            bail!(
                "{missing} after {} s: look into the logs under its folder, or start afresh \
                 (`cargo xtask cassandra-down`, then `cassandra-up`)",
                patience.as_secs()
            );
        }
        sleep(PAUSE);
    }
}
