//! What a finished export puts into a commit: its files, what the snapshot says of it, and what the table
//! keeps of the source.

use std::collections::BTreeMap;

use lakehouse::{NewFile, Table};
use sha2::{Digest, Sha256};
use topology::TableName;

use super::mark;
use super::runs::DATA;
use crate::export::{ExportOptions, ExportReport, Manifest, RingRecord};

/// The property of a table that names its source.
pub(crate) const SOURCE: &str = "cassandra-bulk.source";
/// The property of a table that has the statements which make its source again.
const DDL: &str = "cassandra-bulk.ddl";
/// Files are called small below this part of the size that they may have, and many from this number.
const SMALL: u64 = 16;
const MANY: usize = 64;

/// The files of a run, as the table names them.
pub(crate) fn files(table: &Table, id: &str, manifest: &Manifest) -> Vec<NewFile> {
    let folder = format!("{}/{DATA}/{id}", table.location().trim_end_matches('/'));
    let with_rows = manifest.files.iter().filter(|file| file.rows > 0);
    with_rows
        .map(|file| NewFile {
            path: format!("{folder}/{}", file.name),
            partition: file.partition.clone(),
            rows: file.rows,
            bytes: file.bytes,
        })
        .collect()
}

/// What the snapshot says of the run.
pub(crate) fn summary(manifest: &Manifest) -> BTreeMap<String, String> {
    let entry = |name: &str, value: String| (format!("cassandra-bulk.{name}"), value);
    BTreeMap::from([
        entry("version", env!("CARGO_PKG_VERSION").to_owned()),
        entry("source", manifest.settings.table.clone()),
        entry("token-ranges", manifest.settings.token_ranges.to_string()),
        entry("rows", manifest.rows.to_string()),
        entry("ring-digest", digest(&manifest.ring)),
        entry("started", manifest.started.clone()),
        entry("attempts", manifest.attempts.to_string()),
    ])
}

/// What is kept of the source in the table.
pub(crate) fn properties(
    source: &TableName,
    manifest: &Manifest,
    until: Option<i64>,
) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::from([(SOURCE.to_owned(), source.to_string())]);
    if !manifest.ddl.is_empty() {
        properties.insert(DDL.to_owned(), manifest.ddl.join("\n"));
    }
    if let Some(until) = until {
        properties.insert(mark::property(source), until.to_string());
    }
    properties
}

/// Tells one ring from another.
fn digest(ring: &RingRecord) -> String {
    let text = serde_json::to_vec(ring).unwrap_or_default();
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the user should know: that there are many small files.
pub(crate) fn warning(written: &ExportReport, how: &ExportOptions) -> Option<String> {
    let (files, bytes) = (written.manifest.files.len(), written.manifest.bytes);
    let average = bytes / (files as u64).max(1);
    (files >= MANY && average < how.max_file_bytes / SMALL).then(|| {
        format!(
            "{files} files of {} KiB on average: the partition spec makes many small files, which makes \
             every reader slow; choose fewer partitions, or compact the table",
            average >> 10
        )
    })
}
