//! The statements that write a record, made from the schema alone: what is in the data is bound.
//!
//! | what is written | statement |
//! |---|---|
//! | a row | `INSERT` of all columns |
//! | static columns without a row | `INSERT` of partition key and static columns |
//! | a row of counters | `UPDATE … SET c = c + ?` |
//! | a row with write times put back | `INSERT` of the key, and an `UPDATE` for each write time |
//!
//! **Why an `UPDATE` where write times are put back?** An `INSERT` of a collection deletes what was
//! there before, with all elements that are older than this one. Adding elements deletes nothing.

use scylla::frame::response::result::{CollectionType, ColumnType};
use topology::{Column, ColumnKind, TableSchema, quote};

use super::mapping::{FileMapping, Target};
use crate::selection::is_counter;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A field of the record.
    Field(usize),
    /// A constant.
    Constant(usize),
}

/// A column that is written, with where its value and its times come from.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
    pub(crate) source: Source,
    pub(crate) write_time: Option<usize>,
    pub(crate) ttl: Option<usize>,
    /// What of it has write times of its own.
    pub(crate) parts: Parts,
}

/// What of a value has a write time of its own that can be put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parts {
    /// The whole value.
    Whole,
    /// The whole value, though the cluster keeps a time for each element: elements of a list have no
    /// names by which they could be written one by one, and again.
    List,
    /// Each element of a set or map.
    Elements,
    /// Each field of a user-defined type.
    Fields(Vec<String>),
}

/// What a marker of a statement is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    /// A cell's value, by the cell's index.
    Value(usize),
    /// Some elements of it.
    Elements(usize),
    /// A field of it.
    Field(usize, usize),
    /// A write time, in microseconds.
    Timestamp,
    /// A time to live, in seconds.
    Ttl,
}

/// A statement and its markers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) cql: String,
    pub(crate) markers: Vec<Marker>,
}

/// The columns that a file's records write.
#[derive(Clone, Debug)]
pub(crate) struct Cells(pub(crate) Vec<Cell>);

impl Cells {
    /// In the table's order, so key columns first.
    pub(crate) fn new(table: &TableSchema, file: &FileMapping) -> Self {
        let field = |target: Target| file.targets.iter().position(|own| *own == target);
        let cell = |(index, column): (usize, &Column)| {
            let constant = || file.constant_columns.iter().position(|own| *own == index);
            let source = field(Target::Value(index)).map(Source::Field);
            let source = source.or_else(|| constant().map(Source::Constant))?;
            let (write_time, ttl) = (field(Target::WriteTime(index)), field(Target::Ttl(index)));
            Some(Cell {
                name: column.name.clone(),
                kind: column.kind,
                source,
                write_time,
                ttl,
                parts: parts(&column.typ),
            })
        };
        Cells(table.columns().iter().enumerate().filter_map(cell).collect())
    }

    /// Whether write times or times to live are put back.
    pub(crate) fn are_timed(&self) -> bool {
        self.0.iter().any(|cell| cell.write_time.or(cell.ttl).is_some())
    }

    pub(crate) fn of_kinds(&self, kinds: &[ColumnKind]) -> Vec<usize> {
        (0..self.0.len()).filter(|index| kinds.contains(&self.0[*index].kind)).collect()
    }

    /// Writes cells as they are; `ttl` adds a time to live for all of them.
    pub(crate) fn insert(&self, table: &TableSchema, cells: &[usize], ttl: bool) -> Text {
        let names: Vec<String> = cells.iter().map(|cell| quote(&self.0[*cell].name)).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let name = table.name().cql();
        let mut cql = format!("INSERT INTO {name} ({}) VALUES ({marks})", names.join(", "));
        let mut markers: Vec<Marker> = cells.iter().map(|cell| Marker::Value(*cell)).collect();
        if ttl {
            cql.push_str(" USING TTL ?");
            markers.push(Marker::Ttl);
        }
        Text { cql, markers }
    }

    /// Adds to counters.
    pub(crate) fn count(&self, table: &TableSchema, keys: &[usize], counters: &[usize]) -> Text {
        let set = |cell: &usize| {
            let name = quote(&self.0[*cell].name);
            format!("{name} = {name} + ?")
        };
        let set: Vec<String> = counters.iter().map(set).collect();
        let key = self.key(keys);
        let cql = format!("UPDATE {} SET {} WHERE {key}", table.name().cql(), set.join(", "));
        let markers = counters.iter().chain(keys).map(|cell| Marker::Value(*cell));
        Text { cql, markers: markers.collect() }
    }

    /// Makes a row that has nothing but its key, at a time.
    pub(crate) fn row(&self, table: &TableSchema, keys: &[usize]) -> Text {
        let Text { cql, mut markers } = self.insert(table, keys, false);
        markers.extend([Marker::Timestamp, Marker::Ttl]);
        Text { cql: format!("{cql} USING TIMESTAMP ? AND TTL ?"), markers }
    }

