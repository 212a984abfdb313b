//! One table in every format, read by everyone: others' readers give the cells that were inserted, ours
//! give the same batches whatever the format, with exactly the CQL types of the table.

use anyhow::{Context as _, Result, ensure};
use arrow_array::{Int32Array, RecordBatch, UInt32Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use formats::{FileOptions, Location};
use futures::TryStreamExt as _;
use integration_tests::{Engine, Python, Table, exactly, files_in};
use serde_json::{Value, json};
use tempfile::TempDir;
use topology::TableSchema;

use crate::{exported, read};

const FORMATS: [&str; 5] = ["csv", "jsonl", "json", "parquet", "arrow"];

/// What a format has of a value's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The text, as in CSV and JSON.
    Text,
    /// Arrow's types, as in Parquet and Arrow.
    Typed,
}

impl Form {
    /// A tuple is an array of text formats, and a struct of the others.
    pub(crate) fn tuple<const N: usize>(self, parts: [Value; N]) -> Value {
        match self {
            Form::Text => parts.to_vec().into(),
            Form::Typed => {
                let parts = parts.into_iter().enumerate();
                Value::Object(parts.map(|(at, part)| (at.to_string(), part)).collect())
            }
        }
    }

    /// A duration is a text, or its three numbers.
    pub(crate) fn duration(self, text: &str, months: i32, days: i32, nanoseconds: i64) -> Value {
        match self {
            Form::Text => json!(text),
            Form::Typed => json!({
                "months": months.to_string(),
                "days": days.to_string(),
                "nanoseconds": nanoseconds.to_string(),
            }),
        }
    }

    /// One of two texts.
    pub(crate) fn pick(self, text: &str, typed: &str) -> String {
        match self {
            Form::Text => text.to_owned(),
            Form::Typed => typed.to_owned(),
        }
    }
}

/// What readers can't know of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout<'a> {
    /// Columns of numbers with a point.
    pub(crate) floats: &'a [&'a str],
    /// Columns whose text is JSON.
    pub(crate) nested: &'a [&'a str],
    /// Whether DuckDB has all of the values in types of its own.
    pub(crate) typed_by_duckdb: bool,
}

impl Default for Layout<'_> {
    fn default() -> Self {
        Layout { floats: &[], nested: &[], typed_by_duckdb: true }
    }
}

/// Exports the table in every format, and has everyone read it. Its key is `id`, an `int`.
pub(crate) async fn everyone_reads(
    python: &Python,
    table: &Table,
    layout: Layout<'_>,
    expected: impl Fn(Form) -> Vec<Value>,
) -> Result<()> {
    let mut folders = Vec::new();
    for format in FORMATS {
        folders.push((format, exported(table, &["--format", format, "--splits", "4"]).await?));
    }
    let csv = json!({ "floats": layout.floats, "nested": layout.nested });
    for (format, folder) in &folders {
        let (form, engines): (_, &[Engine]) = match *format {
            "csv" => (Form::Text, &[Engine::Pyarrow, Engine::Duckdb]),
            "parquet" if layout.typed_by_duckdb => {
                (Form::Typed, &[Engine::Pyarrow, Engine::Duckdb])
            }
            "parquet" | "arrow" => (Form::Typed, &[Engine::Pyarrow]),
            _ => (Form::Text, &[Engine::Json, Engine::Duckdb]),
        };
        let options = if *format == "csv" { csv.clone() } else { json!({}) };
        for engine in engines {
            let found = read(python, *engine, format, folder.path(), options.clone()).await?;
            let expected = expected(form).into_iter().map(|row| row.to_string());
            exactly(found.texts(), expected).with_context(|| format!("{engine:?}, {format}"))?;
        }
    }
    we_read(table, &folders).await
}

/// Reads the folders by our own readers.
async fn we_read(table: &Table, folders: &[(&str, TempDir)]) -> Result<()> {
    let columns = TableSchema::read(&table.on.session, &table.name).await?;
    let columns = columns.columns();
    let mut first: Option<(&str, RecordBatch)> = None;
    for (format, folder) in folders {
        let batch = by_id(&our_batch(columns, format, folder).await?)?;
        for (field, column) in batch.schema().fields().iter().zip(columns) {
            let typ = cql_arrow::column_type(field)?;
            ensure!(
                *field.name() == column.name && typ == column.typ,
                "{format}: {field:?} is {typ:?}, and {column:?} was exported"
            );
        }
        match &first {
            None => first = Some((format, batch)),
            Some((other, first)) => ensure!(
                first.columns() == batch.columns(),
                "{other} has {first:#?}, and {format} has {batch:#?}"
            ),
        }
    }
    Ok(())
}

async fn our_batch(
    columns: &[topology::Column],
    format: &str,
    folder: &TempDir,
) -> Result<RecordBatch> {
    let columns = columns.iter().map(|column| (column.name.as_str(), &column.typ));
    let schema = cql_arrow::schema(columns, &cql_arrow::MappingOptions::default())?;
    let location = Location::parse(crate::text(folder.path())?)?;
    let options = FileOptions { format: format.parse()?, ..FileOptions::default() };
    let mut batches: Vec<RecordBatch> = Vec::new();
    for file in files_in(folder.path(), &format!(".{format}"))? {
        let name = crate::text(file.strip_prefix(folder.path())?)?;
        let given = Some(schema.clone().into());
        let read = formats::read(&location, name, given, &options).await?;
        batches.extend(read.try_collect::<Vec<_>>().await?);
    }
    let first = batches.first().context("there are no rows")?;
    Ok(concat_batches(&first.schema(), &batches)?)
}

/// The rows in the order of their keys.
fn by_id(batch: &RecordBatch) -> Result<RecordBatch> {
    let ids = batch.column_by_name("id").context("no id")?;
    let ids = ids.as_any().downcast_ref::<Int32Array>().context("another id")?;
    let mut order: Vec<u32> = (0..).take(batch.num_rows()).collect();
    order.sort_by_key(|row| ids.value(*row as usize));
    Ok(take_record_batch(batch, &UInt32Array::from(order))?)
}
