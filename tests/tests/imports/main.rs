//! Import as a user meets it: what the program has written to a table, cell by cell.

mod batches;
mod collections;
mod duplicates;
mod foreign;
mod nulls;
mod round_trip;
mod shapes;
mod statics;
mod types;
mod values;
mod wide_rows;
mod write_times;

use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;

/// Without it, one replica is enough for a write, and what is read next may come from another one.
const EVERYWHERE: [&str; 2] = ["--consistency", "ALL"];

/// A file in a folder of its own.
struct Source {
    path: PathBuf,
    _folder: TempDir,
}

impl Source {
    fn path(&self) -> &Path {
        &self.path
    }
}

/// A file with this name and content.
fn file(name: &str, content: &str) -> Result<Source> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(name);
    std::fs::write(&path, content)?;
    Ok(Source { path, _folder: folder })
}
