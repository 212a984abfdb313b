//! The figures of a writer.

use std::sync::atomic::{AtomicU64, Ordering};

use topology::Node;

/// The figures of a [`Writer`](super::Writer), of all its writes so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteStats {
    /// Records written.
    pub records: u64,
    /// Records given up.
    pub failed: u64,
    /// Records of which nobody knows; counters only.
    pub unknown: u64,
    /// Bytes of the values of records written, with their lengths.
    pub bytes: u64,
    /// Batches written.
    pub batches: u64,
    /// Statements of batches written.
    pub statements: u64,
    /// Batches sent again after a fault.
    pub retries: u64,
    /// Records that were sent more than once.
    pub replays: u64,
    /// Batches written through a node that is no replica of their partition: the rows are right, the
    /// routing is not. Not told where replicas are not known (tablets).
    pub misrouted: u64,
    /// Each node, in the order of the ring's nodes.
    pub nodes: Vec<NodeLoad>,
}

/// What a node has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLoad {
    /// The node.
    pub node: Node,
    /// Batches it may have in flight now.
    pub limit: usize,
    /// Batches it has in flight.
    pub in_flight: usize,
}

/// The figures, as they are counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) records: Counter,
    pub(super) failed: Counter,
    pub(super) unknown: Counter,
    pub(super) bytes: Counter,
    pub(super) batches: Counter,
    pub(super) statements: Counter,
    pub(super) retries: Counter,
    pub(super) replays: Counter,
    pub(super) misrouted: Counter,
}

/// A figure.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, amount: usize) {
        self.0.fetch_add(amount as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn stats(&self, nodes: Vec<NodeLoad>) -> WriteStats {
        WriteStats {
            records: self.records.get(),
            failed: self.failed.get(),
            unknown: self.unknown.get(),
            bytes: self.bytes.get(),
            batches: self.batches.get(),
            statements: self.statements.get(),
            retries: self.retries.get(),
            replays: self.replays.get(),
            misrouted: self.misrouted.get(),
            nodes,
        }
    }
}
