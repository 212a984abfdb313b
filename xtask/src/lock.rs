//! One change of a cluster, or of a folder fetched for it, at a time, across processes.
//!
//! Two test binaries may both ask for the same cluster: the second waits here until the first is
//! ready, and then finds it running. The system drops the lock with the process that holds it.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock at this path.
    pub(crate) fn acquire(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("can't create {}", folder.display()))?;
        }
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .with_context(|| format!("can't open {}", path.display()))?;
        file.lock().with_context(|| format!("can't lock {}", path.display()))?;
        Ok(Self { _file: file })
    }
}
