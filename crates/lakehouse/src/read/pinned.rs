//! A snapshot that is being read: its tasks, and how each gives its rows.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::{Schema as ArrowSchema, SchemaRef as ArrowSchemaRef};
use arrow_select::filter::filter_record_batch;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use iceberg::spec::{SchemaRef, SnapshotRef};
use sha2::{Digest, Sha256};

use super::cut::ranges;
use super::inventory::{Inventory, Stored};
use super::options::ReadOptions;
use super::parquet_file::{ParquetFile, Rows};
use super::projection::Wanted;
use super::task::ReadTask;
use crate::catalog::Table;
use crate::deletes::{DeleteFile, Deletes, LoadedDeletes};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Filter;

/// What of a table is read, at a snapshot that stays the same whatever is committed meanwhile. Cheap to clone.
///
/// Deletes that have been loaded for a task are kept for the others: 8 bytes for each position, and the
/// values of each row of an equality delete.
#[derive(Clone)]
pub struct PinnedRead {
    shared: Arc<Shared>,
}

struct Shared {
    table: Table,
    snapshot: Option<i64>,
    /// What is asked for, and after it what filter and deletes need besides.
    wanted: Vec<Wanted>,
    /// Of what is asked for.
    schema: ArrowSchemaRef,
    filter: Option<Filter>,
    batch_rows: Option<usize>,
    tasks: Vec<ReadTask>,
    files_skipped: u64,
    deletes: Deletes,
}

impl Table {
    /// Pins a snapshot, and finds out which files of it have to be read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is no such snapshot; [`ErrorKind::Request`] for columns that are not
    /// there, and a filter that is none; [`ErrorKind::Unsupported`] for files and deletes that can't be
    /// read exactly: other formats than Parquet, encryption, deletion vectors.
    pub async fn read(&self, options: &ReadOptions) -> Result<PinnedRead> {
        let pinned = options.pin.resolve(self)?;
        let asked = asked(self, &pinned.schema, &options.columns)?;
        let filter = match &options.filter {
            Some(text) => Some(Filter::parse(text, &pinned.schema)?),
            None => None,
        };
        let (inventory, skipped) = match &pinned.snapshot {
            Some(snapshot) => {
                let mut inventory = Inventory::of(self, snapshot).await?;
                let skipped = skip(self, snapshot, filter.as_ref(), &mut inventory).await?;
                (inventory, skipped)
            }
            None => (Inventory::default(), 0),
        };
        let deletes: Vec<Arc<DeleteFile>> = inventory.deletes.into_iter().map(Arc::new).collect();
        let mut planned = Vec::with_capacity(inventory.data.len());
        for file in inventory.data {
            file.check_readable("data file")?;
            let deletes: Arc<[_]> = deletes
                .iter()
                .filter(|delete| delete.may_apply(&file, self.inner.metadata()))
                .cloned()
                .collect();
            deletes.iter().try_for_each(|delete| delete.check_readable())?;
            planned.push((Arc::new(file), deletes));
        }
        let mut wanted = asked;
        let schema =
            ArrowSchema::new(wanted.iter().map(|column| column.arrow.clone()).collect::<Vec<_>>());
        let of_filter = filter.iter().flat_map(Filter::columns);
        let of_deletes = planned
            .iter()
            .flat_map(|(_, deletes)| deletes.iter())
            .flat_map(|delete| delete.equality_ids().iter().copied());
        let mut seen: HashSet<i32> = wanted.iter().map(|column| column.field.id).collect();
        let besides: Vec<i32> = of_filter.chain(of_deletes).filter(|id| seen.insert(*id)).collect();
        for id in besides {
            wanted.push(Wanted::by_id(self, &pinned.schema, id)?);
        }
        let fingerprint = fingerprint(&wanted, &schema, options.filter.as_deref());
        let is_whole = filter.is_none();
        let tasks = planned
            .iter()
            .flat_map(|(file, deletes)| {
                tasks(file, deletes, options.split_bytes, is_whole, &fingerprint)
            })
            .collect();
        let shared = Shared {
            table: self.clone(),
            snapshot: pinned.snapshot.map(|snapshot| snapshot.snapshot_id()),
            wanted,
            schema: Arc::new(schema),
            filter,
            batch_rows: options.batch_rows,
            tasks,
            files_skipped: skipped,
            deletes: Deletes::default(),
        };
        Ok(PinnedRead { shared: Arc::new(shared) })
    }
}

