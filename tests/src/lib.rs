//! What the integration tests share: the cluster, tables that are each test's own, a proxy that
//! breaks the connection to it, and the program.
//!
//! **One runtime for all tests of a binary.** A session belongs to the runtime it was opened in, and
//! opening one takes as long as a small test. So tests are plain functions that hand their future to
//! [`run`], and all of them use one session. Each has a table of its own, so they run in parallel and
//! in any order.

mod cli;
mod cluster;
mod expect;
mod extra;
mod proxy;
mod table;

pub use cli::{Ended, command, program};
pub use cluster::{Main, main_cluster, run, session_to};
pub use expect::{exactly, sorted};
pub use extra::Extra;
pub use proxy::Proxied;
pub use table::{RF1, RF2, RF3, Table, create_keyspace, ddl, load};
