//! A file of deletes, and the data files that it has to do with.

use iceberg::spec::{
    DataContentType, DataFileFormat, Datum, ManifestEntry, PrimitiveLiteral, TableMetadata,
    Transform,
};

use crate::error::{Error, ErrorKind, Result};
use crate::read::Stored;

/// The field of the paths of data files in files of position deletes.
pub(super) const PATH_ID: i32 = 2_147_483_546;

/// The field of the positions in them.
pub(super) const POSITION_ID: i32 = 2_147_483_545;

/// A file of deletes.
#[derive(Debug)]
pub(crate) struct DeleteFile {
    stored: Stored,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Positions {
        /// The one file that has the positions.
        of: Option<String>,
        /// The first and the last of the files, or a beginning of it and what is after it.
        first: Option<String>,
        last: Option<String>,
    },
    /// By the values of these columns.
    Equality(Vec<i32>),
}

impl DeleteFile {
    pub(crate) fn new(stored: Stored, entry: &ManifestEntry) -> Result<DeleteFile> {
        let file = entry.data_file();
        let kind = match file.content_type() {
            DataContentType::EqualityDeletes => {
                let ids = file.equality_ids().filter(|ids| !ids.is_empty()).ok_or_else(|| {
                    let message = format!("the equality deletes {} name no columns", stored.path);
                    Error::new(ErrorKind::Data, message)
                })?;
                Kind::Equality(ids)
            }
            _ => Kind::Positions {
                of: file.referenced_data_file(),
                first: file.lower_bounds().get(&PATH_ID).and_then(text),
                last: file.upper_bounds().get(&PATH_ID).and_then(text),
            },
        };
        Ok(DeleteFile { stored, kind })
    }

    pub(crate) fn path(&self) -> &str {
        &self.stored.path
    }

    pub(super) fn bytes(&self) -> u64 {
        self.stored.bytes
    }

    /// The columns by whose values rows are deleted; none of position deletes.
    pub(crate) fn equality_ids(&self) -> &[i32] {
        match &self.kind {
            Kind::Positions { .. } => &[],
            Kind::Equality(ids) => ids,
        }
    }

    /// Whether rows of the data file may be deleted by this one: "Scan Planning" of the specification.
    pub(crate) fn may_apply(&self, data: &Stored, metadata: &TableMetadata) -> bool {
        let is_same_partition =
            || self.stored.spec_id == data.spec_id && self.stored.partition == data.partition;
        match &self.kind {
            Kind::Positions { of, first, last } => {
                let path = data.path.as_str();
                self.stored.sequence >= data.sequence
                    && is_same_partition()
                    && of.as_ref().is_none_or(|of| of == path)
                    && first.as_ref().is_none_or(|first| first.as_str() <= path)
                    && last.as_ref().is_none_or(|last| path <= last.as_str())
            }
            Kind::Equality(_) => {
                self.stored.sequence > data.sequence
                    && (self.is_global(metadata) || is_same_partition())
            }
        }
    }

    /// Whether it was written with an unpartitioned spec, and so is of all partitions.
    fn is_global(&self, metadata: &TableMetadata) -> bool {
        // A spec that is not there makes the data files unreadable, too.
        metadata
            .partition_spec_by_id(self.stored.spec_id)
            .is_none_or(|spec| spec.fields().iter().all(|field| field.transform == Transform::Void))
    }

    /// Refuses deletes that can't be applied.
    pub(crate) fn check_readable(&self) -> Result<()> {
        match (&self.kind, self.stored.format) {
            (Kind::Positions { .. }, DataFileFormat::Puffin) => {
                let message = format!(
                    "the table has deletion vectors ({}), which this release can't apply; compact it by \
                     rewrite_data_files first, or read a snapshot from before them",
                    self.stored.path
                );
                Err(Error::new(ErrorKind::Unsupported, message))
            }
            _ => self.stored.check_readable("file of deletes"),
        }
    }
}

fn text(bound: &Datum) -> Option<String> {
    match bound.literal() {
        PrimitiveLiteral::String(text) => Some(text.clone()),
        _ => None,
    }
}