impl PinnedRead {
    /// The snapshot; `None` if the table has none, and so no rows.
    pub fn snapshot_id(&self) -> Option<i64> {
        self.shared.snapshot
    }

    /// The columns of all batches, with the Arrow types of Iceberg's schema: see
    /// [`iceberg::arrow::schema_to_arrow_schema`].
    pub fn schema(&self) -> &ArrowSchemaRef {
        &self.shared.schema
    }

    /// All tasks, ordered by path and place. Each row of the snapshot is in exactly one of them, and that always
    /// at the same place.
    pub fn tasks(&self) -> &[ReadTask] {
        &self.shared.tasks
    }

    /// How many files have no rows for the filter, by their partitions and the bounds of their columns.
    pub fn files_skipped(&self) -> u64 {
        self.shared.files_skipped
    }

    /// The rows of a task, in the order in which they are in the file. Nothing is opened before the first batch
    /// is asked for.
    ///
    /// Memory: a batch, and the compressed bytes of the columns of one row group, which are fetched together.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`] for a task of another read. In the stream: [`ErrorKind::Unavailable`] where a
    /// file can't be read, and [`ErrorKind::Data`] where it is not what the table says; nothing follows an error.
    pub fn batches(&self, task: &ReadTask) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let ours = self.shared.tasks.binary_search_by(|other| {
            (&other.file.path, other.range.start).cmp(&(&task.file.path, task.range.start))
        });
        let ours = ours.ok().and_then(|place| self.shared.tasks.get(place));
        if ours.is_none_or(|ours| ours.version != task.version) {
            let message = format!("{} is a task of another read; take one of this one", task.name);
            return Err(Error::request(message));
        }
        let (shared, task) = (Arc::clone(&self.shared), task.clone());
        Ok(stream::once(open(shared, task)).try_flatten().boxed())
    }
}

impl fmt::Debug for PinnedRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedRead")
            .field("table", &self.shared.table.name)
            .field("snapshot", &self.shared.snapshot)
            .field("tasks", &self.shared.tasks.len())
            .finish_non_exhaustive()
    }
}

async fn open(
    shared: Arc<Shared>,
    task: ReadTask,
) -> Result<impl futures::Stream<Item = Result<RecordBatch>>> {
    let file_io = shared.table.inner.file_io();
    let deletes =
        shared.deletes.load(&shared.table, &shared.wanted, &task.file, &task.deletes).await?;
    let metadata = shared.table.inner.metadata();
    let file = ParquetFile::open(file_io, &task.file.path, task.file.bytes).await?;
    let wanted = shared.wanted.iter().map(|column| column.clone().in_file(&task.file, metadata));
    let wanted: Vec<Wanted> = wanted.collect::<Result<_>>()?;
    let rows = Rows { range: task.range.clone(), deleted: deletes.positions() };
    let batches = file.rows(metadata, &wanted, &rows, shared.filter.as_ref(), shared.batch_rows)?;
    let batches = batches.map(move |batch| shared.finish(&batch?, &deletes));
    Ok(batches.try_filter(|batch| futures::future::ready(batch.num_rows() > 0)))
}

impl Shared {
    /// Takes away what is deleted and what the filter is not true for, and the columns that nobody asked for.
    fn finish(&self, batch: &RecordBatch, deletes: &LoadedDeletes) -> Result<RecordBatch> {
        let mut batch = batch.clone();
        if let Some(kept) = deletes.kept(&batch, &self.wanted)? {
            batch = only(&batch, &kept)?;
        }
        if let Some(filter) = &self.filter {
            let place = |id| self.wanted.iter().position(|column| column.field.id == id);
            let is_true = filter.evaluate(&batch, &place)?;
            batch = only(&batch, &is_true)?;
        }
        let asked: Vec<usize> = (0..self.schema.fields().len()).collect();
        batch
            .project(&asked)
            .map_err(|source| internal("a batch can't be cut to its columns", source))
    }
}

