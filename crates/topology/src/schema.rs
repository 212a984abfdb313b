//! What a table is: its columns in the order `SELECT *` gives them, and its keys.

use scylla::client::session::Session;
use scylla::cluster::ClusterState;
use scylla::cluster::metadata;
use scylla::frame::response::result::ColumnType;
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::name::{TableName, quote, shown};
use crate::question::ask_any_node;
use crate::version::TableVersion;

/// The part a column plays in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnKind {
    /// A part of the partition key: it decides the token.
    PartitionKey,
    /// A part of the clustering key: it orders the rows of a partition.
    Clustering,
    /// One value per partition.
    Static,
    /// One value per row.
    Regular,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, unquoted.
    pub name: String,
    /// Its part.
    pub kind: ColumnKind,
    /// Its CQL type.
    pub typ: ColumnType<'static>,
}

impl Column {
    /// A column from its parts.
    pub fn new(name: impl Into<String>, kind: ColumnKind, typ: ColumnType<'static>) -> Self {
        Column { name: name.into(), kind, typ }
    }
}

/// A table and its columns: partition key, clustering key, then static and regular columns, each of
/// these two by name, as `SELECT *` has them.
///
/// **Invariant**: there is at least one partition key column, and the columns are in that order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSchema {
    name: TableName,
    columns: Vec<Column>,
    version: Option<TableVersion>,
}

impl TableSchema {
    /// A table from its columns; key columns are to come in key order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] without a partition key.
    pub fn new(name: TableName, mut columns: Vec<Column>) -> Result<Self> {
        // Stable: key columns keep their order.
        columns.sort_by(|a, b| select_order(a).cmp(&select_order(b)));
        if columns.first().is_none_or(|first| first.kind != ColumnKind::PartitionKey) {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!("table {name} has no partition key"),
            ));
        }
        Ok(TableSchema { name, columns, version: None })
    }

    /// Reads a table's schema, as fresh as the cluster has it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] with the closest names, [`ErrorKind::Unsupported`] for a materialized
    /// view, a virtual table, or a cluster whose partitioner is not Murmur3Partitioner.
    pub async fn read(session: &Session, name: &TableName) -> Result<Self> {
        check_partitioner(session).await?;
        // Before its columns: so a change in between is seen later, and not never.
        let version = TableVersion::read(session, name).await?;
        session.refresh_metadata().await.map_err(|error| {
            Error::query(format!("the schema of {name} could not be read"), error.into())
        })?;
        let state = session.get_cluster_state();
        let Some(keyspace) = state.get_keyspace(name.keyspace()) else {
            return Err(match virtual_keyspaces(session).await {
                Ok(names) if names.iter().any(|found| found == name.keyspace()) => Error::new(
                    ErrorKind::Unsupported,
                    format!(
                        "{name} is a virtual table: each node makes its own, so it has no token \
                         ranges; read it on each node with cqlsh"
                    ),
                ),
                _ => missing_keyspace(&state, name),
            });
        };
        if let Some(view) = keyspace.views.get(name.table()) {
            let base = TableName::new(name.keyspace(), &view.base_table_name);
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("{name} is a materialized view; read its base table {base} instead"),
            ));
        }
        let table = keyspace.tables.get(name.table()).ok_or_else(|| {
            let keyspace_name = shown(name.keyspace());
            let tables = keyspace.tables.keys();
            missing("table", &shown(name.table()), &keyspace_name, name.table(), tables)
        })?;
        if let Some(other) = table.partitioner.as_deref().filter(|class| !is_murmur3(class)) {
            return Err(other_partitioner(&format!("table {name}"), other));
        }
        Ok(TableSchema { version, ..TableSchema::new(name.clone(), columns_of(table))? })
    }

    /// The table's name.
    pub fn name(&self) -> &TableName {
        &self.name
    }

    /// The table's id (`system_schema.tables`): another table of the same name has another. `None` for
    /// a schema that was not read from a cluster.
    pub fn id(&self) -> Option<Uuid> {
        self.version.as_ref().map(|version| version.id)
    }

    /// Checks that the table is still the one that was read: not dropped, not made anew, no column
    /// added, dropped or altered. A schema that was not read from a cluster passes.
    ///
    /// A `TRUNCATE` is not seen: it leaves the table what it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Changed`] naming the change; otherwise where the cluster did not answer.
    pub async fn check_unchanged(&self, session: &Session) -> Result<()> {
        let Some(version) = &self.version else { return Ok(()) };
        let now = TableVersion::read(session, &self.name).await?;
        version.check(&self.name, now.as_ref())
    }

    /// All columns, in `SELECT *` order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns of one kind, in their order.
    pub fn columns_of(&self, kind: ColumnKind) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(move |column| column.kind == kind)
    }

    /// Checks that every name is one of the table's columns, and that there is one at all.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] naming the first that is not, with the closest names.
    pub fn check_columns(&self, names: &[String]) -> Result<()> {
        if names.is_empty() {
            let message = format!("no column of {} is chosen; name at least one", self.name);
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let known = |name: &&String| self.columns.iter().any(|column| column.name == **name);
        match names.iter().find(|name| !known(name)) {
            None => Ok(()),
            Some(stranger) => {
                let columns = self.columns.iter().map(|column| &column.name);
                Err(missing("column", &shown(stranger), &self.name.to_string(), stranger, columns))
            }
        }
    }

    /// The partition key, quoted, as a statement's `token(…)` and `GROUP BY` want it.
    ///
    /// ```
    /// # use topology::*; use scylla::frame::response::result::{ColumnType, NativeType};
    /// # let text = || ColumnType::Native(NativeType::Text);
    /// let columns = vec![
    ///     Column::new("tenant", ColumnKind::PartitionKey, text()),
    ///     Column::new("Day", ColumnKind::PartitionKey, text()),
    /// ];
    /// let table = TableSchema::new("ks.t".parse()?, columns)?;
    /// assert_eq!(table.partition_key_list(), r#""tenant", "Day""#);
    /// # Ok::<(), topology::Error>(())
    /// ```
    pub fn partition_key_list(&self) -> String {
        quoted_list(self.columns_of(ColumnKind::PartitionKey))
    }

    /// All columns, quoted, as a statement's select list.
    pub fn column_list(&self) -> String {
        quoted_list(self.columns.iter())
    }
}

