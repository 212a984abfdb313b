//! Export to files: every row of a table in files that are whole, listed and summed, or not there.
//!
//! ```text
//! scan ──► lanes (as many as files at a time) ──► units ──► files ──► journal ──► manifest
//!          each range goes to one                 ranges    whole,    unit by     at the end
//!                                                 ↔ files   durable   unit
//! ```
//!
//! A **unit** is what is either wholly in the result or not at all: some token ranges and the files
//! that hold their rows. When the last page of its last range has been written, its files are
//! finished, and then a line of the journal says so. Whatever happens in between leaves files that no
//! journal names; a later run removes them.
//!
//! A run that goes on reads the journal, takes what is done from what was asked for, and plans the
//! rest anew, with the ring of today and any number of splits.

mod destination;
mod driver;
mod file_name;
mod journal;
mod lane;
mod layout;
mod manifest;
mod options;
mod ranges;
mod settings;
mod unit;

pub(crate) use destination::remove_journal;
pub(crate) use driver::{Export, Job};
pub use driver::{ExportPlan, ExportReport};
pub use file_name::FileName;
pub(crate) use journal::{Past, UNFINISHED};
#[cfg(any(test, fuzzing))]
pub(crate) use journal::{Start, UnitRecord};
pub use manifest::{ColumnRecord, FileRecord, MANIFEST, Manifest, NodeRecord, RingRecord};
pub use options::{Existing, ExportOptions};
pub use settings::{IcebergRecord, Settings};
