//! What is asked of each range: the statement, and how many rows a page of its answer stands for.

use std::error::Error;

use scylla::deserialize::row::ColumnIterator;
use scylla::deserialize::value::DeserializeValue;
use scylla::response::query_result::QueryRowsResult;
use topology::{TableSchema, quote};

/// How many rows a page stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tally {
    /// As many as it has.
    Rows,
    /// The sum of its last column, a `bigint` made by `COUNT(*)`.
    Counts,
}

impl Tally {
    /// The rows that a page stands for.
    pub(crate) fn of(self, page: &QueryRowsResult) -> Result<u64, Box<dyn Error + Send + Sync>> {
        match self {
            Tally::Rows => Ok(page.rows_num() as u64),
            Tally::Counts => {
                let mut sum = 0;
                for row in page.rows::<ColumnIterator<'_, '_>>()? {
                    let cell = row?.last().ok_or("a count without a column")??;
                    let count = <i64 as DeserializeValue<'_, '_>>::deserialize(
                        cell.spec.typ(),
                        cell.slice,
                    )?;
                    sum += u64::try_from(count)?;
                }
                Ok(sum)
            }
        }
    }
}

/// A statement over one token range, with two values to bind: the start, exclusive, and the end.
///
/// ```
/// use topology::{Column, ColumnKind, TableSchema};
/// use scylla::frame::response::result::{ColumnType, NativeType};
/// let id = Column::new("Id", ColumnKind::PartitionKey, ColumnType::Native(NativeType::Uuid));
/// let table = TableSchema::new("shop.orders".parse()?, vec![id])?;
/// assert_eq!(
///     executor::Query::count(&table).cql(),
///     r#"SELECT COUNT(*) FROM "shop"."orders" WHERE token("Id") > ? AND token("Id") <= ?"#
/// );
/// # Ok::<(), topology::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    cql: String,
    tally: Tally,
}

impl Query {
    /// All columns of all rows, in the schema's order.
    pub fn rows(table: &TableSchema) -> Self {
        Query::over_range(&table.column_list(), table, "", Tally::Rows)
    }

    /// Some columns of all rows, in the order given; each must be one of the table's.
    pub fn columns<'a>(table: &TableSchema, columns: impl IntoIterator<Item = &'a str>) -> Self {
        let list: Vec<String> = columns.into_iter().map(quote).collect();
        Query::over_range(&list.join(", "), table, "", Tally::Rows)
    }

    /// The number of rows, counted by the server.
    pub fn count(table: &TableSchema) -> Self {
        Query::over_range("COUNT(*)", table, "", Tally::Counts)
    }

    /// Each partition's key, and its number of rows, counted by the server.
    pub fn partition_counts(table: &TableSchema) -> Self {
        let key = table.partition_key_list();
        let select = format!("{key}, COUNT(*)");
        Query::over_range(&select, table, &format!(" GROUP BY {key}"), Tally::Counts)
    }

    fn over_range(select: &str, table: &TableSchema, suffix: &str, tally: Tally) -> Self {
        let (name, key) = (table.name().cql(), table.partition_key_list());
        let cql = format!(
            "SELECT {select} FROM {name} WHERE token({key}) > ? AND token({key}) <= ?{suffix}"
        );
        Query { cql, tally }
    }

    /// The statement.
    pub fn cql(&self) -> &str {
        &self.cql
    }

    /// How many rows a page stands for.
    pub fn tally(&self) -> Tally {
        self.tally
    }
}
