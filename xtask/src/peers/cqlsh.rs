//! `cqlsh`, Cassandra's own shell, from PyPI: its `COPY` is what most people begin with.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Job;
use crate::python::Venv;

const REQUIREMENTS: &str = include_str!("../../peers/cqlsh/requirements.txt");

/// cqlsh, installed.
#[derive(Clone, Debug)]
pub struct Cqlsh(Venv);

impl Cqlsh {
    /// Installs it, unless it is there; tells its progress in short sentences. `None` where there is no
    /// `python3`.
    ///
    /// # Errors
    ///
    /// Where it can't be installed.
    pub fn fetch(progress: impl FnMut(&str)) -> Result<Option<Self>> {
        Ok(Venv::make("cqlsh", REQUIREMENTS, progress)?.map(Self))
    }

    /// `COPY … TO` a CSV file with a header.
    pub fn copy_to(&self, job: &Job) -> Command {
        let file = text(&job.data().join("copy.csv"));
        self.run(job, &format!("COPY {} TO {file} WITH HEADER = true", table(job)))
    }

    /// `COPY … FROM` a CSV file with a header. cqlsh does not read the header, and has to be told the
    /// columns. Moments must be as our exports write them, which it has to be told, too: it would read
    /// the days only.
    pub fn copy_from(&self, job: &Job, file: &Path, columns: &[&str]) -> Command {
        let columns: Vec<String> = columns.iter().copied().map(quoted).collect();
        let (columns, file) = (columns.join(", "), text(file));
        let options = "HEADER = true AND DATETIMEFORMAT = '%Y-%m-%dT%H:%M:%S.%f%z'";
        self.run(job, &format!("COPY {} ({columns}) FROM {file} WITH {options}", table(job)))
    }

    fn run(&self, job: &Job, statement: &str) -> Command {
        let mut command = Command::new(self.0.program("cqlsh"));
        // Neither anybody's settings nor their history.
        command.current_dir(&job.folder).env("HOME", &job.folder);
        if let Some(point) = job.contact_points.first() {
            command.args([point.ip().to_string(), point.port().to_string()]);
        }
        command.args(["-e", statement]);
        command
    }
}

fn table(job: &Job) -> String {
    format!("{}.{}", quoted(&job.keyspace), quoted(&job.table))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn text(file: &Path) -> String {
    format!("'{}'", file.display().to_string().replace('\'', "''"))
}
