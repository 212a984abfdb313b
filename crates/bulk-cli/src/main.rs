//! `cassandra-bulk`, as `bulk_cli` has it.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    bulk_cli::run()
}
