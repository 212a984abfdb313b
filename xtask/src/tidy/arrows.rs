//! Which crate may know of which: arrows point down the list only.

use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::cluster::workspace_root;

/// The product's crates, lowest first.
const LAYERS: [&str; 8] =
    ["tokenring", "topology", "executor", "cql-arrow", "formats", "lakehouse", "bulk", "bulk-cli"];
/// Crates around the product, which it must not know: what is shipped is built without them.
const AROUND: [&str; 6] = ["benches", "chaos", "fuzz", "integration-tests", "seeds", "xtask"];
/// Crates that a crate must not know, each with what would be lost.
const FORBIDDEN: [(&str, &[&str], &str); 2] = [
    ("tokenring", &["tokio", "futures", "scylla", "rand", "chrono"], "it is pure"),
    ("topology", &["clap", "indicatif", "arrow"], "it knows neither terminals nor files"),
];

/// Checks every normal and build dependency of the product's crates.
pub(super) fn check() -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace_root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("`cargo metadata` failed")?;
    let mut found = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let needed: Vec<&str> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| dependency.name.as_str())
            .collect();
        found.extend(complaints(name, &needed));
    }
    let known = |name: &str| LAYERS.contains(&name) || AROUND.contains(&name);
    let strangers = metadata.packages.iter().filter(|package| !known(&package.name));
    found.extend(strangers.map(|p| format!("crate {} is in no list of `tidy/arrows.rs`", p.name)));
    let missing =
        LAYERS.iter().filter(|layer| !metadata.packages.iter().any(|p| p.name == **layer));
    found.extend(missing.map(|layer| format!("crate {layer} is not in the workspace")));
    Ok(found)
}

fn complaints(name: &str, needed: &[&str]) -> Vec<String> {
    let layer = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    let mut found = Vec::new();
    if let Some(own) = layer(name) {
        let upwards = needed.iter().filter(|other| layer(other).is_some_and(|other| other >= own));
        found.extend(upwards.map(|other| format!("crate {name} depends upwards, on {other}")));
        let around = needed.iter().filter(|other| AROUND.contains(other));
        found
            .extend(around.map(|other| format!("crate {name} is shipped, and depends on {other}")));
    }
    for (_, forbidden, why) in FORBIDDEN.iter().filter(|(crate_name, ..)| *crate_name == name) {
        let known = needed.iter().filter(|other| forbidden.contains(other));
        found.extend(known.map(|other| format!("crate {name} depends on {other}, but {why}")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::complaints;

    #[test]
    fn arrows_point_down() {
        assert!(complaints("executor", &["topology", "tokenring", "tokio"]).is_empty());
        assert_eq!(complaints("topology", &["executor"]).len(), 1);
        assert_eq!(complaints("tokenring", &["tokio"]).len(), 1);
        assert!(complaints("xtask", &["bulk"]).is_empty());
        assert_eq!(complaints("bulk", &["xtask", "formats"]).len(), 1);
    }
}
