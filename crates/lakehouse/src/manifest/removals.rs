//! What a commit takes out of a table, summed up.

use std::collections::HashSet;

use iceberg::spec::{DataContentType, DataFile, DataFileFormat, Struct};

/// What a commit takes out of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Removals {
    pub(crate) data_files: u64,
    pub(crate) records: u64,
    /// Of data files and delete files.
    pub(crate) bytes: u64,
    /// Those of format version 2.
    pub(crate) position_delete_files: u64,
    /// Those of format version 3, which are position deletes too.
    pub(crate) deletion_vectors: u64,
    pub(crate) position_deletes: u64,
    pub(crate) equality_delete_files: u64,
    pub(crate) equality_deletes: u64,
    /// The partitions of all these, with the ids of their specs.
    pub(crate) partitions: HashSet<(i32, Struct)>,
}

impl Removals {
    pub(super) fn add(&mut self, spec_id: i32, file: &DataFile) {
        let add = |sum: &mut u64, value: u64| *sum = sum.saturating_add(value);
        add(&mut self.bytes, file.file_size_in_bytes());
        match file.content_type() {
            DataContentType::Data => {
                add(&mut self.data_files, 1);
                add(&mut self.records, file.record_count());
            }
            DataContentType::PositionDeletes => {
                match file.file_format() {
                    DataFileFormat::Puffin => add(&mut self.deletion_vectors, 1),
                    _ => add(&mut self.position_delete_files, 1),
                }
                add(&mut self.position_deletes, file.record_count());
            }
            DataContentType::EqualityDeletes => {
                add(&mut self.equality_delete_files, 1);
                add(&mut self.equality_deletes, file.record_count());
            }
        }
        self.partitions.insert((spec_id, file.partition().clone()));
    }

    pub(super) fn merge(&mut self, other: &Removals) {
        let add = |sum: &mut u64, value: u64| *sum = sum.saturating_add(value);
        add(&mut self.data_files, other.data_files);
        add(&mut self.records, other.records);
        add(&mut self.bytes, other.bytes);
        add(&mut self.position_delete_files, other.position_delete_files);
        add(&mut self.deletion_vectors, other.deletion_vectors);
        add(&mut self.position_deletes, other.position_deletes);
        add(&mut self.equality_delete_files, other.equality_delete_files);
        add(&mut self.equality_deletes, other.equality_deletes);
        self.partitions.extend(other.partitions.iter().cloned());
    }
}
