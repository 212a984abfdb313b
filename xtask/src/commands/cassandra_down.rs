//! `cargo xtask cassandra-down`: stops every cluster of this target folder, the tests' as well.
//!
//! All of them, since a test that was interrupted can't stop its own, and nobody looks for a JVM
//! that is left behind.

use anyhow::Result;
use xtask::cluster::down_all;

use super::docker;

/// Stop the development cluster and those the tests have left behind.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Delete the data and the logs, too.
    #[arg(long)]
    wipe: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if docker::is_chosen()? {
        docker::down(args.wipe)?;
        println!("cassandra: stopped docker's");
    }
    let names = down_all(args.wipe)?;
    if names.is_empty() {
        println!("cassandra: nothing is running");
        return Ok(());
    }
    let what = if args.wipe { "stopped and wiped" } else { "stopped" };
    println!("cassandra: {what} {}", names.join(", "));
    Ok(())
}
