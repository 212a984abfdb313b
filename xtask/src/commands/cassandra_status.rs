//! `cargo xtask cassandra-status`: one line per node of the development cluster.

use anyhow::Result;
use xtask::cluster::{Cluster, Profile, recorded_nodes};

use super::docker;

/// Show every node: its process, its memory, whether it answers CQL.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<()> {
    if docker::is_chosen()? {
        return docker::status();
    }
    let nodes = recorded_nodes("main")?;
    if nodes == 0 {
        println!("cassandra: none (`cargo xtask cassandra-up` starts one)");
        return Ok(());
    }
    println!("node  address      state       pid      memory  cql");
    for node in Cluster::open(Profile::main(nodes))?.status()? {
        println!(
            "{:<5} {:<12} {:<8} {:>6} {:>7} MiB  {}",
            format!("node{}", node.index + 1),
            node.address.to_string(),
            node.state,
            node.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
            node.rss_bytes / (1024 * 1024),
            if node.cql_open { "open" } else { "closed" },
        );
    }
    Ok(())
}
