//! A part of a table that is read on its own.

use std::ops::Range;
use std::sync::Arc;

use super::inventory::Stored;
use crate::deletes::DeleteFile;

/// A file, or a range of its row groups: read alone, in one order, and any number of times.
#[derive(Clone, Debug)]
pub struct ReadTask {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) file: Arc<Stored>,
    /// Those that may have to do with the file.
    pub(super) deletes: Arc<[Arc<DeleteFile>]>,
    /// Of its bytes: row groups that begin there.
    pub(super) range: Range<u64>,
    pub(super) rows: Option<u64>,
}

impl ReadTask {
    /// The path of the file, and `#start+length` in bytes if it is a part of it. No other task of the read has
    /// the same name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes in the file.
    pub fn bytes(&self) -> u64 {
        self.range.end.min(self.file.bytes).saturating_sub(self.range.start)
    }

    /// The number of rows, where it is known: of a whole file without filter and deletes.
    pub fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// A text that is another one if the rows of the task may be others: it stands for the range of the file, the
    /// columns and their types, the filter, and the files of deletes. The same task of a later snapshot has
    /// the same version if nothing of these has changed.
    pub fn version(&self) -> String {
        self.version.clone()
    }
}
