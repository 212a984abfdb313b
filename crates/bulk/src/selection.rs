//! What is read of each row: columns, their write times and TTLs, and which rows.
//!
//! The select list may have more than the result: where rows are chosen by write time, the times of
//! all cells are read too, since CQL has no condition on them, and are dropped again
//! ([`Selection::trim`]).

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;
use executor::{Condition, Query};
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};
use topology::{Column, ColumnKind, TableSchema, quote};

use crate::batches::BatchOptions;
use crate::error::{Error, Result};
use crate::options::BulkOptions;

/// The columns whose write times, or TTLs, become columns of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CellColumns {
    /// None.
    #[default]
    None,
    /// All that are read and can have one: not those of the primary key, no counters.
    All,
    /// These.
    Named(Vec<String>),
}

/// Rows chosen by the newest write time of their cells, in microseconds since 1970: after the start,
/// up to the end, as token ranges have it; so that windows that follow each other share no row.
///
/// A row that has only its key has no write time that CQL shows; it is always chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteWindow {
    /// Written later than this.
    pub after: Option<i64>,
    /// Written at this time at the latest.
    pub before: Option<i64>,
}

impl WriteWindow {
    fn is_everything(self) -> bool {
        self == WriteWindow::default()
    }

    fn contains(self, newest: i64) -> bool {
        self.after.is_none_or(|after| newest > after)
            && self.before.is_none_or(|before| newest <= before)
    }
}

/// What is read of each row, as a statement and as schemas.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) query: Query,
    pub(crate) condition: Option<Condition>,
    pub(crate) allow_filtering: bool,
    /// What comes from the cluster.
    pub(crate) wire: SchemaRef,
    /// What goes into the result: the first fields of `wire`.
    pub(crate) schema: SchemaRef,
    /// Whether the cluster may refuse its statement although every column is there.
    pub(crate) is_more_than_columns: bool,
    window: WriteWindow,
}

/// An expression of a select list, with the name and the type of what it gives.
struct Expression {
    cql: String,
    name: String,
    typ: ColumnType<'static>,
}

impl Selection {
    /// # Errors
    ///
    /// For a column that is not there, or that has no write time or TTL.
    pub(crate) fn new(
        table: &TableSchema,
        options: &BulkOptions,
        batches: &BatchOptions,
    ) -> Result<Self> {
        let chosen: Vec<&Column> = match &options.columns {
            None => table.columns().iter().collect(),
            Some(names) => {
                table.check_columns(names)?;
                let all = table.columns();
                names.iter().filter_map(|name| all.iter().find(|own| own.name == *name)).collect()
            }
        };
        let mut expressions: Vec<Expression> = chosen.iter().map(|own| plain(own)).collect();
        for (function, of) in [("writetime", &options.writetime), ("ttl", &options.ttl)] {
            for column in cells(table, &chosen, function, of)? {
                expressions.push(call(function, column));
            }
        }
        let visible = expressions.len();
        if !batches.written.is_everything() {
            expressions.extend(newest(table)?);
        }
        let fields = expressions.iter().map(|one| (one.name.as_str(), &one.typ));
        let wire = Arc::new(cql_arrow::schema(fields, &batches.mapping)?);
        let schema = if visible == expressions.len() {
            Arc::clone(&wire)
        } else {
            let visible: Vec<usize> = (0..visible).collect();
            Arc::new(wire.project(&visible).map_err(Error::internal)?)
        };
        if let Some(twice) = first_twice(&schema) {
            return Err(Error::request(format!(
                "two columns of the result are named {twice:?}; choose each column once"
            )));
        }
        let mut query = Query::expressions(table, expressions.iter().map(|one| &one.cql));
        if let Some(condition) = &options.filter {
            query = query.filtered(condition, options.allow_filtering);
        }
        Ok(Selection {
            query,
            condition: options.filter.clone(),
            allow_filtering: options.allow_filtering,
            wire,
            schema,
            is_more_than_columns: options.filter.is_some() || expressions.len() > chosen.len(),
            window: batches.written,
        })
    }

    /// Drops the rows and columns that were only read to choose by.
    pub(crate) fn trim(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if self.window.is_everything() {
            return Ok(batch);
        }
        let visible = self.schema.fields().len();
        let times: Vec<_> = batch.columns()[visible..]
            .iter()
            .map(|times| times.as_primitive::<Int64Type>())
            .collect();
        let wanted = (0..batch.num_rows()).map(|row| {
            let known = times.iter().filter(|times| times.is_valid(row));
            known
                .map(|times| times.value(row))
                .max()
                .is_none_or(|newest| self.window.contains(newest))
        });
        let wanted: BooleanArray = wanted.map(Some).collect();
        let visible: Vec<usize> = (0..visible).collect();
        let batch = batch.project(&visible).map_err(Error::internal)?;
        filter_record_batch(&batch, &wanted).map_err(Error::internal)
    }
}

fn first_twice(schema: &SchemaRef) -> Option<&str> {
    let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
    let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
    twice.map(|(_, name)| name.as_str())
}

fn plain(column: &Column) -> Expression {
    let (cql, name) = (quote(&column.name), column.name.clone());
    Expression { cql, name, typ: column.typ.clone() }
}

fn call(function: &str, column: &Column) -> Expression {
    let number = match function {
        "ttl" => NativeType::Int,
        _ => NativeType::BigInt,
    };
    let number = ColumnType::Native(number);
    let typ = if is_multi_cell(&column.typ) && function != "maxwritetime" {
        ColumnType::Collection { frozen: true, typ: CollectionType::List(Box::new(number)) }
    } else {
        number
    };
    let cql = format!("{function}({})", quote(&column.name));
    Expression { cql, name: format!("{function}({})", column.name), typ }
}

