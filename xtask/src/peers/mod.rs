//! The programs that ours is measured against, fetched once and run as their users run them.

mod cqlsh;
mod dsbulk;
mod job;

pub use cqlsh::Cqlsh;
pub use dsbulk::Dsbulk;
pub use job::Job;
