//! Python with pyarrow and DuckDB: readers that share no code with ours, so that a file is checked as
//! its users will read it.
//!
//! `python/read.py` prints every row with each value as a text that is the same whatever the format and
//! the engine (`python/cells.py`); the functions here write expected values the same way.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};
use tokio::process::Command;
use tokio::sync::OnceCell;
use xtask::python::Venv;

const REQUIREMENTS: &str = include_str!("../python/requirements.txt");
const ICEBERG: &str = include_str!("../python/requirements-iceberg.txt");
const METRICS: &str = include_str!("../python/requirements-metrics.txt");
/// What a cell is; scripts that print rows stand after it.
pub(crate) const CELLS: &str = include_str!("../python/cells.py");
const READ: &str = include_str!("../python/read.py");

/// An environment with pinned packages.
#[derive(Clone, Debug)]
pub struct Python(Venv);

/// What reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// pyarrow: CSV, JSON lines, Parquet, Arrow.
    Pyarrow,
    /// DuckDB: CSV, JSON, JSON lines, Parquet.
    Duckdb,
    /// Python's own `json`: JSON and JSON lines, with nothing inferred.
    Json,
}

/// All rows of some files.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRows {
    /// The columns' names, and what the engine takes their types to be.
    pub columns: Vec<(String, String)>,
    /// The rows, each an array of cells, in the order of their JSON text.
    pub rows: Vec<Value>,
}

impl FileRows {
    /// What `print_rows` of `python/cells.py` has printed.
    pub(crate) fn printed(mut said: Value) -> Result<FileRows> {
        let text = |column: &Map<String, Value>, member: &str| {
            column.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let columns = said["columns"].as_array().context("no columns")?;
        let columns = columns.iter().filter_map(Value::as_object);
        let columns = columns.map(|column| (text(column, "name"), text(column, "type"))).collect();
        match said["rows"].take() {
            Value::Array(rows) => Ok(FileRows { columns, rows }),
            other => Err(anyhow::anyhow!("no rows, but {other}")),
        }
    }

    /// The columns' names.
    pub fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The rows as texts, to be compared by [`exactly`](crate::exactly).
    pub fn texts(&self) -> Vec<String> {
        self.rows.iter().map(Value::to_string).collect()
    }
}

/// The environment, made if it is not there; `None`, said aloud, where there is no `python3`.
///
/// # Errors
///
/// Where the environment cannot be made, as without a network.
pub async fn python() -> Result<Option<Python>> {
    static PYTHON: OnceCell<Option<Python>> = OnceCell::const_new();
    let untested = "no exported file is read by pyarrow and DuckDB, and nothing is written to S3";
    PYTHON.get_or_try_init(|| made("tests", REQUIREMENTS, untested)).await.cloned()
}

/// The environment with pyiceberg, and the DuckDB that has an extension for Iceberg; made and missing as
/// that of [`python`].
///
/// # Errors
///
/// As those of [`python`].
pub(crate) async fn iceberg_python() -> Result<Option<Python>> {
    static PYTHON: OnceCell<Option<Python>> = OnceCell::const_new();
    let untested = "no Iceberg table is read by pyiceberg and DuckDB";
    PYTHON.get_or_try_init(|| made("iceberg", ICEBERG, untested)).await.cloned()
}

/// The environment with Prometheus's own client, which reads metrics; made and missing as that of
/// [`python`].
///
/// # Errors
///
/// As those of [`python`].
pub async fn metrics_python() -> Result<Option<Python>> {
    static PYTHON: OnceCell<Option<Python>> = OnceCell::const_new();
    let untested = "no metrics are read by Prometheus's client";
    PYTHON.get_or_try_init(|| made("metrics", METRICS, untested)).await.cloned()
}

async fn made(
    name: &'static str,
    requirements: &'static str,
    untested: &str,
) -> Result<Option<Python>> {
    let venv = move || Venv::make(name, requirements, |_| {});
    let venv = tokio::task::spawn_blocking(venv).await??;
    if venv.is_none() {
        // Past the test harness, which keeps what tests print to itself.
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT TESTED: there is no python3, so {untested}. Install it (for instance `apt-get \
             install python3-venv`).\n"
        );
    }
    Ok(venv.map(Python))
}

