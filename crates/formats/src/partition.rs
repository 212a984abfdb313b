//! Hive's layout: a folder for each value of some columns, which are then not in the files.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::{RecordBatch, UInt64Array};
use arrow_schema::{Schema, SchemaRef};
use arrow_select::take::take_record_batch;
use cql_arrow::TextColumn;
use percent_encoding::percent_decode_str;

use crate::error::{Error, Result};

/// The folder of null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Splits batches by the values of columns.
///
/// A folder is `column=value`, the value as in CSV, and both with the characters escaped that Hive and
/// Spark escape (`%2F` for `/`). Null is `__HIVE_DEFAULT_PARTITION__`. An empty text is nothing:
/// `column=`, which differs from null here, though not for every reader.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{Int32Array, RecordBatch};
/// use formats::PartitionBy;
/// # use scylla::frame::response::result::{ColumnType, NativeType};
/// # let column = ColumnType::Native(NativeType::Int);
/// # let columns = [("day", &column), ("id", &column)];
/// # let schema = Arc::new(cql_arrow::schema(columns, &Default::default())?);
/// let batch = RecordBatch::try_new(
///     Arc::clone(&schema),
///     vec![Arc::new(Int32Array::from(vec![1, 2, 1])), Arc::new(Int32Array::from(vec![7, 8, 9]))],
/// )?;
/// let partitions = PartitionBy::new(&schema, &["day".to_owned()])?.split(&batch)?;
/// assert_eq!(partitions[0].0, "day=1");
/// assert_eq!(partitions[0].1.num_rows(), 2);
/// assert_eq!(partitions[1].0, "day=2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PartitionBy {
    whole: SchemaRef,
    rest: SchemaRef,
    /// The columns of the folders, outermost first, each with its `name=`.
    folders: Vec<(usize, String)>,
    /// The columns of the files.
    files: Vec<usize>,
}

impl PartitionBy {
    /// Partitions by `columns`, the first outermost.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for no column, one that is not there or is given
    /// twice, one of a collection or other nested type, or where none is left for the files.
    pub fn new(schema: &SchemaRef, columns: &[String]) -> Result<Self> {
        let refused = |name: &str, why: &str| {
            Err(Error::request(format!("files can't be partitioned by {name:?}: {why}")))
        };
        let mut folders: Vec<(usize, String)> = Vec::new();
        for name in columns {
            let Some(index) = schema.fields().iter().position(|field| field.name() == name) else {
                return refused(name, "there is no such column");
            };
            if folders.iter().any(|(other, _)| *other == index) {
                return refused(name, "it is given twice");
            }
            if schema.field(index).data_type().is_nested() {
                return refused(
                    name,
                    "only columns of simple types can be in the names of folders",
                );
            }
            let mut prefix = String::new();
            escape(name, &mut prefix);
            prefix.push('=');
            folders.push((index, prefix));
        }
        if folders.is_empty() {
            return Err(Error::request("partitions need a column"));
        }
        let is_folder = |index: &usize| folders.iter().any(|(folder, _)| folder == index);
        let files: Vec<usize> =
            (0..schema.fields().len()).filter(|index| !is_folder(index)).collect();
        if files.is_empty() {
            return Err(Error::request("no column is left for the files; partition by fewer"));
        }
        let rest = files.iter().map(|index| Arc::clone(&schema.fields()[*index]));
        let rest = Schema::new_with_metadata(rest.collect::<Vec<_>>(), schema.metadata().clone());
        Ok(PartitionBy { whole: Arc::clone(schema), rest: Arc::new(rest), folders, files })
    }

    /// The schema of the files.
    pub fn schema(&self) -> &SchemaRef {
        &self.rest
    }

    /// Splits a batch into those of each folder (`country=DE/day=2024-01-01`), in the order in which the
    /// folders come first. Rows keep their order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for a batch of another schema;
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a text that is Hive's name for null.
    pub fn split(&self, batch: &RecordBatch) -> Result<Vec<(String, RecordBatch)>> {
        crate::file::check_schema(&self.whole, batch)?;
        let columns = self.folders.iter().map(|(index, prefix)| {
            let field = self.whole.field(*index);
            Ok((prefix, TextColumn::new(field, batch.column(*index).as_ref())?))
        });
        let columns = columns.collect::<cql_arrow::Result<Vec<_>>>().map_err(unnamed)?;
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut parts: Vec<(String, Vec<u64>)> = Vec::new();
        let (mut folder, mut value) = (String::new(), Vec::new());
        for row in 0..batch.num_rows() {
            folder.clear();
            for (index, (prefix, column)) in columns.iter().enumerate() {
                if index > 0 {
                    folder.push('/');
                }
                folder.push_str(prefix);
                append_value(column, row, &mut value, &mut folder)?;
            }
            // Rows of a folder mostly come together.
            let place = match places.get(&folder) {
                Some(place) => *place,
                None => {
                    places.insert(folder.clone(), parts.len());
                    parts.push((folder.clone(), Vec::new()));
                    parts.len() - 1
                }
            };
            parts[place].1.push(row as u64);
        }
        let files = batch.project(&self.files).map_err(unsplit)?;
        let files = RecordBatch::try_new(Arc::clone(&self.rest), files.columns().to_vec());
        let files = files.map_err(unsplit)?;
        if let [(_, rows)] = parts.as_slice()
            && rows.len() == files.num_rows()
        {
            return Ok(parts.into_iter().map(|(folder, _)| (folder, files.clone())).collect());
        }
        let parts = parts.into_iter().map(|(folder, rows)| {
            let rows = take_record_batch(&files, &UInt64Array::from(rows)).map_err(unsplit)?;
            Ok((folder, rows))
        });
        parts.collect()
    }
}

