//! `cargo xtask cassandra-wait`: returns when the cluster can be used, for scripts and CI.

use std::time::Duration;

use anyhow::{Result, ensure};
use xtask::cluster::{Cluster, Profile, recorded_nodes};

use super::docker;

/// Wait until every node answers CQL and sees all the others up.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many seconds to wait at most.
    #[arg(long, default_value_t = 120)]
    timeout: u64,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if docker::is_chosen()? {
        return docker::wait(args.timeout);
    }
    let nodes = recorded_nodes("main")?;
    ensure!(nodes > 0, "there is no cluster to wait for: start one (`cargo xtask cassandra-up`)");
    let cluster = Cluster::open(Profile::main(nodes))?;
    cluster.wait(Duration::from_secs(args.timeout))?;
    println!("cassandra: ready");
    Ok(())
}
