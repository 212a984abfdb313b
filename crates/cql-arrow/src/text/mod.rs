//! The text form of every CQL value: in CSV fields, JSON values, and the keys of JSON objects; both ways.
//!
//! The forms are in the table of [`TextColumn`].

mod builder;
mod cells;
mod column;
mod composite;
mod duration;
mod json;
#[cfg(test)]
mod laws;
mod literal;
mod moment;
mod name;
mod rows;
mod scalar;
mod scalar_array;
mod short;
#[cfg(test)]
mod tests;

pub use builder::TextBuilder;
pub use column::TextColumn;
pub use rows::{JsonRows, JsonRowsBuilder};
