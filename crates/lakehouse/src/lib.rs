//! Apache Iceberg tables for bulk work: catalogs, the mapping of CQL schemas, commits that happen exactly
//! once, and reading a pinned snapshot.

#![forbid(unsafe_code)]

mod catalog;
mod commit;
mod conversion;
mod definition;
mod deletes;
mod difference;
mod error;
mod evolution;
mod filter;
mod layout;
mod manifest;
mod metrics;
mod partition;
mod partition_spec;
mod partitioning;
mod read;
mod schema;
mod snapshot;
mod sort_order;
mod storage;
mod table_name;
mod term;
mod transform;

pub use catalog::{Catalog, CatalogKind, CatalogOptions, Table};
pub use commit::{Commit, Committed, Mode, NewFile};
pub use definition::TableDefinition;
pub use error::{Error, ErrorKind, Result};
pub use layout::{Layout, Part};
pub use read::{Pin, PinnedRead, ReadOptions, ReadTask};
pub use snapshot::{RUN_ID, Snapshot};
pub use table_name::TableName;
