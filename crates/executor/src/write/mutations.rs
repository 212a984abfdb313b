//! Bound rows as bytes, with the token of each: what a [`Writer`](super::Writer) writes.
//!
//! Every value is serialized once, into one buffer that all records share. What is known of a record
//! besides is a few numbers, so that a million small records are a million times tens of bytes.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use scylla::serialize::SerializationError;
use scylla::serialize::row::{
    BuiltinSerializationError, BuiltinSerializationErrorKind, RowSerializationContext, SerializeRow,
};
use scylla::serialize::writers::RowWriter;
use tokenring::{PartitionKeyError, Token};

use super::cells::{Cell, Cells};
use super::statement::{Shape, StatementId};

/// Bytes of a statement in a batch besides its values: its kind, id and number of values.
const STATEMENT_BYTES: usize = 32;
/// The longest partition key, in its stored form (`QueryProcessor.validateKey`).
const MOST_KEY_BYTES: usize = u16::MAX as usize;
/// A batch counts its statements in two bytes.
const MOST_STATEMENTS: usize = u16::MAX as usize;

/// Why a record cannot be written, whatever the cluster would say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbound {
    /// The column it is about, where one is known.
    pub column: Option<String>,
    /// What is wrong, and what helps.
    pub reason: String,
}

impl fmt::Display for Unbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "column {column:?}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl StdError for Unbound {}

impl Unbound {
    fn new(column: Option<String>, reason: impl Into<String>) -> Self {
        Unbound { column, reason: reason.into() }
    }
}

/// Bound rows, made by [`Writer::mutations`](super::Writer::mutations), to be filled and then written.
///
/// It knows nothing of where rows come from: whatever can be bound to a statement can be pushed.
#[derive(Debug)]
pub struct Mutations {
    shapes: Arc<[Arc<Shape>]>,
    max_record_bytes: usize,
    /// The cells of all statements.
    cells: Vec<u8>,
    statements: Vec<Bound>,
    records: Vec<Record>,
}

/// A statement with values.
#[derive(Clone, Copy, Debug)]
struct Bound {
    statement: StatementId,
    /// Where its cells end; they begin where those before it end.
    end: usize,
}

/// Statements that are one record of the caller's.
#[derive(Clone, Copy, Debug)]
struct Record {
    /// Its number, as the caller counts.
    number: u32,
    token: Token,
    /// Its first statement; its last is before the first of the next record.
    first: usize,
}

impl Mutations {
    pub(super) fn new(shapes: Arc<[Arc<Shape>]>, max_record_bytes: usize) -> Self {
        Mutations {
            shapes,
            max_record_bytes,
            cells: Vec::new(),
            statements: Vec::new(),
            records: Vec::new(),
        }
    }

    /// Adds a statement for a record, which has a number of the caller's. Several statements of one
    /// record are pushed one after the other, are of one partition, and go in one batch.
    ///
    /// # Errors
    ///
    /// [`Unbound`]: a partition key column that is null, unset, empty, or too long; a record that is
    /// too large; values that do not go with the statement. Nothing is left then of this record, also
    /// not of its statements before.
    pub fn push(
        &mut self,
        record: u32,
        statement: StatementId,
        values: &impl SerializeRow,
    ) -> Result<(), Unbound> {
        if self.records.last().is_none_or(|last| last.number != record) {
            let first = self.statements.len();
            // The token is known once the values are.
            self.records.push(Record { number: record, token: Token::MIN, first });
        }
        self.bind(statement, values).inspect_err(|_| self.forget_last())
    }

    /// Bytes of all values, with their lengths.
    pub fn bytes(&self) -> usize {
        self.cells.len()
    }

    /// Records pushed.
    pub fn records(&self) -> usize {
        self.records.len()
    }

