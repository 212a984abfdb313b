//! Reads records, and checks what holds for every file.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use bytes::Bytes;
use cql_arrow::{JsonRows, MappingOptions};
use formats::{
    BadRecord, Error, FileOptions, Format, Guess, Input, Location, Positions, RecordOptions,
    Records, Result, open,
};
use scylla::frame::response::result::{ColumnType, NativeType};

/// `n`, an int, and `t`, a text.
pub(crate) fn two_columns() -> SchemaRef {
    let (int, text) = (ColumnType::Native(NativeType::Int), ColumnType::Native(NativeType::Text));
    let columns = [("n", &int), ("t", &text)];
    Arc::new(cql_arrow::schema(columns, &MappingOptions::default()).unwrap())
}

pub(crate) fn options(format: &str) -> RecordOptions {
    let file = FileOptions { format: format.parse().unwrap(), ..FileOptions::default() };
    RecordOptions::new(file, two_columns())
}

pub(crate) fn csv(csv: formats::CsvOptions) -> RecordOptions {
    let file = FileOptions { format: Format::Csv(csv), ..FileOptions::default() };
    RecordOptions::new(file, two_columns())
}

/// A good record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) ordinal: u64,
    pub(crate) line: Option<u64>,
    pub(crate) text: Vec<u8>,
    /// The row as JSON.
    pub(crate) values: String,
}

/// A file that was read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) rows: Vec<Row>,
    pub(crate) bad: Vec<BadRecord>,
    pub(crate) records: u64,
    pub(crate) chunks: usize,
    /// What is wrong with the file as a whole.
    pub(crate) error: Option<Error>,
}

impl Read {
    /// The rows as JSON.
    pub(crate) fn values(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.values.as_str()).collect()
    }

    /// The bad ones: ordinal, line, column, reason.
    pub(crate) fn told(&self) -> Vec<(u64, u64, &str, &str)> {
        let told = |bad: &BadRecord| (bad.ordinal, bad.line.unwrap_or_default());
        let what = |bad: &'_ BadRecord| told(bad);
        self.bad
            .iter()
            .map(|bad| {
                let (ordinal, line) = what(bad);
                (ordinal, line, bad.column.as_deref().unwrap_or_default(), bad.reason.as_str())
            })
            .collect()
    }
}

/// All of a file; what must hold for each chunk does hold.
pub(crate) async fn gather(mut records: Records, skip: &Positions) -> Read {
    let mut read = Read::default();
    loop {
        let chunk = match records.next_chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(error) => {
                read.error = Some(error);
                break;
            }
        };
        assert_eq!(chunk.records.start, read.records, "no gap, and no overlap");
        assert!(chunk.records.end > chunk.records.start, "no chunk is empty");
        assert_eq!(chunk.rows.num_rows(), chunk.ordinals.len());
        let mut told: Vec<u64> = chunk.bad.iter().map(|bad| bad.ordinal).collect();
        assert!(told.is_sorted() && chunk.ordinals.is_sorted());
        told.extend(&chunk.ordinals);
        told.extend(chunk.records.clone().filter(|ordinal| skip.contains(*ordinal)));
        told.sort_unstable();
        assert_eq!(told, chunk.records.clone().collect::<Vec<_>>(), "each is accounted for once");
        let json = JsonRows::new(&chunk.rows).unwrap();
        for (row, ordinal) in chunk.ordinals.iter().enumerate() {
            let mut values = Vec::new();
            json.write(row, &mut values).unwrap();
            read.rows.push(Row {
                ordinal: *ordinal,
                line: chunk.line(row),
                text: chunk.text(row).into_owned(),
                values: String::from_utf8(values).unwrap(),
            });
        }
        read.bad.extend(chunk.bad);
        read.records = chunk.records.end;
        read.chunks += 1;
    }
    assert!(matches!(records.next_chunk().await, Ok(None)), "it ends once");
    read
}

pub(crate) async fn put(name: &str, content: impl Into<Bytes>) -> Input {
    let location = Location::in_memory();
    location.put(name, content.into()).await.unwrap();
    Input::File { location, name: name.to_owned() }
}

/// Reads a content with these options.
pub(crate) async fn read(content: impl Into<Bytes>, options: RecordOptions) -> Result<Read> {
    let skip = options.skip.clone();
    let records = formats::read_records(put("a", content).await, options).await?;
    Ok(gather(records, &skip).await)
}

/// Reads a file of which nothing is said but its name.
pub(crate) async fn read_named(
    name: &str,
    content: impl Into<Bytes>,
    change: impl FnOnce(&mut RecordOptions),
) -> Result<Read> {
    let opened = open(put(name, content).await, Guess::default()).await?;
    let mut options = RecordOptions::new(opened.options.clone(), two_columns());
    change(&mut options);
    let skip = options.skip.clone();
    Ok(gather(opened.records(options)?, &skip).await)
}
