//! The program, from its arguments to its exit code.

use std::process::ExitCode;

use crate::{commands, exit, settings};

/// Does what the arguments of this process ask for.
pub fn run() -> ExitCode {
    exit::of(settings::of_process().and_then(commands::run))
}
