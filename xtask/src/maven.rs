//! Jars out of Maven's repositories, fetched once and kept.
//!
//! They are copied to a folder beside the final one and renamed at the end, so that an interrupted
//! download is never taken for a whole one.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::lock::Lock;
use crate::programs;

/// A folder with the jars that a `pom.xml` names and all that they need.
#[derive(Clone, Debug)]
pub(crate) struct JarFolder {
    path: PathBuf,
    pom: &'static str,
    /// A jar without which the folder is of no use.
    needed: &'static str,
}

impl JarFolder {
    /// Names the folder; whether it is there is another question.
    pub(crate) fn at(path: PathBuf, pom: &'static str, needed: &'static str) -> Self {
        Self { path, pom, needed }
    }

    /// Every jar, as Java's class path knows it.
    pub(crate) fn class_path(&self) -> String {
        self.path.join("*").display().to_string()
    }

    /// Where a jar is.
    pub(crate) fn jar(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!("{name}.{suffix}"))
    }

    /// Fetches the jars unless they are there; `what` says of what they are.
    pub(crate) fn fetch(&self, what: &str, progress: &mut dyn FnMut(&str)) -> Result<()> {
        if self.path.is_dir() {
            return Ok(());
        }
        let _lock = Lock::acquire(&self.beside("lock"))?;
        if self.path.is_dir() {
            return Ok(());
        }
        let maven = programs::maven()?;
        progress(&format!("fetching {what} with Maven, once"));
        let partial = self.beside("partial");
        if partial.exists() {
            std::fs::remove_dir_all(&partial)
                .with_context(|| format!("can't delete {}", partial.display()))?;
        }
        std::fs::create_dir_all(&partial)
            .with_context(|| format!("can't create {}", partial.display()))?;
        let pom = self.beside("pom.xml");
        std::fs::write(&pom, self.pom).with_context(|| format!("can't write {}", pom.display()))?;
        copy_dependencies(&maven, &pom, &partial, what)?;
        if !partial.join(self.needed).is_file() {
            bail!(
                "mvn brought no {} for {what}: name the jar that its pom.xml brings",
                self.needed
            );
        }
        std::fs::rename(&partial, &self.path)
            .with_context(|| format!("can't rename {}", partial.display()))
    }
}

fn copy_dependencies(maven: &Path, pom: &Path, folder: &Path, what: &str) -> Result<()> {
    let output = Command::new(maven)
        .args(["-q", "-B", "dependency:copy-dependencies", "-f"])
        .arg(pom)
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .output()
        .context("mvn does not run: reinstall Maven")?;
    if !output.status.success() {
        bail!(
            "mvn could not fetch {what}: check the network and Maven's settings, then try again\n\
             {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
