//! A prepared statement, and what binding rows to it needs to know.

use std::sync::Arc;

use scylla::frame::response::result::ColumnSpec;
use scylla::statement::prepared::PreparedStatement;

/// How Cassandra and ScyllaDB name the marker of `USING TIMESTAMP ?`.
const TIMESTAMP: &str = "[timestamp]";

/// A statement that a [`Writer`](super::Writer) has prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementId(pub(super) u16);

impl StatementId {
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The markers of a statement, and which of them matter here.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) markers: Vec<ColumnSpec<'static>>,
    /// The marker of each partition key column, in the order of the key.
    pub(super) key: Vec<usize>,
    /// The marker of `USING TIMESTAMP ?`.
    pub(super) timestamp: Option<usize>,
}

impl Shape {
    pub(super) fn new(markers: Vec<ColumnSpec<'static>>, key: Vec<usize>) -> Self {
        let timestamp = markers.iter().position(|marker| marker.name() == TIMESTAMP);
        Shape { markers, key, timestamp }
    }

    pub(super) fn of(prepared: &PreparedStatement) -> Self {
        let mut key = prepared.get_variable_pk_indexes().to_vec();
        key.sort_unstable_by_key(|column| column.sequence);
        let key = key.iter().map(|column| usize::from(column.index)).collect();
        Shape::new(prepared.get_variable_col_specs().iter().cloned().collect(), key)
    }

    /// A marker's name, for messages.
    pub(super) fn name(&self, marker: usize) -> Option<String> {
        self.markers.get(marker).map(|marker| marker.name().to_owned())
    }
}

/// The statements of a writer, by their ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Statements(Arc<Vec<(PreparedStatement, Arc<Shape>)>>);

impl Statements {
    /// Adds a statement; `None` where there are more than ids.
    pub(super) fn add(&mut self, prepared: PreparedStatement) -> Option<StatementId> {
        let id = u16::try_from(self.0.len()).ok().map(StatementId)?;
        let shape = Arc::new(Shape::of(&prepared));
        Arc::make_mut(&mut self.0).push((prepared, shape));
        Some(id)
    }

    /// The statement of this text, if it was prepared before.
    pub(super) fn find(&self, cql: &str) -> Option<StatementId> {
        let at = self.0.iter().position(|(prepared, _)| prepared.get_statement() == cql)?;
        u16::try_from(at).ok().map(StatementId)
    }

    pub(super) fn prepared(&self, id: StatementId) -> Option<&PreparedStatement> {
        self.0.get(id.index()).map(|(prepared, _)| prepared)
    }

    pub(super) fn shape(&self, id: StatementId) -> Option<&Arc<Shape>> {
        self.0.get(id.index()).map(|(_, shape)| shape)
    }

    pub(super) fn shapes(&self) -> Arc<[Arc<Shape>]> {
        self.0.iter().map(|(_, shape)| Arc::clone(shape)).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use scylla::frame::response::result::{ColumnType, NativeType, TableSpec};

    use super::*;

    /// A statement whose markers are texts, but for the timestamp.
    pub(in super::super) fn shape(markers: &[&str], key: &[usize]) -> Shape {
        let marker = |name: &&str| {
            let native = if *name == TIMESTAMP { NativeType::BigInt } else { NativeType::Text };
            let table = TableSpec::owned("ks".to_owned(), "t".to_owned());
            ColumnSpec::owned((*name).to_owned(), ColumnType::Native(native), table)
        };
        Shape::new(markers.iter().map(marker).collect(), key.to_vec())
    }

    #[test]
    fn the_marker_of_the_timestamp_is_found() {
        assert_eq!(shape(&["id", "[timestamp]"], &[0]).timestamp, Some(1));
        assert_eq!(shape(&["id", "timestamp"], &[0]).timestamp, None);
    }
}