fn append_value(
    column: &TextColumn<'_>,
    row: usize,
    value: &mut Vec<u8>,
    folder: &mut String,
) -> Result<()> {
    if column.is_null(row) {
        folder.push_str(NULL);
        return Ok(());
    }
    value.clear();
    column.write_plain(row, value).map_err(unnamed)?;
    let value = std::str::from_utf8(value)
        .map_err(|source| Error::data("a text is not UTF-8").with_source(source))?;
    if value == NULL {
        return Err(Error::data(format!(
            "a value is {NULL:?}, which means null in the names of folders; don't partition by its \
             column"
        )));
    }
    escape(value, folder);
    Ok(())
}

/// Appends a text with the characters escaped that Hive's `FileUtils.escapePathName` and Spark's
/// `ExternalCatalogUtils` escape.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_ascii_control() || "\"#%'*/:=?\\{[]^".contains(c) {
            // Writing to a string does not fail.
            let _ = write!(out, "%{:02X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
}

/// The columns and values in the folders of a file's name, outermost first; the inverse of how
/// [`PartitionBy`] names them. Other folders are passed over.
pub(crate) fn partition_of(name: &str) -> Vec<(String, Option<String>)> {
    let folders = name.split('/').rev().skip(1);
    let mut partition: Vec<_> = folders.filter_map(column_and_value).collect();
    partition.reverse();
    partition
}

fn column_and_value(folder: &str) -> Option<(String, Option<String>)> {
    let (column, value) = folder.split_once('=')?;
    let value = (value != NULL).then(|| unescape(value));
    (!column.is_empty()).then(|| (unescape(column), value))
}

/// What was escaped, again. What is no escape of UTF-8 stays as it is.
fn unescape(text: &str) -> String {
    percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), String::from)
}

fn unnamed(source: cql_arrow::Error) -> Error {
    Error::data("a value can't be the name of a folder").with_source(source)
}

fn unsplit(source: arrow_schema::ArrowError) -> Error {
    Error::data("a batch could not be split into partitions").with_source(source)
}

#[cfg(test)]
mod tests {
    use arrow_array::{Int32Array, StringArray};
    use cql_arrow::MappingOptions;
    use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};

    use super::*;
    use crate::error::ErrorKind;

    fn schema() -> SchemaRef {
        let text = ColumnType::Native(NativeType::Text);
        let int = ColumnType::Native(NativeType::Int);
        let typ = CollectionType::List(Box::new(int.clone()));
        let list = ColumnType::Collection { frozen: false, typ };
        let columns = [("a b/c", &text), ("n", &int), ("list", &list)];
        Arc::new(cql_arrow::schema(columns, &MappingOptions::default()).unwrap())
    }

    fn batch(texts: Vec<Option<&str>>, schema: &SchemaRef) -> RecordBatch {
        let numbers: Vec<i32> = (0..).take(texts.len()).collect();
        let columns =
            vec![Arc::new(StringArray::from(texts)) as _, Arc::new(Int32Array::from(numbers)) as _];
        let schema = Arc::new(schema.project(&[0, 1]).unwrap());
        RecordBatch::try_new(schema, columns).unwrap()
    }

    #[test]
    fn folders_are_named_as_hive_names_them() {
        let texts = vec![Some("ä/%"), None, Some(""), Some("ä/%"), Some("\n\0:~ "), Some("..")];
        let batch = batch(texts, &schema());
        let by = PartitionBy::new(batch.schema_ref(), &["a b/c".to_owned()]).unwrap();
        let parts = by.split(&batch).unwrap();
        let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "a b%2Fc=ä%2F%25",
            "a b%2Fc=__HIVE_DEFAULT_PARTITION__",
            "a b%2Fc=",
            "a b%2Fc=%0A%00%3A~ ",
            "a b%2Fc=..",
        ];
        assert_eq!(names, expected);
        assert_eq!(parts[0].1.column(0).as_ref(), &Int32Array::from(vec![0, 3]));
        assert_eq!(parts[0].1.schema_ref(), by.schema());
    }

    #[test]
    fn the_values_of_folders_are_read_back() {
        let texts = vec![Some("ä/%"), None, Some(""), Some("%2F"), Some("\n\0:~ "), Some("a=b")];
        let batch = batch(texts.clone(), &schema());
        let by = PartitionBy::new(batch.schema_ref(), &["a b/c".to_owned()]).unwrap();
        let parts = by.split(&batch).unwrap();
        assert_eq!(parts.len(), texts.len());
        for ((folder, _), text) in parts.iter().zip(texts) {
            let expected = [("a b/c".to_owned(), text.map(str::to_owned))];
            assert_eq!(partition_of(&format!("more/{folder}/a.csv")), expected, "{folder}");
        }
        let two = [("y".to_owned(), Some("1".to_owned())), ("m".to_owned(), Some("%zz%ff".into()))];
        assert_eq!(partition_of("y=1/x/m=%zz%ff/=3/z=4"), two);
        assert_eq!(partition_of("z=4"), []);
    }

    #[test]
    fn what_cannot_be_a_folder_is_refused() {
        let schema = schema();
        for columns in [&["list"][..], &["none"], &["n", "n"], &[]] {
            let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
            let error = PartitionBy::new(&schema, &columns).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request);
        }
        let batch = batch(vec![Some(NULL)], &schema);
        let by = PartitionBy::new(batch.schema_ref(), &["a b/c".to_owned()]).unwrap();
        assert_eq!(by.split(&batch).unwrap_err().kind(), ErrorKind::Data);
        let all = ["a b/c".to_owned(), "n".to_owned()];
        assert!(PartitionBy::new(batch.schema_ref(), &all).is_err());
    }
}
