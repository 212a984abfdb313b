//! The command line: one variant of [`Command`] per file of `commands/`.
//!
//! A command's flags live in its own file, so that adding a command touches this enum, the match
//! below it, and nothing else.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{
    bench, cassandra_down, cassandra_status, cassandra_up, cassandra_wait, chaos, coverage, demo,
    fuzz, test, tidy,
};

/// The workspace's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(name = "cassandra-up")]
    Up(cassandra_up::Args),
    #[command(name = "cassandra-wait")]
    Wait(cassandra_wait::Args),
    #[command(name = "cassandra-status")]
    Status(cassandra_status::Args),
    #[command(name = "cassandra-down")]
    Down(cassandra_down::Args),
    Demo(demo::Args),
    Test(test::Args),
    Coverage(coverage::Args),
    Bench(bench::Args),
    Chaos(chaos::Args),
    Fuzz(fuzz::Args),
    Tidy(tidy::Args),
}

/// Runs the command that was asked for; an error is printed here and nowhere else.
pub(crate) fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Up(args) => cassandra_up::run(&args),
        Command::Wait(args) => cassandra_wait::run(&args),
        Command::Status(args) => cassandra_status::run(&args),
        Command::Down(args) => cassandra_down::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Coverage(args) => coverage::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Chaos(args) => chaos::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Tidy(args) => tidy::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
