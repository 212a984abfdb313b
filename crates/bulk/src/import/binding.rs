//! From a record to bound statements: which ones, and what is bound to their markers.

use cql_arrow::{BoundRows, Nulls};
use executor::{Mutations, StatementId, Unbound, Writer};
use formats::Chunk;
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::{CellWriter, RowWriter, WrittenCellProof};
use topology::{ColumnKind, TableSchema};

use super::mapping::FileMapping;
use super::statements::{Cells, Marker, Source, Text, has_counters};
use super::times::{Group, Part, Times};
use crate::error::{Error, Result};

/// Binds the records of one file.
pub(crate) struct Binder {
    statements: Statements,
    recent: Recent,
}

/// What was written last.
#[derive(Default)]
struct Recent {
    /// The key and the static columns of the partition, as bytes.
    statics: Vec<u8>,
    scratch: Vec<u8>,
}

/// The statements of a file, and how they are bound.
struct Statements {
    cells: Cells,
    clustering: Vec<usize>,
    regular: Vec<usize>,
    /// What tells whether the static columns are as in the row before.
    partition: Vec<usize>,
    statics: Vec<usize>,
    plan: Plan,
    constants: BoundRows,
    options: BinderOptions,
}

/// A statement that the cluster knows.
struct Prepared {
    id: StatementId,
    markers: Vec<Marker>,
}

/// The statements of a file.
enum Plan {
    Rows { row: Prepared, statics: Option<Prepared> },
    Counters { row: Prepared },
    Timed { row: Prepared, cells: Option<Prepared>, statics: Option<Prepared> },
}

/// Why a record cannot be bound.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) column: Option<String>,
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn new(column: Option<String>, reason: impl Into<String>) -> Self {
        Refusal { column, reason: reason.into() }
    }
}

impl From<Unbound> for Refusal {
    fn from(unbound: Unbound) -> Self {
        Refusal::new(unbound.column, unbound.reason)
    }
}

/// What is the same for all files.
#[derive(Clone, Copy)]
pub(crate) struct BinderOptions {
    pub(crate) nulls: Nulls,
    pub(crate) ttl: Option<i32>,
    pub(crate) timestamp: i64,
    /// How much later than the first run this one writes lists, whose replays would double them, in
    /// microseconds.
    pub(crate) later: i64,
}

impl Binder {
    /// Prepares the statements that a file's records take.
    pub(crate) async fn new(
        table: &TableSchema,
        file: &FileMapping,
        writer: &mut Writer,
        options: &BinderOptions,
    ) -> Result<Self> {
        let cells = Cells::new(table, file);
        let partition = cells.of_kinds(&[ColumnKind::PartitionKey]);
        let clustering = cells.of_kinds(&[ColumnKind::Clustering]);
        let statics = cells.of_kinds(&[ColumnKind::Static]);
        let regular = cells.of_kinds(&[ColumnKind::Regular]);
        let keys = [partition.as_slice(), &clustering].concat();
        let ttl = options.ttl.is_some();
        let plan = if has_counters(table) {
            if cells.are_timed() || ttl {
                return Err(Error::request(format!(
                    "{} has counters, which have neither write times nor times to live",
                    table.name()
                )));
            }
            if !statics.is_empty() && !clustering.is_empty() {
                return Err(Error::request(format!(
                    "{} has a static counter, which each row of a partition would add to again: skip \
                     it, and load it from a file with one record for each partition",
                    table.name()
                )));
            }
            let counters = [statics.as_slice(), &regular].concat();
            if counters.is_empty() {
                return Err(Error::request("no field is for a counter: there is nothing to add"));
            }
            Plan::Counters { row: prepare(writer, cells.count(table, &keys, &counters)).await? }
        } else if cells.are_timed() {
            let update = |keys: &[usize], own: &[usize]| {
                (!own.is_empty()).then(|| cells.update(table, keys, own))
            };
            Plan::Timed {
                row: prepare(writer, cells.row(table, &keys)).await?,
                cells: prepare_any(writer, update(&keys, &regular)).await?,
                statics: prepare_any(writer, update(&partition, &statics)).await?,
            }
        } else {
            let all: Vec<usize> = (0..cells.0.len()).collect();
            let alone = [partition.as_slice(), &statics].concat();
            let alone = (!statics.is_empty()).then(|| cells.insert(table, &alone, ttl));
            Plan::Rows {
                row: prepare(writer, cells.insert(table, &all, ttl)).await?,
                statics: prepare_any(writer, alone).await?,
            }
        };
        let nulls = match plan {
            Plan::Counters { .. } => Nulls::Unset,
            _ => options.nulls,
        };
        let statements = Statements {
            constants: BoundRows::new(&file.constants, nulls)?,
            cells,
            clustering,
            regular,
            partition,
            statics,
            plan,
            options: BinderOptions { nulls, ..*options },
        };
        Ok(Binder { statements, recent: Recent::default() })
    }

