//! Reading a table as it was at one snapshot, in tasks that can be read one by one and again.
//!
//! Files are planned with Iceberg's own evaluators ([`inventory`]), so that what the filter rules out by
//! partitions and column bounds is not opened. Rows are read here and not by the `iceberg` crate's reader, as
//! that one answers some questions wrongly: it drops rows with nulls where a file of equality deletes is
//! applied, mistakes columns of one type whose order has changed for renamed ones, and takes comparisons of a
//! column that a file lacks for true. So columns are found by field ids in [`projection`], deletes are applied by
//! [`crate::deletes`], and the filter decides on each row in [`crate::filter`].

mod cut;
mod inventory;
mod options;
mod parquet_file;
mod pin;
mod pinned;
mod projection;
mod promotion;
mod row_groups;
mod task;
#[cfg(test)]
mod tests;

pub(crate) use inventory::Stored;
pub(crate) use parquet_file::{ParquetFile, Rows};
pub(crate) use projection::Wanted;

pub use options::ReadOptions;
pub use pin::Pin;
pub use pinned::PinnedRead;
pub use task::ReadTask;
