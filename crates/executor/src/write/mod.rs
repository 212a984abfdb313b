//! Writes bound rows: in batches of one partition each, to a replica of it, with as many in flight as
//! each node takes, and an outcome for each record.
//!
//! - `mutations.rs` holds rows as bytes, with their tokens (`cells.rs` reads the bytes, `statement.rs`
//!   knows what they are bound to); `batch.rs` groups them by partition, and cuts the groups.
//! - `run.rs` is the loop of one write: one task that owns its queues (`queue.rs`, pure). `request.rs` is
//!   one batch on its way.
//! - `nodes.rs` is what all writes of a writer share: the room that each node has, which
//!   `crate::limit` decides from its answers (pure). `crate::pace` is what the user allows.

mod batch;
mod cells;
mod mutations;
mod nodes;
mod options;
mod queue;
mod report;
mod request;
mod run;
mod statement;
mod stats;
mod writer;

pub use mutations::{Mutations, Unbound};
pub use options::{WriteOptions, WriteSemantics};
pub use report::{Outcome, WriteReport};
pub use statement::StatementId;
pub use stats::{NodeLoad, WriteStats};
pub use writer::Writer;