    /// Binds the rows of a batch, but for some; the record of a row is its index.
    pub(crate) fn bind(
        &mut self,
        chunk: &Chunk,
        held: &[usize],
        mutations: &mut Mutations,
    ) -> Result<Vec<(usize, Refusal)>> {
        let Binder { statements, recent } = self;
        let batch = &chunk.rows;
        let rows = BoundRows::new(batch, statements.options.nulls)?;
        let times = match statements.plan {
            Plan::Timed { .. } => {
                Some(Times::new(&statements.cells, batch, statements.options.later)?)
            }
            _ => None,
        };
        let mut refused = Vec::new();
        for row in (0..batch.num_rows()).filter(|row| held.binary_search(row).is_err()) {
            let missing = missing_of(chunk, row);
            let bound = statements.bind(recent, &rows, times.as_ref(), row, missing, mutations);
            if let Err(refusal) = bound {
                refused.push((row, refusal));
            }
        }
        Ok(refused)
    }
}

impl Statements {
    fn bind(
        &self,
        recent: &mut Recent,
        rows: &BoundRows,
        times: Option<&Times<'_>>,
        index: usize,
        missing: &[(u64, usize)],
        mutations: &mut Mutations,
    ) -> Result<(), Refusal> {
        // A batch is never as long as that.
        let record = u32::try_from(index).unwrap_or(u32::MAX);
        let row = Row { cells: &self.cells, rows, constants: &self.constants, index, missing };
        if let Some(cell) = self.partition.iter().find(|cell| row.is_null(**cell)) {
            let column = Some(self.cells.0[*cell].name.clone());
            return Err(Refusal::new(column, "a part of the primary key is null"));
        }
        let keyed = self.clustering.iter().filter(|cell| !row.is_null(**cell)).count();
        let has_row = keyed == self.clustering.len();
        if !has_row && (keyed > 0 || self.statics.is_empty()) {
            let lacking = self.clustering.iter().find(|cell| row.is_null(**cell));
            let column = lacking.map(|cell| self.cells.0[*cell].name.clone());
            return Err(Refusal::new(column, "a part of the primary key is null"));
        }
        if !has_row && let Some(cell) = self.regular.iter().find(|cell| !row.is_null(**cell)) {
            let column = Some(self.cells.0[*cell].name.clone());
            return Err(Refusal::new(column, "it has a value in a record without clustering key"));
        }
        let same_statics = !self.statics.is_empty() && has_row && {
            recent.scratch.clear();
            let own = self.partition.iter().chain(&self.statics);
            let written =
                own.map(|cell| row.write(*cell, CellWriter::new(&mut recent.scratch)).map(drop));
            let written: cql_arrow::Result<()> = written.collect();
            written.is_ok() && recent.scratch == recent.statics
        };
        let BinderOptions { nulls, ttl, timestamp, .. } = self.options;
        let values = Values { row, markers: &[], group: None, same_statics, timestamp, ttl };
        match &self.plan {
            Plan::Counters { row: own } => {
                mutations.push(record, own.id, &values.of(own, None))?;
            }
            Plan::Rows { row: own, statics } => {
                let own = if has_row { own } else { statics.as_ref().unwrap_or(own) };
                mutations.push(record, own.id, &values.of(own, None))?;
            }
            Plan::Timed { row: own, cells, statics } => {
                let Some(times) = times else { return Ok(()) };
                let of = |cells: &[usize]| {
                    times.groups(cells, index, |cell| row.is_null(cell), nulls, ttl)
                };
                let regular = if has_row { of(&self.regular)? } else { Vec::new() };
                let own_statics = if same_statics { Vec::new() } else { of(&self.statics)? };
                if has_row {
                    let oldest = Times::oldest(&regular, timestamp, ttl);
                    mutations.push(record, own.id, &values.of(own, Some(&oldest)))?;
                }
                for (groups, statement) in [(&regular, cells), (&own_statics, statics)] {
                    for group in groups {
                        if let Some(own) = statement {
                            mutations.push(record, own.id, &values.of(own, Some(group)))?;
                        }
                    }
                }
            }
        }
        if !same_statics && !self.statics.is_empty() && has_row {
            std::mem::swap(&mut recent.statics, &mut recent.scratch);
        }
        Ok(())
    }
}

/// What a row of a chunk had nothing for.
fn missing_of(chunk: &Chunk, row: usize) -> &[(u64, usize)] {
    if chunk.missing.is_empty() {
        return &[];
    }
    let ordinal = chunk.ordinals[row];
    let start = chunk.missing.partition_point(|(other, _)| *other < ordinal);
    let len = chunk.missing[start..].partition_point(|(other, _)| *other == ordinal);
    &chunk.missing[start..start + len]
}