/// Where a column stands in `SELECT *`. Key columns keep their order; others are sorted by name, whose
/// first byte Cassandra compares as a signed number.
fn select_order(column: &Column) -> (ColumnKind, Option<u8>, &str) {
    match column.kind {
        ColumnKind::PartitionKey | ColumnKind::Clustering => (column.kind, None, ""),
        ColumnKind::Static | ColumnKind::Regular => {
            let first = column.name.bytes().next().map(|byte| byte ^ 0x80);
            (column.kind, first, &column.name)
        }
    }
}

fn quoted_list<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    columns.map(|column| quote(&column.name)).collect::<Vec<_>>().join(", ")
}

fn columns_of(table: &metadata::Table) -> Vec<Column> {
    let keys = table.partition_key.iter().chain(&table.clustering_key);
    let others = table
        .columns
        .keys()
        .filter(|name| !table.partition_key.contains(name) && !table.clustering_key.contains(name));
    keys.chain(others)
        .filter_map(|name| {
            let column = table.columns.get(name)?;
            let kind = match column.kind {
                metadata::ColumnKind::PartitionKey => ColumnKind::PartitionKey,
                metadata::ColumnKind::Clustering => ColumnKind::Clustering,
                metadata::ColumnKind::Static => ColumnKind::Static,
                _ => ColumnKind::Regular,
            };
            Some(Column::new(name, kind, column.typ.clone()))
        })
        .collect()
}

fn is_murmur3(class: &str) -> bool {
    class.rsplit('.').next() == Some("Murmur3Partitioner")
}

fn other_partitioner(what: &str, class: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "{what} uses {}; only Murmur3Partitioner gives the 64-bit tokens that ranges are made of",
            class.rsplit('.').next().unwrap_or(class)
        ),
    )
}

