//! One batch on its way to one node.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::serialize::SerializationError;
use scylla::serialize::batch::{BatchValues, BatchValuesIterator};
use scylla::serialize::row::RowSerializationContext;
use scylla::serialize::writers::RowWriter;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use tokenring::Token;
use topology::{Fault, classify};

use super::batch::{Batches, Piece};
use super::cells::{Cell, Cells};
use super::mutations::Mutations;
use super::nodes::{Lane, Nodes, Slot};
use super::options::{WriteOptions, WriteSemantics};
use super::statement::Statements;
use super::stats::Counters;
use crate::retry::Streak;

/// What all writes of a writer share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) session: Arc<Session>,
    pub(super) options: WriteOptions,
    pub(super) counters: Counters,
    /// When a node took a batch last.
    pub(super) taken: Mutex<Instant>,
}

impl Shared {
    fn has_taken(&self) {
        if let Ok(mut taken) = self.taken.lock() {
            *taken = Instant::now();
        }
    }

    /// Whether no node has taken anything for long, asked when a batch has used all its time: half of
    /// that, since others may have been taken while it was tried first.
    pub(super) fn has_stalled(&self) -> bool {
        let bound = self.options.retry.max_elapsed / 2;
        self.taken.lock().is_ok_and(|taken| taken.elapsed() >= bound)
    }
}

/// What all requests of one write share.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) shared: Arc<Shared>,
    /// The ring as it was when the write began.
    pub(super) nodes: Arc<Nodes>,
    pub(super) statements: Statements,
    pub(super) mutations: Mutations,
    pub(super) batches: Batches,
}

/// A batch that has not been settled.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) piece: Piece,
    pub(super) token: Token,
    /// How often it has been sent.
    pub(super) tries: u32,
    /// Faults so far.
    pub(super) streak: Option<Box<Streak>>,
    /// The node that failed last.
    pub(super) failed: Option<usize>,
}

/// How a task of a write ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The node has answered, or will not.
    Answered { work: Work, node: usize, took: Duration, error: Option<Box<ExecutionError>> },
    /// A pause is over, or the run was cancelled before the batch went out.
    Ready(Work),
}

impl Payload {
    /// The records of a batch.
    pub(super) fn records(&self, work: &Work) -> &[usize] {
        self.batches.records(&work.piece)
    }

    /// Sends a batch to the node of a slot, as soon as the rates allow.
    pub(super) async fn send(
        self: Arc<Self>,
        mut work: Work,
        node: usize,
        mut slot: Slot,
    ) -> Ended {
        let Shared { session, options, counters, .. } = &*self.shared;
        let records = self.records(&work);
        let bytes = records.iter().map(|record| self.mutations.bytes_of(*record)).sum();
        tokio::select! {
            biased;
            () = options.cancel.cancelled() => return Ended::Ready(work),
            () = options.pace.pass(records.len(), bytes) => {}
        }
        work.tries += 1;
        counters.retries.add(usize::from(work.tries > 1));
        counters.replays.add(if work.tries == 2 { records.len() } else { 0 });

        let values = Values::new(Arc::clone(&self), records, later(options, &work));
        let batch = self.batch(&values, slot.lane(), timestamp(options, &work));
        let statements = batch.statements.len();
        slot.sent();
        let began = Instant::now();
        let answer = session.batch(&batch, values).await;
        let took = began.elapsed();
        let error = match answer {
            Ok(result) => {
                slot.answered(took);
                self.shared.has_taken();
                let coordinator = result.request_coordinator().node().host_id;
                counters.misrouted.add(usize::from(!self.nodes.holds(coordinator, work.token)));
                counters.batches.add(1);
                counters.statements.add(statements);
                None
            }
            Err(error) => {
                if matches!(classify(&error), Fault::Overloaded | Fault::Timeout) {
                    slot.pushed_back();
                }
                Some(Box::new(error))
            }
        };
        Ended::Answered { work, node, took, error }
    }

    fn batch(&self, values: &Values, lane: &Lane, timestamp: Option<i64>) -> Batch {
        let options = &self.shared.options;
        let prepared = |statement: &usize| {
            let (id, ..) = self.mutations.bound(*statement);
            self.statements.prepared(id).cloned().map(BatchStatement::PreparedStatement)
        };
        let statements = values.statements.iter().filter_map(prepared).collect();
        let counters = options.semantics == WriteSemantics::Counters;
        let kind = if counters { BatchType::Counter } else { BatchType::Unlogged };
        let mut batch = Batch::new_with_statements(kind, statements);
        batch.set_timestamp(timestamp);
        batch.set_is_idempotent(!counters);
        batch.set_request_timeout(Some(options.request_timeout));
        batch.set_retry_policy(Some(Arc::new(FallthroughRetryPolicy::new())));
        batch.set_load_balancing_policy(Some(Arc::clone(&lane.only)));
        if let Some(consistency) = options.consistency {
            batch.set_consistency(consistency);
        }
        batch
    }
}

/// How much later than the first try this one is, in microseconds.
fn later(options: &WriteOptions, work: &Work) -> i64 {
    match options.semantics {
        WriteSemantics::Lists => i64::from(work.tries.saturating_sub(1)),
        WriteSemantics::Idempotent | WriteSemantics::Counters => 0,
    }
}

