//! The workspace's own commands, and the embedded Cassandra cluster they and the tests run on.
//!
//! Everything the development of this workspace needs beyond `cargo` itself is a command of
//! `cargo xtask`, so that a fresh clone needs no shell scripts and no container engine. The
//! cluster is a library as well, because the integration tests start further small clusters and
//! kill and restart nodes of them. So are the Python environments and the programs of others that
//! results and speed are compared with.

pub mod cluster;
mod lock;
mod maven;
pub mod peers;
mod programs;
pub mod python;
pub mod tidy;
