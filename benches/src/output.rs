//! What a contender wrote: its size, and whether all rows are in it. No program's own word is taken.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use parquet::file::reader::{FileReader as _, SerializedFileReader};

/// The data files of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows in all files.
    pub rows: u64,
    /// Bytes in all files.
    pub bytes: u64,
}

impl Written {
    /// Counts what is in the files of a folder and the folders in it, except those that begin with an
    /// underscore. CSV files have a header; no value has a line break in it.
    ///
    /// # Errors
    ///
    /// Where a file can't be read, or is of a format that is not known here.
    pub fn in_folder(folder: &Path) -> Result<Written> {
        let mut written = Written::default();
        for file in files(folder)? {
            let rows = rows(&file).with_context(|| file.display().to_string())?;
            written.rows += rows;
            written.bytes += file.metadata()?.len();
        }
        Ok(written)
    }
}

/// The files of a folder and the folders in it, except those that begin with an underscore.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('_'));
        match path.is_dir() {
            _ if hidden => {}
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    Ok(found)
}

fn rows(file: &Path) -> Result<u64> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => lines(file)?.checked_sub(1).context("there is no header"),
        Some("jsonl") => lines(file),
        Some("parquet") => {
            let reader = SerializedFileReader::new(File::open(file)?)?;
            Ok(u64::try_from(reader.metadata().file_metadata().num_rows())?)
        }
        _ => bail!("neither CSV nor JSON lines nor Parquet, by its name"),
    }
}

fn lines(file: &Path) -> Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(file)?);
    let mut count = 0;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(count);
        }
        count += u64::try_from(buffer.iter().filter(|byte| **byte == b'\n').count())?;
        let length = buffer.len();
        reader.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_hidden_folders_are_no_rows() {
        let folder = std::env::temp_dir().join(format!("bench-output-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("_bulk")).unwrap();
        std::fs::create_dir_all(folder.join("more")).unwrap();
        std::fs::write(folder.join("_bulk/manifest.json"), "{}").unwrap();
        std::fs::write(folder.join("a.csv"), "id\n1\n2\n").unwrap();
        std::fs::write(folder.join("more/b.jsonl"), "{}\n").unwrap();
        let written = Written::in_folder(&folder);
        std::fs::write(folder.join("c.txt"), "").unwrap();
        let unknown = Written::in_folder(&folder);
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(written.unwrap(), Written { rows: 3, bytes: 10 });
        assert!(unknown.is_err());
    }
}
