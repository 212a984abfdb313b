//! What a table knows of its files without reading them: sizes, counts and bounds of columns.
//!
//! They are taken from the footers of finished files, so nothing is counted twice and a file is checked
//! by what lies there. Readers skip files by the bounds: one that is too narrow loses rows silently, one
//! that is missing costs time. So where a bound is not certain there is none.

mod bounds;
mod data_file;
mod mode;
#[cfg(test)]
mod tests;

pub(crate) use data_file::data_file;
pub(crate) use mode::MetricsConfig;
