//! `cargo xtask fuzz`: the readers on bytes that nobody would write, as `docs/fuzzing.md` describes.

use std::fs;
use std::num::NonZeroU32;

use anyhow::{Context as _, Result, bail, ensure};
use xtask::cluster::{target_dir, workspace_root};

use crate::cargo::{cargo, has, run as run_cargo};

/// Fuzz the readers of files, journals, pages, and text; needs cargo-fuzz and a nightly toolchain.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long each target runs.
    #[arg(long, default_value = "60")]
    seconds: NonZeroU32,
    /// Only this target; by default all, one after the other.
    target: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(
        has("fuzz"),
        "cargo-fuzz is not installed: `cargo install cargo-fuzz --locked` and \
         `rustup toolchain install nightly`"
    );
    let all = targets()?;
    let chosen: Vec<&String> =
        all.iter().filter(|name| args.target.as_ref().is_none_or(|only| only == *name)).collect();
    if chosen.is_empty() {
        bail!("there is no such target; there are {}", all.join(", "));
    }
    // Beside the other builds, whose flags are others.
    let build = target_dir()?.join("fuzz");
    let seconds = format!("-max_total_time={}", args.seconds);
    let mut broken = Vec::new();
    for target in chosen {
        let corpus = build.join("corpus").join(target);
        fs::create_dir_all(&corpus)
            .with_context(|| format!("{} could not be made", corpus.display()))?;
        let (corpus, seeds) = (corpus.display().to_string(), format!("fuzz/seeds/{target}"));
        let dictionary = format!("-dict=fuzz/dictionaries/{target}.dict");
        let mut words = vec!["fuzz", "run", target, &corpus, &seeds, "--", &seconds];
        words.extend(["-timeout=10", "-rss_limit_mb=1024", "-malloc_limit_mb=512"]);
        words.push("-print_final_stats=1");
        if workspace_root().join(&dictionary["-dict=".len()..]).is_file() {
            words.push(&dictionary);
        }
        let mut command = cargo(words);
        // The other toolchain is for rustup to choose, and not for the cargo that runs this.
        command.env("RUSTUP_TOOLCHAIN", "nightly").env_remove("CARGO").env_remove("RUSTC");
        if let Err(error) = run_cargo(command.env("CARGO_TARGET_DIR", &build)) {
            broken.push(format!("{target}: {error:#}"));
        }
    }
    ensure!(
        broken.is_empty(),
        "laws are broken; inputs are in fuzz/artifacts\n{}",
        broken.join("\n")
    );
    Ok(())
}

/// The names of all targets, as their files are named.
fn targets() -> Result<Vec<String>> {
    let folder = workspace_root().join("fuzz/fuzz_targets");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("{} could not be read", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}
