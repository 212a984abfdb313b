//! What decides the content and the form of an export's files. A run that goes on with another run's
//! work must have the same.

use cql_arrow::EmptyValues;
use formats::FileOptions;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokenring::RangeSet;

use super::file_name::FileName;
use super::manifest::ColumnRecord;
use super::ranges;

/// What decides the content and the form of the files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The table, as CQL names it.
    pub table: String,
    /// What was asked of each token range.
    pub query: String,
    /// The condition in it, where only some rows were asked for.
    pub condition: Option<String>,
    /// Whether the condition needs `ALLOW FILTERING`.
    pub allow_filtering: bool,
    /// The columns of the files, with their CQL types.
    pub columns: Vec<ColumnRecord>,
    /// The ranges that were asked for.
    #[serde(with = "ranges")]
    pub token_ranges: RangeSet,
    /// Rows written later than this only, in microseconds since 1970.
    pub written_after: Option<i64>,
    /// Rows written at this time at the latest only.
    pub written_before: Option<i64>,
    /// The most rows in all; an export that has such a limit is not one of all rows.
    pub limit: Option<u64>,
    /// Whether empty values of types other than text are written as null.
    pub empty_as_null: bool,
    /// Format and compression.
    pub file: FileOptions,
    /// The pattern of the names of the files.
    pub file_name: FileName,
    /// The columns whose values are in the names of folders, and not in the files.
    pub partition_by: Vec<String>,
}

impl Settings {
    /// What is different, a line for each.
    pub(crate) fn differences(&self, other: &Settings) -> Vec<String> {
        let mut found = Vec::new();
        // A value of plain data always becomes JSON.
        let of = |settings: &Settings| serde_json::to_value(settings).unwrap_or_default();
        compare("", &of(self), &of(other), &mut found);
        found
    }
}

pub(crate) fn is_null(empty: EmptyValues) -> bool {
    matches!(empty, EmptyValues::Null)
}

fn compare(name: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let all = ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key)));
            for key in all {
                let inner = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned();
                let (ours, theirs) = (of(ours), of(theirs));
                compare(&inner, &ours.unwrap_or_default(), &theirs.unwrap_or_default(), found);
            }
        }
        (ours, theirs) if ours != theirs => {
            found.push(format!("{name}: {ours} there, {theirs} now"))
        }
        _ => {}
    }
}
