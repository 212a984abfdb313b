//! Imports files and Iceberg tables with the program, as a user does, for the demo.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::TableName;

use crate::input::{Input, InputFolder};
use crate::warehouse::Warehouse;
use crate::{folder, process};

/// The good records of the file that has bad ones.
pub const GOOD: u64 = 1000;
/// Those that can't be written, by different faults: no number, too few fields, no partition key.
const BAD: [&str; 3] = [
    "7000,0,2023-11-14T22:13:20Z,Oslo,warm,true,kelvin,a word where a number should be",
    "7000,1,2023-11-14T22:13:20Z,Oslo",
    ",2,2023-11-14T22:13:20Z,Oslo,1.5,true,volt,no sensor",
];
/// What the program ends with if records were bad.
const FINISHED_WITH_ERRORS: i32 = 4;

/// Imports from files in a folder.
#[derive(Clone, Debug)]
pub struct Imports {
    hosts: Vec<String>,
    folder: PathBuf,
}

impl Imports {
    /// Over these nodes, from this folder, where what earlier imports have left is removed.
    ///
    /// # Errors
    ///
    /// Where that can't be removed.
    pub fn new(hosts: &[String], folder: &Path) -> Result<Self> {
        let imports = Imports { hosts: hosts.to_vec(), folder: std::path::absolute(folder)? };
        folder::empty(&imports.folder.join("imports"))?;
        Ok(imports)
    }

    /// Imports all files of a folder in the folder.
    ///
    /// # Errors
    ///
    /// Where the program fails.
    pub fn folder(&self, table: &TableName, name: &str) -> Result<Duration> {
        let mut command = self.command(table)?;
        command.arg("--from").arg(self.folder.join(name));
        self.run(&mut command, name)
    }

    /// Imports a snapshot of an Iceberg table; `name` is the import's own.
    ///
    /// # Errors
    ///
    /// Where the program fails.
    pub fn snapshot(
        &self,
        table: &TableName,
        name: &str,
        warehouse: &Warehouse,
        snapshot: i64,
    ) -> Result<Duration> {
        let mut command = self.command(table)?;
        let pinned = warehouse.name_to(&mut command, "--from");
        self.run(pinned.args(["--snapshot-id", &snapshot.to_string()]), name)
    }

    /// Imports a file of [`GOOD`] records and a few bad ones. Gives what the program says, and what is in
    /// its folder of bad records then.
    ///
    /// # Errors
    ///
    /// Where the file can't be written, the program does not end as it should, or a bad record is not
    /// there as it was.
    pub async fn bad_file(&self, table: &TableName) -> Result<String> {
        let input = Input::new("csv", GOOD);
        let inputs = InputFolder::at(&self.folder.join("imports"));
        inputs.write(&input).await?;
        let path = inputs.path(&input);
        let mut file = OpenOptions::new().append(true).open(&path)?;
        for record in BAD {
            writeln!(file, "{record}")?;
        }
        drop(file);

        let mut command = self.command(table)?;
        command.arg("--from").arg(&path).arg("--journal").arg(self.journal("bad-file"));
        let output = command.stdin(Stdio::null()).output().context("the program does not run")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(FINISHED_WITH_ERRORS),
            "the import of a file with bad records ended with {}: {said}",
            output.status
        );
        let arguments: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        let mut shown = format!("$ cassandra-bulk {}\n{}\n", arguments.join(" "), said.trim_end());
        let mut kept = Vec::new();
        let folder = self.journal("bad-file").join("bad");
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            // Those with an underscore have the reasons, which the program has just said.
            if !entry.file_name().as_encoded_bytes().starts_with(b"_") {
                kept.push(entry.path());
            }
        }
        let [kept] = kept.as_slice() else { bail!("one file of bad records, not {kept:?}") };
        let text = fs::read_to_string(kept)?;
        ensure!(text.lines().skip(1).eq(BAD), "the bad records are not as they were: {text}");
        write!(shown, "\n{}\n{text}", kept.display())?;
        Ok(shown.trim_end().to_owned())
    }

    fn journal(&self, name: &str) -> PathBuf {
        self.folder.join("imports").join(name)
    }

    fn command(&self, table: &TableName) -> Result<Command> {
        process::ours(&self.hosts, "import", table)
    }

    fn run(&self, command: &mut Command, name: &str) -> Result<Duration> {
        let log = self.folder.join("imports").join(format!("{name}.log"));
        command.arg("--journal").arg(self.journal(name)).arg("--quiet");
        let spent = process::run(command, &log)?;
        Ok(Duration::try_from_secs_f64(spent.seconds)?)
    }
}
