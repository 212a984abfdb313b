//! The chunk under way: what is known of its records while they are read.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};
use arrow_select::filter::filter;

use super::chunk::{BadRecord, Chunk};
use super::options::RecordOptions;
use super::texts::{Place, Texts, retain};
use crate::error::{Error, Result};

/// What is wrong with a record.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) column: Option<String>,
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Refusal { column: None, reason: reason.into() }
    }

    pub(crate) fn of(column: &str, reason: impl Into<String>) -> Self {
        Refusal { column: Some(column.to_owned()), reason: reason.into() }
    }
}

impl From<cql_arrow::Error> for Refusal {
    fn from(error: cql_arrow::Error) -> Self {
        let mut reason = error.to_string();
        if let Some(column) = error.column()
            && let Some(rest) = reason.strip_prefix(&format!("column {column:?}: "))
        {
            reason = rest.to_owned();
        }
        Refusal { column: error.column().map(str::to_owned), reason }
    }
}

/// The records since the last chunk.
pub(crate) struct Pending {
    pub(crate) options: RecordOptions,
    /// The ordinals of the chunk: its first, and the next record's.
    records: Range<u64>,
    /// Of each row in the builders.
    ordinals: Vec<u64>,
    /// The same, in text files.
    places: Vec<Place>,
    bad: Vec<BadRecord>,
    /// What rows had nothing for.
    missing: Vec<(u64, usize)>,
    /// Rows in the builders that are no rows of the chunk.
    refused: Vec<(usize, Refusal)>,
}

impl Pending {
    pub(crate) fn new(options: RecordOptions) -> Self {
        let records = 0..0;
        let (ordinals, places, bad, refused) = (vec![], vec![], vec![], vec![]);
        Pending { options, records, ordinals, places, bad, missing: vec![], refused }
    }

    /// The columns as builders take them: with nulls, also where they must have none. A null there is a
    /// bad record, and not a bad chunk.
    pub(crate) fn nullable_schema(&self) -> SchemaRef {
        let nullable = |field: &Arc<Field>| match field.is_nullable() {
            true => Arc::clone(field),
            false => Arc::new(field.as_ref().clone().with_nullable(true)),
        };
        let fields: Vec<_> = self.options.schema.fields().iter().map(nullable).collect();
        Arc::new(Schema::new(fields))
    }

    /// Whether no record is wanted any more.
    pub(crate) fn is_done(&self) -> bool {
        self.options.limit.is_some_and(|limit| self.records.end >= limit)
    }

    /// Whether the chunk has enough records.
    pub(crate) fn is_full(&self, bytes: usize) -> bool {
        let records = self.records.end - self.records.start;
        records >= self.options.chunk_rows as u64 || bytes >= self.options.chunk_bytes
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The ordinal of the next record.
    pub(crate) fn next(&self) -> u64 {
        self.records.end
    }

    /// Counts the next record. Its ordinal, unless it is settled.
    #[inline]
    pub(crate) fn begin(&mut self) -> Option<u64> {
        let ordinal = self.records.end;
        self.records.end += 1;
        (self.options.skip.is_empty() || !self.options.skip.contains(ordinal)).then_some(ordinal)
    }

    /// The record is the next row in the builders.
    #[inline]
    pub(crate) fn row(&mut self, ordinal: u64, place: Place) {
        self.ordinals.push(ordinal);
        self.places.push(place);
    }

    /// The record that is the last row had nothing for these columns.
    pub(crate) fn lacks(&mut self, ordinal: u64, columns: &[usize]) {
        self.missing.extend(columns.iter().map(|column| (ordinal, *column)));
    }

    /// Rows in the builders.
    pub(crate) fn rows(&self) -> usize {
        self.ordinals.len()
    }

    /// The record's row in the builders, the last one, is not good.
    pub(crate) fn refuse_last(&mut self, refusal: Refusal) {
        self.refuse(self.ordinals.len().saturating_sub(1), refusal);
    }

    /// The same of any row in the builders. The first refusal counts.
    pub(crate) fn refuse(&mut self, row: usize, refusal: Refusal) {
        self.refused.push((row, refusal));
    }

    /// The record has no row in the builders.
    pub(crate) fn bad(
        &mut self,
        ordinal: u64,
        line: u64,
        refusal: Refusal,
        text: &[u8],
        truncated: bool,
    ) {
        let Refusal { column, reason } = refusal;
        let text = text.to_vec();
        self.bad.push(BadRecord { ordinal, line: Some(line), column, reason, text, truncated });
    }

    /// The chunk of a text file, of what is in the builders of all columns, and the bytes that the places
    /// are in.
    pub(crate) fn finish_text(&mut self, columns: Vec<ArrayRef>, bytes: Vec<u8>) -> Result<Chunk> {
        let places = std::mem::take(&mut self.places);
        self.finish(columns, Texts::Lines { bytes, places })
    }

    /// The chunk of some rows of a batch, which are its next records.
    pub(crate) fn finish_batch(
        &mut self,
        ordinals: Vec<u64>,
        columns: Vec<ArrayRef>,
        batch: RecordBatch,
        rows: Vec<usize>,
    ) -> Result<Chunk> {
        self.ordinals = ordinals;
        self.finish(columns, Texts::Batch { batch, rows })
    }

    fn finish(&mut self, mut columns: Vec<ArrayRef>, mut texts: Texts) -> Result<Chunk> {
        self.refuse_nulls(&columns);
        let mut ordinals = std::mem::take(&mut self.ordinals);
        let mut bad = std::mem::take(&mut self.bad);
        let mut refused = std::mem::take(&mut self.refused);
        if !refused.is_empty() {
            let mut good = vec![true; ordinals.len()];
            // Stable, so that of several refusals of a row the first one stays.
            refused.sort_by_key(|(row, _)| *row);
            for (row, Refusal { column, reason }) in refused {
                if !std::mem::replace(&mut good[row], false) {
                    continue;
                }
                let (ordinal, line) = (ordinals[row], texts.line(row));
                let text = texts.text(row).into_owned();
                bad.push(BadRecord { ordinal, line, column, reason, text, truncated: false });
            }
            retain(&mut ordinals, &good);
            texts.retain(&good);
            let good = BooleanArray::from(good);
            for column in &mut columns {
                *column = filter(column, &good).map_err(unmade)?;
            }
        }
        bad.sort_by_key(|bad| bad.ordinal);
        let rows = RecordBatchOptions::new().with_row_count(Some(ordinals.len()));
        let schema = Arc::clone(&self.options.schema);
        let rows = RecordBatch::try_new_with_options(schema, columns, &rows).map_err(unmade)?;
        let records = self.records.clone();
        self.records.start = records.end;
        let missing = std::mem::take(&mut self.missing);
        Ok(Chunk { records, rows, ordinals, bad, missing, texts })
    }

    fn refuse_nulls(&mut self, columns: &[ArrayRef]) {
        for (field, column) in self.options.schema.fields().iter().zip(columns) {
            if field.is_nullable() || column.logical_null_count() == 0 {
                continue;
            }
            for row in (0..column.len()).filter(|row| column.is_null(*row)) {
                self.refused.push((row, Refusal::of(field.name(), "null, which it can't be")));
            }
        }
    }
}

/// What is said of a record that is longer than records may be.
pub(crate) fn too_long(most: usize) -> String {
    match most >> 20 {
        0 => format!("it is longer than {most} bytes"),
        most => format!("it is longer than {most} MiB"),
    }
}

fn unmade(source: arrow_schema::ArrowError) -> Error {
    Error::data("its values make no batch").with_source(source)
}
