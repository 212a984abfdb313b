//! Catalogs of Iceberg tables, and these tables as others read and write them: pyiceberg, and DuckDB with
//! its iceberg extension.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::catalog_server::catalog_server;
use crate::python::{CELLS, FileRows, Python, iceberg_python};
use crate::s3::S3;

const ICEBERG: &str = include_str!("../python/iceberg.py");

/// The document has them in any order.
const SNAPSHOTS: &str = r#"
found = json.loads(catalog.load_table(arguments).metadata.model_dump_json())["snapshots"]
say(sorted(found, key=lambda one: (one.get("sequence-number") or 0, one["timestamp-ms"])))
"#;

/// A catalog, and Python to look into it.
#[derive(Debug)]
pub struct Lake {
    python: Python,
    kind: Kind,
    /// The SQLite file and the warehouse, or nothing.
    folder: TempDir,
}

#[derive(Clone, Debug)]
enum Kind {
    /// A SQLite file, and tables in the same folder.
    Sql,
    /// A SQLite file, and tables in a bucket: pyiceberg's properties for it, and the
    /// warehouse.
    S3(Vec<(&'static str, String)>, String),
    /// The server of [`catalog_server`].
    Rest(String),
}

/// Who reads a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// pyiceberg.
    Pyiceberg,
    /// DuckDB, given the location of the current metadata.
    Duckdb,
}

impl Lake {
    /// An empty catalog in a SQLite file. `None`, said aloud, where there is no `python3`.
    ///
    /// # Errors
    ///
    /// Where Python's packages cannot be had.
    pub async fn sql() -> Result<Option<Lake>> {
        Lake::of(Kind::Sql).await
    }

    /// The same, with the tables in a bucket.
    ///
    /// # Errors
    ///
    /// As [`Lake::sql`].
    pub async fn s3(s3: &S3) -> Result<Option<Lake>> {
        let properties = [
            ("s3.endpoint", s3.endpoint.as_str()),
            ("s3.access-key-id", "test"),
            ("s3.secret-access-key", "test"),
            ("s3.region", "us-east-1"),
        ];
        let properties = properties.map(|(key, value)| (key, value.to_owned()));
        let lake = Lake::of(Kind::S3(properties.into(), s3.url("warehouse"))).await?;
        if let Some(lake) = &lake {
            // It is YAML, too.
            let mut properties = lake.properties();
            if let Some(properties) = properties.as_object_mut() {
                properties.remove("name");
            }
            let config = json!({ "catalog": { "default": properties } });
            std::fs::write(lake.folder().join(".pyiceberg.yaml"), config.to_string())?;
        }
        Ok(lake)
    }

    /// The catalog of the server that all tests of a binary share.
    ///
    /// # Errors
    ///
    /// As [`Lake::sql`], and where the server does not start.
    pub async fn rest() -> Result<Option<Lake>> {
        // First Python: without it there is nothing to be had from a server.
        let Some(lake) = Lake::of(Kind::Rest(String::new())).await? else { return Ok(None) };
        Ok(Some(Lake { kind: Kind::Rest(catalog_server().await?.uri()), ..lake }))
    }

    async fn of(kind: Kind) -> Result<Option<Lake>> {
        let Some(python) = iceberg_python().await? else { return Ok(None) };
        Ok(Some(Lake { python, kind, folder: tempfile::tempdir()? }))
    }

    /// A folder that is this catalog's own.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The options by which the program finds it.
    pub fn options(&self) -> Vec<String> {
        let folder = self.folder.path().display();
        match &self.kind {
            Kind::Sql => vec!["--warehouse".to_owned(), folder.to_string()],
            // Keys are no arguments.
            Kind::S3(..) => {
                vec!["--catalog-config".to_owned(), format!("{folder}/.pyiceberg.yaml")]
            }
            Kind::Rest(uri) => Lake::rest_options(uri),
        }
    }

    /// The same for a REST catalog that is elsewhere, as behind a proxy.
    pub fn rest_options(uri: &str) -> Vec<String> {
        ["--catalog", "rest", "--catalog-uri", uri].map(str::to_owned).into()
    }

    /// The properties by which pyiceberg finds it.
    pub fn properties(&self) -> Value {
        let folder = self.folder.path().display();
        let uri = format!("sqlite:///{folder}/catalog.db");
        let mut properties = json!({ "name": "default", "type": "sql", "uri": uri });
        match &self.kind {
            Kind::Sql => properties["warehouse"] = json!(folder.to_string()),
            Kind::S3(more, warehouse) => {
                properties["warehouse"] = json!(warehouse);
                for (key, value) in more {
                    properties[*key] = json!(value);
                }
            }
            Kind::Rest(uri) => {
                properties["type"] = json!("rest");
                properties["uri"] = json!(uri);
            }
        }
        properties
    }

