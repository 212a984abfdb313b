//! `cargo xtask test`: everything that must hold, against the real cluster.
//!
//! What is quick and fails often comes first. The cluster is stopped afterwards unless it was running
//! before, so that a machine is left as it was found, also when a test fails.

use anyhow::Result;
use xtask::cluster::{Cluster, Profile, UpOutcome, down_all};

use super::cassandra_up::start;
use super::tidy;
use crate::cargo::{cargo, run as run_cargo};

/// Run fmt, tidy, clippy, docs, and all unit, doc and integration tests on the real 3-node cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave the cluster up afterwards.
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    run_cargo(&mut cargo(["fmt", "--all", "--check"]))?;
    tidy::run(&tidy::Args {})?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    run_cargo(&mut cargo(clippy))?;
    let docs = ["doc", "--workspace", "--no-deps", "--quiet"];
    run_cargo(cargo(docs).env("RUSTDOCFLAGS", "-D warnings"))?;
    // Built before the cluster runs: three JVMs and a compiler on two cores slow each other down.
    run_cargo(&mut cargo(["test", "--workspace", "--no-run", "--quiet"]))?;

    let was_running =
        matches!(start(&Cluster::open(Profile::main(3))?)?, UpOutcome::AlreadyRunning);
    let result = run_cargo(&mut cargo(["test", "--workspace", "--no-fail-fast"]));
    if !(was_running || args.keep) {
        // Of every profile: a test that was killed may have left one behind.
        for line in down_all(true)? {
            println!("cassandra: stopped {line}");
        }
    }
    result
}
