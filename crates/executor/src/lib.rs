//! Runs a [`ScanPlan`](topology::ScanPlan): every page of every split, each row exactly once, or an
//! error that says which ranges are missing.
//!
//! ```text
//! ScanPlan ──► Schedule ──► one task per split in flight ──► Scan (a stream of pages)
//!              which split,  page by page from one replica,      └► count(): their sum
//!              which replica faults handed back to the schedule
//! ```
//!
//! # What it promises
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
//! # Example
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
#![forbid(unsafe_code)]

mod budget;
mod condition;
mod count;
mod error;
mod event;
mod options;
mod page;
mod progress;
mod query;
mod reader;
mod retry;
mod run;
mod scan;
mod schedule;
mod stats;
mod targets;
mod width;
mod work;

pub use condition::{Condition, ConditionError};
pub use count::{CountReport, RangeCount, count};
pub use error::{Error, ErrorKind, RangeFailure, Result};
pub use event::{Event, Observer, event_stream};
pub use options::ScanOptions;
pub use page::Page;
pub use query::{Query, Tally};
pub use retry::RetryPolicy;
pub use scan::{Scan, scan};
pub use stats::Stats;
