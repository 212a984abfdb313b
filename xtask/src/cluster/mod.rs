//! A real Apache Cassandra cluster out of Maven's jars: no container engine, no root, no image.
//!
//! Each node is one JVM on its own loopback address, so that a driver sees what it would see of
//! three machines: three addresses, one port, gossip between them. All nodes start at once, since
//! each is told its tokens beforehand; the ring is therefore the same in every run.
//!
//! A cluster outlives the process that started it. What is known about it lies in
//! `target/cassandra/<profile>/`, and nowhere in memory: [`Cluster::open`] therefore costs nothing
//! and any process may stop, restart or inspect what another one started.
//!
//! # Why not the container image?
//!
//! It needs an engine, which many build machines lack, and a driver outside the containers' network
//! sees addresses it can't reach. `cargo xtask cassandra-up --docker` offers it all the same.
//!
//! # Example
//!
//! ```no_run
//! use std::time::Duration;
//! use xtask::cluster::{Cluster, Profile};
//!
//! # fn main() -> anyhow::Result<()> {
//! let cluster = Cluster::open(Profile::main(3))?;
//! cluster.up(|_| {})?;
//! cluster.kill(1)?;
//! cluster.start(1)?;
//! cluster.wait(Duration::from_secs(60))?;
//! # Ok(())
//! # }
//! ```

mod control;
mod cql;
mod describe;
mod jars;
mod journal;
mod layout;
mod membership;
mod node;
mod nodetool;
mod preflight;
mod process;
mod profile;
mod readiness;
mod settings;
mod tokens;
mod up;

pub use control::{Cluster, down_all, recorded_nodes};
pub use describe::{NodeState, NodeStatus};
pub use layout::{base, target_dir, workspace_root};
pub use profile::{Partitioner, Place, Profile};
pub use up::UpOutcome;
