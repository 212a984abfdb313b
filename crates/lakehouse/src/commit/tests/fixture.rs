//! A table on a disk, in a catalog that is a variable, and does not answer when it should not.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use futures::TryStreamExt as _;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{
    FormatVersion, ManifestFile, NestedField, PartitionSpec, PrimitiveType, Schema, SortOrder,
    TableMetadataBuilder, Transform, Type,
};
use iceberg::{Runtime, TableRequirement, TableUpdate};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

use crate::catalog::{CommitFault, Table};
use crate::commit::attempts::{Target, commit_run};
use crate::commit::request::{Commit, Committed, Mode, NewFile};
use crate::commit::retry::RetryPolicy;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::Stores;

/// What goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The table can't be loaded.
    NoLoad,
    /// A commit is done, and the reply is lost.
    LostReply,
    /// A commit is not done, and nobody says so.
    LostRequest,
    /// A commit is not done now but as the next one arrives, before that. Nobody says so.
    LateRequest,
    /// A commit is refused.
    Refused,
    /// A commit is not done, and that is said.
    Unavailable,
    /// Someone else appends a file first.
    OtherFirst,
}

pub(super) struct Fixture {
    dir: TempDir,
    table: Mutex<Table>,
    faults: Mutex<VecDeque<Fault>>,
    late: Mutex<Option<(Vec<TableRequirement>, Vec<TableUpdate>)>>,
    pub(super) commits: AtomicUsize,
    files: AtomicUsize,
}

pub(super) fn schema() -> Schema {
    let optional =
        |id, name: &str, typ| Arc::new(NestedField::optional(id, name, Type::Primitive(typ)));
    Schema::builder()
        .with_fields([
            Arc::new(NestedField::required(1, "id", Type::Primitive(PrimitiveType::Int))),
            optional(2, "name", PrimitiveType::String),
        ])
        .build()
        .unwrap()
}

impl Fixture {
    pub(super) fn new(version: FormatVersion) -> Self {
        Fixture::of(version, schema(), PartitionSpec::unpartition_spec())
    }

    /// A table that is partitioned by `name`.
    pub(super) fn partitioned(version: FormatVersion) -> Self {
        let spec = PartitionSpec::builder(schema())
            .add_partition_field("name", "name", Transform::Identity)
            .unwrap()
            .build()
            .unwrap();
        Fixture::of(version, schema(), spec)
    }

    fn of(version: FormatVersion, schema: Schema, spec: PartitionSpec) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let location = dir.path().join("t").to_str().unwrap().to_owned();
        // No test waits longer than it must.
        let properties = ["commit.retry", "commit.status-check"]
            .map(|prefix| (format!("{prefix}.min-wait-ms"), "1".to_owned()));
        let metadata = TableMetadataBuilder::new(
            schema,
            spec,
            SortOrder::unsorted_order(),
            location,
            version,
            HashMap::from(properties),
        );
        let metadata = metadata.unwrap().build().unwrap().metadata;
        Fixture {
            dir,
            table: Mutex::new(table_of(metadata)),
            faults: Mutex::default(),
            late: Mutex::default(),
            commits: AtomicUsize::new(0),
            files: AtomicUsize::new(0),
        }
    }

    pub(super) fn failing(self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.lock().unwrap().extend(faults);
        self
    }

    pub(super) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().unwrap().extend(faults);
    }

    pub(super) fn table(&self) -> Table {
        self.table.lock().unwrap().clone()
    }

    /// Changes the table, as somebody else would.
    pub(super) fn update(&self, updates: Vec<TableUpdate>) {
        let mut table = self.table.lock().unwrap();
        *table = updated(&table, updates);
    }

    /// Drops the table, and makes one of the same name.
    pub(super) fn become_another(&self, other: &Fixture) {
        *self.table.lock().unwrap() = other.table();
    }

    /// A Parquet file of the table's current schema, with these ids, and `name` as it is everywhere in it.
    pub(super) fn file(&self, ids: &[i32], name: Option<&str>) -> NewFile {
        let table = self.table();
        let metadata = table.inner.metadata();
        let schema = Arc::new(schema_to_arrow_schema(metadata.current_schema()).unwrap());
        let columns = schema.fields().iter().map(|field| match field.name().as_str() {
            "id" => Arc::new(Int32Array::from(ids.to_vec())) as ArrayRef,
            _ => Arc::new(StringArray::from(vec![name; ids.len()])),
        });
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap();
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let path = format!("{}/data/{number}.parquet", table.location());
        std::fs::create_dir_all(format!("{}/data", table.location())).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema, None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let bytes = std::fs::metadata(&path).unwrap().len();
        let is_partitioned = !metadata.default_partition_spec().is_unpartitioned();
        let partition = is_partitioned.then(|| serde_json::json!([name]).to_string());
        NewFile { path, partition, rows: ids.len() as u64, bytes }
    }

    pub(super) fn commit_of(&self, run_id: &str, mode: Mode, files: Vec<NewFile>) -> Commit {
        let table = self.table();
        let metadata = table.inner.metadata();
        Commit {
            run_id: run_id.to_owned(),
            mode,
            schema_id: metadata.current_schema_id(),
            spec_id: metadata.default_partition_spec_id(),
            files,
            summary: BTreeMap::new(),
            properties: BTreeMap::new(),
        }
    }

    pub(super) async fn run(&self, commit: &Commit) -> Result<Committed> {
        commit_run(self, commit, &RetryPolicy::default()).await
    }

    /// Commits one file with these ids.
    pub(super) async fn add(&self, run_id: &str, mode: Mode, ids: &[i32]) -> Result<Committed> {
        let files = vec![self.file(ids, Some("n"))];
        self.run(&self.commit_of(run_id, mode, files)).await
    }

    /// The ids that a reader sees, sorted.
    pub(super) async fn ids(&self) -> Vec<i32> {
        ids(&self.table(), None).await
    }

    /// The ids that a reader of an older snapshot sees, sorted.
    pub(super) async fn ids_at(&self, snapshot: i64) -> Vec<i32> {
        ids(&self.table(), Some(snapshot)).await
    }

    /// The names of all files in the table's metadata folder.
    pub(super) fn metadata_files(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.dir.path().join("t/metadata")) else {
            return Vec::new();
        };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The names of the files that the current snapshot is made of.
    pub(super) async fn current_files(&self) -> Vec<String> {
        let table = self.table();
        let list = table.inner.metadata().current_snapshot().unwrap().manifest_list().to_owned();
        let paths = self.manifests().await.into_iter().map(|manifest| manifest.manifest_path);
        let mut names: Vec<_> =
            paths.chain([list]).map(|path| path.rsplit('/').next().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    /// The manifests of the current snapshot.
    pub(super) async fn manifests(&self) -> Vec<ManifestFile> {
        let table = self.table();
        let snapshot = table.inner.metadata().current_snapshot().unwrap();
        let list = table.inner.manifest_list_reader(snapshot).load().await.unwrap();
        list.entries().to_vec()
    }

    fn next_fault(&self, is_one: impl Fn(Fault) -> bool) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        is_one(*faults.front()?).then(|| faults.pop_front())?
    }
}

