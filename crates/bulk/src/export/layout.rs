//! How rows are laid out over files: which columns a file has, and which rows go where.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use formats::PartitionBy;

use crate::error::Result;

/// How rows are laid out over files.
#[derive(Debug)]
pub(crate) enum Layout {
    /// All rows go to the same files, as they are.
    Whole(SchemaRef),
    /// Folders for the values of some columns, as Hive has it.
    Folders(PartitionBy),
    /// As an Iceberg table has it.
    Table(lakehouse::Layout),
}

/// What tells the files of a layout apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The folder, from the destination; empty for the destination itself.
    pub(crate) folder: String,
    /// The exact values that a table's partition has; folders may cut them short.
    pub(crate) partition: Option<String>,
}

impl Layout {
    /// The schema of the files.
    pub(crate) fn schema(&self) -> &SchemaRef {
        match self {
            Layout::Whole(schema) => schema,
            Layout::Folders(columns) => columns.schema(),
            Layout::Table(table) => table.schema(),
        }
    }

    /// The rows of a batch, by the place that they go to.
    pub(crate) fn split(&self, batch: RecordBatch) -> Result<Vec<(Place, RecordBatch)>> {
        Ok(match self {
            Layout::Whole(_) => vec![(Place::default(), batch)],
            Layout::Folders(columns) => {
                let parts = columns.split(&batch)?.into_iter();
                parts.map(|(folder, rows)| (Place { folder, partition: None }, rows)).collect()
            }
            Layout::Table(table) => {
                let parts = table.split(&batch)?.into_iter();
                parts
                    .map(|part| {
                        (Place { folder: part.folder, partition: part.partition }, part.rows)
                    })
                    .collect()
            }
        })
    }
}