    /// Binds a statement of the last record.
    fn bind(&mut self, id: StatementId, values: &impl SerializeRow) -> Result<(), Unbound> {
        let index = self.records.len().saturating_sub(1);
        let Some(&Record { first, .. }) = self.records.get(index) else { return Ok(()) };
        let Some(shape) = self.shapes.get(id.index()).map(Arc::clone) else {
            let reason =
                "its statement was prepared after the mutations had been made; make new ones";
            return Err(Unbound::new(None, reason));
        };
        let start = self.cells.len();
        let mut writer = RowWriter::new(&mut self.cells);
        values
            .serialize(&RowSerializationContext::from_specs(&shape.markers), &mut writer)
            .map_err(|error| unserializable(&error))?;
        let token = token(&shape, &self.cells[start..])?;

        if self.statements.len() > first && self.records[index].token != token {
            let reason =
                "the statements of a record are of several partitions; push a record for each";
            return Err(Unbound::new(None, reason));
        }
        if self.statements.len() - first >= MOST_STATEMENTS {
            let reason = format!("a record has more than {MOST_STATEMENTS} statements; split it");
            return Err(Unbound::new(None, reason));
        }
        self.records[index].token = token;
        self.statements.push(Bound { statement: id, end: self.cells.len() });
        let bytes = self.cost(index);
        if bytes > self.max_record_bytes {
            let widest = widest(&shape, &self.cells[start..]);
            let reason = format!(
                "the record has {bytes} bytes, and the most is {}; split it, or write it by other means",
                self.max_record_bytes
            );
            return Err(Unbound::new(widest, reason));
        }
        Ok(())
    }

    /// Takes the last record off.
    fn forget_last(&mut self) {
        let Some(record) = self.records.pop() else { return };
        self.cells.truncate(self.start(record.first));
        self.statements.truncate(record.first);
    }

    /// Where the cells of a statement begin.
    fn start(&self, statement: usize) -> usize {
        let before = statement.checked_sub(1);
        before.and_then(|before| self.statements.get(before)).map_or(0, |bound| bound.end)
    }

    /// The number of a record, as the caller counts.
    pub(super) fn number(&self, record: usize) -> u32 {
        self.records[record].number
    }

    /// The token of a record.
    pub(super) fn token(&self, record: usize) -> Token {
        self.records[record].token
    }

    /// The statements of a record.
    pub(super) fn statements(&self, record: usize) -> Range<usize> {
        let end = self.records.get(record + 1).map_or(self.statements.len(), |next| next.first);
        self.records[record].first..end
    }

    /// A statement, and its cells.
    pub(super) fn bound(&self, statement: usize) -> (StatementId, &Arc<Shape>, &[u8]) {
        let Bound { statement: id, end } = self.statements[statement];
        (id, &self.shapes[id.index()], &self.cells[self.start(statement)..end])
    }

    /// Bytes of a record's values, with their lengths.
    pub(super) fn bytes_of(&self, record: usize) -> usize {
        let statements = self.statements(record);
        self.start(statements.end) - self.start(statements.start)
    }

    /// What a record adds to a batch, in bytes, about.
    pub(super) fn cost(&self, record: usize) -> usize {
        self.bytes_of(record) + self.statements(record).len() * STATEMENT_BYTES
    }
}

/// The token of a row. Checks the cells on the way: whoever reads them later may rely on them.
fn token(shape: &Shape, row: &[u8]) -> Result<Token, Unbound> {
    let mut cells = Cells::new(row);
    let found = cells.by_ref().count();
    let markers = shape.markers.len();
    if found != markers || !cells.rest().is_empty() {
        let reason = format!("the row has {found} values, and the statement {markers} markers");
        return Err(Unbound::new(None, reason));
    }
    let component = |marker: usize| match Cells::new(row).nth(marker) {
        Some(Cell::Value(value)) => Ok(value),
        cell => {
            let what = if cell == Some(Cell::Null) { "null" } else { "unset" };
            let reason = format!("is {what}; give every partition key column a value");
            Err(Unbound::new(shape.name(marker), reason))
        }
    };
    let too_long = |marker: Option<usize>, bytes: usize| {
        let reason = format!(
            "the partition key has {bytes} bytes, and the most is {MOST_KEY_BYTES}; shorten it"
        );
        Unbound::new(marker.and_then(|marker| shape.name(marker)), reason)
    };
    let named = |error: PartitionKeyError| match error {
        PartitionKeyError::ComponentTooLong { index, len } => {
            too_long(shape.key.get(index).copied(), len)
        }
        other => Unbound::new(
            shape.key.first().and_then(|marker| shape.name(*marker)),
            other.to_string(),
        ),
    };
    if let [only] = shape.key[..] {
        let value = component(only)?;
        if value.len() > MOST_KEY_BYTES {
            return Err(too_long(Some(only), value.len()));
        }
        return Token::of_partition_key(&[value]).map_err(named);
    }
    let key = shape.key.iter().map(|marker| component(*marker)).collect::<Result<Vec<_>, _>>()?;
    let token = Token::of_partition_key(&key).map_err(named)?;
    // Each component is stored with its length and an end byte.
    let stored: usize = key.iter().map(|value| value.len() + 3).sum();
    if stored > MOST_KEY_BYTES { Err(too_long(None, stored)) } else { Ok(token) }
}