    /// Runs a script that may use what `python/iceberg.py` defines, and prints one JSON document.
    ///
    /// # Errors
    ///
    /// Where it fails, or prints something else.
    pub async fn script(&self, script: &str, arguments: Value) -> Result<Value> {
        let script = format!("{CELLS}\n{ICEBERG}\n{script}");
        let given = json!({ "catalog": self.properties(), "arguments": arguments });
        self.python.run(&script, &[&given.to_string()]).await
    }

    /// The rows of a table. `how` has further arguments of `read` in `python/iceberg.py`, such as
    /// `{"snapshot_id": 1}`.
    ///
    /// # Errors
    ///
    /// Where the table cannot be read.
    pub async fn read(&self, reader: Reader, table: &str, how: Value) -> Result<FileRows> {
        let engine = match reader {
            Reader::Pyiceberg => "pyiceberg",
            Reader::Duckdb => "duckdb",
        };
        let script = "found = read(**arguments)\nprint_rows(described(found), rows_of(found))";
        let mut asked = json!({ "name": table, "engine": engine });
        if let (Value::Object(asked), Value::Object(how)) = (&mut asked, how) {
            asked.extend(how);
        }
        let said = self.script(script, asked).await;
        FileRows::printed(said.with_context(|| format!("{engine} can't read {table}"))?)
    }

    /// The rows of a table by pyiceberg, as texts to be compared.
    ///
    /// # Errors
    ///
    /// As [`Lake::read`].
    pub async fn rows(&self, table: &str) -> Result<Vec<String>> {
        Ok(self.read(Reader::Pyiceberg, table, json!({})).await?.texts())
    }

    /// A table as it is stored: `metadata` is the document of the specification, `entries` are
    /// those of the current snapshot's manifests as pyiceberg reads them.
    ///
    /// # Errors
    ///
    /// Where it cannot be loaded.
    pub async fn described(&self, table: &str) -> Result<Value> {
        self.script("say(describe(arguments))", json!(table)).await
    }

    /// The snapshots in a table's metadata, by time.
    ///
    /// # Errors
    ///
    /// Where it cannot be loaded.
    pub async fn snapshots(&self, table: &str) -> Result<Vec<Value>> {
        let said = self.script(SNAPSHOTS, json!(table)).await?;
        Ok(said.as_array().context("no snapshots")?.clone())
    }

    /// The one snapshot of a run.
    ///
    /// # Errors
    ///
    /// Where the run has none, or several.
    pub async fn snapshot_of(&self, table: &str, run_id: &str) -> Result<Value> {
        let mut snapshots = self.snapshots(table).await?;
        snapshots.retain(|snapshot| snapshot["summary"]["cassandra-bulk.run-id"] == run_id);
        ensure!(snapshots.len() == 1, "the run {run_id} has the snapshots {snapshots:?}");
        snapshots.pop().context("no snapshot")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run;

    /// Makes a table of two snapshots; gives the first one's number.
    const WRITE: &str = r#"
catalog.create_namespace_if_not_exists(arguments.split(".")[0])
rows = pa.table({"id": pa.array([1, 2], pa.int32()), "v": ["a", None]})
table = catalog.create_table(arguments, rows.schema)
table.append(rows)
first = table.current_snapshot().snapshot_id
table.append(rows.slice(1))
say(first)
"#;

    async fn is_read_by_everyone(lake: &Lake, table: &str) -> Result<()> {
        let first = lake.script(WRITE, json!(table)).await?;
        let rows = [json!(["1", "a"]), json!(["2", null])];
        for reader in [Reader::Pyiceberg, Reader::Duckdb] {
            let found = lake.read(reader, table, json!({ "snapshot_id": first })).await?;
            ensure!(found.rows == rows, "{reader:?}: {found:?}");
            let found = lake.read(reader, table, json!({ "columns": ["v"] })).await?;
            ensure!(found.rows == [json!(["a"]), json!([null]), json!([null])], "{found:?}");
        }
        let described = lake.described(table).await?;
        ensure!(described["entries"].as_array().map(Vec::len) == Some(2), "{described:#}");
        ensure!(described["metadata"]["snapshots"].as_array().map(Vec::len) == Some(2));
        ensure!(lake.snapshots(table).await?.len() == 2);
        ensure!(lake.snapshot_of(table, "none").await.is_err());
        Ok(())
    }

    #[test]
    fn tables_of_every_catalog_are_read_by_everyone() {
        run(async {
            let Some(lake) = Lake::sql().await? else { return Ok(()) };
            is_read_by_everyone(&lake, "own.t").await?;
            let Some(lake) = Lake::rest().await? else { return Ok(()) };
            is_read_by_everyone(&lake, "own.t").await?;
            let Some(python) = crate::python().await? else { return Ok(()) };
            let s3 = S3::start(&python).await?;
            let Some(lake) = Lake::s3(&s3).await? else { return Ok(()) };
            is_read_by_everyone(&lake, "own.t").await
        });
    }
}
