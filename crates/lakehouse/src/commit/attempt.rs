//! One attempt: a snapshot on top of the table as it was loaded, with what it asks of the catalog.

use chrono::Utc;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use iceberg::spec::{MAIN_BRANCH, ManifestFile, PartitionSpecRef, SchemaRef, Snapshot, Struct};
use iceberg::{TableRequirement, TableUpdate};
use uuid::Uuid;

use crate::catalog::Table;
use crate::commit::references;
use crate::commit::request::{Commit, Mode, NewFile};
use crate::commit::summary::summary;
use crate::error::{Error, ErrorKind, Result};
use crate::layout::partition_from_json;
use crate::manifest::{Manifests, MetadataFolder, Removals};
use crate::metrics::{MetricsConfig, data_file};

/// Footers that are read at the same time.
const FOOTERS_AT_ONCE: usize = 8;

/// What all attempts of a commit share.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    commit: &'a Commit,
    snapshot_id: i64,
    manifests: Manifests,
    /// The manifest lists that may have been written.
    lists: Vec<(String, Vec<String>)>,
}

/// What the catalog is asked for.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) snapshot: Snapshot,
    pub(super) requirements: Vec<TableRequirement>,
    pub(super) updates: Vec<TableUpdate>,
}

impl<'a> Draft<'a> {
    /// Reads the footers of all files.
    pub(super) async fn new(table: &Table, commit: &'a Commit) -> Result<Self> {
        if table.inner.encryption_manager().is_some() {
            let what = format!("the table {} is encrypted; that can't be written here", table.name);
            return Err(Error::new(ErrorKind::Unsupported, what));
        }
        let (schema, spec) = definition(table, commit)?;
        let config = MetricsConfig::new(table.inner.metadata(), &schema);
        let location = format!("{}/", table.location().trim_end_matches('/'));
        let partitions = commit.files.iter().map(|file| {
            if !file.path.starts_with(&location) {
                return Err(Error::request(format!(
                    "{} can't be a file of the table {}: it is not below {location}",
                    file.path, table.name
                )));
            }
            partition(file, &spec, &schema)
        });
        let partitions = partitions.collect::<Result<Vec<_>>>()?;
        let io = table.inner.file_io();
        let mut footers = Vec::with_capacity(commit.files.len());
        for (file, partition) in commit.files.iter().zip(partitions) {
            footers.push(data_file(io, file, partition, commit.spec_id, &schema, &config).boxed());
        }
        let files = stream::iter(footers).buffered(FOOTERS_AT_ONCE).try_collect().await?;
        Ok(Draft {
            commit,
            snapshot_id: new_snapshot_id(table),
            manifests: Manifests::new(files, schema.clone(), spec.clone()),
            lists: Vec::new(),
        })
    }

    /// Writes all that the catalog needs to make the commit on top of `base`.
    pub(super) async fn attempt(&mut self, base: &Table, number: u32) -> Result<Attempt> {
        definition(base, self.commit)?;
        let metadata = base.inner.metadata();
        let folder = MetadataFolder::new(base, self.snapshot_id);
        self.manifests.begin(metadata.format_version());
        let before = self.before(base).await?;
        let (mut manifests, removals) = match self.commit.mode {
            Mode::Append => (before, Removals::default()),
            Mode::Replace => self.manifests.removed(&folder, &before).await?,
        };
        manifests.extend(self.manifests.added(&folder).await?);
        let list = folder.list_path(number);
        let of_list = manifests.iter().map(|manifest| manifest.manifest_path.clone()).collect();
        self.lists.push((list.clone(), of_list));
        let next_row = folder.write_list(&list, base, manifests).await?;

        let previous = metadata.current_snapshot().map(|snapshot| snapshot.summary());
        let summary = summary(self.commit, self.manifests.files(), &removals, previous);
        let snapshot = Snapshot::builder()
            .with_snapshot_id(self.snapshot_id)
            .with_parent_snapshot_id(metadata.current_snapshot_id())
            .with_sequence_number(metadata.next_sequence_number())
            // A clock that is late must not make a table's history run backwards.
            .with_timestamp_ms(Utc::now().timestamp_millis().max(metadata.last_updated_ms()))
            .with_manifest_list(list)
            .with_summary(summary)
            .with_schema_id(metadata.current_schema_id());
        let snapshot = match next_row {
            Some(next) => {
                let first = metadata.next_row_id();
                snapshot.with_row_range(first, next.saturating_sub(first)).build()
            }
            None => snapshot.build(),
        };
        let mut updates = vec![
            TableUpdate::AddSnapshot { snapshot: snapshot.clone() },
            TableUpdate::SetSnapshotRef {
                ref_name: MAIN_BRANCH.to_owned(),
                reference: references::main_at(metadata, self.snapshot_id)?,
            },
        ];
        if !self.commit.properties.is_empty() {
            let properties = self.commit.properties.clone().into_iter().collect();
            updates.push(TableUpdate::SetProperties { updates: properties });
        }
        let requirements = vec![
            TableRequirement::UuidMatch { uuid: metadata.uuid() },
            TableRequirement::RefSnapshotIdMatch {
                r#ref: MAIN_BRANCH.to_owned(),
                snapshot_id: metadata.current_snapshot_id(),
            },
        ];
        Ok(Attempt { snapshot, requirements, updates })
    }

