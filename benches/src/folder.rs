//! Folders of the demo's and the benchmarks' own, which what was there before must not be in.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Makes a folder, or empties it.
///
/// # Errors
///
/// Where it can't be.
pub(crate) fn empty(folder: &Path) -> Result<()> {
    remove(folder)?;
    fs::create_dir_all(folder).with_context(|| format!("can't create {}", folder.display()))
}

/// Removes a folder with all that is in it, if it is there.
///
/// # Errors
///
/// Where it can't be.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("can't delete {}", folder.display()))?;
    }
    Ok(())
}