fn only(batch: &RecordBatch, rows: &BooleanArray) -> Result<RecordBatch> {
    filter_record_batch(batch, rows).map_err(|source| internal("rows can't be filtered", source))
}

fn internal(what: &str, source: arrow_schema::ArrowError) -> Error {
    Error::new(ErrorKind::Internal, what).with_source(source)
}

/// The columns that are asked for, in this order.
fn asked(table: &Table, schema: &SchemaRef, names: &[String]) -> Result<Vec<Wanted>> {
    let fields = schema.as_struct().fields();
    let there = || fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        return fields.iter().map(|field| Wanted::new(field.clone())).collect();
    }
    let mut seen = HashSet::new();
    let columns = names.iter().map(|name| {
        if !seen.insert(name) {
            return Err(Error::request(format!("the column {name:?} is asked for twice")));
        }
        let field = fields.iter().find(|field| field.name == *name).ok_or_else(|| {
            let (table, there) = (&table.name, there());
            Error::request(format!("the table {table} has no column {name:?}; it has {there}"))
        })?;
        Wanted::new(field.clone())
    });
    columns.collect()
}

/// Takes the files out of the inventory that have no rows for the filter, and says how many.
async fn skip(
    table: &Table,
    snapshot: &SnapshotRef,
    filter: Option<&Filter>,
    inventory: &mut Inventory,
) -> Result<u64> {
    let metadata = table.inner.metadata();
    let Some(predicate) = filter.and_then(|filter| filter.pruning(metadata, snapshot)) else {
        return Ok(0);
    };
    let failed = |source| {
        let what = format!("the files of snapshot {} can't be planned", snapshot.snapshot_id());
        Error::of(what, source)
    };
    let scan = table.inner.scan().snapshot_id(snapshot.snapshot_id()).select_empty();
    let scan = scan.with_filter(predicate).build().map_err(failed)?;
    let planned = scan.plan_files().await.map_err(failed)?;
    let kept: HashSet<String> =
        planned.map_ok(|task| task.data_file_path).try_collect().await.map_err(failed)?;
    let all = inventory.data.len();
    inventory.data.retain(|file| kept.contains(&file.path));
    Ok(u64::try_from(all - inventory.data.len()).unwrap_or(u64::MAX))
}

/// What the rows of all tasks depend on.
fn fingerprint(wanted: &[Wanted], schema: &ArrowSchema, filter: Option<&str>) -> Sha256 {
    let mut digest = Sha256::new();
    digest.update(format!("{:?}", (schema.fields().len(), filter)));
    for column in wanted {
        // The type as Iceberg's JSON has it; a debug form may change with the release.
        let typ = serde_json::to_string(&column.field).unwrap_or_default();
        digest.update(format!("{typ}\n"));
    }
    digest
}

fn tasks(
    file: &Arc<Stored>,
    deletes: &Arc<[Arc<DeleteFile>]>,
    split: u64,
    is_whole: bool,
    fingerprint: &Sha256,
) -> Vec<ReadTask> {
    let ranges = ranges(file.bytes, file.offsets.as_deref(), split);
    let is_cut = ranges.len() > 1;
    let task = |range: Range<u64>| {
        let length = range.end.min(file.bytes).saturating_sub(range.start);
        let name = match is_cut {
            true => format!("{}#{}+{length}", file.path, range.start),
            false => file.path.clone(),
        };
        let mut digest = fingerprint.clone();
        digest.update(format!("{:?}", (&name, file.bytes)));
        for delete in deletes.iter() {
            digest.update(format!("{:?}", delete.path()));
        }
        let rows = (!is_cut && is_whole && deletes.is_empty()).then_some(file.rows);
        let version = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let (file, deletes) = (Arc::clone(file), Arc::clone(deletes));
        ReadTask { name, version, file, deletes, range, rows }
    };
    ranges.into_iter().map(task).collect()
}
