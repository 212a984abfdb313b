//! `cargo xtask bench`: how fast, and in how much memory, as ratios within one run.

use std::process::Command;

use anyhow::Result;
use xtask::cluster::{Cluster, Profile};

use super::cassandra_up::start;
use crate::cargo::{build_release, release_binary, run as run_command};

/// Measure counting and streaming against bare loops over the driver, on the real cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rows of the table.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Rounds; the medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let cluster = Cluster::open(Profile::main(3))?;
    build_release()?;
    start(&cluster)?;
    let mut measure = Command::new(release_binary("measure")?);
    measure.args(["all", "--rows", &args.rows.to_string(), "--rounds", &args.rounds.to_string()]);
    for point in cluster.contact_points() {
        measure.args(["--host", &point.to_string()]);
    }
    run_command(&mut measure)
}
