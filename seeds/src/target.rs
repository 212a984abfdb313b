//! A fuzz target: a file in `fuzz/fuzz_targets`, and a folder of the same name in `fuzz/seeds`.

use std::fs;
use std::path::{Path, PathBuf};

/// Asserts that a law holds on each seed of a target.
///
/// # Panics
///
/// On a seed that breaks it, which is named; and where there is none.
pub fn keep(target: &str, law: fn(&[u8])) {
    let seeds = entries(&fuzz().join("seeds").join(target));
    assert!(!seeds.is_empty(), "target {target} has no seeds");
    for seed in seeds {
        let input = fs::read(&seed);
        let kept = input.is_ok_and(|input| std::panic::catch_unwind(|| law(&input)).is_ok());
        assert!(kept, "the law of {target} is broken by {}", seed.display());
    }
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// What a folder holds; nothing if it is not there.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &str) -> Vec<String> {
        let paths = entries(&fuzz().join(folder));
        paths.iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn each_target_has_seeds_and_is_built() {
        let targets = names("fuzz_targets");
        assert!(!targets.is_empty());
        assert_eq!(names("seeds"), targets);
        let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
        for target in &targets {
            let path = format!("path = \"fuzz_targets/{target}.rs\"");
            assert!(manifest.contains(&path), "fuzz/Cargo.toml does not have {target}");
        }
        for name in names("dictionaries") {
            assert!(targets.contains(&name), "a dictionary of no target: {name}");
        }
    }

    #[test]
    fn each_seed_is_given_to_the_law() {
        keep("metadata", |seed| assert!(seed.len() < 1 << 20));
    }

    #[test]
    #[should_panic(expected = "the law of metadata is broken by")]
    fn a_seed_that_breaks_the_law_is_named() {
        keep("metadata", |_| panic!("always"));
    }

    #[test]
    #[should_panic(expected = "has no seeds")]
    fn a_target_without_seeds_is_told() {
        keep("no such target", |_| {});
    }
}