async fn check_partitioner(session: &Session) -> Result<()> {
    let doing = "the cluster's partitioner could not be read from system.local";
    let class = ask_any_node(session, "SELECT partitioner FROM system.local")
        .await
        .map_err(|error| Error::query(doing, error))?
        .into_rows_result()
        .map_err(|error| Error::answer(doing, error))?
        .single_row::<(String,)>()
        .map_err(|error| Error::answer(doing, error))?
        .0;
    if is_murmur3(&class) { Ok(()) } else { Err(other_partitioner("this cluster", &class)) }
}

/// Virtual keyspaces are not in `system_schema`; clusters before 4.0 have none, and no such table.
async fn virtual_keyspaces(session: &Session) -> Result<Vec<String>> {
    let doing = "the virtual keyspaces could not be read";
    let rows = ask_any_node(session, "SELECT keyspace_name FROM system_virtual_schema.keyspaces")
        .await
        .map_err(|error| Error::query(doing, error))?
        .into_rows_result()
        .map_err(|error| Error::answer(doing, error))?;
    let names = rows.rows::<(String,)>().map_err(|error| Error::answer(doing, error))?;
    Ok(names.filter_map(|row| row.ok()).map(|(name,)| name).collect())
}

fn missing_keyspace(state: &ClusterState, name: &TableName) -> Error {
    let names: Vec<String> = state.keyspaces_iter().map(|(name, _)| name.to_owned()).collect();
    missing("keyspace", &shown(name.keyspace()), "this cluster", name.keyspace(), names.iter())
}

/// An object that is not there, with the names that come closest to the one asked for.
fn missing<'a>(
    what: &str,
    object: &str,
    place: &str,
    asked: &str,
    names: impl Iterator<Item = &'a String>,
) -> Error {
    const CLOSE: f64 = 0.75;
    let mut near: Vec<(f64, &String)> = names
        .map(|name| (strsim::jaro_winkler(&asked.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= CLOSE)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let near: Vec<String> = near.iter().take(3).map(|(_, name)| shown(name)).collect();
    let remedy = if near.is_empty() {
        "check the name; quote it if it is case-sensitive".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    Error::new(ErrorKind::NotFound, format!("no {what} {object} in {place}; {remedy}"))
}

#[cfg(test)]
mod tests {
    use scylla::frame::response::result::NativeType;

    use super::*;

    fn column(name: &str, kind: ColumnKind) -> Column {
        Column::new(name, kind, ColumnType::Native(NativeType::Int))
    }

    #[test]
    fn columns_come_as_select_star_has_them() {
        let table = TableSchema::new(
            "ks.t".parse().unwrap(),
            vec![
                column("z", ColumnKind::Regular),
                column("s", ColumnKind::Static),
                column("p2", ColumnKind::PartitionKey),
                column("p1", ColumnKind::PartitionKey),
                column("c", ColumnKind::Clustering),
                column("a", ColumnKind::Regular),
            ],
        )
        .unwrap();
        assert_eq!(table.column_list(), r#""p2", "p1", "c", "s", "a", "z""#);
        assert_eq!(table.partition_key_list(), r#""p2", "p1""#);
    }

    #[test]
    fn a_table_without_partition_key_is_refused() {
        let columns = vec![column("a", ColumnKind::Regular)];
        let error = TableSchema::new("ks.t".parse().unwrap(), columns).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }

    #[test]
    fn the_closest_names_are_shown() {
        let names = ["orders", "order_items", "Order", "users"].map(str::to_owned);
        let error = missing("table", "\"ordres\"", "\"ks\"", "ordres", names.iter());
        let text = error.to_string();
        assert!(text.contains("did you mean orders"), "{text}");
        assert!(!text.contains("users"), "{text}");
    }

    #[test]
    fn partitioners_are_told_by_their_class() {
        assert!(is_murmur3("org.apache.cassandra.dht.Murmur3Partitioner"));
        assert!(is_murmur3("Murmur3Partitioner"));
        assert!(!is_murmur3("org.apache.cassandra.dht.RandomPartitioner"));
    }
}
