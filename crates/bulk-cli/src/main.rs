//! `cassandra-bulk`: whole Cassandra and ScyllaDB tables from the command line.
//!
//! Arguments become a validated request, the request a job of `bulk`, its end an exit code. Nothing here
//! is anything that a user of the library could want.
#![forbid(unsafe_code)]

mod again;
mod args;
mod byte_size;
mod catalog_args;
mod commands;
mod connect;
mod csv_args;
mod exit;
mod export;
mod export_args;
mod file_options;
mod iceberg_args;
mod iceberg_export;
mod iceberg_output;
mod import;
mod import_args;
mod import_output;
mod logging;
mod moment;
mod narrow_args;
mod output;
mod place;
mod progress;
mod signal;
mod snapshots;
mod verify;

use clap::Parser;

fn main() -> std::process::ExitCode {
    exit::of(commands::run(args::Args::parse()))
}
