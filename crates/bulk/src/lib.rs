//! Bulk jobs over whole Cassandra and ScyllaDB tables, by token ranges: where a library user starts.
//!
//! An [`Operator`] over a session counts a table, streams it as typed rows, finds its largest
//! partitions, or shows the plan of any of these without running it.
//!
//! ```no_run
//! use bulk::{BulkOptions, ConnectOptions, Operator};
//! use futures::TryStreamExt;
//! use scylla::DeserializeRow;
//! use uuid::Uuid;
//!
//! #[derive(DeserializeRow)]
//! struct Order {
//!     id: Uuid,
//!     amount: Option<f64>,
//! }
//!
//! # async fn example() -> Result<(), bulk::Error> {
//! let operator = Operator::connect(&ConnectOptions::default()).await?;
//! let options = BulkOptions::default().split_count(64).columns(["id", "amount"]);
//!
//! let rows = operator.count_by_token_ranges("shop", "orders", &options).await?;
//! println!("{rows} rows");
//!
//! let mut orders = operator.export_by_token_ranges::<Order>("shop", "orders", &options).await?;
//! while let Some(order) = orders.try_next().await? {
//!     println!("{} {:?}", order.id, order.amount);
//! }
//! # Ok(()) }
//! ```
//!
//! **A stream that ends without an error has given every row exactly once**; one that could not ends
//! with an error that has the figures and every range that is missing.
//!
//! **Why an operator and not a function?** The session is the costly part, and is shared by all jobs.
//! Each layer below can be used alone: `tokenring` for the maths, `topology` to read a cluster and
//! plan, `executor` to run a plan.
#![forbid(unsafe_code)]

mod batches;
mod document;
mod error;
mod export;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod iceberg;
mod import;
mod limit;
mod operator;
mod options;
mod partitions;
mod rows;
mod selection;
mod verify;

pub use batches::{BatchOptions, BatchStream};
pub use cql_arrow::{
    BlobText, DecimalMapping, DecodeOptions, EmptyValues, EpochUnit, MappingOptions, Nulls,
    TextOptions,
};
pub use error::{Error, ErrorKind, IcebergRunError, ImportError, JobError, Result, with_causes};
pub use executor::{
    Condition, ConditionError, CountReport, Event, Observer, Pace, RangeCount, RangeFailure,
    RetryPolicy, ScanOptions, Stats, WriteOptions, WriteStats, event_stream,
};
pub use export::{
    ColumnRecord, Existing, ExportOptions, ExportPlan, ExportReport, FileName, FileRecord,
    IcebergRecord, MANIFEST, Manifest, NodeRecord, RingRecord, Settings,
};
pub use formats::{
    Compression, CsvOptions, Escape, FileOptions, Format, FormatName, Guess, Location,
    ParquetCompression, ParquetOptions, StreamWriter,
};
pub use iceberg::{IcebergMode, IcebergPlan, IcebergReport, IcebergSource, IcebergTarget};
pub use import::{
    BrokenFile, Counts, Import, ImportOptions, ImportProgress, ImportReport, MaxErrors,
};
pub use lakehouse::{
    Catalog, CatalogKind, CatalogOptions, Pin, ReadOptions, Snapshot, TableName as IcebergTableName,
};
pub use operator::Operator;
pub use options::BulkOptions;
pub use partitions::{LargestPartitions, PartitionCount};
pub use rows::RowStream;
pub use scylla::statement::Consistency;
pub use selection::{CellColumns, WriteWindow};
pub use tokenring::{RangeSet, Token, TokenRange};
pub use tokio_util::sync::CancellationToken;
pub use topology::{
    ConnectOptions, Credentials, EstimateSource, Node, ScanPlan, SizeEstimates, Split, TableName,
    TableSchema, TlsOptions,
};
pub use verify::{Difference, VerifyReport, verify};