/// The column that has most of the bytes.
fn widest(shape: &Shape, row: &[u8]) -> Option<String> {
    let len = |cell: &Cell<'_>| if let Cell::Value(value) = cell { value.len() } else { 0 };
    let (marker, _) = Cells::new(row).enumerate().max_by_key(|(_, cell)| len(cell))?;
    shape.name(marker)
}

/// What the values have to say, without what the driver puts before it.
fn unserializable(error: &SerializationError) -> Unbound {
    if let Some(BuiltinSerializationError {
        kind: BuiltinSerializationErrorKind::ColumnSerializationFailed { name, err },
        ..
    }) = error.downcast_ref()
    {
        return Unbound { column: Some(name.clone()), ..unserializable(err) };
    }
    let text = error.to_string();
    let reason = text.strip_prefix("SerializationError: ").unwrap_or(&text);
    Unbound::new(None, reason)
}

#[cfg(test)]
mod tests {
    use scylla::value::{MaybeUnset, Unset};

    use super::super::statement::tests::shape;
    use super::*;

    const INSERT: StatementId = StatementId(0);
    const COMPOSITE: StatementId = StatementId(1);

    /// `INSERT (v, id) …` with key `id`; `INSERT (b, a, v) …` with key `(a, b)`.
    fn mutations() -> Mutations {
        let shapes = [shape(&["v", "id"], &[1]), shape(&["b", "a", "v"], &[1, 0])];
        Mutations::new(shapes.into_iter().map(Arc::new).collect(), 100_000)
    }

    fn refused(
        mutations: &mut Mutations,
        statement: StatementId,
        values: &impl SerializeRow,
    ) -> (Option<String>, String) {
        let before = (mutations.bytes(), mutations.records(), mutations.statements.len());
        let Unbound { column, reason } = mutations.push(9, statement, values).unwrap_err();
        let after = (mutations.bytes(), mutations.records(), mutations.statements.len());
        assert_eq!(before, after, "{reason}");
        (column, reason)
    }

    #[test]
    fn the_token_is_of_the_key_columns_in_key_order() {
        let mut mutations = mutations();
        mutations.push(4, INSERT, &("a value", "key")).unwrap();
        mutations.push(5, COMPOSITE, &("second", "first", "v")).unwrap();
        assert_eq!(mutations.token(0), Token::of_partition_key(&["key"]).unwrap());
        assert_eq!(mutations.token(1), Token::of_partition_key(&["first", "second"]).unwrap());
        assert_eq!((mutations.number(0), mutations.number(1)), (4, 5));
        assert_eq!(mutations.records(), 2);
    }

    #[test]
    fn several_statements_are_one_record() {
        let mut mutations = mutations();
        mutations.push(0, INSERT, &("one", "key")).unwrap();
        mutations.push(0, INSERT, &("two", "key")).unwrap();
        mutations.push(1, INSERT, &("three", "key")).unwrap();
        assert_eq!((mutations.statements(0), mutations.statements(1)), (0..2, 2..3));
        let (id, _, cells) = mutations.bound(1);
        let cells: Vec<Cell<'_>> = Cells::new(cells).collect();
        assert_eq!((id, &cells[..]), (INSERT, &[Cell::Value(b"two"), Cell::Value(b"key")][..]));
    }

