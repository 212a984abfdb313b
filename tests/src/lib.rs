//! What the integration tests share: the cluster, tables that are each test's own, a proxy that
//! breaks the connection to it, the program, which may be stopped, and what its files are read with and
//! written to: Python's readers, an S3 server, disks that fill up, and catalogs of Iceberg tables.
//!
//! **One runtime for all tests of a binary.** A session belongs to the runtime it was opened in, and
//! opening one takes as long as a small test. So tests are plain functions that hand their future to
//! [`run`], and all of them use one session. Each has a table of its own, so they run in parallel and
//! in any order.

mod catalog_server;
mod cells;
mod cli;
mod cluster;
mod disk;
mod expect;
mod extra;
mod http_fault;
mod iceberg;
mod proxy;
mod python;
mod running;
mod s3;
mod table;
mod transfer;
mod values;

pub use catalog_server::{CatalogServer, catalog_server};
pub use cells::Cells;
pub use cli::{Ended, command, program, program_in};
pub use cluster::{Main, main_cluster, run, session_to};
pub use disk::Disk;
pub use expect::{exactly, sorted};
pub use extra::Extra;
pub use http_fault::{Calls, Fate, HttpProxy, Moment};
pub use iceberg::{Lake, Reader};
pub use proxy::Proxied;
pub use python::{Engine, FileRows, Python, double, files_in, float, metrics_python, python};
pub use running::Running;
pub use s3::{Answer, Fault, Requests, S3};
pub use table::{RF1, RF2, RF3, Table, create_keyspace, ddl, load};
pub use transfer::{Imported, exported, import, imported};
pub use values::{PLAIN_COLUMNS, PLAIN_ROWS, plain_names};
