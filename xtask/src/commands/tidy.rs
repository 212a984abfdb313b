//! `cargo xtask tidy`: the house rules that no compiler checks, and what is depended on.

use anyhow::{Context as _, Result, bail};
use xtask::cluster::target_dir;
use xtask::tidy;

use crate::cargo::{cargo, run as run_cargo};

/// Another version may know other licences, and so find other things.
const CARGO_DENY: &str = "0.20.2";

/// Check file headers, file lengths, crate arrows, and what is depended on: licences, sources, advisories.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<()> {
    let found = tidy::check()?;
    for complaint in &found {
        println!("{complaint}");
    }
    // A workspace of its own, which `cargo fmt --all` does not know.
    run_cargo(&mut cargo(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;
    check_dependencies()?;
    if !found.is_empty() {
        bail!("{} places are not tidy", found.len());
    }
    println!("tidy: nothing to complain about");
    Ok(())
}

/// Runs cargo-deny as `deny.toml` says, which is installed where it is not yet: once for each target folder.
fn check_dependencies() -> Result<()> {
    let root = target_dir()?.join("tools").join(format!("cargo-deny-{CARGO_DENY}"));
    let program = root.join("bin").join("cargo-deny");
    if !program.is_file() {
        let root = root.display().to_string();
        let words = ["install", "cargo-deny", "--locked", "--version", CARGO_DENY, "--root", &root];
        run_cargo(&mut cargo(words))?;
    }
    let deny = |words: &[&str]| {
        // As a subcommand of cargo is called: by its own name first.
        let mut command = cargo([]);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(root.join("bin")).chain(std::env::split_paths(&path));
        let paths = std::env::join_paths(paths).context("the path of cargo-deny has a colon");
        paths.map(|paths| {
            command.env("PATH", paths).args(["deny", "--log-level", "error"]).args(words);
            command
        })
    };
    run_cargo(&mut deny(&["check", "licenses", "bans", "sources"])?)?;
    // What cannot be asked is not held against anyone; an answer is.
    let fetched = deny(&["fetch", "db"])?.output().context("cargo-deny could not be started")?;
    if !fetched.status.success() {
        println!("tidy: the database of advisories cannot be reached, so they are not checked");
        return Ok(());
    }
    run_cargo(&mut deny(&["--offline", "check", "advisories"])?)
}
