//! The programs that ours is measured against or talks to, fetched once and run as their users run them.

mod cqlsh;
mod dsbulk;
mod iceberg_rest;
mod job;

pub use cqlsh::Cqlsh;
pub use dsbulk::Dsbulk;
pub use iceberg_rest::IcebergRest;
pub use job::Job;
