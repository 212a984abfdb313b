//! A file as batches, where no record may be bad.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use crate::error::{Error, Result};
use crate::format::{FileOptions, Format};
use crate::location::Location;
use crate::records::{BadRecord, Input, RecordOptions, Records, open_exactly};

/// Batches of a file, in its order. It ends after the first error.
pub type BatchStream = BoxStream<'static, Result<RecordBatch>>;

/// How many rows a batch has, at most.
const BATCH_ROWS: usize = 8192;
/// The cluster takes no larger row.
const LONGEST_RECORD: usize = 1 << 30;

/// Reads a file.
///
/// `schema` says what is in CSV and JSON files, with the CQL types in its metadata; the names in a CSV
/// header decide the order of its columns, and must be those of the schema. Parquet and Arrow files know
/// their own schema, and `schema` is left aside.
///
/// A batch has at most 8192 rows. Memory: a few batches; for Parquet, a row group, compressed. See
/// [`open`](crate::open) for files where a record may be bad.
///
/// # Errors
///
/// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound), [`ErrorKind::Data`](crate::ErrorKind::Data) where
/// the file is not what it should be, naming the line and the column of text; also later, in the stream.
pub async fn read(
    location: &Location,
    name: &str,
    schema: Option<SchemaRef>,
    options: &FileOptions,
) -> Result<BatchStream> {
    let shown = location.shown(name);
    let input = Input::File { location: location.clone(), name: name.to_owned() };
    let opened = open_exactly(input, options).await?;
    let schema =
        opened.arrow_schema.clone().or(schema).ok_or_else(|| {
            Error::request(format!("{} files are read by a schema", options.format))
        })?;
    let records = opened.records(RecordOptions {
        allow_missing: !matches!(options.format, Format::Csv(_)),
        chunk_rows: BATCH_ROWS,
        max_record_bytes: LONGEST_RECORD,
        ..RecordOptions::new(options.clone(), schema)
    })?;
    let array = options.format == Format::JsonArray;
    Ok(stream::unfold(Some((records, shown, array)), next).boxed())
}

type Reading = Option<(Records, String, bool)>;

/// The next batch; the first bad record ends it.
async fn next(reading: Reading) -> Option<(Result<RecordBatch>, Reading)> {
    let (mut records, shown, array) = reading?;
    match records.next_chunk().await {
        Ok(Some(chunk)) => match chunk.bad.first() {
            Some(bad) => Some((Err(refused(bad, array).about(shown)), None)),
            None => Some((Ok(chunk.rows), Some((records, shown, array)))),
        },
        Ok(None) => None,
        Err(error) => Some((Err(error), None)),
    }
}

fn refused(bad: &BadRecord, array: bool) -> Error {
    let place = match bad.line {
        Some(line) if !array => format!("line {line}"),
        Some(_) => format!("object {}", bad.ordinal + 1),
        None => format!("row {}", bad.ordinal + 1),
    };
    let column = bad.column.as_ref().map(|column| format!(", column {column:?}"));
    Error::data(format!("{place}{}: {}", column.unwrap_or_default(), bad.reason))
}
