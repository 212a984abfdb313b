//! `cqlsh`, Cassandra's own shell, from PyPI: its `COPY TO` is what most people begin with.

use std::process::Command;

use anyhow::Result;

use super::Unload;
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
    pub fn copy_to(&self, unload: &Unload) -> Command {
        let text = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let file = unload.data().join("copy.csv").display().to_string().replace('\'', "''");
        let (keyspace, table) = (text(&unload.keyspace), text(&unload.table));
        let copy = format!("COPY {keyspace}.{table} TO '{file}' WITH HEADER = true");
        let mut command = Command::new(self.0.program("cqlsh"));
        // Neither anybody's settings nor their history.
        command.current_dir(&unload.folder).env("HOME", &unload.folder);
        if let Some(point) = unload.contact_points.first() {
            command.args([point.ip().to_string(), point.port().to_string()]);
        }
        command.args(["-e", &copy]);
        command
    }
}
