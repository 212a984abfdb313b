//! The laws of the readers of files, on any bytes: each record is told once, as a row or as a bad one, and what
//! is wrong with the file is an error.
//!
//! The fuzz targets in `fuzz/` call these functions, and the test below calls them with each seed.
#![expect(clippy::unwrap_used, reason = "a law that is broken ends the run")]

use std::panic;
use std::sync::{Arc, Once};

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use cql_arrow::{CQL_TYPE, JsonRows};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::records::FormatName;
use crate::{FileOptions, Format, Guess, Input, Location, RecordOptions, Records, open};

/// How much of a file is looked at: a few bytes of it may well be a thousand million nulls.
const CHUNKS: usize = 100;

fn columns() -> SchemaRef {
    let column = |name: &str, typ: DataType, cql: &str| {
        Field::new(name, typ, true).with_metadata([(CQL_TYPE.to_owned(), cql.to_owned())].into())
    };
    let columns = vec![column("n", DataType::Int32, "int"), column("t", DataType::Utf8, "text")];
    Arc::new(Schema::new(columns))
}

/// Libraries that panic on some damaged files. That ends the thread of the file, and is told as an error.
const PANICKING: [&str; 2] = ["/arrow-", "/parquet-"];

/// The fuzzer ends at every panic, before it can be caught. Those of these libraries are to be: one that is
/// not still ends the run.
fn let_libraries_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let fuzzer = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let file = info.location().map_or("", |location| location.file());
            if !PANICKING.iter().any(|library| file.contains(library)) {
                fuzzer(info);
            }
        }));
    });
}

/// Reads a file of which no more than its format is said, if that.
fn read(format: Option<FormatName>, data: &[u8]) {
    let_libraries_panic();
    // The first byte is a choice.
    let Some((choice, data)) = data.split_first() else { return };
    let data = Bytes::copy_from_slice(data);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let location = Location::in_memory();
        location.put("a", data).await.unwrap();
        let input = Input::File { location: location.clone(), name: "a".to_owned() };
        let mut guess = Guess { format, ..Guess::default() };
        guess.csv.header = choice & 1 == 0;
        let Ok(opened) = open(input, guess).await else { return };
        let (file, own) = (opened.options.clone(), opened.arrow_schema.clone());
        let options = RecordOptions {
            allow_missing: choice & 2 != 0,
            allow_extra: choice & 4 != 0,
            chunk_rows: if choice & 8 == 0 { 3 } else { 16_384 },
            max_record_bytes: 1 << 20,
            ..RecordOptions::new(file.clone(), columns())
        };
        if let Ok(records) = opened.records(options) {
            gather(records).await;
        }
        if own.is_some() {
            exactly(&location, &file).await;
        }
    });
}

/// Reads a file that knows its own schema by it.
async fn exactly(location: &Location, file: &FileOptions) {
    if let Ok(batches) = crate::read(location, "a", None, file).await {
        let _ = batches.take(CHUNKS).try_for_each(|_| std::future::ready(Ok(()))).await;
    }
}

async fn gather(mut records: Records) {
    let mut read = 0;
    for _ in 0..CHUNKS {
        let Ok(Some(chunk)) = records.next_chunk().await else {
            assert!(matches!(records.next_chunk().await, Ok(None)), "it ends once");
            return;
        };
        assert_eq!(chunk.records.start, read, "no gap, and no overlap");
        assert!(chunk.records.end > read, "no chunk is empty");
        assert_eq!(chunk.rows.num_rows(), chunk.ordinals.len());
        let mut told: Vec<u64> = chunk.bad.iter().map(|bad| bad.ordinal).collect();
        told.extend(&chunk.ordinals);
        told.sort_unstable();
        assert!(told.into_iter().eq(chunk.records.clone()), "each is told once");
        let (json, mut out) = (JsonRows::new(&chunk.rows).unwrap(), Vec::new());
        for row in 0..chunk.rows.num_rows() {
            json.write(row, &mut out).unwrap();
            let _ = (chunk.text(row), chunk.line(row));
        }
        read = chunk.records.end;
    }
}

/// A CSV file, perhaps compressed.
pub fn csv(data: &[u8]) {
    read(Some(FormatName::Csv), data);
}

/// A JSON file, of lines or of one array, perhaps compressed.
pub fn json(data: &[u8]) {
    read(Some(FormatName::Json), data);
}

/// A Parquet file.
pub fn parquet(data: &[u8]) {
    read(Some(FormatName::Parquet), data);
}

/// An Arrow IPC file or stream.
pub fn arrow(data: &[u8]) {
    read(Some(FormatName::Arrow), data);
}

/// A file of any kind, told by its first bytes; compressed ones among them.
pub fn unknown(data: &[u8]) {
    read(None, data);
}

/// Words that users choose formats by: what is read is written, and read again to the same.
pub fn words(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(format) = text.parse::<Format>() {
        assert_eq!(format.to_string().parse::<Format>().unwrap().to_string(), format.to_string());
    }
    let _ = text.parse::<crate::Compression>();
    let _ = text.parse::<crate::ParquetCompression>();
    let _ = text.parse::<FormatName>();
    let _ = serde_json::from_str::<FileOptions>(text);
    if let Ok(positions) = serde_json::from_str::<crate::Positions>(text) {
        let again = serde_json::to_string(&positions).unwrap();
        assert_eq!(serde_json::from_str::<crate::Positions>(&again).unwrap(), positions);
        let _ = positions.len();
        assert!(positions.difference(&positions).is_empty());
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_keep_the_laws() {
        seeds::keep("csv", super::csv);
        seeds::keep("json", super::json);
        seeds::keep("parquet", super::parquet);
        seeds::keep("arrow", super::arrow);
        seeds::keep("unknown", super::unknown);
        seeds::keep("words", super::words);
    }
}
