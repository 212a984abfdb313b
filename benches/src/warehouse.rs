//! An Iceberg table in a folder of its own, with the SQLite file that is its catalog: as the library, the
//! program and pyiceberg are told of it, and what its files tell of an export.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use bulk::{CatalogKind, CatalogOptions, IcebergTableName};

use crate::folder;
use crate::output::{Written, files};

/// A table and its catalog.
#[derive(Clone, Debug)]
pub struct Warehouse {
    folder: PathBuf,
    table: IcebergTableName,
}

/// The last step of an export.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CommitTime {
    /// The data files that came into the table by it.
    pub files: usize,
    /// From the last write to a data file to the last write to the table's metadata and its catalog: the
    /// proof that all was read, the manifests, the snapshot, and the swap in the catalog.
    pub seconds: f64,
}

impl Warehouse {
    /// A table of this name in a folder. Neither need be there.
    ///
    /// # Errors
    ///
    /// Where the name is none of a table, or the path is none.
    pub fn new(folder: &Path, table: &str) -> Result<Self> {
        Ok(Warehouse { folder: std::path::absolute(folder)?, table: table.parse()? })
    }

    /// The same, with an empty folder.
    ///
    /// # Errors
    ///
    /// Where it can't be emptied.
    pub fn emptied(self) -> Result<Self> {
        folder::empty(&self.folder)?;
        Ok(self)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The table's name.
    pub fn table(&self) -> &IcebergTableName {
        &self.table
    }

    /// The catalog, for the library.
    pub fn catalog(&self) -> CatalogOptions {
        CatalogOptions::new(CatalogKind::Sql)
            .with("uri", self.uri())
            .with("warehouse", self.folder.display().to_string())
    }

    /// Names the table to our program, as what it is to go `--to`, or come `--from`.
    pub fn name_to<'a>(&self, command: &'a mut Command, option: &str) -> &'a mut Command {
        command.arg(option).arg(format!("iceberg:{}", self.table));
        // Both, since the environment may have others.
        command.args(["--catalog-uri", &self.uri()]).arg("--warehouse").arg(&self.folder)
    }

    /// What reads the table in Python.
    pub fn python(&self) -> String {
        format!(
            "from pyiceberg.catalog import load_catalog\n\
             catalog = load_catalog(\"default\", type=\"sql\", uri=\"{}\", warehouse=\"{}\")\n\
             print(catalog.load_table(\"{}\").scan().to_arrow().num_rows)",
            self.uri(),
            self.folder.display(),
            self.table
        )
    }

    /// The data files of the table.
    ///
    /// # Errors
    ///
    /// As [`Written::in_folder`].
    pub fn written(&self) -> Result<Written> {
        Written::in_folder(&self.location().join("data"))
    }

    /// How long the commit took of the one export that has written the table, as its files tell: no
    /// program's own word is taken.
    ///
    /// # Errors
    ///
    /// Where files are missing, or can't be read.
    pub fn commit_time(&self) -> Result<CommitTime> {
        let data = files(&self.location().join("data"))?;
        let mut after = files(&self.location().join("metadata"))?;
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            after.extend(path.is_file().then_some(path));
        }
        let (begun, ended) = (newest(&data)?, newest(&after)?);
        let took = ended.duration_since(begun).context("a data file is newer than the commit")?;
        Ok(CommitTime { files: data.len(), seconds: took.as_secs_f64() })
    }

    fn uri(&self) -> String {
        format!("sqlite:///{}", self.folder.join("catalog.db").display())
    }

    /// Where catalogs that are SQL databases make a table.
    fn location(&self) -> PathBuf {
        let mut location = self.folder.clone();
        location.extend(self.table.namespace());
        location.join(self.table.table())
    }
}

/// When the one of these files that was last written to was so.
fn newest(files: &[PathBuf]) -> Result<SystemTime> {
    let mut newest = None;
    for file in files {
        let written = file.metadata().and_then(|metadata| metadata.modified());
        newest = newest.max(Some(written.with_context(|| file.display().to_string())?));
    }
    newest.context("no files")
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_commit_takes_from_the_last_data_file_to_the_last_of_the_metadata() {
        let folder = std::env::temp_dir().join(format!("bench-warehouse-{}", std::process::id()));
        let warehouse = Warehouse::new(&folder, "a.b.readings").unwrap().emptied().unwrap();
        let write = |name: &str, second: u64| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            File::create(path).unwrap().set_modified(moment).unwrap();
        };
        let nothing = warehouse.commit_time();
        write("a/b/readings/metadata/0.metadata.json", 1);
        write("a/b/readings/data/run/x=1/0.parquet", 20);
        write("a/b/readings/data/run/x=2/0.parquet", 30);
        let early = warehouse.commit_time();
        write("a/b/readings/metadata/1.metadata.json", 32);
        write("catalog.db", 33);
        let whole = warehouse.commit_time();
        fs::remove_dir_all(&folder).unwrap();
        assert!(nothing.is_err() && early.is_err(), "{nothing:?} {early:?}");
        assert_eq!(whole.unwrap(), CommitTime { files: 2, seconds: 3.0 });
    }

    #[test]
    fn a_name_without_a_namespace_is_none() {
        assert!(Warehouse::new(Path::new("x"), "readings").is_err());
    }
}
