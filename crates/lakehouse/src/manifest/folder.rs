//! The folder that a table's metadata is in, and the files that a commit puts there.

use iceberg::io::{FileIO, OutputFile};
use iceberg::spec::{
    FormatVersion, ManifestContentType, ManifestFile, ManifestListWriter, ManifestWriter,
    ManifestWriterBuilder, PartitionSpec, SchemaRef,
};
use uuid::Uuid;

use crate::catalog::Table;
use crate::error::{Error, Result};

/// Where a commit writes its manifests, with what all of them have in common.
#[derive(Clone, Debug)]
pub(crate) struct MetadataFolder {
    io: FileIO,
    path: String,
    version: FormatVersion,
    snapshot_id: i64,
}

impl MetadataFolder {
    /// The folder of a table, for files of the snapshot with this id.
    pub(crate) fn new(table: &Table, snapshot_id: i64) -> Self {
        let metadata = table.inner.metadata();
        MetadataFolder {
            io: table.inner.file_io().clone(),
            path: format!("{}/metadata", metadata.location().trim_end_matches('/')),
            version: metadata.format_version(),
            snapshot_id,
        }
    }

    pub(crate) fn io(&self) -> &FileIO {
        &self.io
    }

    /// The path of a manifest that nobody has written yet.
    pub(crate) fn manifest_path(&self, commit: Uuid, number: usize) -> String {
        format!("{}/{commit}-m{number}.avro", self.path)
    }

    /// The path of a manifest list that nobody has written yet.
    pub(crate) fn list_path(&self, attempt: u32) -> String {
        format!("{}/snap-{}-{attempt}-{}.avro", self.path, self.snapshot_id, Uuid::new_v4())
    }

    fn output(&self, path: &str) -> Result<OutputFile> {
        self.io.new_output(path).map_err(|source| unwritten(path, source))
    }

    /// A writer for a manifest of the table's format version.
    pub(crate) fn manifest(
        &self,
        path: &str,
        content: ManifestContentType,
        schema: SchemaRef,
        spec: PartitionSpec,
    ) -> Result<ManifestWriter> {
        let output = self.output(path)?;
        let writer = ManifestWriterBuilder::new(output, Some(self.snapshot_id), schema, spec);
        Ok(match (self.version, content) {
            (FormatVersion::V1, _) => writer.build_v1(),
            (FormatVersion::V2, ManifestContentType::Data) => writer.build_v2_data(),
            (FormatVersion::V2, ManifestContentType::Deletes) => writer.build_v2_deletes(),
            (FormatVersion::V3, ManifestContentType::Data) => writer.build_v3_data(),
            (FormatVersion::V3, ManifestContentType::Deletes) => writer.build_v3_deletes(),
        })
    }

    /// Writes a snapshot's list of manifests on top of `base`, and gives the first row id that is
    /// free after it, in format version 3.
    pub(crate) async fn write_list(
        &self,
        path: &str,
        base: &Table,
        manifests: Vec<ManifestFile>,
    ) -> Result<Option<u64>> {
        let failed = |source| unwritten(path, source);
        let metadata = base.inner.metadata();
        let (parent, sequence) = (metadata.current_snapshot_id(), metadata.next_sequence_number());
        let writer = self.output(path)?.writer().await.map_err(failed)?;
        let mut list = match self.version {
            FormatVersion::V1 => ManifestListWriter::v1(writer, self.snapshot_id, parent),
            FormatVersion::V2 => ManifestListWriter::v2(writer, self.snapshot_id, parent, sequence),
            FormatVersion::V3 => {
                let first_row = Some(metadata.next_row_id());
                ManifestListWriter::v3(writer, self.snapshot_id, parent, sequence, first_row)
            }
        };
        list.add_manifests(manifests.into_iter()).map_err(failed)?;
        let next_row = list.next_row_id();
        list.close().await.map_err(failed)?;
        Ok(next_row)
    }
}

pub(super) fn unwritten(path: &str, source: iceberg::Error) -> Error {
    Error::of(format_args!("{path} could not be written"), source)
}
