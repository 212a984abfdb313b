//! Batches become values bound to statements.

mod cell;
mod rows;
mod values;

pub use rows::{BoundRow, BoundRows, Nulls};
