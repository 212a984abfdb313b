//! How an export is written.

use formats::FileOptions;

use super::file_name::FileName;
use crate::batches::BatchOptions;

/// What is done about a destination that has something in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It is refused.
    #[default]
    Refuse,
    /// An export there that has not ended is gone on with; one that has is left as it is. An empty
    /// destination is begun.
    Resume,
    /// The files of an export there are removed. Files of others are never touched: if there are any,
    /// the destination is refused.
    Overwrite,
}

/// How an export is written. Content and form of the files, names included, must be the same when
/// it is resumed; numbers and sizes need not.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// Format and compression.
    pub file: FileOptions,
    /// How rows become batches.
    pub batches: BatchOptions,
    /// Files written at the same time; each takes memory for what is not written yet.
    pub files: usize,
    /// Bytes of a file, roughly: the next file is begun after the batch that reaches them.
    pub max_file_bytes: u64,
    /// Rows of a file, at the most.
    pub max_file_rows: u64,
    /// The names of the files.
    pub file_name: FileName,
    /// Columns whose values go into the names of folders, as Hive has it.
    pub partition_by: Vec<String>,
    /// What is done about a destination that has something in it.
    pub existing: Existing,
}

/// Rows in files of this size are read again at the most when a run is resumed.
const MAX_FILE_BYTES: u64 = 256 << 20;

impl Default for ExportOptions {
    fn default() -> Self {
        ExportOptions {
            file: FileOptions::default(),
            batches: BatchOptions::default(),
            files: 2,
            max_file_bytes: MAX_FILE_BYTES,
            max_file_rows: u64::MAX,
            file_name: FileName::default(),
            partition_by: Vec::new(),
            existing: Existing::default(),
        }
    }
}
