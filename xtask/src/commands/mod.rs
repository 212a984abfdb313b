//! One file per command: its flags (`Args`) and what it does (`run`).

pub(crate) mod bench;
pub(crate) mod cassandra_down;
pub(crate) mod cassandra_status;
pub(crate) mod cassandra_up;
pub(crate) mod cassandra_wait;
pub(crate) mod chaos;
pub(crate) mod coverage;
pub(crate) mod demo;
mod docker;
pub(crate) mod fuzz;
pub(crate) mod test;
pub(crate) mod tidy;
