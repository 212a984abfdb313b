//! Catalogs: which tables there are, and which metadata of each is the current one.
//!
//! **Why are they not `iceberg`'s own?** What a commit needs can't be had of them: `TableCommit`
//! can't be made outside of its crate. So a catalog here has its own connection and its own
//! credentials at any rate, and the rest is a handful of statements and requests. They also do what
//! those don't: tokens are renewed, names are escaped, errors don't show what servers answer (there
//! may be credentials in it), a commit of SQLite that failed is noticed, and catalogs of older
//! pyiceberg can be read. The types of requests, metadata, requirements and updates are
//! `iceberg`'s.

mod backend;
mod config_file;
mod fault;
mod kind;
mod missing;
mod opened;
mod options;
mod place;
mod properties;
mod rest;
mod sql;
mod table;

pub(crate) use fault::CommitFault;
pub use kind::CatalogKind;
pub use opened::Catalog;
pub use options::CatalogOptions;
pub use table::Table;
