//! `cassandra-bulk`: whole Cassandra and ScyllaDB tables from the command line.
//!
//! Arguments become a validated request, the request a job of `bulk`, its end an exit code. Nothing here
//! is anything that a user of the library could want.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod connect;
mod exit;
mod logging;
mod output;
mod progress;
mod signal;

use clap::Parser;

fn main() -> std::process::ExitCode {
    exit::of(commands::run(args::Args::parse()))
}
