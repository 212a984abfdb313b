//! Imports as a user meets them: every record is in the table, or kept with what is wrong with it, whatever
//! the input is like, whoever kills the program, and whatever fails on the way.
//!
//! The program is run as people run it; what it says it has done is compared with the table, read back
//! through the driver.

mod bad_csv;
mod bad_files;
mod bad_records;
mod counters;
mod exports;
mod faults;
mod fields;
mod full_disk;
mod kills;
mod limits;
mod places;
mod records;
mod refusals;
mod s3;
mod signals;
mod stdin;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use flate2::write::GzEncoder;
use integration_tests::{Ended, RF1, Table, exactly, program};
use serde_json::Value;
use tempfile::TempDir;

/// A table, and a folder with what is loaded into it and with the journal.
struct Trial {
    table: Table,
    folder: TempDir,
}

impl Trial {
    /// With a table of texts: `id int`, `v text`.
    async fn new(name: &str) -> Result<Trial> {
        Trial::of(name, "(id int PRIMARY KEY, v text)").await
    }

    /// With a table of these columns.
    async fn of(name: &str, columns: &str) -> Result<Trial> {
        Ok(Trial { table: Table::create(RF1, name, columns).await?, folder: tempfile::tempdir()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The path of a file as text.
    fn place(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes a file, and the folders above it; gives its path.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Result<String> {
        let path = self.path(name);
        fs::create_dir_all(path.parent().context("no folder")?)?;
        fs::write(path, content)?;
        Ok(self.place(name))
    }

    /// The arguments of an import with the journal `journal`.
    fn arguments<'a>(&self, options: &[&'a str]) -> Vec<String> {
        let (name, journal) = (self.table.name.cql(), self.place("journal"));
        let mut arguments =
            ["import", &name, "--host", "127.0.0.11,127.0.0.12"].map(str::to_owned).to_vec();
        if !options.contains(&"--journal") && !options.contains(&"--dry-run") {
            arguments.extend(["--journal".to_owned(), journal]);
        }
        arguments.extend(options.iter().map(|option: &&'a str| (*option).to_owned()));
        arguments
    }

    /// Imports to the end.
    async fn import(&self, options: &[&str]) -> Result<Ended> {
        let arguments = self.arguments(options);
        program(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// Imports, and gives the report for programs, if the program ends with this code.
    async fn report(&self, code: i32, options: &[&str]) -> Result<Report> {
        let ended =
            self.import(&[options, &["--output", "json"]].concat()).await?.with_code(code)?;
        let report = serde_json::from_str(&ended.stdout).with_context(|| format!("{ended:?}"))?;
        Ok(Report { report, stderr: ended.stderr })
    }

    /// Imports one file of this name and content, which ends with this code.
    async fn load(
        &self,
        code: i32,
        name: &str,
        content: impl AsRef<[u8]>,
        options: &[&str],
    ) -> Result<Report> {
        let file = self.file(name, content)?;
        self.report(code, &[&["--from", &file], options].concat()).await
    }

    /// Whether a table of texts holds exactly these.
    async fn holds<'a>(&self, rows: impl IntoIterator<Item = (i32, &'a str)>) -> Result<()> {
        let rows = rows.into_iter().map(|(id, v)| (id, Some(v.to_owned())));
        exactly(self.table.rows::<(i32, Option<String>)>("SELECT id, v FROM {}").await?, rows)
    }

    /// Whether a table of texts holds the rows of [`csv`].
    async fn holds_rows(&self, ids: impl IntoIterator<Item = i32>) -> Result<()> {
        let found = self.table.rows::<(i32, String)>("SELECT id, v FROM {}").await?;
        exactly(found, ids.into_iter().map(row))
    }

    /// The reasons for records that are kept, in `bad` or `unknown` of the journal.
    fn reasons(&self, kept: &str) -> Result<Vec<Value>> {
        let texts = self.kept_files(kept, |name| name.starts_with('_'))?;
        let lines = texts.iter().flat_map(|(_, text)| text.lines());
        lines.map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// The files of kept records themselves, with their contents.
    fn kept(&self, kept: &str) -> Result<Vec<(PathBuf, String)>> {
        self.kept_files(kept, |name| !name.starts_with('_'))
    }

    fn kept_files(&self, kept: &str, is: impl Fn(&str) -> bool) -> Result<Vec<(PathBuf, String)>> {
        let folder = self.path("journal").join(kept);
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| is(&name.to_string_lossy())) {
                let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
                found.push((path, text));
            }
        }
        found.sort();
        Ok(found)
    }
}

/// What an import says for programs.
struct Report {
    report: Value,
    stderr: String,
}

impl Report {
    fn count(&self, name: &str) -> u64 {
        self.report["counts"][name].as_u64().unwrap_or(u64::MAX)
    }

    /// Whether so many records were written and so many were bad, and none had another fate.
    fn counts(&self, written: u64, bad: u64) -> Result<()> {
        self.all_counts([written + bad, written, bad, 0])
    }

    /// Records read, written, bad, and left out.
    fn all_counts(&self, expected: [u64; 4]) -> Result<()> {
        let found = ["read", "written", "bad", "filtered"].map(|name| self.count(name));
        ensure!(found == expected && self.count("unknown") == 0, "{expected:?}: {}", self.report);
        Ok(())
    }

    /// Whether the error says all of this.
    fn says(&self, parts: &[&str]) -> Result<()> {
        says(&self.stderr, parts)
    }
}

/// A row of a table of texts.
fn row(id: i32) -> (i32, String) {
    (id, format!("row {id}"))
}

/// The rows of these ids as CSV, with a header.
fn csv(ids: impl IntoIterator<Item = i32>) -> String {
    let rows = ids.into_iter().map(|id| format!("{id},row {id}\n"));
    std::iter::once("id,v\n".to_owned()).chain(rows).collect()
}

/// The same as lines of JSON.
fn json_lines(ids: impl IntoIterator<Item = i32>) -> String {
    ids.into_iter().map(|id| format!("{{\"id\": {id}, \"v\": \"row {id}\"}}\n")).collect()
}

/// The same as Parquet.
fn parquet(ids: impl IntoIterator<Item = i32>) -> Result<Vec<u8>> {
    use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
    let (ids, texts): (Vec<i32>, Vec<String>) = ids.into_iter().map(row).unzip();
    let columns: [(&str, ArrayRef); 2] = [
        ("id", std::sync::Arc::new(Int32Array::from(ids))),
        ("v", std::sync::Arc::new(StringArray::from(texts))),
    ];
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut out = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut out, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(out)
}

fn gzip(text: impl AsRef<[u8]>) -> Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text.as_ref())?;
    Ok(out.finish()?)
}

/// Whether all of these are in a text.
fn says(text: &str, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(text.contains(part), "no {part:?} in: {text}");
    }
    Ok(())
}

/// Every file below a folder, with its content.
fn tree(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push((path.clone(), fs::read(&path)?)),
            }
        }
    }
    found.sort();
    Ok(found)
}
