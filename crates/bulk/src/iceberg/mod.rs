//! Export into Apache Iceberg tables: the files of an export, and one commit; and what an import
//! from one is told.
//!
//! ```text
//! catalog ──► table ──► run ──────────► export ────────────► commit ──► journal removed
//! lakehouse   made,     data/<run id>/  the same units and   one snapshot,
//!             evolved                   journal as of files  with the run's id
//! ```
//!
//! A **run** has an id, a folder of its own among the table's data files, and ends in one snapshot whose
//! summary has the id. Whether a run is done is asked of the table, never of the run's own memory: so
//! it is done once, whenever it was killed, and whatever became of the answer to its commit.

mod contents;
mod job;
mod mark;
mod report;
mod runs;
mod source;
mod target;

#[cfg(any(test, fuzzing))]
pub(crate) use mark::{last, property};
pub use report::{IcebergPlan, IcebergReport};
pub use source::IcebergSource;
pub use target::{IcebergMode, IcebergTarget};