    /// The manifests of the base's current snapshot.
    async fn before(&self, base: &Table) -> Result<Vec<ManifestFile>> {
        let Some(snapshot) = base.inner.metadata().current_snapshot() else {
            return Ok(Vec::new());
        };
        let list = base.inner.manifest_list_reader(snapshot).load().await.map_err(|source| {
            Error::of(format_args!("{} could not be read", snapshot.manifest_list()), source)
        })?;
        Ok(list.consume_entries().into_iter().collect())
    }

    /// What may have been written and is not part of the snapshot with this manifest list.
    pub(super) fn leftovers(&self, committed: Option<&str>) -> Vec<&str> {
        let used = self.lists.iter().find(|(list, _)| committed == Some(list.as_str()));
        let is_left = |path: &&str| match used {
            Some((list, manifests)) => {
                *path != list && !manifests.iter().any(|manifest| manifest == path)
            }
            None => true,
        };
        let lists = self.lists.iter().map(|(list, _)| list.as_str());
        lists.chain(self.manifests.paths().iter().map(String::as_str)).filter(is_left).collect()
    }
}

/// The schema and the spec of the files, which the table must still have.
fn definition(table: &Table, commit: &Commit) -> Result<(SchemaRef, PartitionSpecRef)> {
    let metadata = table.inner.metadata();
    let gone = |what: &str, id: i32| {
        let name = &table.name;
        let what =
            format!("the table {name} has no {what} {id}, which the files were written with");
        Error::new(ErrorKind::Mismatch, what)
    };
    let schema = metadata.schema_by_id(commit.schema_id);
    let schema = schema.ok_or_else(|| gone("schema", commit.schema_id))?;
    let spec = metadata.partition_spec_by_id(commit.spec_id);
    let spec = spec.ok_or_else(|| gone("partition spec", commit.spec_id))?;
    Ok((schema.clone(), spec.clone()))
}

fn partition(file: &NewFile, spec: &PartitionSpecRef, schema: &SchemaRef) -> Result<Struct> {
    let partition = match &file.partition {
        Some(text) => partition_from_json(text, spec, schema).map_err(|source| {
            let what = format!("the partition of the data file {} can't be read", file.path);
            Error::new(source.kind(), what).with_source(source)
        })?,
        None => Struct::empty(),
    };
    if partition.fields().len() != spec.fields().len() {
        return Err(Error::request(format!(
            "{} has a partition of {} values, but the partition spec {} has {} fields",
            file.path,
            partition.fields().len(),
            spec.spec_id(),
            spec.fields().len()
        )));
    }
    Ok(partition)
}

/// A random positive id that the table has not seen.
fn new_snapshot_id(table: &Table) -> i64 {
    loop {
        let (high, low) = Uuid::new_v4().as_u64_pair();
        let id = ((high ^ low) & (u64::MAX >> 1)).cast_signed();
        if id != 0 && table.inner.metadata().snapshot_by_id(id).is_none() {
            return id;
        }
    }
}
