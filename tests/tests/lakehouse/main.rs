//! Iceberg tables as their users meet them: written and read by the program as it is run, and looked at by
//! pyiceberg and DuckDB, over a catalog in a SQLite file and over a REST catalog of Iceberg's own code.
//!
//! The REST catalog is one for all tests; each has a namespace of its own there.

mod commits;
mod deletes;
mod foreign;
mod imports;
mod incremental;
mod kills;
mod layout;
mod modes;
mod pins;
mod refusals;
mod rivals;
mod round_trip;
mod s3;
#[path = "../imports/shapes.rs"]
mod shapes;
mod snapshots;
#[path = "../imports/types.rs"]
mod types;
mod values;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Ended, Lake, RF1, Running, Table, exactly, program};
use serde_json::{Value, json};

const HOST: [&str; 2] = ["--host", "127.0.0.11,127.0.0.12"];

/// Pages and files so small that a run of a few thousand rows has many steps.
const SLOWLY: [&str; 9] = [
    "--page-size",
    "20",
    "--parallelism",
    "1",
    "--splits",
    "60",
    "--max-file-rows",
    "100",
    "--files=2",
];

/// A table of Cassandra, and one in a catalog.
struct Trial {
    lake: Lake,
    table: Table,
    /// The namespace and the name of the other one.
    name: String,
    /// The options by which the program finds the catalog.
    catalog: Vec<String>,
}

impl Trial {
    /// The table in the catalog has a namespace that is called as the one of Cassandra.
    fn new(lake: Lake, table: Table) -> Trial {
        let (name, catalog) = (format!("{}.t", table.table()), lake.options());
        Trial { lake, table, name, catalog }
    }

    /// A table of texts; the key is `id`.
    async fn texts(lake: Lake, name: &str, rows: i32) -> Result<Trial> {
        let table = Table::create(RF1, name, "(id int PRIMARY KEY, v text)").await?;
        write_texts(&table, 0..rows).await?;
        Ok(Trial::new(lake, table))
    }

    fn export_arguments(&self, options: &[&str]) -> Vec<String> {
        let (from, to) = (self.table.name.cql(), format!("iceberg:{}", self.name));
        let arguments = ["export", &from, "--to", &to].into_iter().chain(HOST);
        let arguments = arguments.chain(self.catalog.iter().map(String::as_str));
        arguments.chain(options.iter().copied()).map(str::to_owned).collect()
    }

    /// Exports, however that ends.
    async fn export(&self, options: &[&str]) -> Result<Ended> {
        program(&borrowed(&self.export_arguments(options))).await
    }

    /// Exports with success.
    async fn exported(&self, options: &[&str]) -> Result<Ended> {
        let ended = self.export(options).await?.with_code(0);
        ended.with_context(|| format!("{options:?}"))
    }

    /// Exports, to be watched.
    fn start(&self, options: &[&str]) -> Result<Running> {
        Running::start(&borrowed(&self.export_arguments(options)))
    }

    /// Imports into a table, however that ends; gives the report as well.
    async fn import(&self, to: &Table, options: &[&str]) -> Result<(Ended, Value)> {
        let ended = program(&borrowed(&self.import_arguments(to, options))).await?;
        let report = match ended.stdout.trim() {
            "" => Value::Null,
            report => serde_json::from_str(report).with_context(|| format!("{ended:?}"))?,
        };
        Ok((ended, report))
    }

    fn import_arguments(&self, to: &Table, options: &[&str]) -> Vec<String> {
        let (to, from) = (to.name.cql(), format!("iceberg:{}", self.name));
        let arguments = ["import", &to, "--from", &from, "--output", "json"].into_iter();
        let arguments = arguments.chain(["--consistency", "ALL"]).chain(HOST);
        let arguments = arguments.chain(self.catalog.iter().map(String::as_str));
        arguments.chain(options.iter().copied()).map(str::to_owned).collect()
    }

    /// Imports with every record written; gives the report.
    async fn imported(&self, to: &Table, options: &[&str]) -> Result<Value> {
        let (ended, report) = self.import(to, options).await?;
        let counts = &report["counts"];
        let is_whole = ended.code == Some(0) && counts["read"] == counts["written"];
        ensure!(is_whole && counts["read"].is_u64(), "{options:?}: {ended:#?}");
        Ok(report)
    }

    /// Whether pyiceberg finds exactly the rows of [`Trial::texts`] with these ids, each once.
    async fn holds(&self, ids: impl IntoIterator<Item = i32>) -> Result<()> {
        exactly(self.lake.rows(&self.name).await?, text_cells(ids))
    }

    /// Whether a run is one snapshot, and has left nothing besides the files of that.
    async fn ran_once(&self, run_id: &str) -> Result<()> {
        let snapshot = self.lake.snapshot_of(&self.name, run_id).await?;
        let described = self.lake.described(&self.name).await?;
        let entries = described["entries"].as_array().context("no entries")?;
        // Those of the status 2 are gone.
        let of_run = entries.iter().filter(|entry| {
            entry["snapshot_id"] == snapshot["snapshot-id"] && entry["status"] != 2
        });
        let path = |entry: &Value| {
            let path = entry["file_path"].as_str().context("a file of no path")?;
            Ok(PathBuf::from(path.trim_start_matches("file://")))
        };
        let mut listed = of_run.map(path).collect::<Result<Vec<PathBuf>>>()?;
        let mut there = files_below(&run_folder(&described, run_id)?)?;
        listed.sort();
        there.sort();
        ensure!(there == listed, "there is {there:#?}, and the snapshot has {listed:#?}");
        Ok(())
    }
}

/// Where a run writes its files.
fn run_folder(described: &Value, run_id: &str) -> Result<PathBuf> {
    let location = described["metadata"]["location"].as_str().context("a table of no location")?;
    Ok(Path::new(location.trim_start_matches("file://")).join("data").join(run_id))
}

/// All files below a folder that may be absent.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(found) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_below(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

async fn write_texts(table: &Table, ids: impl IntoIterator<Item = i32>) -> Result<()> {
    let rows = ids.into_iter().map(|id| (id, format!("row {id}")));
    table.write("INSERT INTO {} (id, v) VALUES (?, ?)", rows).await
}

/// Rows of [`Trial::texts`] as cells.
fn text_cells(ids: impl IntoIterator<Item = i32>) -> Vec<String> {
    ids.into_iter().map(|id| json!([id.to_string(), format!("row {id}")]).to_string()).collect()
}

/// The ids of a table of Cassandra, of which each row is as [`write_texts`] writes it.
async fn text_ids(table: &Table) -> Result<Vec<i32>> {
    let rows = table.rows::<(i32, String)>("SELECT id, v FROM {}").await?;
    for (id, v) in &rows {
        ensure!(*v == format!("row {id}"), "{id} has {v:?}");
    }
    Ok(rows.into_iter().map(|(id, _)| id).collect())
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

/// Whether all of these are in a text.
fn says(text: &str, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(text.contains(part), "no {part:?} in: {text}");
    }
    Ok(())
}
