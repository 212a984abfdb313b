//! `cargo xtask coverage`: which lines the tests reach, on the real cluster.

use anyhow::{Result, ensure};
use xtask::cluster::{Cluster, Profile};

use super::cassandra_up::start;
use crate::cargo::{cargo, has, run as run_cargo};

/// Run all tests with coverage, and write a report as HTML.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<()> {
    ensure!(
        has("llvm-cov"),
        "cargo-llvm-cov is not installed: `rustup component add llvm-tools` and \
         `cargo install cargo-llvm-cov`"
    );
    start(&Cluster::open(Profile::main(3))?)?;
    run_cargo(&mut cargo(["llvm-cov", "--workspace", "--html"]))?;
    run_cargo(&mut cargo(["llvm-cov", "report", "--summary-only"]))
}
