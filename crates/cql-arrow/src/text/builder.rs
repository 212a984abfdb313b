//! A column built from text.

use arrow_array::ArrayRef;
use arrow_schema::Field;

use super::json::{append_json, append_plain};
use super::options::TextOptions;
use crate::builder::ColumnBuilder;
use crate::error::{Error, Result};

/// Builds a column from text: the inverse of [`TextColumn`](crate::TextColumn).
///
/// Besides what is written, it reads the usual forms of other tools: see the table of [`TextColumn`](crate::TextColumn).
/// An append that fails leaves the column as it was: what went in of the value is taken back.
///
/// ```
/// use cql_arrow::{MappingOptions, TextBuilder, field};
/// use scylla::frame::response::result::{ColumnType, NativeType};
/// let field = field("day", &ColumnType::Native(NativeType::Date), &MappingOptions::default())?;
/// let mut days = TextBuilder::new(&field)?;
/// days.append_plain("2024-02-29")?;
/// days.append_json("null")?;
/// let error = days.append_plain("2023-02-29").unwrap_err();
/// assert_eq!(error.to_string(), r#"column "day": "2023-02-29" is no date"#);
/// assert_eq!(days.finish()?.len(), 2);
/// # Ok::<(), cql_arrow::Error>(())
/// ```
pub struct TextBuilder {
    name: String,
    column: ColumnBuilder,
    options: TextOptions,
}

impl TextBuilder {
    /// An empty column of a field whose CQL type is in its metadata.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`](crate::ErrorKind::Schema) where it is not.
    pub fn new(field: &Field) -> Result<Self> {
        TextBuilder::with_options(field, &TextOptions::default())
    }

    /// The same, with a choice of how text is read.
    ///
    /// # Errors
    ///
    /// As [`TextBuilder::new`]; [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) where a word is
    /// both true and false.
    pub fn with_options(field: &Field, options: &TextOptions) -> Result<Self> {
        options.check()?;
        let column = ColumnBuilder::new(field).map_err(|error| error.of_column(field.name()))?;
        Ok(TextBuilder { name: field.name().clone(), column, options: options.clone() })
    }

    /// Appends null.
    pub fn append_null(&mut self) {
        self.column.append_null();
    }

    /// Appends a value from what a CSV field holds, without its quotes. Nothing is the empty text, and no
    /// value of other types, or their null by choice ([`TextOptions::empty_as_null`]): whoever reads the file
    /// knows what stands for null.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) for what is not the text of a value of the type, or
    /// of one that its Arrow type can't hold.
    #[inline]
    pub fn append_plain(&mut self, text: &str) -> Result<()> {
        let len = self.column.len();
        append_plain(&mut self.column, text, &self.options).map_err(|error| self.undo(error, len))
    }

    /// Appends a value from one JSON value, with or without white space around.
    ///
    /// # Errors
    ///
    /// As [`TextBuilder::append_plain`], and for what is not one JSON value.
    pub fn append_json(&mut self, json: &str) -> Result<()> {
        let len = self.column.len();
        append_json(&mut self.column, json, &self.options).map_err(|error| self.undo(error, len))
    }

    #[cold]
    fn undo(&mut self, error: Error, len: usize) -> Error {
        self.column.truncate(len);
        error.of_column(&self.name)
    }

    /// Values so far, with nulls.
    #[expect(clippy::len_without_is_empty, reason = "what builds a column is asked how long it is")]
    pub fn len(&self) -> usize {
        self.column.len()
    }

    /// Bytes that the values take in memory.
    pub fn bytes(&self) -> usize {
        self.column.bytes()
    }

    /// The column, of exactly the field's type. The builder is empty afterwards.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) for a null where the field has none.
    pub fn finish(&mut self) -> Result<ArrayRef> {
        self.column.finish().map_err(|error| error.of_column(&self.name))
    }
}
