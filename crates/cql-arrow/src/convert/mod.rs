//! Columns of foreign files become columns of CQL types: what pyarrow, Spark or DuckDB wrote, where every
//! integer may be an `Int64`, every timestamp one of microseconds, and every uuid a text.
//!
//! A value goes over exactly, or is a failure of its row; nothing is wrapped, and only a double for a
//! float is rounded. A way from one type to another is found once ([`way`]), arrays are downcast once
//! ([`cells`]), and then cells go one by one into the same builders that text is read into ([`scalar`],
//! [`append`]).

mod append;
mod cells;
mod conversion;
mod read;
mod scalar;
#[cfg(test)]
mod tests;
mod way;

pub use conversion::{Conversion, Converted};
