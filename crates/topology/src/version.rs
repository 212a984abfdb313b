//! Which table a name stands for: told apart from what was dropped, made anew, or altered.
//!
//! A prepared statement survives all of that: the driver prepares it again, and the rows of two tables
//! of one name would come as one. A table's id is its own, and what is read of its columns includes when
//! columns were dropped, so that one which was dropped and added again is seen, too.

use futures::future::try_join3;
use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::value::CqlTimestamp;
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::name::{TableName, literal};
use crate::question::ask_any_node;

/// A table as it is at one moment (`system_schema.tables`, `columns` and `dropped_columns`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableVersion {
    pub(crate) id: Uuid,
    /// Name, kind with position, and type; sorted.
    columns: Vec<(String, String, String)>,
    /// Name, and milliseconds since 1970; sorted.
    dropped: Vec<(String, i64)>,
}

impl TableVersion {
    /// Reads it; `None` where there is no such table.
    pub(crate) async fn read(session: &Session, name: &TableName) -> Result<Option<Self>> {
        let tables = rows::<(Uuid,)>(session, name, "SELECT id FROM system_schema.tables");
        let columns = rows::<(String, String, i32, String)>(
            session,
            name,
            "SELECT column_name, kind, position, type FROM system_schema.columns",
        );
        let dropped = rows::<(String, CqlTimestamp)>(
            session,
            name,
            "SELECT column_name, dropped_time FROM system_schema.dropped_columns",
        );
        let (tables, columns, dropped) = try_join3(tables, columns, dropped).await?;
        // Three reads are not one: a table of which there is only a part is just being dropped.
        let Some((id,)) = tables.into_iter().next().filter(|_| !columns.is_empty()) else {
            return Ok(None);
        };
        let mut columns: Vec<_> = columns
            .into_iter()
            .map(|(name, kind, position, typ)| (name, format!("{kind} {position}"), typ))
            .collect();
        let mut dropped: Vec<_> = dropped.into_iter().map(|(name, at)| (name, at.0)).collect();
        columns.sort_unstable();
        dropped.sort_unstable();
        Ok(Some(TableVersion { id, columns, dropped }))
    }

    /// Says what is no longer as it was.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Changed`], naming the first change.
    pub(crate) fn check(&self, name: &TableName, now: Option<&TableVersion>) -> Result<()> {
        let Some(now) = now else { return Err(changed(name, "it was dropped")) };
        if self.id != now.id {
            return Err(changed(name, "it was dropped and made anew"));
        }
        let lost = self.columns.iter().find(|column| !now.columns.contains(column));
        let new = now.columns.iter().find(|column| !self.columns.contains(column));
        match (lost, new) {
            (Some(lost), Some(new)) if lost.0 == new.0 => {
                let (was, is) = (&lost.2, &new.2);
                Err(changed(name, format!("column {:?} was {was}, and is {is}", lost.0)))
            }
            (Some(lost), _) => Err(changed(name, format!("column {:?} was dropped", lost.0))),
            (None, Some(new)) => Err(changed(name, format!("column {:?} was added", new.0))),
            (None, None) => match now.dropped.iter().find(|drop| !self.dropped.contains(drop)) {
                Some((column, _)) => {
                    Err(changed(name, format!("column {column:?} was dropped and added again")))
                }
                None => Ok(()),
            },
        }
    }
}

fn changed(name: &TableName, what: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Changed,
        format!(
            "table {name} changed while it was in use: {what}; what was done until then may be of \
             both, so begin anew"
        ),
    )
}

async fn rows<R>(session: &Session, name: &TableName, select: &str) -> Result<Vec<R>>
where
    R: for<'page> DeserializeRow<'page, 'page>,
{
    let doing = || format!("what table {name} is could not be read");
    // Written into the statement: bound values would have it prepared first, on each node, one by one.
    let (keyspace, table) = (literal(name.keyspace()), literal(name.table()));
    let statement = format!("{select} WHERE keyspace_name = {keyspace} AND table_name = {table}");
    let result = ask_any_node(session, &statement)
        .await
        .map_err(|error| Error::query(doing(), error))?
        .into_rows_result()
        .map_err(|error| Error::answer(doing(), error))?;
    let rows = result.rows::<R>().map_err(|error| Error::answer(doing(), error))?;
    rows.collect::<Result<_, _>>().map_err(|error| Error::answer(doing(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(id: u128, columns: &[(&str, &str)], dropped: &[(&str, i64)]) -> TableVersion {
        let column = |(name, typ): &(&str, &str)| {
            ((*name).to_owned(), "regular -1".to_owned(), (*typ).to_owned())
        };
        TableVersion {
            id: Uuid::from_u128(id),
            columns: columns.iter().map(column).collect(),
            dropped: dropped.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect(),
        }
    }

    #[test]
    fn every_change_is_named() {
        let name: TableName = "ks.t".parse().unwrap();
        let was = version(1, &[("a", "int"), ("b", "text")], &[]);
        assert!(was.check(&name, Some(&was)).is_ok());
        let columns = [("a", "int"), ("b", "text")];
        for (now, what) in [
            (None, "it was dropped;"),
            (Some(version(2, &columns, &[])), "dropped and made anew"),
            (Some(version(1, &[("a", "int")], &[("b", 7)])), "column \"b\" was dropped"),
            (Some(version(1, &[("a", "int"), ("b", "blob")], &[])), "was text, and is blob"),
            (
                Some(version(1, &[("a", "int"), ("b", "text"), ("c", "int")], &[])),
                "\"c\" was added",
            ),
            (Some(version(1, &columns, &[("b", 7)])), "dropped and added again"),
        ] {
            let error = was.check(&name, now.as_ref()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Changed);
            assert!(error.to_string().contains(what) && !error.retryable(), "{error}");
        }
    }
}
