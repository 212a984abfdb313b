//! Whole rows as JSON objects.

use std::collections::HashMap;
use std::fmt;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};

use super::column::TextColumn;
use super::field_policy::FieldPolicy;
use super::json::{Next, read};
use super::literal::shown;
use super::name::{Name, duplicate};
use super::options::TextOptions;
use crate::builder::{ColumnBuilder, finish_batch};
use crate::error::{Error, ErrorKind, Result};

/// Whole rows of a batch, each as a JSON object: the names of the columns as they are, in their order,
/// with `null` for nulls.
///
/// See [`JsonRowsBuilder`] for an example.
pub struct JsonRows<'a> {
    /// What stands before each value: `{"first":`, `,"second":`.
    columns: Vec<(Vec<u8>, TextColumn<'a>)>,
}

impl<'a> JsonRows<'a> {
    /// The rows of a batch, whose fields have CQL types in their metadata.
    ///
    /// # Errors
    ///
    /// As [`TextColumn::new`].
    pub fn new(batch: &'a RecordBatch) -> Result<Self> {
        let schema = batch.schema_ref();
        let columns = schema.fields().iter().zip(batch.columns()).enumerate();
        let columns = columns.map(|(index, (field, array))| {
            let mut start = if index == 0 { b"{".to_vec() } else { b",".to_vec() };
            serde_json::to_writer(&mut start, field.name()).map_err(|error| {
                Error::new(ErrorKind::Value, error.to_string()).of_column(field.name())
            })?;
            start.push(b':');
            Ok((start, TextColumn::new(field, array)?))
        });
        Ok(JsonRows { columns: columns.collect::<Result<_>>()? })
    }

    /// Appends a row, without a line end.
    ///
    /// # Errors
    ///
    /// As [`TextColumn::write_json`]. Nothing is appended then.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        for (before, column) in &self.columns {
            out.extend_from_slice(before);
            if let Err(error) = column.write_json(row, out) {
                out.truncate(start);
                return Err(error);
            }
        }
        out.extend_from_slice(if self.columns.is_empty() { b"{}" } else { b"}" });
        Ok(())
    }
}

/// Builds batches from JSON objects: the inverse of [`JsonRows`].
///
/// The keys are the names of columns, in any order; also in CQL's quotes, as `SELECT JSON` writes names
/// that are not all lower case. A column without a key is null. An append that fails leaves the
/// builder as it was: the columns that had their value already give it back.
///
/// ```
/// use std::sync::Arc;
/// use cql_arrow::{JsonRows, JsonRowsBuilder, MappingOptions, schema};
/// use scylla::frame::response::result::{ColumnType, NativeType};
/// let columns = [
///     ("id", ColumnType::Native(NativeType::Int)),
///     ("at", ColumnType::Native(NativeType::Timestamp)),
/// ];
/// let columns = columns.iter().map(|(name, typ)| (*name, typ));
/// let schema = schema(columns, &MappingOptions::default())?;
/// let mut rows = JsonRowsBuilder::new(Arc::new(schema))?;
/// rows.append(r#"{"at": "2024-02-29", "id": 1}"#)?;
/// let error = rows.append(r#"{"id": 2, "on": 1}"#).unwrap_err();
/// assert!(error.to_string().starts_with("unknown key \"on\": no column has this name"));
///
/// let batch = rows.finish()?;
/// let mut out = Vec::new();
/// JsonRows::new(&batch)?.write(0, &mut out)?;
/// assert_eq!(out, br#"{"id":1,"at":"2024-02-29T00:00:00.000Z"}"#);
/// # Ok::<(), cql_arrow::Error>(())
/// ```
pub struct JsonRowsBuilder {
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    by_name: HashMap<String, Key>,
    options: TextOptions,
    /// For each column, whether objects must have it.
    required: Vec<bool>,
    allow_extra: bool,
    rows: usize,
    /// The columns that the last object had no key for.
    missing: Vec<usize>,
}

/// What becomes of the value of a key.
#[derive(Clone, Copy)]
enum Key {
    Column(usize),
    Ignored,
}

impl JsonRowsBuilder {
    /// No rows yet, of a schema whose fields have CQL types in their metadata.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] where one has not, or two have one name.
    pub fn new(schema: SchemaRef) -> Result<Self> {
        let fields = FieldPolicy { allow_missing: true, ..FieldPolicy::default() };
        JsonRowsBuilder::with_options(schema, &TextOptions::default(), fields)
    }

