//! Where everything lies: `target/cassandra/`, one folder per profile, one per node within.
//!
//! Only this file knows the names. Under `target/`, because `cargo clean` is then the last remedy
//! and because nothing of it can be committed by accident.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The root of this workspace.
///
/// Asked of cargo at run time: several clones may share a target folder, and then a program may be
/// run that another clone has built.
pub fn workspace_root() -> PathBuf {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run_in = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let run_in = run_in.as_deref().unwrap_or(built_in);
    let root = run_in.ancestors().find(|folder| folder.join("xtask/Cargo.toml").is_file());
    root.or(built_in.parent()).unwrap_or(built_in).to_owned()
}

/// The target folder that cargo uses.
pub fn target_dir() -> Result<PathBuf> {
    let root = workspace_root();
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .filter(|dir| !dir.is_empty())
        .map_or_else(|| root.join("target"), |dir| root.join(dir));
    std::path::absolute(target).context("the target folder has no absolute path")
}

/// `target/cassandra`: where every cluster keeps its files.
pub fn base() -> Result<PathBuf> {
    Ok(target_dir()?.join("cassandra"))
}

/// One profile's folder.
#[derive(Clone, Debug)]
pub(super) struct ProfileDir {
    base: PathBuf,
    path: PathBuf,
}

impl ProfileDir {
    pub(super) fn at(base: PathBuf, name: &str) -> Self {
        let path = base.join(name);
        Self { base, path }
    }

    /// Every profile that has ever been started and not wiped, whoever started it.
    pub(super) fn recorded(base: &Path) -> Result<Vec<Self>> {
        let mut found = Vec::new();
        for name in folders(base)? {
            let dir = Self::at(base.to_owned(), &name);
            if !dir.nodes()?.is_empty() {
                found.push(dir);
            }
        }
        Ok(found)
    }

    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The lock is beside the folder, since the folder may be deleted while it is held.
    pub(super) fn lock(&self) -> PathBuf {
        self.base.join(format!("{}.lock", self.name()))
    }

    /// The folder of the node with this index, counted from 0; the names count from 1.
    pub(super) fn node(&self, index: usize) -> NodeDir {
        NodeDir(self.path.join(format!("node{}", index + 1)))
    }

    /// The folders that exist, more or fewer than the profile of today would have.
    pub(super) fn nodes(&self) -> Result<Vec<NodeDir>> {
        let mut names = folders(&self.path)?;
        names.retain(|name| name.starts_with("node"));
        Ok(names.into_iter().map(|name| NodeDir(self.path.join(name))).collect())
    }
}

/// One node's folder.
#[derive(Clone, Debug)]
pub(super) struct NodeDir(PathBuf);

impl NodeDir {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn name(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(super) fn record(&self) -> PathBuf {
        self.0.join("process")
    }

    pub(super) fn conf(&self) -> PathBuf {
        self.0.join("conf")
    }

    pub(super) fn yaml(&self) -> PathBuf {
        self.conf().join("cassandra.yaml")
    }

    pub(super) fn rackdc(&self) -> PathBuf {
        self.conf().join("cassandra-rackdc.properties")
    }

    pub(super) fn jvm(&self) -> PathBuf {
        self.conf().join("jvm.options")
    }

    pub(super) fn logback(&self) -> PathBuf {
        self.conf().join("logback.xml")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.0.join("tmp")
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    pub(super) fn system_log(&self) -> PathBuf {
        self.logs().join("system.log")
    }

    /// What the JVM itself says, for instance why it did not start.
    pub(super) fn console_log(&self) -> PathBuf {
        self.logs().join("console.log")
    }
}

/// The sub-folders of a folder, in order; none if it does not exist.
fn folders(path: &Path) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("can't list {}", path.display()));
        }
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("can't list {}", path.display()))?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}
