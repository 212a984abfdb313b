//! What the demo and the benchmarks share: a table of known content, and the bare loops to beat.
//!
//! The content is a function of the key, so that every row that comes back can be checked in full
//! without keeping what was loaded.

pub mod bare;
pub mod dataset;
pub mod reading;
pub mod report;
