//! Rules about single files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::cluster::workspace_root;

/// Longer files hold more than one thing.
const MOST_LINES: usize = 500;
/// Words that say nothing about what a thing is.
const EMPTY_NAMES: [&str; 4] = ["Manager", "Helper", "Util", "Processor"];

/// Checks every Rust file of the workspace.
pub(super) fn check() -> Result<Vec<String>> {
    let root = workspace_root();
    let mut found = Vec::new();
    for folder in ["benches", "chaos", "crates", "fuzz/fuzz_targets", "seeds", "tests", "xtask"] {
        for file in rust_files(&root.join(folder))? {
            let text = fs::read_to_string(&file)
                .with_context(|| format!("{} could not be read", file.display()))?;
            let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
            found.extend(complaints(&name, &text));
        }
    }
    Ok(found)
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(files) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn complaints(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.starts_with("//! ") {
        found.push(format!("{name}: does not open with `//!`, saying what it is for"));
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        found.push(format!("{name}: has {lines} lines; split it (at most {MOST_LINES})"));
    }
    if name.ends_with("/lib.rs") || name.ends_with("/mod.rs") {
        let code = ["fn ", "struct ", "enum ", "impl ", "const ", "static ", "trait "];
        let holds_code = |line: &&str| {
            let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            code.iter().any(|word| line.starts_with(word))
        };
        if let Some(line) = text.lines().find(holds_code) {
            found.push(format!(
                "{name}: holds code (`{line}`); move it to a file named by its noun"
            ));
        }
    }
    for line in text.lines() {
        let declares =
            ["struct ", "enum ", "trait ", "mod "].iter().any(|word| line.contains(word));
        if let Some(word) = EMPTY_NAMES.iter().find(|word| declares && line.contains(**word)) {
            found.push(format!(
                "{name}: `{word}` says nothing; use the field's own noun (`{line}`)"
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::complaints;

    #[test]
    fn each_rule_has_teeth() {
        assert!(complaints("a/b.rs", "//! What it is for.\n").is_empty());
        assert_eq!(complaints("a/b.rs", "fn main() {}\n").len(), 1);
        assert_eq!(complaints("a/b.rs", &format!("//! Long.\n{}", "\n".repeat(500))).len(), 1);
        assert_eq!(complaints("a/lib.rs", "//! Docs.\npub fn f() {}\n").len(), 1);
        let [word, ..] = super::EMPTY_NAMES;
        let bad_name = format!("//! Names.\npub struct Range{word} {{}}\n");
        assert_eq!(complaints("a/b.rs", &bad_name).len(), 1);
    }
}
