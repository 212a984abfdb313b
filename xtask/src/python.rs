//! Python environments: made once, of pinned packages, under `target/cassandra`, and shared by all
//! processes.
//!
//! An environment can't be renamed once made (its programs know its path), so that a whole one is told
//! by a stamp: the list of its packages, written last. Another list makes another environment.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::cluster::base;
use crate::lock::Lock;
use crate::programs;

/// An environment with its packages installed.
#[derive(Clone, Debug)]
pub struct Venv {
    path: PathBuf,
}

impl Venv {
    /// Makes the environment of this name with the packages of a `requirements.txt`, unless it is
    /// there; tells its progress in short sentences. `None` where there is no `python3`.
    ///
    /// # Errors
    ///
    /// Where the environment can't be made, or a package can't be fetched.
    pub fn make(
        name: &str,
        requirements: &str,
        mut progress: impl FnMut(&str),
    ) -> Result<Option<Self>> {
        let base = base()?;
        let venv = Self { path: base.join(format!("python-{name}")) };
        if venv.is_whole(requirements)? {
            return Ok(Some(venv));
        }
        let Some(python) = programs::python() else { return Ok(None) };
        let _lock = Lock::acquire(&base.join(format!("python-{name}.lock")))?;
        if !venv.is_whole(requirements)? {
            progress(&format!("making the Python environment {name}, once"));
            venv.fill(&python, requirements)?;
        }
        Ok(Some(venv))
    }

    /// Its interpreter.
    pub fn python(&self) -> PathBuf {
        self.program("python")
    }

    /// A program that one of its packages brings.
    pub fn program(&self, name: &str) -> PathBuf {
        self.path.join("bin").join(name)
    }

    fn stamp(&self) -> PathBuf {
        self.path.join("requirements.txt")
    }

    /// Whether it has these packages, and the interpreter it was made with is still there.
    fn is_whole(&self, requirements: &str) -> Result<bool> {
        let stamp = self.stamp();
        match std::fs::read_to_string(&stamp) {
            Ok(text) => Ok(text == requirements && self.python().is_file()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("can't read {}", stamp.display())),
        }
    }

    fn fill(&self, python: &Path, requirements: &str) -> Result<()> {
        if self.path.exists() {
            std::fs::remove_dir_all(&self.path)
                .with_context(|| format!("can't delete {}", self.path.display()))?;
        }
        run(Command::new(python).args(["-m", "venv"]).arg(&self.path)).context(
            "python3 can't make environments: install its venv module (for instance `apt-get \
             install python3-venv`)",
        )?;
        let list = self.path.join("wanted.txt");
        std::fs::write(&list, requirements)
            .with_context(|| format!("can't write {}", list.display()))?;
        let mut pip = Command::new(self.python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
        run(pip.arg(&list)).context(
            "pip could not install the packages: check the network and pip's settings, or whether \
             this Python is too old or too new for them, then try again",
        )?;
        std::fs::rename(&list, self.stamp())
            .with_context(|| format!("can't rename {}", list.display()))
    }
}

/// Runs a command; the error has what it said.
fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("{} does not run", command.get_program().to_string_lossy()))?;
    if !output.status.success() {
        bail!(
            "{}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_without_its_stamp_is_not_whole() {
        let name = format!("unit-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let venv = Venv { path: folder.clone() };
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        std::fs::write(venv.python(), "").unwrap();
        let before = venv.is_whole("a==1\n").unwrap();
        std::fs::write(venv.stamp(), "a==1\n").unwrap();
        let (same, other) = (venv.is_whole("a==1\n").unwrap(), venv.is_whole("a==2\n").unwrap());
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!((before, same, other), (false, true, false));
    }

    #[test]
    fn a_command_that_fails_is_quoted() {
        let error = run(Command::new("sh").args(["-c", "echo no such package; exit 3"]));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("no such package") && error.contains('3'), "{error}");
    }
}
