//! DSBulk, DataStax's loader and unloader, out of Maven's jars.
//!
//! It runs with its own defaults, as its `dsbulk` script starts it. One setting is changed: its driver
//! knows no types newer than those of Cassandra 4, and gives up all schemas at the first `vector`, so
//! that it is told to look at the keyspace in question only.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::Job;
use crate::cluster::base;
use crate::maven::JarFolder;
use crate::programs;

/// The release; the same as in `pom.xml`.
const VERSION: &str = "1.10.0";
const RUNNER: &str = "dsbulk-runner-1.10.0.jar";
const POM: &str = include_str!("../../peers/dsbulk/pom.xml");

/// DSBulk, fetched.
#[derive(Clone, Debug)]
pub struct Dsbulk {
    java: PathBuf,
    class_path: String,
}

impl Dsbulk {
    /// Fetches it, unless it is there; tells its progress in short sentences.
    ///
    /// # Errors
    ///
    /// Where there is no Java 17 or 11, or Maven can't fetch it.
    pub fn fetch(mut progress: impl FnMut(&str)) -> Result<Self> {
        let java = programs::java()?;
        let folder = base()?.join(format!("jars-dsbulk-{VERSION}"));
        let jars = JarFolder::at(folder, POM, RUNNER);
        jars.fetch(&format!("DSBulk {VERSION} (35 MB)"), &mut progress)?;
        Ok(Self { java, class_path: jars.class_path() })
    }

    /// `dsbulk unload` to CSV.
    pub fn unload(&self, job: &Job) -> Command {
        self.csv("unload", job, &job.data())
    }

    /// `dsbulk load` from a CSV file.
    pub fn load(&self, job: &Job, file: &Path) -> Command {
        self.csv("load", job, file)
    }

    fn csv(&self, what: &str, job: &Job, url: &Path) -> Command {
        let hosts: Vec<String> =
            job.contact_points.iter().map(|point| format!("\"{}\"", point.ip())).collect();
        let port = job.contact_points.first().map_or(9042, |point| point.port());
        let mut command = Command::new(&self.java);
        command.args(["-cp", &self.class_path]);
        command.args(["com.datastax.oss.dsbulk.runner.DataStaxBulkLoader", what]);
        command.args(["-h", &format!("[{}]", hosts.join(","))]);
        command.args(["-port", &port.to_string()]);
        command.args(["-k", &job.keyspace, "-t", &job.table, "-c", "csv"]);
        command.arg("--driver.advanced.metadata.schema.refreshed-keyspaces");
        command.arg(format!("[\"{}\"]", job.keyspace));
        command.arg("-url").arg(url);
        command.arg("-logDir").arg(job.folder.join("log"));
        command.current_dir(&job.folder);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_pom() {
        assert!(POM.contains(&format!("<dsbulk>{VERSION}</dsbulk>")));
        assert_eq!(RUNNER, format!("dsbulk-runner-{VERSION}.jar"));
    }
}
