//! `cargo xtask tidy`: the house rules that no compiler checks.

use anyhow::{Result, bail};
use xtask::tidy;

use crate::cargo::{cargo, has, run as run_cargo};

/// Check file headers, file lengths, crate arrows, and licences where cargo-deny is installed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<()> {
    let found = tidy::check()?;
    for complaint in &found {
        println!("{complaint}");
    }
    if has("deny") {
        run_cargo(&mut cargo(["deny", "check", "licenses", "bans", "sources"]))?;
    } else {
        println!("tidy: cargo-deny is not installed, so licences are not checked");
    }
    if !found.is_empty() {
        bail!("{} places are not tidy", found.len());
    }
    println!("tidy: nothing to complain about");
    Ok(())
}