impl Python {
    /// Runs a script, which prints one JSON document.
    ///
    /// # Errors
    ///
    /// Where it fails, or prints something else; the message has what it said.
    pub async fn run(&self, script: &str, arguments: &[&str]) -> Result<Value> {
        let output = self.command(script, arguments).output().await?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the script failed ({}): {complaint}", output.status);
        serde_json::from_slice(&output.stdout).with_context(|| {
            format!("the script printed {}", String::from_utf8_lossy(&output.stdout))
        })
    }

    /// A script to be run; killed when dropped.
    pub(crate) fn command(&self, script: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.0.python());
        // Isolated: neither the user's packages nor variables for Python play a part.
        command.args(["-I", "-c", script]).args(arguments);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Reads files of one format, which is named as on the command line. `options` is an object of
    /// further members that `python/read.py` explains, such as `{"delimiter": ";"}`.
    ///
    /// # Errors
    ///
    /// Where the engine cannot read them, or they have different columns.
    pub async fn read(
        &self,
        engine: Engine,
        format: &str,
        files: &[PathBuf],
        options: Value,
    ) -> Result<FileRows> {
        let engine = match engine {
            Engine::Pyarrow => "pyarrow",
            Engine::Duckdb => "duckdb",
            Engine::Json => "python",
        };
        ensure!(!files.is_empty(), "there are no files to read");
        let mut asked = json!({ "engine": engine, "format": format, "files": files });
        if let (Value::Object(asked), Value::Object(options)) = (&mut asked, options) {
            asked.extend(options);
        }
        let said = self
            .run(&format!("{CELLS}\n{READ}"), &[&asked.to_string()])
            .await
            .with_context(|| format!("{engine} can't read {files:?}"))?;
        FileRows::printed(said)
    }
}

