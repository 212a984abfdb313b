//! Which field of a file becomes which column: by name, as the user maps them, or by position.
//!
//! Decided once for each file, before its first record: what does not go together is said then, and
//! not a million times.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema, SchemaRef};
use cql_arrow::{MappingOptions, TextBuilder, TextOptions};
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};
use topology::{Column, ColumnKind, TableSchema};

use super::options::ImportOptions;
use crate::error::{Error, Result};
use crate::selection::{is_counter, is_key, is_multi_cell};

/// What a field is for. Columns are named by their index in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// Its value.
    Value(usize),
    /// Its write time, in microseconds; one for each element where it is of several cells.
    WriteTime(usize),
    /// Its time to live, in seconds; likewise.
    Ttl(usize),
}

/// What a file's records have, besides their fields.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape<'a> {
    /// All have these fields.
    Named(&'a [String]),
    /// Fields have no names, only places.
    Positional,
    /// Each has names of its own; these are the first one's.
    Objects(&'a [String]),
}

/// What the user and the table say about fields, for all files.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    table: Arc<TableSchema>,
    by_field: HashMap<String, Target>,
    positions: Option<Vec<String>>,
    constants: Vec<(usize, ArrayRef)>,
    ignored: HashSet<String>,
    text: TextOptions,
    allow_extra: bool,
    allow_missing: bool,
}

/// What becomes of the fields of one file.
#[derive(Clone, Debug)]
pub(crate) struct FileMapping {
    /// The fields to read, named as the file has them, of the types of their targets.
    pub(crate) schema: SchemaRef,
    /// For each of these, what it is for.
    pub(crate) targets: Vec<Target>,
    /// For each of these, whether records may lack it.
    pub(crate) optional: Vec<bool>,
    /// Columns that have the same value in all records: a batch of one row.
    pub(crate) constants: RecordBatch,
    /// For each column of that batch, the table's.
    pub(crate) constant_columns: Vec<usize>,
    /// Fields that are passed over.
    pub(crate) ignored: Vec<String>,
}

impl Mapping {
    /// # Errors
    ///
    /// For a column that is not there, is given twice, or a constant that is no value of its type.
    pub(crate) fn new(table: &Arc<TableSchema>, options: &ImportOptions) -> Result<Self> {
        let mut mapping = Mapping {
            table: Arc::clone(table),
            by_field: HashMap::new(),
            positions: options.columns.clone(),
            constants: Vec::new(),
            ignored: options.skip.iter().cloned().collect(),
            text: options.text.clone(),
            allow_extra: options.allow_extra,
            allow_missing: options.allow_missing,
        };
        let mut taken = HashSet::new();
        for (field, name) in &options.map {
            let target = mapping.target(name)?.ok_or_else(|| mapping.unknown(name))?;
            if !taken.insert(target) {
                return Err(Error::request(format!("two fields are mapped to {name:?}")));
            }
            if mapping.by_field.insert(field.clone(), target).is_some() {
                return Err(Error::request(format!("the field {field:?} is mapped twice")));
            }
        }
        for (name, text) in &options.set {
            let target = mapping.target(name)?.ok_or_else(|| mapping.unknown(name))?;
            let Target::Value(column) = target else {
                return Err(Error::request(format!(
                    "{name} cannot be set to a constant; for all records there are a timestamp and a \
                     time to live of the import"
                )));
            };
            if !taken.insert(target) {
                return Err(Error::request(format!("the column {name:?} is given twice")));
            }
            let value = constant(&table.columns()[column], Some(text), &mapping.text)?;
            mapping.constants.push((column, value));
        }
        if let Some(names) = &mapping.positions {
            mapping.table.check_columns(
                &names.iter().filter(|name| cell_of(name).is_none()).cloned().collect::<Vec<_>>(),
            )?;
            let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
            if let Some((_, name)) = twice {
                return Err(Error::request(format!("the column {name:?} is named twice")));
            }
        }
        Ok(mapping)
    }

