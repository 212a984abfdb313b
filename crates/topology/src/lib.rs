//! Reads a Cassandra or ScyllaDB cluster into plain data, and plans whole-table scans from it.
//!
//! ```text
//! connect ──► Session ──► TableSchema    what the table is
//!                    ├──► RingSnapshot   who holds which tokens
//!                    └──► SizeEstimates  how much there is
//!                                │
//!                              plan() ──► ScanPlan   splits with replicas, proved to cover the ring
//! ```
//!
//! **Why plain data?** Everything that decides what a run will read is a pure function over values
//! that can be written down as literals. So the planner is tested without a cluster, a plan can be
//! shown before anything is run, and a resumed run plans anew with today's ring.
//!
//! **Why not let the driver route?** A statement over a token range carries no partition key, so to
//! the driver it is not token-aware: its default policy sends it to any node, which then fetches the
//! rows from another. Here each split knows its replicas, and whoever runs the plan asks one of them.
//!
//! **Replicas belong to the range's end.** The range `(a, b]` is held by the replicas of `b`.
//!
//! # Example
//!
//! A plan from literals: two nodes, one replica each, four splits.
//!
//! ```
//! use std::sync::Arc;
//! use tokenring::{Ring, Token};
//! use topology::{Column, ColumnKind, Node, PlanOptions, ReplicaSet, RingSnapshot, SizeEstimates, TableSchema};
//! use scylla::frame::response::result::{ColumnType, NativeType};
//! use uuid::Uuid;
//!
//! let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
//! let node = |id, last| Node::new(id, ([127, 0, 0, last], 9042).into());
//! let ring = RingSnapshot::new(
//!     vec![node(a, 11), node(b, 12)],
//!     Ring::new([(Token::new(0), ReplicaSet::new([a])), (Token::MAX, ReplicaSet::new([b]))])?,
//! )?;
//! let id = Column::new("id", ColumnKind::PartitionKey, ColumnType::Native(NativeType::Uuid));
//! let table = TableSchema::new("shop.orders".parse()?, vec![id])?;
//!
//! let options = PlanOptions { splits: Some(4), ..PlanOptions::default() };
//! let plan = topology::plan(&ring, Arc::new(table), &SizeEstimates::unknown(), &options)?;
//! assert_eq!(plan.splits.len(), 4);
//! assert_eq!(plan.splits[0].replicas, ReplicaSet::new([a]));
//! assert_eq!(plan.splits[3].replicas, ReplicaSet::new([b]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod connect;
mod ddl;
mod error;
mod estimates;
mod fault;
mod name;
mod plan;
mod question;
mod ring;
mod sample;
mod schema;
mod tls;
mod version;

pub use connect::{CLIENT_NAME, ConnectOptions, Credentials, connect};
pub use error::{Error, ErrorKind, Result};
pub use estimates::{EstimateSource, RangeEstimate, SizeEstimates};
pub use fault::{Fault, Remedy, classify, is_outcome_unknown, server_message};
pub use name::{TableName, quote};
pub use plan::{DEFAULT_SPLIT_BYTES, PlanOptions, ScanPlan, Split, plan};
pub use ring::{Node, ReplicaSet, RingSnapshot};
pub use schema::{Column, ColumnKind, TableSchema};
pub use tls::TlsOptions;
