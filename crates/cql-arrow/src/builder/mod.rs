//! A column being built, of any CQL type: what decoding of pages and reading of text have in common.
//!
//! A column is a tree, as its type is. Each part knows its CQL type, so a value goes in with one `match`
//! for its type and none for its value. A value that fails halfway is taken back with
//! [`ColumnBuilder::truncate`].

mod buffer;
mod column;
mod finish;
mod nested;

pub(crate) use column::{ColumnBuilder, Values};
pub(crate) use finish::finish_batch;
pub(crate) use nested::{Durations, Lists, Maps, Structs, Vectors};
