//! What must hold of all types and values: a schema tells its CQL types exactly, what is decoded is
//! encoded to the same bytes, which are those of the driver, and no bytes can do harm.
#![expect(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod arbitrary;
mod binding;
mod bytes;
mod cells;
mod conversion;
mod hostile;
mod page;
mod types;
mod values;
