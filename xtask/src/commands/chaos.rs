//! `cargo xtask chaos`: jobs under faults by a seed, with what they leave compared cell by cell.

use anyhow::Result;

use crate::cargo::{cargo, run as run_command};

/// Run jobs of the program under faults by a seed, on a cluster of their own, and compare what they
/// leave, cell by cell.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many rounds.
    #[arg(long, default_value_t = 20)]
    rounds: u64,
    /// The seed of the first round; each further one has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Begin no round after so many minutes.
    #[arg(long)]
    minutes: Option<u64>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let mut command = cargo(["run", "--quiet", "--package", "chaos", "--"]);
    command.args(["--rounds", &args.rounds.to_string(), "--seed", &args.seed.to_string()]);
    if let Some(minutes) = args.minutes {
        command.args(["--minutes", &minutes.to_string()]);
    }
    run_command(&mut command)
}
