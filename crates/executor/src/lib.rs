//! Runs a [`ScanPlan`](topology::ScanPlan): every page of every split, each row exactly once, or an
//! error that says which ranges are missing. And the other way round: writes bound rows, each with an
//! outcome ([`Writer`]).
//!
//! # Reading
//!
//! ```text
//! ScanPlan ──► Schedule ──► one task per split in flight ──► Scan (a stream of pages)
//!              which split,  page by page from one replica,      └► count(): their sum
//!              which replica faults handed back to the schedule
//! ```
//!
//! What it promises:
//!
//! - **Each split is read from a replica of it**, the least busy live one, and the node that answered
//!   is checked against the one that was asked for. No node serves more splits at a time than its share.
//! - **A fault resumes at the page.** The paging state of the last delivered page is kept, so that
//!   after a lost connection or a timeout the rows before it are not read again, on whichever replica.
//! - **Faults end.** Pauses grow, with jitter, and each range has a total bound of time without
//!   progress ([`RetryPolicy`]); then the range is given up, and the others go on.
//! - **A range that times out is made smaller**: cut in two where nothing of it has been delivered,
//!   read with smaller pages where something has.
//! - **The end is proved.** The ranges done are compared with the ranges asked for in exact integers;
//!   if they differ, the last item of the stream is an [`Error`] with all that is missing.
//! - **Memory is bounded in bytes**: pages that wait for the consumer share one budget
//!   ([`ScanOptions::budget_bytes`]).
//! - **Dropping the stream stops the run**: nothing goes on behind it.
//!
//! **Why is counting a scan?** `COUNT(*)` over a range is a page with one row. So counting, and
//! counting per partition, have the same routing, retries, proof and events as reading rows.
//!
//! ```no_run
//! use std::sync::Arc;
//! use futures::TryStreamExt;
//! use executor::{Query, ScanOptions};
//!
//! # async fn example(session: Arc<scylla::client::session::Session>, plan: topology::ScanPlan) -> Result<(), executor::Error> {
//! let query = Query::rows(&plan.table);
//! let mut pages = executor::scan(session, plan, query, ScanOptions::default());
//! while let Some(page) = pages.try_next().await? {
//!     println!("{} rows of {}", page.row_count(), page.range());
//! }
//! // The stream ended without an error: nothing is missing, nothing came twice.
//! # Ok(()) }
//! ```
//!
//! # Writing
//!
//! ```text
//! Mutations ──► batches of one ──► queues by the nodes ──► one task per batch ──► WriteReport
//! rows as       partition each     that may take them      in flight              an Outcome per record
//! bytes                                  ▲                    │
//!                                        └── faults, slots ◄──┘
//! ```
//!
//! What it promises:
//!
//! - **Each record has an outcome**: written, failed with the cluster's reason, not sent; for counters
//!   also unknown.
//! - **A batch is of one partition**, unlogged, and goes to a live replica of it, the one that has most
//!   room.
//! - **Writing again changes nothing**: all batches of a run have one timestamp; where that is not enough,
//!   [`WriteSemantics`] says what is done.
//! - **Each node gets as much at a time as it takes**: the number of batches in flight follows its answers.
//!   A slow node keeps only its own batches waiting.
//! - **Faults end**: they are waited out like those of reading. A batch that the cluster refuses is sent
//!   again record by record, so that only the one that is wrong fails.
//!
//! ```no_run
//! use std::sync::Arc;
//! use executor::{Outcome, WriteOptions, Writer};
//! use topology::{RingSnapshot, TableSchema};
//!
//! # async fn example(session: Arc<scylla::client::session::Session>) -> Result<(), Box<dyn std::error::Error>> {
//! let table = "shop.orders".parse()?;
//! let schema = Arc::new(TableSchema::read(&session, &table).await?);
//! let ring = RingSnapshot::read(&session, &table)?;
//! let mut writer = Writer::new(session, ring, schema, WriteOptions::default())?;
//! let insert = writer.prepare("INSERT INTO shop.orders (id, total) VALUES (?, ?)").await?;
//!
//! let mut mutations = writer.mutations();
//! for record in 0..1000_u32 {
//!     if let Err(unbound) = mutations.push(record, insert, &(i64::from(record), 9.5_f64)) {
//!         eprintln!("record {record}: {unbound}");
//!     }
//! }
//! for (record, outcome) in writer.write(mutations).await?.outcomes {
//!     if let Outcome::Failed { reason, .. } = outcome {
//!         eprintln!("record {record}: {reason}");
//!     }
//! }
//! println!("{} records written", writer.stats().records);
//! # Ok(()) }
//! ```
#![forbid(unsafe_code)]

mod budget;
mod census;
mod company;
mod condition;
mod count;
mod courtesy;
mod error;
mod event;
mod lanes;
mod limit;
mod options;
mod pace;
mod page;
mod progress;
mod query;
mod rate;
mod reader;
mod retry;
mod run;
mod scan;
mod schedule;
mod stats;
mod targets;
mod territory;
mod unchanged;
mod width;
mod work;
mod write;

pub use condition::{Condition, ConditionError};
pub use count::{CountReport, RangeCount, count};
pub use error::{Error, ErrorKind, RangeFailure, Result};
pub use event::{Event, Observer, event_stream};
pub use options::ScanOptions;
pub use pace::Pace;
pub use page::Page;
pub use query::{Query, Tally};
pub use retry::RetryPolicy;
pub use scan::{Scan, scan};
pub use stats::Stats;
pub use write::{
    Mutations, NodeLoad, Outcome, StatementId, Unbound, WriteOptions, WriteReport, WriteSemantics,
    WriteStats, Writer,
};