    /// Writes cells, or parts of them, at a time.
    pub(crate) fn update(&self, table: &TableSchema, keys: &[usize], cells: &[usize]) -> Text {
        let mut set: Vec<String> = Vec::new();
        let mut markers = vec![Marker::Timestamp, Marker::Ttl];
        for cell in cells {
            let name = quote(&self.0[*cell].name);
            match &self.0[*cell].parts {
                Parts::Whole | Parts::List => {
                    set.push(format!("{name} = ?"));
                    markers.push(Marker::Value(*cell));
                }
                Parts::Elements => {
                    set.push(format!("{name} = {name} + ?"));
                    markers.push(Marker::Elements(*cell));
                }
                Parts::Fields(fields) => {
                    for (at, field) in fields.iter().enumerate() {
                        set.push(format!("{name}.{} = ?", quote(field)));
                        markers.push(Marker::Field(*cell, at));
                    }
                }
            }
        }
        markers.extend(keys.iter().map(|cell| Marker::Value(*cell)));
        let (name, set, key) = (table.name().cql(), set.join(", "), self.key(keys));
        Text {
            cql: format!("UPDATE {name} USING TIMESTAMP ? AND TTL ? SET {set} WHERE {key}"),
            markers,
        }
    }

    fn key(&self, keys: &[usize]) -> String {
        let equal = |cell: &usize| format!("{} = ?", quote(&self.0[*cell].name));
        keys.iter().map(equal).collect::<Vec<_>>().join(" AND ")
    }
}

fn parts(typ: &ColumnType<'_>) -> Parts {
    match typ {
        ColumnType::Collection { frozen: false, typ: CollectionType::List(_) } => Parts::List,
        ColumnType::Collection { frozen: false, .. } => Parts::Elements,
        ColumnType::UserDefinedType { frozen: false, definition } => {
            let names = definition.field_types.iter().map(|(name, _)| name.to_string());
            Parts::Fields(names.collect())
        }
        _ => Parts::Whole,
    }
}

/// Whether a table has a list whose elements are cells of their own.
pub(crate) fn has_list(table: &TableSchema) -> bool {
    table.columns().iter().any(|column| parts(&column.typ) == Parts::List)
}

/// Whether a table is one of counters.
pub(crate) fn has_counters(table: &TableSchema) -> bool {
    table.columns().iter().any(is_counter)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use scylla::frame::response::result::NativeType;

    use super::super::mapping::{Mapping, Shape};
    use super::super::options::ImportOptions;
    use super::*;

    fn cells(fields: &[&str]) -> (TableSchema, Cells) {
        let int = || ColumnType::Native(NativeType::Int);
        let set = CollectionType::Set(Box::new(int()));
        let columns = vec![
            Column::new("Id", ColumnKind::PartitionKey, int()),
            Column::new("at", ColumnKind::Clustering, int()),
            Column::new("owner", ColumnKind::Static, int()),
            Column::new("n\"n", ColumnKind::Regular, int()),
            Column::new(
                "tags",
                ColumnKind::Regular,
                ColumnType::Collection { frozen: false, typ: set },
            ),
        ];
        let table = TableSchema::new("ks.t".parse().unwrap(), columns).unwrap();
        let options = ImportOptions { allow_missing: true, ..ImportOptions::default() };
        let mapping = Mapping::new(&Arc::new(table.clone()), &options).unwrap();
        let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
        let file = mapping.of_file(Shape::Named(&fields), &[]).unwrap();
        let cells = Cells::new(&table, &file);
        (table, cells)
    }

    #[test]
    fn rows_are_inserted_with_quoted_names() {
        let (table, cells) = cells(&["at", "n\"n", "Id", "owner"]);
        let all: Vec<usize> = (0..cells.0.len()).collect();
        let Text { cql, markers } = cells.insert(&table, &all, true);
        let expected =
            r#"INSERT INTO "ks"."t" ("Id", "at", "owner", "n""n") VALUES (?, ?, ?, ?) USING TTL ?"#;
        assert_eq!(cql, expected);
        assert_eq!(markers[3..], [Marker::Value(3), Marker::Ttl]);
        // The order of the file is another.
        assert_eq!(cells.0[0].source, Source::Field(2));
        assert!(!cells.are_timed());
    }

    #[test]
    fn times_are_put_back_by_adding() {
        let (table, cells) = cells(&["Id", "at", "n\"n", "tags", "writetime(tags)", "ttl(n\"n)"]);
        assert!(cells.are_timed());
        assert_eq!((cells.0[3].write_time, cells.0[2].ttl), (Some(4), Some(5)));
        let Text { cql, markers } = cells.update(&table, &[0, 1], &[2, 3]);
        let expected = concat!(
            r#"UPDATE "ks"."t" USING TIMESTAMP ? AND TTL ? SET "n""n" = ?, "tags" = "tags" + ? "#,
            r#"WHERE "Id" = ? AND "at" = ?"#
        );
        assert_eq!(cql, expected);
        let expected = [
            Marker::Timestamp,
            Marker::Ttl,
            Marker::Value(2),
            Marker::Elements(3),
            Marker::Value(0),
            Marker::Value(1),
        ];
        assert_eq!(markers, expected);
        let row = cells.row(&table, &[0, 1]).cql;
        assert!(
            row.ends_with(r#"("Id", "at") VALUES (?, ?) USING TIMESTAMP ? AND TTL ?"#),
            "{row}"
        );
        let counted = cells.count(&table, &[0, 1], &[2]).cql;
        assert!(counted.contains(r#"SET "n""n" = "n""n" + ? WHERE "Id" = ?"#), "{counted}");
    }
}