async fn prepare(writer: &mut Writer, text: Text) -> Result<Prepared> {
    let id = writer.prepare(&text.cql).await?;
    Ok(Prepared { id, markers: text.markers })
}

async fn prepare_any(writer: &mut Writer, text: Option<Text>) -> Result<Option<Prepared>> {
    match text {
        Some(text) => prepare(writer, text).await.map(Some),
        None => Ok(None),
    }
}

/// A row, with where its values come from.
#[derive(Clone, Copy)]
struct Row<'a> {
    cells: &'a Cells,
    rows: &'a BoundRows,
    constants: &'a BoundRows,
    index: usize,
    /// Fields that the record had nothing for, not even a null.
    missing: &'a [(u64, usize)],
}

impl<'a> Row<'a> {
    fn source(&self, cell: usize) -> (&'a BoundRows, usize, usize) {
        match self.cells.0[cell].source {
            Source::Field(field) => (self.rows, field, self.index),
            Source::Constant(constant) => (self.constants, constant, 0),
        }
    }

    fn is_missing(&self, cell: usize) -> bool {
        let is_field = |field: usize| self.cells.0[cell].source == Source::Field(field);
        self.missing.iter().any(|(_, field)| is_field(*field))
    }

    fn is_null(&self, cell: usize) -> bool {
        let (rows, column, row) = self.source(cell);
        rows.is_null(column, row)
    }

    fn write<'b>(
        &self,
        cell: usize,
        writer: CellWriter<'b>,
    ) -> cql_arrow::Result<WrittenCellProof<'b>> {
        let (rows, column, row) = self.source(cell);
        rows.write_cell(column, row, writer)
    }
}

/// What is bound to a statement's markers.
#[derive(Clone, Copy)]
struct Values<'a> {
    row: Row<'a>,
    markers: &'a [Marker],
    /// Only these cells, at this time.
    group: Option<&'a Group>,
    same_statics: bool,
    timestamp: i64,
    ttl: Option<i32>,
}

impl<'a> Values<'a> {
    fn of<'b>(self, statement: &'b Prepared, group: Option<&'b Group>) -> Values<'b>
    where
        'a: 'b,
    {
        Values { markers: &statement.markers, group, ..self }
    }

    fn write(&self, marker: Marker, writer: CellWriter<'_>) -> cql_arrow::Result<()> {
        let part = |cell: usize| self.group.and_then(|group| group.part(cell));
        let (rows, column, row) = match marker {
            Marker::Value(cell) | Marker::Elements(cell) | Marker::Field(cell, _) => {
                self.row.source(cell)
            }
            Marker::Timestamp => {
                let time = self.group.and_then(|group| group.timestamp).unwrap_or(self.timestamp);
                // Eight bytes fit.
                let _ = writer.set_value(&time.to_be_bytes());
                return Ok(());
            }
            Marker::Ttl => {
                match self.group.map_or(self.ttl, |group| group.ttl) {
                    Some(ttl) => drop(writer.set_value(&ttl.to_be_bytes())),
                    None => drop(writer.set_unset()),
                }
                return Ok(());
            }
        };
        match marker {
            Marker::Value(cell) => {
                let is_chosen = match self.row.cells.0[cell].kind {
                    // There is nothing to be deleted by.
                    _ if self.row.is_missing(cell) => false,
                    ColumnKind::PartitionKey | ColumnKind::Clustering => true,
                    ColumnKind::Static if self.same_statics => false,
                    _ => self.group.is_none() || part(cell).is_some(),
                };
                if is_chosen {
                    rows.write_cell(column, row, writer)?;
                } else {
                    writer.set_unset();
                }
            }
            Marker::Elements(cell) => match part(cell) {
                Some(Part::Some(elements)) => {
                    rows.write_elements(column, row, elements, writer)?;
                }
                Some(Part::All) => {
                    rows.write_cell(column, row, writer)?;
                }
                None => drop(writer.set_unset()),
            },
            Marker::Field(cell, field) => {
                let is_chosen = match part(cell) {
                    Some(Part::Some(fields)) => fields.contains(&field),
                    Some(Part::All) => true,
                    None => false,
                };
                if is_chosen {
                    rows.write_field(column, row, field, writer)?;
                } else {
                    writer.set_unset();
                }
            }
            Marker::Timestamp | Marker::Ttl => {}
        }
        Ok(())
    }
}

impl SerializeRow for Values<'_> {
    fn serialize(
        &self,
        _: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        for marker in self.markers {
            self.write(*marker, writer.make_cell_writer()).map_err(SerializationError::new)?;
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.markers.is_empty()
    }
}