/// Whether each element of a value is a cell of its own, with a write time of its own.
pub(crate) fn is_multi_cell(typ: &ColumnType<'_>) -> bool {
    matches!(
        typ,
        ColumnType::Collection { frozen: false, .. }
            | ColumnType::UserDefinedType { frozen: false, .. }
    )
}

pub(crate) fn is_counter(column: &Column) -> bool {
    matches!(column.typ, ColumnType::Native(NativeType::Counter))
}

pub(crate) fn is_key(column: &Column) -> bool {
    matches!(column.kind, ColumnKind::PartitionKey | ColumnKind::Clustering)
}

/// The columns that a function of cells is called for.
fn cells<'a>(
    table: &'a TableSchema,
    chosen: &[&'a Column],
    function: &str,
    of: &CellColumns,
) -> Result<Vec<&'a Column>> {
    let names = match of {
        CellColumns::None => return Ok(Vec::new()),
        CellColumns::All => {
            let able = |column: &&&Column| !is_key(column) && !is_counter(column);
            return Ok(chosen.iter().filter(able).copied().collect());
        }
        CellColumns::Named(names) => names,
    };
    table.check_columns(names)?;
    let known =
        names.iter().filter_map(|name| table.columns().iter().find(|own| own.name == *name));
    let columns: Vec<&Column> = known.collect();
    for column in &columns {
        let why = match column {
            column if is_key(column) => "it is part of the primary key",
            column if is_counter(column) => "it is a counter",
            _ => continue,
        };
        let (name, table) = (&column.name, table.name());
        return Err(Error::request(format!("column {name:?} of {table} has no {function}: {why}")));
    }
    Ok(columns)
}

/// What tells when a row was written last: the newest write time of each of its columns.
fn newest(table: &TableSchema) -> Result<Vec<Expression>> {
    let cells = table.columns().iter().filter(|column| !is_key(column));
    if table.columns().iter().any(is_counter) {
        let name = table.name();
        return Err(Error::request(format!(
            "rows of {name} cannot be chosen by write time: counters have none"
        )));
    }
    let newest: Vec<Expression> = cells
        .map(|column| {
            let function = if is_multi_cell(&column.typ) { "maxwritetime" } else { "writetime" };
            let expression = call(function, column);
            // A name that no column of the result can have: it is never shown.
            Expression { name: format!("\0{}", expression.name), ..expression }
        })
        .collect();
    if newest.is_empty() {
        return Err(Error::request(format!(
            "rows of {} cannot be chosen by write time: it has no column besides its key",
            table.name()
        )));
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int32Array, Int64Array};

    use super::*;

    fn table(counter: bool) -> TableSchema {
        let int = || ColumnType::Native(NativeType::Int);
        let list = CollectionType::List(Box::new(int()));
        let mut columns = vec![
            Column::new("id", ColumnKind::PartitionKey, int()),
            Column::new("a", ColumnKind::Regular, int()),
            Column::new(
                "l",
                ColumnKind::Regular,
                ColumnType::Collection { frozen: false, typ: list },
            ),
        ];
        if counter {
            let typ = ColumnType::Native(NativeType::Counter);
            columns.push(Column::new("n", ColumnKind::Regular, typ));
        }
        TableSchema::new("ks.t".parse().unwrap(), columns).unwrap()
    }

    #[test]
    fn write_times_and_ttls_stand_after_the_columns() {
        let options = BulkOptions::default().writetime(CellColumns::All).ttl(CellColumns::All);
        let selection = Selection::new(&table(true), &options, &BatchOptions::default()).unwrap();
        assert!(selection.query.cql().starts_with(
            r#"SELECT "id", "a", "l", "n", writetime("a"), writetime("l"), ttl("a"), ttl("l") FROM"#
        ));
        let names: Vec<&str> =
            selection.schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names[4..], ["writetime(a)", "writetime(l)", "ttl(a)", "ttl(l)"]);
    }

    #[test]
    fn what_has_no_write_time_is_refused() {
        for (name, why) in [("id", "primary key"), ("n", "counter"), ("x", "no column")] {
            let of = CellColumns::Named(vec![name.to_owned()]);
            let options = BulkOptions::default().writetime(of);
            let error =
                Selection::new(&table(true), &options, &BatchOptions::default()).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
        let written = WriteWindow { after: Some(0), before: None };
        let batches = BatchOptions { written, ..BatchOptions::default() };
        let error = Selection::new(&table(true), &BulkOptions::default(), &batches).unwrap_err();
        assert!(error.to_string().contains("counters"), "{error}");
    }

    #[test]
    fn rows_are_chosen_by_their_newest_cell() {
        let written = WriteWindow { after: Some(10), before: Some(20) };
        let batches = BatchOptions { written, ..BatchOptions::default() };
        let options = BulkOptions::default().columns(["id"]);
        let selection = Selection::new(&table(false), &options, &batches).unwrap();
        assert!(selection.query.cql().contains(r#"writetime("a"), maxwritetime("l") FROM"#));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![1, 2, 3, 4, 5])),
            Arc::new(Int64Array::from(vec![Some(10), Some(11), Some(5), None, Some(15)])),
            Arc::new(Int64Array::from(vec![None, None, Some(20), None, Some(21)])),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&selection.wire), columns).unwrap();
        let kept = selection.trim(batch).unwrap();
        assert_eq!(kept.num_columns(), 1);
        // 2 and 3 are in the window; 4 has no time that is known
        assert_eq!(
            kept.column(0).as_primitive::<arrow_array::types::Int32Type>().values(),
            &[2, 3, 4]
        );
    }
}
