//! What decides the content and the form of an export's files. A run that goes on with another run's
//! work must have the same.

use cql_arrow::EmptyValues;
use formats::FileOptions;
use serde::{Deserialize, Serialize};
use tokenring::RangeSet;
use uuid::Uuid;

use super::file_name::FileName;
use super::manifest::ColumnRecord;
use super::ranges;

/// What decides the content and the form of the files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The table, as CQL names it.
    pub table: String,
    /// The table's own id, which a table of the same name made later does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_id: Option<Uuid>,
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
    /// The Iceberg table that the files are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iceberg: Option<IcebergRecord>,
}

/// The Iceberg table that files are for, as it was when they were begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IcebergRecord {
    /// Its name in its catalog.
    pub table: String,
    /// Its own id, which a table of the same name made later does not have.
    pub table_uuid: Uuid,
    /// What becomes of the rows that it has: `create`, `append`, or `replace`.
    pub mode: String,
    /// The partition spec of the files.
    pub spec_id: i32,
}

pub(crate) fn is_null(empty: EmptyValues) -> bool {
    matches!(empty, EmptyValues::Null)
}
