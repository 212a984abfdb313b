//! What is chosen about reading records.

use arrow_schema::SchemaRef;
use cql_arrow::TextOptions;

use super::positions::Positions;
use crate::error::{Error, Result};
use crate::format::FileOptions;

/// What the fields of a file become, and which of its records are read.
///
/// CSV without a header has no names: there the columns are those of the schema by position.
#[derive(Clone, Debug)]
pub struct RecordOptions {
    /// Format and compression. For a file that was opened, those that
    /// [`Opened::options`](crate::Opened) has.
    pub file: FileOptions,
    /// The columns: fields with CQL types in their metadata, named as the fields of the file.
    pub schema: SchemaRef,
    /// For each column, whether the file may lack it; then it is null in all records. As many as there
    /// are columns.
    pub optional: Vec<bool>,
    /// Whether fields that no column is named after are passed over. Otherwise they are an error, of the
    /// record for JSON, and of the file for other formats. A line of CSV with more fields than the others
    /// is always bad.
    pub allow_extra: bool,
    /// Whether all columns are optional.
    pub allow_missing: bool,
    /// Fields that are passed over in any case, by name, or for CSV without a header by position from 0.
    pub ignored: Vec<String>,
    /// How text is read.
    pub text: TextOptions,
    /// Records that are settled already, by their ordinals. They are counted, and neither converted nor
    /// in any chunk's lists.
    pub skip: Positions,
    /// Reading stops before the record of this ordinal.
    pub limit: Option<u64>,
    /// A longer text of a record is bad, and only its beginning is kept. By default 32 MiB.
    pub max_record_bytes: usize,
    /// The most records of a chunk, 16 384 by default.
    pub chunk_rows: usize,
    /// About the most bytes of text of a chunk, 4 MiB by default; it is passed by the last record.
    pub chunk_bytes: usize,
}

impl RecordOptions {
    /// Reads all columns, which must be there, from all records.
    pub fn new(file: FileOptions, schema: SchemaRef) -> Self {
        RecordOptions {
            file,
            optional: vec![false; schema.fields().len()],
            schema,
            allow_extra: false,
            allow_missing: false,
            ignored: Vec::new(),
            text: TextOptions::default(),
            skip: Positions::default(),
            limit: None,
            max_record_bytes: 32 << 20,
            chunk_rows: 16_384,
            chunk_bytes: 4 << 20,
        }
    }

    /// Checks that the choices go together.
    pub(crate) fn check(&self) -> Result<()> {
        let (columns, optional) = (self.schema.fields().len(), self.optional.len());
        if columns != optional {
            return Err(Error::request(format!(
                "there are {columns} columns, and it is said of {optional} whether they are optional"
            )));
        }
        for (index, field) in self.schema.fields().iter().enumerate() {
            if self.schema.fields()[..index].iter().any(|other| other.name() == field.name()) {
                let name = field.name();
                return Err(Error::request(format!("the column {name:?} is asked for twice")));
            }
        }
        Ok(())
    }

    /// Whether a column need not be in the file.
    pub(crate) fn may_lack(&self, column: usize) -> bool {
        self.allow_missing || self.optional.get(column).copied().unwrap_or_default()
    }
}
