//! SQL catalogs: SQLite files that pyiceberg, DuckDB and Iceberg's JDBC catalog share.

mod catalog;
mod database;
mod metadata_file;
mod swap;
#[cfg(test)]
mod tests;

pub(super) use catalog::{Missing, SqlCatalog};
