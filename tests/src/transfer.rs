//! Exports and imports of a test's table, by the program as a user runs it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::cli::{Ended, program};
use crate::table::Table;

/// How the program finds the main cluster.
const HOST: [&str; 2] = ["--host", "127.0.0.11,127.0.0.12"];

/// An import that has ended.
#[derive(Debug)]
pub struct Imported {
    /// What the program said; its standard output is [`Imported::report`].
    pub ended: Ended,
    /// What `--output json` says; null where there is no report.
    pub report: Value,
    /// The folder with the journal and with bad records, where these were kept.
    pub journal: PathBuf,
    /// Holds all of it.
    _folder: TempDir,
}

impl Imported {
    /// How many records were read, written, and bad; none was filtered, and none is unknown.
    ///
    /// # Errors
    ///
    /// Where it is otherwise.
    pub fn counted(&self, read: u64, written: u64, bad: u64) -> Result<()> {
        let counts = &self.report["counts"];
        let expected = serde_json::json!({
            "read": read, "written": written, "bad": bad, "filtered": 0, "unknown": 0,
        });
        ensure!(*counts == expected, "{counts} instead of {expected}; {:?}", self.ended);
        Ok(())
    }

    /// Why records are bad: what stands beside those that are kept, in the order of the files.
    ///
    /// # Errors
    ///
    /// Where these cannot be read.
    pub fn reasons(&self) -> Result<Vec<Value>> {
        let mut reasons = Vec::new();
        for file in crate::files_in(&self.journal.join("bad"), ".reasons.jsonl")? {
            for line in std::fs::read_to_string(file)?.lines() {
                reasons.push(serde_json::from_str(line)?);
            }
        }
        Ok(reasons)
    }
}

/// Exports a table into a new folder.
///
/// # Errors
///
/// Where that fails.
pub async fn exported(table: &Table, options: &[&str]) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let name = table.name.cql();
    let arguments = [&["export", &name, text(folder.path())?][..], &HOST, options].concat();
    program(&arguments).await?.with_code(0)?;
    Ok(folder)
}

/// Imports a file or folder into a table, however that ends.
///
/// # Errors
///
/// Where the program cannot be run, or its report is not what it is to be.
pub async fn import(table: &Table, from: &Path, options: &[&str]) -> Result<Imported> {
    let folder = tempfile::tempdir()?;
    let journal = folder.path().join("journal");
    let name = table.name.cql();
    let place = ["--from", text(from)?, "--journal", text(&journal)?, "--output", "json"];
    let arguments = [&["import", &name][..], &place, &HOST, options].concat();
    let ended = program(&arguments).await?;
    let report = match ended.stdout.trim() {
        "" => Value::Null,
        report => serde_json::from_str(report).with_context(|| format!("{ended:?}"))?,
    };
    Ok(Imported { ended, report, journal, _folder: folder })
}

/// The same, with all records written.
///
/// # Errors
///
/// Where a record is bad, or the import fails.
pub async fn imported(table: &Table, from: &Path, options: &[&str]) -> Result<Imported> {
    let imported = import(table, from, options).await?;
    let reasons = || imported.reasons().unwrap_or_default();
    ensure!(imported.ended.code == Some(0), "{:?}, {:?}", imported.ended, reasons());
    let counts = &imported.report["counts"];
    let is_written = counts["read"].is_u64() && counts["read"] == counts["written"];
    ensure!(is_written, "not all was written: {counts}");
    Ok(imported)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}
