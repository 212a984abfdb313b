//! [`Cluster`]: a profile and the folder it lives in, with what can be done to it.
//!
//! It holds no process and no state. Starting is in `up.rs`, looking in `describe.rs`, asking the
//! nodes in `nodetool.rs`; here is the rest.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;

use super::jars::Jars;
use super::layout::{self, ProfileDir};
use super::node::{self, Data, Node};
use super::profile::Profile;
use super::readiness::{self, Wanted};
use super::settings::Settings;
use super::{journal, preflight};
use crate::lock::Lock;
use crate::programs;

/// How long one node may take to come back.
const RESTART: Duration = Duration::from_secs(120);

/// How many nodes a cluster may have: so many JMX ports belong to each profile.
pub(super) const MOST: usize = 32;

/// A cluster that may or may not be running.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(super) profile: Profile,
    pub(super) dir: ProfileDir,
    pub(super) jars: Jars,
}

impl Cluster {
    /// Names a cluster; nothing is started, written or looked at.
    pub fn open(profile: Profile) -> Result<Self> {
        let name = &profile.name;
        ensure!(
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
            "a profile can't be called {name:?}: use letters, digits and hyphens"
        );
        ensure!(
            (1..=MOST).contains(&profile.nodes()),
            "profile {name} has {} nodes: give it 1 to {MOST}",
            profile.nodes()
        );
        let base = layout::base()?;
        Ok(Self { dir: ProfileDir::at(base.clone(), name), jars: Jars::under(&base), profile })
    }

    /// What it is like.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Where a driver connects.
    pub fn contact_points(&self) -> Vec<SocketAddr> {
        self.profile.contact_points()
    }

    /// Waits until every node answers CQL and sees all the others up.
    pub fn wait(&self, timeout: Duration) -> Result<()> {
        readiness::wait(&self.wanted()?, timeout)
    }

    /// Stops every node; the data stays.
    pub fn down(&self) -> Result<()> {
        let _lock = Lock::acquire(&self.dir.lock())?;
        stop_all(&self.dir, Data::Kept)
    }

    /// Stops every node and deletes the data and the logs.
    pub fn wipe(&self) -> Result<()> {
        let _lock = Lock::acquire(&self.dir.lock())?;
        stop_all(&self.dir, Data::Lost)?;
        delete(&self.dir)
    }

    /// Kills a node with no chance to tidy up, and waits until it is gone.
    pub fn kill(&self, node: usize) -> Result<()> {
        self.node(node)?.kill()
    }

    /// Freezes a node: its connections stay open and nothing is answered.
    pub fn pause(&self, node: usize) -> Result<()> {
        self.node(node)?.signal(Signal::SIGSTOP)
    }

    /// Lets a frozen node go on.
    pub fn resume(&self, node: usize) -> Result<()> {
        self.node(node)?.signal(Signal::SIGCONT)
    }

    /// Starts a node that was killed; returns when it answers CQL and it and the running others see
    /// each other up. A node that runs is left alone, and waited for.
    pub fn start(&self, node: usize) -> Result<()> {
        let _lock = Lock::acquire(&self.dir.lock())?;
        let wanted = self.wanted_of(node, &[])?;
        if wanted.node.process()?.is_none() {
            return self.start_among_others(node, RESTART);
        }
        readiness::wait(&[wanted], RESTART)
    }

    /// Starts a node that does not run, beside those that do.
    pub(super) fn start_among_others(&self, node: usize, patience: Duration) -> Result<()> {
        preflight::check(&self.profile, &[node])?;
        let mut others = Vec::new();
        for other in self.members()?.into_iter().filter(|other| *other != node) {
            let mut other = self.wanted_of(other, &[node])?;
            // Its opinion of before doesn't count.
            other.log_offset = journal::length(&other.node.dir.system_log());
            other.cql = false;
            if other.node.process()?.is_some_and(|process| !process.is_paused()) {
                others.push(other);
            }
        }
        let java = programs::java()?;
        let started = Node { dir: self.dir.node(node) };
        started.spawn(&self.settings(node), &java, &self.jars.class_path())?;
        let mut wanted = self.wanted_of(node, &[])?;
        wanted.peers = others.iter().map(|other| other.address).collect();
        others.insert(0, wanted);
        readiness::wait(&others, patience)
    }

    /// The nodes it has now: those that were started with it or joined later, and have not left. A
    /// node that is down is still one of them.
    pub fn members(&self) -> Result<Vec<usize>> {
        let nodes = self.profile.nodes();
        let there = |node: &usize| self.dir.node(*node).path().is_dir();
        let found: Vec<usize> = (0..MOST).filter(there).collect();
        // Nothing is there before the first start.
        Ok(if found.is_empty() { (0..nodes).collect() } else { found })
    }

    pub(super) fn node(&self, node: usize) -> Result<Node> {
        let members = self.members()?;
        ensure!(
            node < self.profile.nodes() || members.contains(&node),
            "profile {} has no node {node}: its nodes are {members:?}",
            self.profile.name,
        );
        Ok(Node { dir: self.dir.node(node) })
    }

    pub(super) fn settings(&self, node: usize) -> Settings {
        let dir = self.dir.node(node);
        Settings::render(&self.profile, node, &dir, &self.jars.agent())
    }

    /// What is wanted of every node of a cluster in full health.
    pub(super) fn wanted(&self) -> Result<Vec<Wanted>> {
        let members = self.members()?;
        members.iter().map(|node| self.wanted_of(*node, &members)).collect()
    }

    /// The node is to answer CQL, and to see these others up.
    fn wanted_of(&self, index: usize, peers: &[usize]) -> Result<Wanted> {
        let node = self.node(index)?;
        let log_offset = node.record()?.map_or(0, |record| record.log_offset);
        let others = peers.iter().filter(|other| **other != index);
        Ok(Wanted {
            address: self.profile.address(index),
            log_offset,
            cql: true,
            peers: others.map(|other| self.profile.address(*other)).collect(),
            first_role: self.profile.authenticator,
            node,
        })
    }
}

/// How many nodes the cluster of this name was last started with; 0 if it is not there.
pub fn recorded_nodes(name: &str) -> Result<usize> {
    Ok(ProfileDir::at(layout::base()?, name).nodes()?.len())
}

/// Stops every cluster that is recorded in this target folder, whatever its profile, and with
/// `wipe` deletes its data. Gives the names of those that were there.
pub fn down_all(wipe: bool) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut locks = Vec::new();
    let mut nodes = Vec::new();
    let dirs = ProfileDir::recorded(&layout::base()?)?;
    for dir in &dirs {
        locks.push(Lock::acquire(&dir.lock())?);
        let mut running = false;
        for dir in dir.nodes()? {
            let node = Node { dir };
            running |= node.process()?.is_some();
            nodes.push(node);
        }
        if running || wipe {
            names.push(dir.name());
        }
    }
    // All together: each takes its time, and none waits for another.
    node::stop(&nodes, if wipe { Data::Lost } else { Data::Kept })?;
    if wipe {
        dirs.iter().try_for_each(delete)?;
    }
    Ok(names)
}

/// Stops what is recorded, which may be more nodes than the profile has today.
pub(super) fn stop_all(dir: &ProfileDir, data: Data) -> Result<()> {
    let nodes: Vec<Node> = dir.nodes()?.into_iter().map(|dir| Node { dir }).collect();
    node::stop(&nodes, data)
}

pub(super) fn delete(dir: &ProfileDir) -> Result<()> {
    match std::fs::remove_dir_all(dir.path()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("can't delete {}", dir.path().display()))
        }
        _ => Ok(()),
    }
}
