//! Import from files: every record is in the table, or kept with what is wrong with it.
//!
//! ```text
//! sources ──► records in chunks ──► bound to statements ──► writer ──► settled ──► journal
//! files,      formats: good rows    mapping, binding:       executor:  ledger:     what is
//! streams,    and bad records,      which column, which     batches    counts,     durable
//! exports     by their ordinals     statement, which time   by node    bad/
//! ```
//!
//! A record is **settled** when the cluster has it, or when it is durably kept in `bad/`. Records are
//! named by their place in their file, so a run that goes on reads the file again, passes over what is
//! settled, and writes the rest. What was written and is not yet in the journal is written again, at the
//! same write time: it changes nothing. Counters are the exception: those are written down **before**
//! they are sent, and what is then found neither settled nor unsent is kept in `unknown/`.

mod bad;
mod binding;
mod builder;
mod driver;
mod file;
mod input;
mod journal;
mod ledger;
mod mapping;
mod options;
mod report;
mod statements;
mod times;

pub use builder::Import;
#[cfg(any(test, fuzzing))]
pub(crate) use journal::{Progress, Start};
pub use options::{ImportOptions, MaxErrors};
pub use report::{BrokenFile, Counts, ImportProgress, ImportReport};
