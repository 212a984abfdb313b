//! What is asked of each range: the statement, and how many rows a page of its answer stands for.

use std::error::Error;

use scylla::deserialize::row::ColumnIterator;
use scylla::deserialize::value::DeserializeValue;
use scylla::response::query_result::QueryRowsResult;
use topology::{TableSchema, quote};

use crate::condition::Condition;

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
    /// The statement up to its bounds, and what follows the conditions.
    over: String,
    suffix: String,
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
        Query::expressions(table, columns.into_iter().map(quote))
    }

    /// What a select list may have besides columns, such as `writetime("total")`; names in it are
    /// quoted by the caller.
    ///
    /// ```
    /// # use topology::{Column, ColumnKind, TableSchema};
    /// # use scylla::frame::response::result::{ColumnType, NativeType};
    /// # let id = Column::new("id", ColumnKind::PartitionKey, ColumnType::Native(NativeType::Uuid));
    /// # let table = TableSchema::new("shop.orders".parse()?, vec![id])?;
    /// let query = executor::Query::expressions(&table, [r#""id""#, r#"ttl("total")"#]);
    /// assert!(query.cql().starts_with(r#"SELECT "id", ttl("total") FROM "shop"."orders" WHERE"#));
    /// # Ok::<(), topology::Error>(())
    /// ```
    pub fn expressions<S: AsRef<str>>(
        table: &TableSchema,
        expressions: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut list = String::new();
        for expression in expressions {
            if !list.is_empty() {
                list.push_str(", ");
            }
            list.push_str(expression.as_ref());
        }
        Query::over_range(&list, table, "", Tally::Rows)
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

    /// Only of the rows that a condition holds for; each split asks for its part of them.
    ///
    /// ```
    /// # use topology::{Column, ColumnKind, TableSchema};
    /// # use scylla::frame::response::result::{ColumnType, NativeType};
    /// # let id = Column::new("id", ColumnKind::PartitionKey, ColumnType::Native(NativeType::Uuid));
    /// # let table = TableSchema::new("shop.orders".parse()?, vec![id])?;
    /// let query = executor::Query::count(&table).filtered(&"country = 'DE'".parse()?, true);
    /// assert!(query.cql().ends_with("<= ? AND country = 'DE' ALLOW FILTERING"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn filtered(mut self, condition: &Condition, allow_filtering: bool) -> Self {
        let allowed = if allow_filtering { " ALLOW FILTERING" } else { "" };
        self.cql = format!("{} AND {condition}{}{allowed}", self.over, self.suffix);
        self
    }

    fn over_range(select: &str, table: &TableSchema, suffix: &str, tally: Tally) -> Self {
        let (name, key) = (table.name().cql(), table.partition_key_list());
        let over =
            format!("SELECT {select} FROM {name} WHERE token({key}) > ? AND token({key}) <= ?");
        Query { cql: format!("{over}{suffix}"), over, suffix: suffix.to_owned(), tally }
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
