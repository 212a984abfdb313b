//! Reads the files of an export back, as the table of known content.

use std::sync::Arc;

use anyhow::Result;
use bulk::{Location, Manifest, TableSchema};
use cql_arrow::MappingOptions;
use futures::TryStreamExt;

use crate::columns::readings;
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
