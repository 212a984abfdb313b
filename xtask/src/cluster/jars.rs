//! Cassandra's jars, fetched by Maven once and kept for every profile.
//!
//! They are copied to a folder beside the final one and renamed at the end, so that an interrupted
//! download is never taken for a whole one.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::java;
use super::lock::Lock;

/// The release the cluster runs; the same as in `pom.xml`.
pub(super) const VERSION: &str = "5.0.6";
const AGENT: &str = "jamm-0.4.0.jar";
const POM: &str = include_str!("../../cassandra/pom.xml");

/// The folder of jars, and those beside it while it is being filled.
#[derive(Clone, Debug)]
pub(super) struct Jars {
    base: PathBuf,
    folder: PathBuf,
}

impl Jars {
    /// The folder under `target/cassandra`; whether it is there is another question.
    pub(super) fn under(base: &Path) -> Self {
        Self { base: base.to_owned(), folder: base.join(format!("jars-{VERSION}")) }
    }

    /// Every jar, as Java's class path knows it.
    pub(super) fn class_path(&self) -> String {
        self.folder.join("*").display().to_string()
    }

    /// The agent that Cassandra measures its objects with.
    pub(super) fn agent(&self) -> PathBuf {
        self.folder.join(AGENT)
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        self.base.join(format!("jars-{VERSION}.{suffix}"))
    }

    /// Fetches the jars unless they are there.
    pub(super) fn fetch(&self, progress: &mut dyn FnMut(&str)) -> Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        let _lock = Lock::acquire(&self.beside("lock"))?;
        if self.folder.is_dir() {
            return Ok(());
        }
        let maven = java::maven()?;
        progress(&format!("fetching Apache Cassandra {VERSION} with Maven, 66 MB, once"));
        let partial = self.beside("partial");
        if partial.exists() {
            std::fs::remove_dir_all(&partial)
                .with_context(|| format!("can't delete {}", partial.display()))?;
        }
        std::fs::create_dir_all(&partial)
            .with_context(|| format!("can't create {}", partial.display()))?;
        let pom = self.beside("pom.xml");
        std::fs::write(&pom, POM).with_context(|| format!("can't write {}", pom.display()))?;
        let output = Command::new(maven)
            .args(["-q", "-B", "dependency:copy-dependencies", "-f"])
            .arg(&pom)
            .arg(format!("-DoutputDirectory={}", partial.display()))
            .output()
            .context("mvn does not run: reinstall Maven")?;
        if !output.status.success() {
            bail!(
                "mvn could not fetch cassandra-all {VERSION}: check the network and Maven's \
                 settings, then try again\n{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        if !partial.join(AGENT).is_file() {
            bail!("mvn brought no {AGENT}: name the jamm jar of this release in xtask's jars.rs");
        }
        std::fs::rename(&partial, &self.folder)
            .with_context(|| format!("can't rename {}", partial.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_pom() {
        assert!(POM.contains(&format!("<version>{VERSION}</version>")));
    }
}
