//! Nodes that join and leave a running cluster, as an operator's do.
//!
//! A newcomer bootstraps: it fetches its share of the data before it serves anything. Its tokens are
//! given, like everybody's, so the ring is the same in every run, before and after. It is no seed and
//! not one of the profile's nodes: it counts from there on, and [`Cluster::up`] of the same profile
//! makes the cluster anew without it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::control::{Cluster, MOST};
use super::node::{self, Data, Node};
use crate::lock::Lock;

/// How long a newcomer may take to fetch its data and be seen by all.
const JOINING: Duration = Duration::from_secs(240);

impl Cluster {
    /// Adds a node beside the first one, and waits until it has its share of the data, answers CQL,
    /// and all running nodes see each other and it up. Gives its index.
    ///
    /// All nodes must be up: a newcomer fetches each range from the replica that it takes over from.
    pub fn join(&self) -> Result<usize> {
        let _lock = Lock::acquire(&self.dir.lock())?;
        let members = self.members()?;
        let free = (self.profile.nodes()..MOST).find(|node| !members.contains(node));
        let newcomer = free.with_context(|| {
            format!("profile {} has {MOST} nodes: let one leave first", self.profile.name)
        })?;
        let joined = self.start_among_others(newcomer, JOINING);
        if joined.is_err() {
            // Half a node would keep all others from joining. The error has the end of its logs.
            self.remove(newcomer)?;
        }
        joined.map(|()| newcomer)
    }

    /// Has a node hand its data to the others and leave, for good: it is stopped, and its folder
    /// deleted. Replication must allow for one node less.
    pub fn decommission(&self, node: usize) -> Result<()> {
        let _lock = Lock::acquire(&self.dir.lock())?;
        ensure!(
            self.members()?.len() > 1,
            "profile {} has no node to leave its data to: join one first",
            self.profile.name
        );
        self.nodetool(node, &["decommission"])?;
        self.remove(node)
    }

    fn remove(&self, node: usize) -> Result<()> {
        let left = Node { dir: self.dir.node(node) };
        node::stop(std::slice::from_ref(&left), Data::Lost)?;
        std::fs::remove_dir_all(left.dir.path())
            .with_context(|| format!("can't delete {}", left.dir.path().display()))
    }

    /// Has a node write down all it holds in memory and stop serving. Its process stays, as
    /// `nodetool drain` leaves it: [`Cluster::kill`] and [`Cluster::start`] bring it back.
    pub fn drain(&self, node: usize) -> Result<()> {
        self.nodetool(node, &["drain"]).map(drop)
    }
}