/// The timestamp of a batch that has no other.
fn timestamp(options: &WriteOptions, work: &Work) -> Option<i64> {
    let timestamp = options.timestamp.saturating_add(later(options, work));
    (options.semantics != WriteSemantics::Counters).then_some(timestamp)
}

/// The values of a batch, as the driver asks for them.
#[derive(Debug)]
struct Values {
    payload: Arc<Payload>,
    statements: Vec<usize>,
    /// Added to each value of `USING TIMESTAMP ?`.
    later: i64,
}

impl Values {
    fn new(payload: Arc<Payload>, records: &[usize], later: i64) -> Self {
        let of_record = |record: &usize| -> Range<usize> { payload.mutations.statements(*record) };
        let statements = records.iter().flat_map(of_record).collect();
        Values { payload, statements, later }
    }
}

impl BatchValues for Values {
    type BatchValuesIter<'r> = ValuesIter<'r>;

    fn batch_values_iter(&self) -> ValuesIter<'_> {
        ValuesIter {
            mutations: &self.payload.mutations,
            statements: self.statements.iter(),
            later: self.later,
        }
    }
}

#[derive(Debug)]
struct ValuesIter<'a> {
    mutations: &'a Mutations,
    statements: std::slice::Iter<'a, usize>,
    later: i64,
}

impl<'a> BatchValuesIterator<'a> for ValuesIter<'a> {
    fn serialize_next(
        &mut self,
        _: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Option<Result<(), SerializationError>> {
        let (_, shape, cells) = self.mutations.bound(*self.statements.next()?);
        Some(write_cells(cells, shape.timestamp.filter(|_| self.later != 0), self.later, writer))
    }

    fn is_empty_next(&mut self) -> Option<bool> {
        let (_, shape, _) = self.mutations.bound(*self.statements.next()?);
        Some(shape.markers.is_empty())
    }

    fn skip_next(&mut self) -> Option<()> {
        self.statements.next().map(drop)
    }
}

/// Copies cells; the driver takes them one by one, since it counts them.
fn write_cells(
    cells: &[u8],
    timestamp: Option<usize>,
    later: i64,
    writer: &mut RowWriter<'_>,
) -> Result<(), SerializationError> {
    for (marker, cell) in Cells::new(cells).enumerate() {
        let writer = writer.make_cell_writer();
        match (cell, timestamp) {
            (Cell::Null, _) => drop(writer.set_null()),
            (Cell::Unset, _) => drop(writer.set_unset()),
            (Cell::Value(value), Some(timestamp)) if timestamp == marker => {
                let moved = <[u8; 8]>::try_from(value)
                    .map(|bytes| i64::from_be_bytes(bytes).saturating_add(later).to_be_bytes());
                let value = moved.as_ref().map_or(value, |bytes| &bytes[..]);
                writer.set_value(value).map_err(SerializationError::new)?;
            }
            (Cell::Value(value), _) => {
                writer.set_value(value).map_err(SerializationError::new)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::statement::tests::shape;
    use super::*;

    fn work(tries: u32) -> Work {
        Work { piece: 0..1, token: Token::MIN, tries, streak: None, failed: None }
    }

    fn timestamps(semantics: WriteSemantics) -> [Option<i64>; 3] {
        let options = WriteOptions { timestamp: 1000, semantics, ..WriteOptions::default() };
        [1, 2, 5].map(|tries| timestamp(&options, &work(tries)))
    }

    #[test]
    fn only_lists_have_a_later_timestamp_each_time_and_counters_have_none() {
        assert_eq!(timestamps(WriteSemantics::Idempotent), [Some(1000); 3]);
        assert_eq!(timestamps(WriteSemantics::Lists), [Some(1000), Some(1001), Some(1004)]);
        assert_eq!(timestamps(WriteSemantics::Counters), [None; 3]);
    }

    /// The cells of a row after they were copied for a later try.
    fn copied(row: &[u8], timestamp: Option<usize>, later: i64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = RowWriter::new(&mut bytes);
        write_cells(row, timestamp, later, &mut writer).unwrap();
        assert_eq!(writer.value_count(), Cells::new(row).count());
        bytes
    }

    #[test]
    fn a_bound_timestamp_is_as_much_later_as_the_batch() {
        let shapes: Arc<[_]> = Arc::new([Arc::new(shape(&["id", "v", "[timestamp]"], &[0]))]);
        let mut mutations = Mutations::new(shapes, 1 << 20);
        let statement = super::super::statement::StatementId(0);
        mutations.push(0, statement, &("key", None::<&str>, 70_i64)).unwrap();
        mutations.push(1, statement, &("key", None::<&str>, 73_i64)).unwrap();
        mutations.push(2, statement, &("key", None::<&str>, None::<i64>)).unwrap();
        let (_, shape, first) = mutations.bound(0);
        let (_, _, moved) = mutations.bound(1);
        let (_, _, without) = mutations.bound(2);
        assert_eq!(copied(first, None, 3), first);
        assert_eq!(copied(first, shape.timestamp, 0), first);
        assert_eq!(copied(first, shape.timestamp, 3), moved);
        assert_eq!(copied(without, shape.timestamp, 3), without);
    }
}
