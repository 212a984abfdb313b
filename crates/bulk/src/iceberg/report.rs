//! What an export into a table has done, or would do.

use lakehouse::{Snapshot, TableName};

use crate::export::{ExportPlan, ExportReport};

/// An export into an Iceberg table that is done.
#[derive(Clone, Debug)]
pub struct IcebergReport {
    /// The id of the run.
    pub run_id: String,
    /// The table.
    pub table: TableName,
    /// Its catalog, for people.
    pub catalog: String,
    /// Whether this run made the table.
    pub created: bool,
    /// The snapshot that has the rows.
    pub snapshot: Snapshot,
    /// The rows and files that it brought; `None` where the run had been done before.
    pub export: Option<ExportReport>,
    /// Up to which write time the rows of the source are in the table now, in microseconds since 1970,
    /// where the run says so.
    pub written_until: Option<i64>,
    /// What the user should know: that there are many small files.
    pub warning: Option<String>,
}

/// What an export into an Iceberg table would do.
#[derive(Clone, Debug)]
pub struct IcebergPlan {
    /// The id of the run that would be gone on with; none where one would be begun.
    pub run_id: Option<String>,
    /// Whether the table would be made.
    pub creates: bool,
    /// What would be read and written.
    pub export: ExportPlan,
}
