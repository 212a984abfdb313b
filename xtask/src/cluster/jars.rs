//! Cassandra's jars, kept for every profile.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::maven::JarFolder;

/// The release the cluster runs; the same as in `pom.xml`.
pub(super) const VERSION: &str = "5.0.6";
const AGENT: &str = "jamm-0.4.0.jar";
const POM: &str = include_str!("../../cassandra/pom.xml");

/// The folder of jars.
#[derive(Clone, Debug)]
pub(super) struct Jars(JarFolder);

impl Jars {
    /// The folder under `target/cassandra`; whether it is there is another question.
    pub(super) fn under(base: &Path) -> Self {
        Self(JarFolder::at(base.join(format!("jars-{VERSION}")), POM, AGENT))
    }

    /// Every jar, as Java's class path knows it.
    pub(super) fn class_path(&self) -> String {
        self.0.class_path()
    }

    /// The agent that Cassandra measures its objects with.
    pub(super) fn agent(&self) -> PathBuf {
        self.0.jar(AGENT)
    }

    /// Fetches the jars unless they are there.
    pub(super) fn fetch(&self, progress: &mut dyn FnMut(&str)) -> Result<()> {
        self.0.fetch(&format!("Apache Cassandra {VERSION} (66 MB)"), progress)
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
