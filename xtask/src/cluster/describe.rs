//! How a cluster stands at this moment, node by node.
//!
//! Asked of the system and of the CQL ports, never of a file alone.

use std::fmt;
use std::net::Ipv4Addr;

use anyhow::Result;

use super::control::Cluster;
use super::cql;

/// How a node's process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It runs.
    Running,
    /// It was frozen by [`Cluster::pause`].
    Paused,
    /// It was started and not stopped, and is gone.
    Dead,
    /// It was never started, or was stopped.
    Stopped,
}

impl NodeState {
    /// Whether there is a process.
    pub fn is_alive(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Dead => "dead",
            Self::Stopped => "stopped",
        })
    }
}

/// One node of [`Cluster::status`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// Counted from 0, as every function here counts; its folder and its messages say `node1`.
    pub index: usize,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its process, alive or dead.
    pub pid: Option<i32>,
    /// How that process stands.
    pub state: NodeState,
    /// The memory it occupies.
    pub rss_bytes: u64,
    /// Whether it answers CQL.
    pub cql_open: bool,
}

impl Cluster {
    /// How every node stands.
    pub fn status(&self) -> Result<Vec<NodeStatus>> {
        self.members()?.into_iter().map(|index| self.status_of(index)).collect()
    }

    fn status_of(&self, index: usize) -> Result<NodeStatus> {
        let address = self.profile.address(index);
        let record = self.node(index)?.record()?;
        let process = record.as_ref().and_then(|record| record.alive());
        let state = match (&record, &process) {
            (None, _) => NodeState::Stopped,
            (Some(_), None) => NodeState::Dead,
            (_, Some(process)) if process.is_paused() => NodeState::Paused,
            _ => NodeState::Running,
        };
        Ok(NodeStatus {
            index,
            address,
            pid: record.map(|record| record.pid),
            state,
            rss_bytes: process.map_or(0, |process| process.rss_bytes),
            cql_open: state == NodeState::Running && cql::answers(address),
        })
    }
}
