//! Reads the files of an export back, as the table of known content.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use bulk::{Location, Manifest, TableSchema};
use cql_arrow::MappingOptions;
use futures::TryStreamExt;
use scylla::value::CqlTimestamp;

use crate::dataset::Reading;
use crate::reading::Comparison;

/// Reads every file that the manifest lists, and compares each row with what was loaded.
///
/// # Errors
///
/// Where a file is not what the manifest says.
pub async fn compare(
    location: &Location,
    manifest: &Manifest,
    table: &TableSchema,
) -> Result<Comparison> {
    let columns = table.columns().iter().map(|column| (column.name.as_str(), &column.typ));
    let schema = Arc::new(cql_arrow::schema(columns, &MappingOptions::default())?);
    let mut comparison = Comparison::new(manifest.rows);
    for file in &manifest.files {
        let schema = Some(Arc::clone(&schema));
        let mut batches =
            formats::read(location, &file.name, schema, &manifest.settings.file).await?;
        while let Some(batch) = batches.try_next().await? {
            for row in readings(&batch)? {
                comparison.row(&row);
            }
        }
    }
    Ok(comparison)
}

fn readings(batch: &RecordBatch) -> Result<Vec<Reading>> {
    let column = |name: &str| batch.column_by_name(name).context("a column is missing");
    let sensor = column("sensor")?.as_primitive::<Int64Type>();
    let sequence = column("sequence")?.as_primitive::<Int32Type>();
    let at = column("at")?.as_primitive::<TimestampMillisecondType>();
    let place = column("place")?.as_string::<i32>();
    let value = column("value")?.as_primitive::<Float64Type>();
    let valid = column("valid")?.as_boolean();
    let unit = column("unit")?.as_string::<i32>();
    let note = column("note")?.as_string::<i32>();
    let reading = |row| Reading {
        sensor: sensor.value(row),
        sequence: sequence.value(row),
        at: CqlTimestamp(at.value(row)),
        place: place.value(row).to_owned(),
        value: value.value(row),
        valid: valid.value(row),
        unit: unit.value(row).to_owned(),
        note: note.value(row).to_owned(),
    };
    Ok((0..batch.num_rows()).map(reading).collect())
}
