//! How rows of Cassandra lie in the files of a table: any columns, any values, any partitions.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a test that can't go on panics, and any number is good where any value is wanted"
)]

mod arbitrary;
mod conversion;
mod parquet;
mod partitions;
mod tables;
mod whole;
