//! The manifests of one commit: of the files that it adds, and of those that it takes out.
//!
//! They are written by the first attempt that needs them and used again by the next ones. That is legal
//! since sequence numbers are not in them, but inherited from the manifest list, and since all attempts of a
//! commit have one snapshot id. Only another format version makes them void.

use std::collections::HashMap;

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use iceberg::spec::{
    DataFile, FormatVersion, ManifestContentType, ManifestFile, PartitionSpecRef, SchemaRef,
};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::manifest::folder::{MetadataFolder, unwritten};
use crate::manifest::removals::Removals;

/// Readers read manifests in parallel, so there is not one for very many files. Java cuts at 8 MiB, which
/// is about as many.
const FILES_PER_MANIFEST: usize = 5000;

/// Manifests that are read or written at the same time.
const MANIFESTS_AT_ONCE: usize = 8;

/// The manifests of one commit.
#[derive(Debug)]
pub(crate) struct Manifests {
    uuid: Uuid,
    files: Vec<DataFile>,
    schema: SchemaRef,
    spec: PartitionSpecRef,
    version: Option<FormatVersion>,
    added: Option<Vec<ManifestFile>>,
    /// What is in the place of the base's manifests, by the paths of those.
    removed: HashMap<String, (ManifestFile, Removals)>,
    /// All that may have been written. A path's number is its place.
    paths: Vec<String>,
}

impl Manifests {
    /// For files that were written by this schema and split by this spec.
    pub(crate) fn new(files: Vec<DataFile>, schema: SchemaRef, spec: PartitionSpecRef) -> Self {
        Manifests {
            uuid: Uuid::new_v4(),
            files,
            schema,
            spec,
            version: None,
            added: None,
            removed: HashMap::new(),
            paths: Vec::new(),
        }
    }

    /// The files that are added.
    pub(crate) fn files(&self) -> &[DataFile] {
        &self.files
    }

    /// The paths of all manifests that may have been written, also of those that are not used.
    pub(crate) fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Has to be called first in each attempt.
    pub(crate) fn begin(&mut self, version: FormatVersion) {
        if self.version.replace(version) != Some(version) {
            self.added = None;
            self.removed.clear();
        }
    }

    fn new_path(&mut self, folder: &MetadataFolder) -> String {
        let path = folder.manifest_path(self.uuid, self.paths.len());
        self.paths.push(path.clone());
        path
    }

    /// The manifests of the added files.
    pub(crate) async fn added(&mut self, folder: &MetadataFolder) -> Result<Vec<ManifestFile>> {
        if let Some(added) = &self.added {
            return Ok(added.clone());
        }
        let chunks = self.files.len().div_ceil(FILES_PER_MANIFEST);
        let paths: Vec<String> = (0..chunks).map(|_| self.new_path(folder)).collect();
        let mut writing = Vec::with_capacity(chunks);
        for (path, files) in paths.into_iter().zip(self.files.chunks(FILES_PER_MANIFEST)) {
            writing.push(add_all(folder, path, files, &self.schema, &self.spec).boxed());
        }
        let writing = stream::iter(writing).buffered(MANIFESTS_AT_ONCE);
        let added: Vec<_> = writing.try_collect().await?;
        self.added = Some(added.clone());
        Ok(added)
    }

    /// The manifests that say that all files of the base are deleted, data files and delete files: one for
    /// each of the base's manifests that has living files, of the same schema and spec.
    pub(crate) async fn removed(
        &mut self,
        folder: &MetadataFolder,
        base: &[ManifestFile],
    ) -> Result<(Vec<ManifestFile>, Removals)> {
        // As in Java, manifests that only say what was deleted before end here: they are in older lists.
        let living: Vec<_> = base
            .iter()
            .filter(|manifest| manifest.has_added_files() || manifest.has_existing_files())
            .collect();
        let mut writing = Vec::new();
        for &manifest in &living {
            if !self.removed.contains_key(&manifest.manifest_path) {
                let path = self.new_path(folder);
                writing.push(remove_all(folder, manifest, path).boxed());
            }
        }
        let writing = stream::iter(writing).buffered(MANIFESTS_AT_ONCE);
        let written: Vec<_> = writing.try_collect().await?;
        self.removed.extend(written);
        let mut removals = Removals::default();
        let mut manifests = Vec::new();
        for manifest in living {
            if let Some((removed, of)) = self.removed.get(&manifest.manifest_path) {
                removals.merge(of);
                // Counts may be missing in version 1, and then there may have been nothing to delete.
                if removed.has_deleted_files() {
                    manifests.push(removed.clone());
                }
            }
        }
        Ok((manifests, removals))
    }
}

/// Writes a manifest of new files.
async fn add_all(
    folder: &MetadataFolder,
    path: String,
    files: &[DataFile],
    schema: &SchemaRef,
    spec: &PartitionSpecRef,
) -> Result<ManifestFile> {
    let failed = |source| unwritten(&path, source);
    let content = ManifestContentType::Data;
    let mut manifest = folder.manifest(&path, content, schema.clone(), spec.as_ref().clone())?;
    for file in files {
        // No sequence number: it is that of the snapshot, whichever that will be.
        manifest.add_file(file.clone(), -1).map_err(failed)?;
    }
    manifest.write_manifest_file().await.map_err(failed)
}

/// Writes a manifest that has each living file of another one as deleted. Gives the path of that one, too.
async fn remove_all(
    folder: &MetadataFolder,
    base: &ManifestFile,
    path: String,
) -> Result<(String, (ManifestFile, Removals))> {
    let failed = |source| unwritten(&path, source);
    let manifest = base.load_manifest(folder.io()).await.map_err(|source| {
        Error::of(format_args!("{} could not be read", base.manifest_path), source)
    })?;
    let metadata = manifest.metadata();
    let spec = metadata.partition_spec().clone();
    let mut deleted = folder.manifest(&path, base.content, metadata.schema().clone(), spec)?;
    let mut removals = Removals::default();
    for entry in manifest.entries().iter().filter(|entry| entry.is_alive()) {
        let file = entry.data_file();
        removals.add(base.partition_spec_id, file);
        let sequence = entry.sequence_number().unwrap_or_default();
        // Some writers of version 2 leave the file's own number out where it is the same.
        let of_file = entry.file_sequence_number.unwrap_or(sequence);
        deleted.add_delete_file(file.clone(), sequence, Some(of_file)).map_err(failed)?;
    }
    let deleted = deleted.write_manifest_file().await.map_err(failed)?;
    Ok((base.manifest_path.clone(), (deleted, removals)))
}
