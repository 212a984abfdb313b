//! `cassandra-bulk`: whole Cassandra and ScyllaDB tables from the command line.
//!
//! Arguments become a validated request, the request a job of `bulk`, its end an exit code. Nothing here
//! is anything that a user of the library could want: it is a crate beside its program so that what it reads
//! can be fuzzed.
#![forbid(unsafe_code)]

mod again;
mod args;
mod byte_size;
mod catalog_args;
mod commands;
mod config_command;
mod config_file;
mod connect;
mod connection_args;
mod control;
mod control_folder;
mod control_protocol;
mod cqlshrc;
mod csv_args;
mod ctl;
mod exit;
mod export;
mod export_args;
mod file_options;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod iceberg_args;
mod iceberg_export;
mod iceberg_output;
mod import;
mod import_args;
mod import_output;
mod logging;
mod login;
mod metrics;
mod metrics_server;
mod moment;
mod narrow_args;
mod output;
mod place;
mod program;
mod progress;
mod run_args;
mod run_name;
mod run_state;
mod running;
mod setting;
mod settings;
mod signal;
mod snapshots;
mod summary;
mod verify;

pub use program::run;
