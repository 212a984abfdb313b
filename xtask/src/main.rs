//! `cargo xtask`: parses the command line and runs one command.
//!
//! Everything else is in `cli`, which also prints the one error a command may end with.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "xtask talks to a terminal")]

mod cargo;
mod cli;
mod commands;

fn main() -> std::process::ExitCode {
    cli::run()
}
