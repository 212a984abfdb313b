//! Runs that are watched and steered from outside: sockets, signals, limits, metrics, deadlines, and the
//! document at the end.
//!
//! The program is run as people run it. What holds a run up is its limit of rows a second; so it is in the
//! middle for as long as a test needs, and ends at once when the limit is taken away.

mod courtesy;
mod deadline;
mod limits;
mod log_file;
mod metrics;
mod pause;
mod sockets;
mod summary;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Ended, RF1, Running, Table, program_in};
use serde_json::Value;
use tempfile::TempDir;

/// Rows of the table that most tests read: many pages of [`PAGE`].
const ROWS: i32 = 3000;
/// Rows of a page.
const PAGE: &str = "20";
/// The name of a test's run. Each test has its own folder of sockets.
const RUN: &str = "trial";
/// Between two looks at a run.
const GLANCE: Duration = Duration::from_millis(50);
/// A run that has not moved for so many looks stands still.
const LOOKS: usize = 10;

/// A table, and a folder of its own for sockets and files.
struct Trial {
    table: Table,
    folder: TempDir,
}

impl Trial {
    /// With a table of so many rows.
    async fn new(name: &str, rows: i32) -> Result<Trial> {
        let table = Table::create(RF1, name, "(id int PRIMARY KEY, v text)").await?;
        let insert = "INSERT INTO {} (id, v) VALUES (?, ?)";
        table.write(insert, (0..rows).map(|id| (id, format!("row {id}")))).await?;
        Ok(Trial { table, folder: tempfile::tempdir()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn place(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Where the sockets of this test's runs are.
    fn environment(&self) -> Vec<(String, String)> {
        vec![("XDG_RUNTIME_DIR".to_owned(), self.folder.path().display().to_string())]
    }

    /// The arguments of a command on the table; the words of `options` are split at spaces.
    fn arguments(&self, command: &str, options: &str) -> Vec<String> {
        let name = self.table.name.cql();
        let host = ["--host", "127.0.0.11,127.0.0.12"];
        let words = [command, &name].into_iter().chain(host).chain(options.split_whitespace());
        words.map(str::to_owned).collect()
    }

    /// Starts a command on the table, as the run [`RUN`].
    fn start(&self, command: &str, options: &str) -> Result<Running> {
        let arguments = self.arguments(command, &format!("--run-name {RUN} {options}"));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Running::start_in(&self.environment(), &arguments)
    }

    /// Starts an export into the folder `out` that reads so many rows a second.
    fn start_export(&self, rows_per_second: u32, options: &str) -> Result<Running> {
        let out = self.place("out");
        let limit = format!("--rows-per-second {rows_per_second} --page-size {PAGE}");
        self.start("export", &format!("{out} --parallelism 2 {limit} {options}"))
    }

    /// Runs a command on the table to its end.
    async fn run(&self, command: &str, options: &str) -> Result<Ended> {
        let arguments = self.arguments(command, options);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        program_in(&self.environment(), &arguments).await
    }

    /// Runs `ctl`; the words of `words` are split at spaces.
    async fn ctl(&self, words: &str) -> Result<Ended> {
        let arguments: Vec<&str> = ["ctl"].into_iter().chain(words.split_whitespace()).collect();
        program_in(&self.environment(), &arguments).await
    }

    /// Tells the run something, and gives how it stands then.
    async fn tell(&self, words: &str) -> Result<Value> {
        let ended = self.ctl(&format!("{RUN} {words} --output json")).await?.with_code(0)?;
        serde_json::from_str(&ended.stdout).with_context(|| format!("{ended:?}"))
    }

    /// Waits until the run stands so, and gives how. Ends with an error if the run does.
    async fn until(&self, run: &mut Running, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
        loop {
            let asked = self.ctl(&format!("{RUN} status --output json")).await?;
            if asked.code == Some(0) {
                let status = serde_json::from_str(&asked.stdout)?;
                if is_so(&status) {
                    return Ok(status);
                }
            }
            ensure!(!run.has_ended()?, "the run has ended; ctl says {asked:?}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits until some rows have come.
    async fn until_rows(&self, run: &mut Running, rows: u64) -> Result<Value> {
        self.until(run, |status| status["rows"].as_u64() >= Some(rows)).await
    }

    /// Waits until the run stands still, and gives how many rows it had then. What was in flight when it
    /// was paused still comes.
    async fn until_still(&self, run: &mut Running) -> Result<u64> {
        let (mut last, mut looks) = (None, 0);
        loop {
            let status = self.until(run, |_| true).await?;
            let rows = status["rows"].as_u64();
            looks = if rows == last { looks + 1 } else { 0 };
            last = rows;
            if looks >= LOOKS {
                return rows.context("no rows");
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// How many rows the files of the export have.
    fn exported(&self) -> Result<u64> {
        let manifest = std::fs::read(self.path("out").join(bulk::MANIFEST))?;
        let manifest: Value = serde_json::from_slice(&manifest)?;
        manifest["rows"].as_u64().context("no rows")
    }

    /// A document that a run has written.
    fn document(&self, name: &str) -> Result<Value> {
        let text = std::fs::read_to_string(self.path(name))?;
        serde_json::from_str(&text).with_context(|| text)
    }

    /// Writes a CSV file of rows that the table does not have yet; gives its path.
    fn csv(&self, name: &str, ids: std::ops::Range<i32>) -> Result<String> {
        let rows = ids.map(|id| format!("{id},row {id}\n"));
        let text: String = std::iter::once("id,v\n".to_owned()).chain(rows).collect();
        std::fs::write(self.path(name), text)?;
        Ok(self.place(name))
    }

    /// How many rows the table has.
    async fn rows(&self) -> Result<usize> {
        Ok(self.table.rows::<(i32,)>("SELECT id FROM {}").await?.len())
    }
}
