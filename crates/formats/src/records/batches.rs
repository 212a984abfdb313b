//! Batches of a file that knows its types, as records.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, new_null_array};
use arrow_schema::{Field, Schema};
use arrow_select::filter::filter_record_batch;
use cql_arrow::{Conversion, TextOptions};

use super::arrangement::Arrangement;
use super::options::RecordOptions;
use super::pending::{Pending, Refusal};
use crate::blocking::ChunkSink;
use crate::error::{Error, Result};

/// Makes chunks of the batches of one file.
pub(crate) struct Batches {
    pending: Pending,
    /// The fields of the file that are needed, in its order.
    needed: Vec<usize>,
    columns: Vec<Source>,
}

/// What a column is made of.
enum Source {
    Missing,
    /// A field, by its place among those needed.
    Same(usize),
    Converted(usize, Box<Conversion>),
}

impl Batches {
    /// Of a file of this schema.
    pub(crate) fn new(file: &Schema, options: RecordOptions) -> Result<Self> {
        let names = file.fields().iter().map(|field| field.name().as_str());
        let arrangement = Arrangement::by_name(names, &options, "it")?;
        let needed = (0..file.fields().len()).filter(|field| arrangement.fields[*field].is_some());
        let needed: Vec<usize> = needed.collect();
        let pending = Pending::new(options);
        let mut columns = Vec::with_capacity(pending.options.schema.fields().len());
        for (column, target) in pending.nullable_schema().fields().iter().enumerate() {
            let place = needed.iter().position(|field| arrangement.fields[*field] == Some(column));
            columns.push(match place {
                None => Source::Missing,
                Some(place) => {
                    let source = file.field(needed[place]);
                    Source::new(place, source, target, &pending.options.text)?
                }
            });
        }
        Ok(Batches { pending, needed, columns })
    }

    /// The fields of the file that are needed, in its order.
    pub(crate) fn needed(&self) -> &[usize] {
        &self.needed
    }

    /// About the most bytes of a chunk.
    pub(crate) fn chunk_bytes(&self) -> usize {
        self.pending.options.chunk_bytes.max(1)
    }

    /// The most rows of a chunk.
    pub(crate) fn chunk_rows(&self) -> usize {
        self.pending.options.chunk_rows.max(1)
    }

    /// Takes a batch of the fields that are needed. `false` when no more is wanted.
    pub(crate) fn append(&mut self, batch: &RecordBatch, sink: &ChunkSink) -> Result<bool> {
        // How many rows are about the bytes of a chunk.
        let bytes = batch.get_array_memory_size().max(1);
        let rows = batch.num_rows().saturating_mul(self.chunk_bytes()) / bytes;
        let rows = rows.clamp(1, self.chunk_rows());
        for start in (0..batch.num_rows()).step_by(rows) {
            if self.pending.is_done() {
                return Ok(false);
            }
            let length = rows.min(batch.num_rows() - start);
            self.chunk(&batch.slice(start, length), sink)?;
        }
        Ok(!self.pending.is_done())
    }

    fn chunk(&mut self, batch: &RecordBatch, sink: &ChunkSink) -> Result<()> {
        let mut ordinals = Vec::with_capacity(batch.num_rows());
        let mut rows = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            if self.pending.is_done() {
                break;
            }
            if let Some(ordinal) = self.pending.begin() {
                ordinals.push(ordinal);
                rows.push(row);
            }
        }
        let batch = if rows.len() == batch.num_rows() {
            batch.clone()
        } else {
            let mut wanted = vec![false; batch.num_rows()];
            rows.iter().for_each(|row| wanted[*row] = true);
            filter_record_batch(batch, &BooleanArray::from(wanted))
                .map_err(|source| Error::data("its rows can't be chosen").with_source(source))?
        };
        let schema = Arc::clone(&self.pending.options.schema);
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for (column, source) in self.columns.iter().enumerate() {
            let field = schema.field(column);
            columns.push(match source {
                Source::Missing => new_null_array(field.data_type(), batch.num_rows()),
                Source::Same(place) => Arc::clone(batch.column(*place)),
                Source::Converted(place, conversion) => {
                    let converted = conversion.convert(batch.column(*place));
                    for (row, error) in converted.failures {
                        let reason = Refusal::from(error).reason;
                        self.pending.refuse(row, Refusal::of(field.name(), reason));
                    }
                    converted.array
                }
            });
        }
        let rows = (0..batch.num_rows()).collect();
        sink.send(self.pending.finish_batch(ordinals, columns, batch, rows)?)
    }
}

impl Source {
    fn new(place: usize, source: &Field, target: &Field, text: &TextOptions) -> Result<Self> {
        let same =
            source.data_type() == target.data_type() && source.metadata() == target.metadata();
        if same {
            return Ok(Source::Same(place));
        }
        let conversion = Conversion::new(source, target, text).map_err(|source| {
            let name = target.name();
            Error::request(format!("its column {name:?} can't be read: {source}"))
                .with_source(source)
        })?;
        Ok(Source::Converted(place, Box::new(conversion)))
    }
}
