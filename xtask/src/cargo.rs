//! Cargo, as the commands call it: the same cargo that runs them, in the workspace's root.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use xtask::cluster::{target_dir, workspace_root};

/// A call of cargo with these arguments.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(workspace_root()).args(arguments);
    // Build scripts look at what cargo has told this process about its own package (ring's does): after a
    // call by hand they would be run again, and most crates built again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Says what is run, runs it, and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let arguments: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let shown = format!("{} {}", program.to_string_lossy(), arguments.join(" "));
    println!("\n$ {shown}");
    let status = command.status().with_context(|| format!("`{shown}` could not be started"))?;
    ensure!(status.success(), "`{shown}` failed ({status})");
    Ok(())
}

/// Builds the release binaries, all at once: another selection of packages would unify their features
/// differently, and build everything below them again.
pub(crate) fn build_release() -> Result<()> {
    run(&mut cargo(["build", "--release", "--package", "benches", "--package", "bulk-cli"]))
}

/// Where a release binary is.
pub(crate) fn release_binary(name: &str) -> Result<PathBuf> {
    Ok(target_dir()?.join("release").join(name))
}

/// Whether a subcommand of cargo is installed.
pub(crate) fn has(subcommand: &str) -> bool {
    let asked = cargo([subcommand, "--version"]).output();
    asked.is_ok_and(|answer| answer.status.success())
}
