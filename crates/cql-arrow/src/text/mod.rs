//! The text form of every CQL value: in CSV fields, JSON values, and the keys of JSON objects; both ways.
//!
//! The forms are in the table of [`TextColumn`].

mod builder;
mod cells;
#[cfg(test)]
mod choice_tests;
mod column;
mod composite;
mod cql_literal;
mod duration;
mod field_policy;
mod json;
#[cfg(test)]
mod laws;
mod literal;
#[cfg(test)]
mod literal_laws;
mod moment;
mod name;
mod options;
mod rows;
mod scalar;
mod scalar_array;
mod short;
#[cfg(test)]
mod tests;
mod zone;

pub use builder::TextBuilder;
pub use column::TextColumn;
pub(crate) use duration::Duration;
pub use field_policy::FieldPolicy;
pub(crate) use json::append_plain;
pub(crate) use literal::{append_literal, inexact, refused};
pub(crate) use moment::{epoch_millis, parse_offset};
pub use options::{BlobText, EpochUnit, TextOptions};
pub use rows::{JsonRows, JsonRowsBuilder};
