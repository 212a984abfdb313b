//! A REST catalog of Apache Iceberg's own code, out of Maven's jars: the one its tests run on.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cluster::base;
use crate::maven::JarFolder;
use crate::programs;

/// The release; the same as in `pom.xml`.
const VERSION: &str = "1.11.0";
const ADAPTER: &str = "iceberg-core-1.11.0-tests.jar";
const POM: &str = include_str!("../../peers/iceberg-rest/pom.xml");
const SERVER: &str = include_str!("../../peers/iceberg-rest/CatalogServer.java");

/// The server, fetched.
#[derive(Clone, Debug)]
pub struct IcebergRest {
    java: PathBuf,
    class_path: String,
    source: PathBuf,
}

impl IcebergRest {
    /// Fetches it, unless it is there; tells its progress in short sentences.
    ///
    /// # Errors
    ///
    /// Where there is no Java 17 or 11, or Maven can't fetch it.
    pub fn fetch(mut progress: impl FnMut(&str)) -> Result<Self> {
        let java = programs::java()?;
        let folder = base()?.join(format!("jars-iceberg-{VERSION}"));
        let source = folder.join("CatalogServer.java");
        let jars = JarFolder::at(folder, POM, ADAPTER);
        jars.fetch(&format!("Apache Iceberg {VERSION} (34 MB)"), &mut progress)?;
        if std::fs::read(&source).ok().as_deref() != Some(SERVER.as_bytes()) {
            // Renamed, since another process may read it at this moment.
            let partial = source.with_extension(format!("{}.partial", std::process::id()));
            std::fs::write(&partial, SERVER)
                .and_then(|()| std::fs::rename(&partial, &source))
                .with_context(|| format!("can't write {}", source.display()))?;
        }
        Ok(Self { java, class_path: jars.class_path(), source })
    }

    /// A server with an empty warehouse of its own, on a free port of this machine. The first line it
    /// prints is `PORT WAREHOUSE`. It ends, and its warehouse with it, when its standard input does.
    pub fn serve(&self) -> Command {
        let mut command = Command::new(&self.java);
        // It is small, and is to start soon.
        command.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
        command.args(["-cp", &self.class_path]).arg(&self.source);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_pom() {
        assert!(POM.contains(&format!("<iceberg>{VERSION}</iceberg>")));
        assert_eq!(ADAPTER, format!("iceberg-core-{VERSION}-tests.jar"));
    }
}
