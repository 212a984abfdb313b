//! What the demo and the benchmarks share: a table of known content, the bare loops to beat, and the
//! programs that are measured as wholes.
//!
//! The content is a function of the key, so that every row that comes back can be checked in full
//! without keeping what was loaded.

pub mod arena;
pub mod background;
pub mod bare;
pub mod columns;
pub mod contender;
pub mod dataset;
pub mod exported;
pub mod exporter;
mod folder;
pub mod foreground;
pub mod imported;
pub mod input;
pub mod loader;
pub mod memory;
pub mod output;
pub mod pace;
pub mod process;
pub mod reading;
pub mod report;
pub mod tables;
pub mod warehouse;
pub mod wide;