async fn ids(table: &Table, snapshot: Option<i64>) -> Vec<i32> {
    let mut scan = table.inner.scan().select(["id"]);
    if let Some(snapshot) = snapshot {
        scan = scan.snapshot_id(snapshot);
    }
    let batches: Vec<RecordBatch> =
        scan.build().unwrap().to_arrow().await.unwrap().try_collect().await.unwrap();
    let mut ids = Vec::new();
    for batch in &batches {
        ids.extend(batch.column(0).as_any().downcast_ref::<Int32Array>().unwrap().values());
    }
    ids.sort_unstable();
    ids
}

fn table_of(metadata: iceberg::spec::TableMetadata) -> Table {
    let name: crate::TableName = "ns.t".parse().unwrap();
    let stores = Stores::default();
    let inner = iceberg::table::Table::builder()
        .file_io(stores.file_io())
        .identifier(name.ident().unwrap())
        .metadata(metadata)
        .runtime(Runtime::current())
        .build();
    Table { name, inner: inner.unwrap(), stores }
}

fn updated(table: &Table, updates: Vec<TableUpdate>) -> Table {
    let mut metadata = table.inner.metadata().clone().into_builder(None);
    for update in updates {
        metadata = update.apply(metadata).unwrap();
    }
    table_of(metadata.build().unwrap().metadata)
}

impl Target for Fixture {
    async fn load(&self) -> Result<Table> {
        // Others have their turn between a load and a commit.
        tokio::task::yield_now().await;
        match self.next_fault(|fault| fault == Fault::NoLoad) {
            Some(_) => Err(Error::new(ErrorKind::Unavailable, "the catalog does not answer")),
            None => Ok(self.table()),
        }
    }

    async fn commit(
        &self,
        _base: &Table,
        requirements: Vec<TableRequirement>,
        updates: Vec<TableUpdate>,
    ) -> Result<Table, CommitFault> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        let late = self.late.lock().unwrap().take();
        if let Some((requirements, updates)) = late {
            let _ = self.swap(&requirements, updates);
        }
        let fault = self.next_fault(|fault| fault != Fault::NoLoad);
        let unknown = || CommitFault::Unknown(Error::new(ErrorKind::Unknown, "no reply"));
        match fault {
            Some(Fault::LostRequest) => Err(unknown()),
            Some(Fault::LateRequest) => {
                *self.late.lock().unwrap() = Some((requirements, updates));
                Err(unknown())
            }
            Some(Fault::LostReply) => {
                self.swap(&requirements, updates)?;
                Err(unknown())
            }
            Some(Fault::Refused) => {
                Err(CommitFault::Refused(Error::new(ErrorKind::Denied, "not you")))
            }
            Some(Fault::Unavailable) => {
                Err(CommitFault::Unavailable(Error::new(ErrorKind::Unavailable, "later")))
            }
            Some(Fault::OtherFirst) => {
                let files = vec![self.file(&[100], None)];
                let other = self.commit_of("other", Mode::Append, files);
                // Its run id is looked for as well: only the first of these adds a file.
                let mut draft =
                    super::super::attempt::Draft::new(&self.table(), &other).await.unwrap();
                let attempt = draft.attempt(&self.table(), 1).await.unwrap();
                self.swap(&attempt.requirements, attempt.updates)?;
                self.swap(&requirements, updates)
            }
            Some(Fault::NoLoad) | None => self.swap(&requirements, updates),
        }
    }
}

impl Fixture {
    fn swap(
        &self,
        requirements: &[TableRequirement],
        updates: Vec<TableUpdate>,
    ) -> Result<Table, CommitFault> {
        let mut table = self.table.lock().unwrap();
        for requirement in requirements {
            requirement.check(Some(table.inner.metadata())).map_err(|source| {
                CommitFault::Conflict(
                    Error::new(ErrorKind::Conflict, "it has changed").with_source(source),
                )
            })?;
        }
        *table = updated(&table, updates);
        Ok(table.clone())
    }
}