    /// What a name of a column, or of a cell's write time or time to live, is.
    fn target(&self, name: &str) -> Result<Option<Target>> {
        let place = |name: &str| self.table.columns().iter().position(|column| column.name == name);
        if let Some(column) = place(name) {
            return Ok(Some(Target::Value(column)));
        }
        let Some((function, column)) = cell_of(name) else { return Ok(None) };
        let Some(column) = place(column) else { return Ok(None) };
        let own = &self.table.columns()[column];
        if is_key(own) || is_counter(own) {
            return Err(Error::request(format!(
                "the field {name:?} cannot be put back: parts of the primary key and counters have \
                 neither write times nor times to live"
            )));
        }
        Ok(Some(match function {
            "writetime" => Target::WriteTime(column),
            _ => Target::Ttl(column),
        }))
    }

    fn unknown(&self, name: &str) -> Error {
        match self.table.check_columns(&[name.to_owned()]) {
            Err(error) => error.into(),
            Ok(()) => Error::internal(format!("{name:?} is a column, and is not found")),
        }
    }

    /// What becomes of the fields of a file, whose folders give it the values of `partition`.
    ///
    /// # Errors
    ///
    /// For fields that no column is for and columns that no field is for, unless these are allowed.
    pub(crate) fn of_file(
        &self,
        shape: Shape<'_>,
        partition: &[(String, Option<String>)],
    ) -> Result<FileMapping> {
        let constants = self.constants_of(partition)?;
        let is_constant =
            |target: Target| constants.iter().any(|(column, _)| target == Target::Value(*column));
        let fields = match shape {
            Shape::Named(names) => self.named(names, &is_constant)?,
            Shape::Positional => self.positional(&is_constant)?,
            Shape::Objects(names) => self.objects(names, &is_constant)?,
        };
        let given = |target: Target| fields.iter().any(|(_, own)| *own == target);
        let missing: Vec<usize> = (0..self.table.columns().len())
            .filter(|column| !given(Target::Value(*column)))
            .filter(|column| !is_constant(Target::Value(*column)))
            .collect();
        self.check_missing(&missing)?;
        let schema = fields.iter().map(|(name, target)| self.field(name, *target));
        let schema = Schema::new(schema.collect::<Result<Vec<Field>>>()?);
        let optional = fields.iter().map(|(_, target)| !matches!(target, Target::Value(_)));
        let columns = constants.iter().map(|(column, array)| {
            let field = self.field(&self.table.columns()[*column].name, Target::Value(*column))?;
            Ok((field, Arc::clone(array)))
        });
        let (constant_fields, arrays): (Vec<Field>, Vec<ArrayRef>) =
            columns.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(1));
        let batch = RecordBatch::try_new_with_options(
            Arc::new(Schema::new(constant_fields)),
            arrays,
            &options,
        );
        let mut ignored: Vec<String> = self.ignored.iter().cloned().collect();
        if let (Shape::Positional, false) = (shape, self.by_field.is_empty()) {
            // What lies between the places that are mapped.
            let is_mapped = |place: &String| fields.iter().any(|(name, _)| name == place);
            let last = fields.iter().filter_map(|(name, _)| name.parse::<usize>().ok()).max();
            let places = (0..last.unwrap_or(0)).map(|place| place.to_string());
            ignored.extend(places.filter(|place| !is_mapped(place)));
        }
        Ok(FileMapping {
            ignored,
            optional: optional.collect(),
            targets: fields.iter().map(|(_, target)| *target).collect(),
            schema: Arc::new(schema),
            constants: batch.map_err(Error::internal)?,
            constant_columns: constants.iter().map(|(column, _)| *column).collect(),
        })
    }

    fn constants_of(
        &self,
        partition: &[(String, Option<String>)],
    ) -> Result<Vec<(usize, ArrayRef)>> {
        let mut constants = self.constants.clone();
        for (name, value) in partition {
            let Some(Target::Value(column)) = self.target(name)? else {
                if self.allow_extra || self.ignored.contains(name) {
                    continue;
                }
                return Err(self.extra(&format!("folder {name}=…"), name));
            };
            if self.ignored.contains(name) || constants.iter().any(|(own, _)| *own == column) {
                continue;
            }
            let own = &self.table.columns()[column];
            constants.push((column, constant(own, value.as_deref(), &self.text)?));
        }
        Ok(constants)
    }

    /// The target of a field by its name; `None` for one that is passed over.
    fn named_target(
        &self,
        name: &str,
        is_constant: &impl Fn(Target) -> bool,
    ) -> Result<Option<Target>> {
        if let Some(target) = self.by_field.get(name) {
            return Ok(Some(*target));
        }
        if self.ignored.contains(name) {
            return Ok(None);
        }
        // A column that the user maps from another field is not also mapped from its own name.
        let is_free = |target: &Target| !self.by_field.values().any(|own| own == target);
        match self.target(name)?.filter(is_free) {
            Some(target) if is_constant(target) && !self.allow_extra => {
                Err(Error::request(format!(
                    "the column {name:?} is both a field of the file and a constant; skip the field"
                )))
            }
            Some(target) if is_constant(target) => Ok(None),
            Some(target) => Ok(Some(target)),
            None if self.allow_extra => Ok(None),
            None => Err(self.extra(&format!("field {name:?}"), name)),
        }
    }

    fn extra(&self, what: &str, name: &str) -> Error {
        let closest = match self.table.check_columns(&[name.to_owned()]) {
            Err(error) => format!(" ({error})"),
            Ok(()) => String::new(),
        };
        Error::request(format!(
            "the {what} is for no column of {}{closest}; map it, skip it, or allow extra fields",
            self.table.name()
        ))
    }

    fn named(
        &self,
        names: &[String],
        is_constant: &impl Fn(Target) -> bool,
    ) -> Result<Vec<(String, Target)>> {
        let lost = self.by_field.keys().filter(|field| !names.contains(field)).min();
        if let Some(field) = lost.filter(|_| !self.allow_missing) {
            return Err(Error::request(format!(
                "there is no field {field:?}, which is mapped; there are {}",
                names.join(", ")
            )));
        }
        let mut fields: Vec<(String, Target)> = Vec::with_capacity(names.len());
        for name in names {
            let Some(target) = self.named_target(name, is_constant)? else { continue };
            if fields.iter().any(|(_, own)| *own == target) {
                return Err(Error::request(format!(
                    "two fields are for the column of the field {name:?}; skip one of them"
                )));
            }
            fields.push((name.clone(), target));
        }
        Ok(fields)
    }

    fn positional(&self, is_constant: &impl Fn(Target) -> bool) -> Result<Vec<(String, Target)>> {
        if !self.by_field.is_empty() {
            let mut fields: Vec<(usize, Target)> = Vec::new();
            for (field, target) in &self.by_field {
                let place = field.parse().map_err(|_| {
                    Error::request(format!(
                        "the file has no names of fields: map places, such as 0, not {field:?}"
                    ))
                })?;
                fields.push((place, *target));
            }
            fields.sort_unstable_by_key(|(place, _)| *place);
            return Ok(fields.into_iter().map(|(place, to)| (place.to_string(), to)).collect());
        }
        let all = || self.table.columns().iter().map(|column| column.name.clone()).collect();
        let names: Vec<String> = self.positions.clone().unwrap_or_else(all);
        let mut fields = Vec::with_capacity(names.len());
        let mut place = 0;
        for name in names {
            let target = self.target(&name)?.ok_or_else(|| self.unknown(&name))?;
            if self.positions.is_none() && is_constant(target) {
                continue;
            }
            while self.ignored.contains(&place.to_string()) {
                place += 1;
            }
            fields.push((place.to_string(), target));
            place += 1;
        }
        Ok(fields)
    }

    /// All that an object may have: its first one says whether there are write times.
    fn objects(
        &self,
        names: &[String],
        is_constant: &impl Fn(Target) -> bool,
    ) -> Result<Vec<(String, Target)>> {
        let mut fields: Vec<(String, Target)> = Vec::new();
        for (index, column) in self.table.columns().iter().enumerate() {
            let target = Target::Value(index);
            let mapped = self.by_field.iter().find(|(_, own)| **own == target);
            let name = mapped.map_or(&column.name, |(field, _)| field);
            if !is_constant(target) && !self.ignored.contains(name) {
                fields.push((name.clone(), target));
            }
        }
        for name in names {
            let name = name.trim_matches('"');
            if let Some(target @ (Target::WriteTime(_) | Target::Ttl(_))) =
                self.named_target(name, is_constant).ok().flatten()
            {
                fields.push((name.to_owned(), target));
            }
        }
        Ok(fields)
    }

    fn check_missing(&self, missing: &[usize]) -> Result<()> {
        let column = |index: &usize| &self.table.columns()[*index];
        let of_kind =
            |kind: ColumnKind| missing.iter().map(column).filter(move |one| one.kind == kind);
        if let Some(key) = of_kind(ColumnKind::PartitionKey).next() {
            return Err(self.lacks(key, "it is part of the primary key"));
        }
        if let Some(key) = of_kind(ColumnKind::Clustering).next() {
            // Static columns alone need no clustering key.
            let all = self.table.columns();
            let none_left =
                |kind| of_kind(kind).count() == all.iter().filter(|own| own.kind == kind).count();
            let only_statics = none_left(ColumnKind::Clustering)
                && none_left(ColumnKind::Regular)
                && !none_left(ColumnKind::Static);
            if !(only_statics && self.allow_missing) {
                return Err(self.lacks(key, "it is part of the primary key"));
            }
        }
        match missing.first() {
            Some(first) if !self.allow_missing => {
                Err(self.lacks(column(first), "allow missing fields to leave it as it is"))
            }
            _ => Ok(()),
        }
    }

    fn lacks(&self, column: &Column, why: &str) -> Error {
        Error::request(format!(
            "no field is for the column {:?} of {}: map one, set it to a constant, or, if there is \
             none: {why}",
            column.name,
            self.table.name()
        ))
    }

    fn field(&self, name: &str, target: Target) -> Result<Field> {
        let (Target::Value(column) | Target::WriteTime(column) | Target::Ttl(column)) = target;
        let own = &self.table.columns()[column].typ;
        let number = match target {
            Target::Value(_) => {
                return Ok(cql_arrow::field(name, own, &MappingOptions::default())?);
            }
            Target::WriteTime(_) => NativeType::BigInt,
            Target::Ttl(_) => NativeType::Int,
        };
        let number = ColumnType::Native(number);
        let typ = if is_multi_cell(own) {
            ColumnType::Collection { frozen: true, typ: CollectionType::List(Box::new(number)) }
        } else {
            number
        };
        Ok(cql_arrow::field(name, &typ, &MappingOptions::default())?)
    }
}

/// The function and the column of a name such as `writetime(total)`.
fn cell_of(name: &str) -> Option<(&'static str, &str)> {
    ["writetime", "ttl"].into_iter().find_map(|function| {
        let inner = name.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')')?;
        Some((function, inner))
    })
}

/// A value that all records have; `None` is null.
fn constant(column: &Column, text: Option<&str>, options: &TextOptions) -> Result<ArrayRef> {
    let field = cql_arrow::field(&column.name, &column.typ, &MappingOptions::default())?;
    let mut builder = TextBuilder::with_options(&field, options)?;
    match text {
        Some(text) => builder.append_plain(text).map_err(|error| {
            Error::request(format!("the constant for it cannot be used: {error}"))
        })?,
        None => builder.append_null(),
    }
    Ok(builder.finish()?)
}

#[cfg(test)]
mod tests;
