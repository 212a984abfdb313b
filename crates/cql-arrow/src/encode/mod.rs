//! Batches become values bound to statements.

mod cell;
mod cells;
mod rows;
mod values;

pub use rows::{BoundRow, BoundRows, Nulls};