    #[test]
    fn a_key_column_without_a_value_is_refused_by_its_name() {
        let mut mutations = mutations();
        mutations.push(0, INSERT, &("v", "key")).unwrap();
        let null = refused(&mut mutations, INSERT, &("v", None::<&str>));
        assert!(null.0.as_deref() == Some("id") && null.1.contains("is null"), "{null:?}");
        let unset = refused(&mut mutations, COMPOSITE, &(Unset, "a", "v"));
        assert!(unset.0.as_deref() == Some("b") && unset.1.contains("is unset"), "{unset:?}");
        let empty = refused(&mut mutations, INSERT, &("v", ""));
        assert!(empty.0.as_deref() == Some("id") && empty.1.contains("is empty"), "{empty:?}");
        // Other columns may be what they like, and so may a part of a composite key.
        mutations.push(1, INSERT, &(None::<&str>, "key")).unwrap();
        mutations.push(2, COMPOSITE, &("", "", MaybeUnset::<&str>::Unset)).unwrap();
    }

    #[test]
    fn a_key_is_as_long_as_the_server_takes_it() {
        let mut mutations = mutations();
        let text = |len| "x".repeat(len);
        mutations.push(0, INSERT, &("", text(65_535))).unwrap();
        let long = refused(&mut mutations, INSERT, &("", text(65_536)));
        assert!(long.0.as_deref() == Some("id") && long.1.contains("65536 bytes"), "{long:?}");
        let long = refused(&mut mutations, COMPOSITE, &(text(65_536), "", ""));
        assert!(long.0.as_deref() == Some("b") && long.1.contains("65536 bytes"), "{long:?}");
        mutations.push(1, COMPOSITE, &(text(30_000), text(35_529), "")).unwrap();
        let long = refused(&mut mutations, COMPOSITE, &(text(30_000), text(35_530), ""));
        assert!(long.0.is_none() && long.1.contains("65536 bytes"), "{long:?}");
    }

    #[test]
    fn a_refused_statement_takes_its_record_with_it() {
        let mut mutations = mutations();
        mutations.push(7, INSERT, &("kept", "key")).unwrap();
        let bytes = mutations.bytes();
        mutations.push(8, INSERT, &("goes", "key")).unwrap();
        let error = mutations.push(8, INSERT, &("v", "another key")).unwrap_err();
        assert!(error.reason.contains("several partitions"), "{error}");
        assert_eq!((mutations.records(), mutations.bytes()), (1, bytes));
        mutations.push(8, INSERT, &("anew", "key")).unwrap();
        assert_eq!(mutations.statements(1), 1..2);
    }

    #[test]
    fn a_record_that_no_server_takes_is_refused_by_its_widest_column() {
        let mut mutations = mutations();
        let large = refused(&mut mutations, INSERT, &("x".repeat(100_000), "key"));
        assert!(large.0.as_deref() == Some("v"), "{large:?}");
        mutations.push(0, INSERT, &("x".repeat(60_000), "key")).unwrap();
        let error = mutations.push(0, INSERT, &("x".repeat(60_000), "key")).unwrap_err();
        assert!(error.reason.contains("the most is 100000"), "{error}");
        assert_eq!((mutations.records(), mutations.bytes()), (0, 0));
    }

    #[test]
    fn what_cannot_be_serialized_says_so_without_the_drivers_words() {
        let mut mutations = mutations();
        let mistyped = refused(&mut mutations, INSERT, &(5_i32, "key"));
        assert_eq!(mistyped.0.as_deref(), Some("v"));
        assert!(!mistyped.1.contains("SerializationError"), "{mistyped:?}");
        let short = refused(&mut mutations, INSERT, &("v",));
        assert!(short.0.is_none() && short.1.contains("column"), "{short:?}");
        let unknown = refused(&mut mutations, StatementId(2), &("v", "key"));
        assert!(unknown.1.contains("prepared after"), "{unknown:?}");
    }
}
