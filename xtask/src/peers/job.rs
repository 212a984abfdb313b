//! What a peer is asked to do.

use std::net::SocketAddr;
use std::path::PathBuf;

/// A table to be written to CSV files, or to be loaded from one, with a header in each.
#[derive(Clone, Debug)]
pub struct Job {
    /// Where the cluster is; not empty.
    pub contact_points: Vec<SocketAddr>,
    /// The keyspace, as it is stored.
    pub keyspace: String,
    /// The table, as it is stored.
    pub table: String,
    /// A folder that is there and empty: the files that are written go to `data` in it, and what else
    /// the peer leaves behind goes beside that.
    pub folder: PathBuf,
}

impl Job {
    /// Where the CSV files go that are written.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}
