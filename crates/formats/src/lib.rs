//! Files of tables: CSV, JSON, Parquet and Arrow IPC, on local disks and in object stores.
//!
//! A [`Location`] is a folder somewhere. A [`FileWriter`] writes one file into it, batch by batch, which
//! is visible when it is whole, durable, and summed up, and not before. [`read`] gives the batches back.
//! Files of others are found by [`sources`] and read by [`open`], which tells what they are; there a
//! record may be bad, and is told with its place while the others are read.
//! A [`StreamWriter`] writes the same bytes to standard output.
//!
//! What a value looks like in text is not decided here, but in [`cql_arrow`]; nothing here knows of a
//! cluster.
//!
//! **Why is CSV not left to a CSV library?** Its lexing and quoting are (`csv-core`). But the usual
//! writers have no null, and the usual readers don't say whether a field was quoted, and so an empty
//! text comes back as a null.
//!
//! ```
//! use std::sync::Arc;
//! use arrow_array::{Int32Array, RecordBatch};
//! use formats::{FileOptions, FileWriter, Format, Location};
//! use futures::TryStreamExt;
//! # use scylla::frame::response::result::{ColumnType, NativeType};
//! # let int = ColumnType::Native(NativeType::Int);
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let schema = Arc::new(cql_arrow::schema([("id", &int)], &Default::default())?);
//! let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(Int32Array::from(vec![1, 2]))])?;
//! let location = Location::in_memory();
//! let options = FileOptions { format: Format::JsonLines, ..FileOptions::default() };
//! let mut writer = FileWriter::create(&location, "a.jsonl", schema.clone(), &options).await?;
//! writer.write(&batch).await?;
//! assert!(location.list().await?.is_empty());
//! let written = writer.finish().await?;
//! assert_eq!(location.checksum("a.jsonl").await?.sha256, written.sha256);
//! assert_eq!(location.read("a.jsonl").await?, "{\"id\":1}\n{\"id\":2}\n");
//! let batches: Vec<_> =
//!     formats::read(&location, "a.jsonl", Some(schema), &options).await?.try_collect().await?;
//! assert_eq!(batches, [batch]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod blocking;
mod checksum;
mod compression;
mod csv;
mod decompression;
mod encoder;
mod error;
mod expansion;
mod file;
mod format;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod ipc;
mod json;
mod local;
mod location;
mod object;
mod parquet;
mod partition;
mod pieces;
mod read;
mod records;
mod source;
mod store_options;
mod stream;
mod url;
mod window;

pub use self::checksum::Checksum;
pub use self::compression::Compression;
pub use self::csv::{CsvOptions, Escape};
pub use self::error::{Error, ErrorKind, Result};
pub use self::file::{FileWriter, WrittenFile};
pub use self::format::{FileOptions, Format};
pub use self::location::{Entry, Location};
pub use self::parquet::{ParquetCompression, ParquetOptions};
pub use self::partition::PartitionBy;
pub use self::read::{BatchStream, read};
pub use self::records::{
    BadRecord, Chunk, FormatName, Guess, Input, Opened, Positions, RecordOptions, Records, open,
    read_records,
};
pub use self::source::{SourceFile, sources};
pub use self::store_options::StoreOptions;
pub use self::stream::StreamWriter;
