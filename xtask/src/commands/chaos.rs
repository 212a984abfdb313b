//! `cargo xtask chaos`: jobs under faults by a seed, with what they leave compared cell by cell.

use std::ffi::OsString;

use anyhow::Result;

use crate::cargo::{cargo, run as run_command};

/// Run jobs of the program under faults by a seed, on a cluster of their own, and compare what they
/// leave, cell by cell.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// What the program `chaos` takes; `--help` tells.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let mut command = cargo(["run", "--quiet", "--package", "chaos", "--"]);
    run_command(command.args(&args.arguments))
}
