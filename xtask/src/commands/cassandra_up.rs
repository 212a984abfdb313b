//! `cargo xtask cassandra-up`: the development cluster, embedded or in containers.
//!
//! Doing it twice is doing it once. Which of the two kinds was chosen is always said, since their
//! nodes have the same addresses.

use anyhow::{Result, ensure};
use xtask::cluster::{Cluster, Profile, UpOutcome};

use super::docker;

/// Start the 3-node Cassandra cluster at 127.0.0.11 to 13, unless it is running.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many nodes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=9))]
    nodes: u8,
    /// Use containers of the official image instead of the embedded cluster.
    #[arg(long, conflicts_with = "nodes")]
    docker: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let cluster = Cluster::open(Profile::main(usize::from(args.nodes)))?;
    if args.docker {
        let free = cluster.status()?.iter().all(|node| !node.state.is_alive());
        ensure!(
            free,
            "the embedded cluster is running at the same addresses: stop it first (`cargo xtask \
             cassandra-down`)"
        );
        println!("cassandra: docker, {}", docker::compose_file().display());
        return docker::up();
    }
    start(&cluster).map(drop)
}

/// Starts the embedded cluster unless it runs, and says what it does.
pub(crate) fn start(cluster: &Cluster) -> Result<UpOutcome> {
    println!("cassandra: embedded, profile {}", cluster.profile().name);
    let outcome = cluster.up(|step| println!("cassandra: {step}"))?;
    match &outcome {
        UpOutcome::AlreadyRunning => println!("cassandra: already running"),
        UpOutcome::Started { elapsed } => {
            println!("cassandra: ready after {:.1} s", elapsed.as_secs_f64());
        }
    }
    let points: Vec<String> = cluster.contact_points().iter().map(ToString::to_string).collect();
    println!("cassandra: {}", points.join(" "));
    Ok(outcome)
}
