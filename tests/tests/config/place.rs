//! A home folder for runs of the program, and a record of all that these said.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use integration_tests::{Ended, command};
use tempfile::TempDir;

/// How the program finds the cluster.
pub(crate) const HOST: &str = "127.0.2.11";

/// Where the files of the user are, and those of the program.
pub(crate) struct Place {
    home: TempDir,
    /// What the program writes: exports, journals, logs.
    pub(crate) out: TempDir,
    said: Mutex<Vec<String>>,
}

impl Place {
    pub(crate) fn new() -> Result<Place> {
        Ok(Place { home: TempDir::new()?, out: TempDir::new()?, said: Mutex::default() })
    }

    /// A file of the user's, which nobody else can read.
    pub(crate) fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        std::fs::write(&path, text)?;
        self.mode(&path, 0o600)?;
        Ok(path)
    }

    pub(crate) fn mode(&self, path: &Path, mode: u32) -> Result<()> {
        Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?)
    }

    pub(crate) fn config(&self, text: &str) -> Result<PathBuf> {
        self.file(".config/cassandra-bulk/config.toml", text)
    }

    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        Ok(std::fs::remove_file(self.home.path().join(name))?)
    }

    /// A place for something that the program writes.
    pub(crate) fn output(&self, name: &str) -> Result<String> {
        let path = self.out.path().join(name).into_os_string().into_string();
        path.ok().context("a path that is not text")
    }

    /// The program with this home, and with these variables.
    pub(crate) fn command(
        &self,
        line: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<std::process::Command> {
        let mut command = command(line)?;
        // Here, files are what is tested; and of stores, nothing but what a test says.
        for name in ["CASSANDRA_BULK_CONFIG", "CASSANDRA_BULK_CQLSHRC", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("AWS_")) {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.home.path());
        command.envs(variables.iter().copied()).current_dir(self.out.path());
        Ok(command)
    }

    pub(crate) async fn run(&self, line: &[&str], variables: &[(&str, &str)]) -> Result<Ended> {
        let command = self.command(line, variables)?;
        let output = tokio::process::Command::from(command).kill_on_drop(true).output().await?;
        let ended = Ended::new(output.status, output.stdout, output.stderr)?;
        self.note(format!("{line:?}: {ended:?} {} {}", ended.stdout, ended.stderr));
        Ok(ended)
    }

    /// Keeps something that could be seen of a run.
    pub(crate) fn note(&self, text: String) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    /// All that was seen, and all files that the program wrote, each with its name.
    pub(crate) fn traces(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut traces: Vec<_> =
            std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner))
                .into_iter()
                .map(|text| ("a run of the program".to_owned(), text.into_bytes()))
                .collect();
        let mut folders = vec![self.out.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    traces.push((path.display().to_string(), std::fs::read(&path)?));
                }
            }
        }
        Ok(traces)
    }
}