    /// The same, with a choice of how text is read, and of which keys an object must and may have.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] as for [`JsonRowsBuilder::new`], and for a policy that does not go with the
    /// schema; [`ErrorKind::Unsupported`] where a word is both true and false.
    pub fn with_options(
        schema: SchemaRef,
        options: &TextOptions,
        fields: FieldPolicy,
    ) -> Result<Self> {
        options.check()?;
        let required = fields.required(schema.fields().len())?;
        let mut columns = Vec::with_capacity(schema.fields().len());
        let mut by_name = HashMap::with_capacity(schema.fields().len());
        for (index, field) in schema.fields().iter().enumerate() {
            let name = field.name();
            columns.push(ColumnBuilder::new(field).map_err(|error| error.of_column(name))?);
            if by_name.insert(name.clone(), Key::Column(index)).is_some() {
                let error = Error::new(ErrorKind::Schema, "two columns have this name");
                return Err(error.of_column(name));
            }
        }
        for name in fields.ignored {
            if let Some(Key::Column(_)) = by_name.insert(name.clone(), Key::Ignored) {
                let error = Error::new(ErrorKind::Schema, "it can't be both read and ignored");
                return Err(error.of_column(&name));
            }
        }
        let (options, allow_extra) = (options.clone(), fields.allow_extra);
        let (rows, missing) = (0, Vec::new());
        Ok(JsonRowsBuilder {
            schema,
            columns,
            by_name,
            options,
            required,
            allow_extra,
            rows,
            missing,
        })
    }

    /// Appends one JSON object, with or without white space around.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] for what is not one JSON object; for a key that is no column's name, or comes
    /// twice, or is lacking; for a value that its column can't hold.
    pub fn append(&mut self, object: &str) -> Result<()> {
        let mut failed = None;
        self.missing.clear();
        let row = Row { builder: self, failed: &mut failed };
        let appended = read(object, row).and_then(|()| self.complete(&mut failed));
        if let Err(error) = appended {
            for column in &mut self.columns {
                column.truncate(self.rows);
            }
            return Err(match failed {
                Some(index) => error.of_column(self.schema.field(index).name()),
                None => error,
            });
        }
        self.rows += 1;
        Ok(())
    }

    /// Gives a null to the columns that the object had no key for, if it may lack them.
    fn complete(&mut self, failed: &mut Option<usize>) -> Result<()> {
        for (index, column) in self.columns.iter_mut().enumerate() {
            if column.len() > self.rows {
                continue;
            }
            if self.required[index] {
                *failed = Some(index);
                let name = self.schema.field(index).name();
                let message = format!("the object lacks {}", shown(name));
                return Err(Error::new(ErrorKind::Value, message));
            }
            column.append_null();
            self.missing.push(index);
        }
        Ok(())
    }

    /// The columns that the last object appended had no key for, by index, in order. They are null, and yet
    /// nothing says that they are to be.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use cql_arrow::{JsonRowsBuilder, MappingOptions, schema};
    /// # use scylla::frame::response::result::{ColumnType, NativeType};
    /// # let int = ColumnType::Native(NativeType::Int);
    /// let schema = schema([("a", &int), ("b", &int), ("c", &int)], &MappingOptions::default())?;
    /// let mut rows = JsonRowsBuilder::new(Arc::new(schema))?;
    /// rows.append(r#"{"a": 1, "b": null}"#)?;
    /// assert_eq!(rows.missing(), [2]);
    /// # Ok::<(), cql_arrow::Error>(())
    /// ```
    pub fn missing(&self) -> &[usize] {
        &self.missing
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes that the values take in memory.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(ColumnBuilder::bytes).sum()
    }

    /// The rows as a batch. The builder is empty afterwards, also after an error.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] for a null in a column whose field has none.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        finish_batch(&self.schema, &mut self.columns, rows)
    }
}

/// The next JSON object becomes a row.
struct Row<'b> {
    builder: &'b mut JsonRowsBuilder,
    /// The column whose value was being read when it failed.
    failed: &'b mut Option<usize>,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object for a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let JsonRowsBuilder { columns, by_name, options, allow_extra, rows, .. } = self.builder;
        let find = |name: &str| by_name.get(name).copied();
        let extra = allow_extra.then_some(Key::Ignored);
        while let Some(key) = map.next_key_seed(Name::new("column", find).or(extra))? {
            let Key::Column(index) = key else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let column = &mut columns[index];
            if column.len() > *rows {
                return Err(A::Error::custom(duplicate(self.builder.schema.field(index).name())));
            }
            *self.failed = Some(index);
            map.next_value_seed(Next(column, options))?;
            *self.failed = None;
        }
        Ok(())
    }
}