/// The files of an exported folder whose names end so, in order; nothing in folders that begin with an
/// underscore.
///
/// # Errors
///
/// Where the folder cannot be listed.
pub fn files_in(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("can't list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        if path.is_dir() {
            if !name.starts_with('_') {
                found.extend(files_in(&path, ending)?);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A `double` as a cell.
pub fn double(value: f64) -> Value {
    if value.is_nan() {
        return json!("NaN");
    }
    if value.is_infinite() {
        return json!(if value > 0.0 { "Infinity" } else { "-Infinity" });
    }
    json!(format!("{:016x}", value.to_bits()))
}

/// A `float` as a cell: the `double` of the shortest text that is this `float`.
pub fn float(value: f32) -> Value {
    // Rust prints the shortest such text, which is that of a double as well.
    double(value.to_string().parse().unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run;

    /// Writes the same rows in each format with pyarrow's own writers, or as text.
    const WRITE: &str = r#"
import json, sys, uuid
import pyarrow as pa, pyarrow.parquet as parquet
folder = sys.argv[1]
table = pa.table({
    "id": pa.array([1, 2, 3], pa.int64()),
    "text": pa.array(["", None, 'a "b"\nc\u2028'], pa.string()),
    "f": pa.array([0.1, -0.0, float("nan")], pa.float32()),
    "d": pa.array([0.1, float("-inf"), None], pa.float64()),
    "at": pa.array([0, 253402300800000, -1], pa.timestamp("ms", "UTC")),
    "key": pa.array([uuid.UUID(int=5).bytes, None, b"\xff" * 16], pa.uuid()),
    "raw": pa.array([b"\x00\xff", b"", None], pa.binary()),
    "map": pa.array([[("a", 1), ("b", None)], [], None], pa.map_(pa.string(), pa.int32())),
    "list": pa.array([[1, None], [], None], pa.list_(pa.int64())),
    "vector": pa.array([[1.5, 2.5], None, [0.5, 3]], pa.list_(pa.float32(), 2)),
})
parquet.write_table(table, folder + "/rows.parquet")
with pa.OSFile(folder + "/rows.arrow", "wb") as file, pa.ipc.new_file(file, table.schema) as out:
    out.write_table(table)
with open(folder + "/rows.csv", "w") as out:
    out.write('id,text,d\n1,"",0.1\n2,,-Infinity\n3,"a ""b""\nc",\n')
lines = ['{"id":1,"text":"","d":0.1}', '{"id":2,"text":null,"d":"-Infinity"}',
    '{"id":3,"text":"a \\"b\\"\\nc","d":null}']
with open(folder + "/rows.jsonl", "w") as out:
    out.writelines(line + "\n" for line in lines)
with open(folder + "/rows.json", "w") as out:
    out.write("[" + ",\n".join(lines) + "]\n")
print("{}")
"#;

    #[test]
    fn every_engine_reads_the_same_rows_in_every_format() {
        run(async {
            let Some(python) = python().await? else { return Ok(()) };
            let folder = tempfile::tempdir()?;
            python.run(WRITE, &[folder.path().to_str().context("a folder's name")?]).await?;
            let typed = [
                json!([
                    "1", "", float(0.1), double(0.1), "1970-01-01T00:00:00.000Z",
                    "00000000-0000-0000-0000-000000000005", "0x00ff", {"a": "1", "b": null},
                    ["1", null], [float(1.5), float(2.5)]
                ]),
                json!([
                    "2",
                    null,
                    double(-0.0),
                    "-Infinity",
                    "253402300800000",
                    null,
                    "0x",
                    {},
                    [],
                    null
                ]),
                json!([
                    "3",
                    "a \"b\"\nc\u{2028}",
                    "NaN",
                    null,
                    "1969-12-31T23:59:59.999Z",
                    "ffffffff-ffff-ffff-ffff-ffffffffffff",
                    null,
                    null,
                    null,
                    [float(0.5), float(3.0)]
                ]),
            ];
            let plain = [
                json!(["1", "", double(0.1)]),
                json!(["2", null, "-Infinity"]),
                json!(["3", "a \"b\"\nc", null]),
            ];
            for (engine, format, options) in [
                (Engine::Pyarrow, "parquet", json!({})),
                (Engine::Duckdb, "parquet", json!({})),
                (Engine::Pyarrow, "arrow", json!({})),
                (Engine::Pyarrow, "csv", json!({"floats": ["d"]})),
                (Engine::Duckdb, "csv", json!({"floats": ["d"]})),
                (Engine::Pyarrow, "csv", json!({"infer": true})),
                (Engine::Duckdb, "csv", json!({"infer": true})),
                (Engine::Duckdb, "jsonl", json!({})),
                (Engine::Json, "jsonl", json!({})),
                (Engine::Duckdb, "json", json!({})),
                (Engine::Json, "json", json!({})),
            ] {
                let files = files_in(folder.path(), &format!(".{format}"))?;
                ensure!(files.len() == 1, "{files:?}");
                let found = python.read(engine, format, &files, options).await?;
                let expected = if matches!(format, "parquet" | "arrow") { &typed } else { &plain };
                ensure!(found.rows == expected, "{engine:?}, {format}: {found:#?}");
            }
            Ok(())
        });
    }

    #[test]
    fn a_damaged_file_and_a_failing_script_are_errors() {
        run(async {
            let Some(python) = python().await? else { return Ok(()) };
            let folder = tempfile::tempdir()?;
            let file = folder.path().join("rows.jsonl");
            for damaged in [r#"{"a":1}"#, "{\"a\":NaN}\n", "{\"a\":1,\"a\":2}\n", "{\"a\":\n"] {
                std::fs::write(&file, damaged)?;
                let files = std::slice::from_ref(&file);
                let read = python.read(Engine::Json, "jsonl", files, json!({})).await;
                ensure!(read.is_err(), "{damaged} was read as {read:?}");
            }
            let error = python.run("raise SystemExit('no such thing')", &[]).await.unwrap_err();
            ensure!(error.to_string().contains("no such thing"), "{error:#}");
            Ok(())
        });
    }

    #[test]
    fn a_float_is_the_double_of_its_shortest_text() {
        assert_eq!(float(0.1), double(0.1));
        assert_ne!(float(0.1), double(f64::from(0.1_f32)));
        assert_eq!(float(f32::NEG_INFINITY), json!("-Infinity"));
        assert_eq!(float(-0.0), json!("8000000000000000"));
    }
}
