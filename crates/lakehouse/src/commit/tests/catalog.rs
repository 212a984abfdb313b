//! Commits as a user makes them: a SQLite catalog, tables of CQL schemas, and files of our own writer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    Int32Array, RecordBatch, StringArray, TimestampMillisecondArray, cast::AsArray as _,
    types::Int32Type,
};
use arrow_schema::SchemaRef;
use formats::{FileOptions, FileWriter, Format};
use futures::TryStreamExt as _;
use futures::future::join_all;
use iceberg::expr::Reference;
use iceberg::spec::Datum;
use scylla::frame::response::result::{ColumnType, NativeType};
use tempfile::TempDir;

use crate::{
    Catalog, CatalogKind, CatalogOptions, Commit, Layout, Mode, NewFile, Table, TableDefinition,
    TableName,
};

async fn open(dir: &Path) -> Catalog {
    let warehouse = dir.join("warehouse");
    let uri = format!("sqlite:///{}", dir.join("catalog.db").display());
    let options = CatalogOptions::new(CatalogKind::Sql)
        .with("uri", uri)
        .with("warehouse", warehouse.to_str().unwrap());
    Catalog::open(&options).await.unwrap()
}

fn name() -> TableName {
    "ns.events".parse().unwrap()
}

fn columns() -> SchemaRef {
    let of = ColumnType::Native;
    let (int, text, timestamp) =
        (of(NativeType::Int), of(NativeType::Text), of(NativeType::Timestamp));
    let columns = [("id", &int), ("name", &text), ("at", &timestamp)];
    Arc::new(cql_arrow::schema(columns, &Default::default()).unwrap())
}

async fn create(catalog: &Catalog, version: u8, partition_by: Option<&str>) -> Table {
    let definition = TableDefinition {
        columns: columns(),
        key: vec!["id".to_owned()],
        identifies: true,
        partition_by: partition_by.map(str::to_owned),
        sort_by: None,
        properties: BTreeMap::from([("commit.retry.min-wait-ms".to_owned(), "5".to_owned())]),
        format_version: Some(version),
    };
    catalog.create(&name(), &definition).await.unwrap()
}

/// Writes a file for each partition, as an export does, and says what is to be committed.
async fn export(table: &Table, run_id: &str, mode: Mode, ids: impl Iterator<Item = i32>) -> Commit {
    let ids: Vec<i32> = ids.collect();
    let columns = columns();
    const DAY: i64 = 86_400_000;
    let batch = RecordBatch::try_new(
        Arc::clone(&columns),
        vec![
            Arc::new(Int32Array::from(ids.clone())),
            Arc::new(ids.iter().map(|id| Some(format!("name {id}"))).collect::<StringArray>()),
            Arc::new(
                ids.iter()
                    .map(|id| (id % 5 != 0).then_some(i64::from(id % 3) * DAY))
                    .collect::<TimestampMillisecondArray>()
                    .with_timezone("UTC"),
            ),
        ],
    )
    .unwrap();
    let layout = Layout::new(table, &columns).unwrap();
    let folder = format!("data/{run_id}");
    let location = table.folder(&folder).unwrap();
    let options =
        FileOptions { format: Format::Parquet(Default::default()), ..FileOptions::default() };
    let mut files = Vec::new();
    for (number, part) in layout.split(&batch).unwrap().into_iter().enumerate() {
        let below = if part.folder.is_empty() { String::new() } else { part.folder + "/" };
        let file = format!("{below}{number}.parquet");
        let schema = Arc::clone(layout.schema());
        let mut writer = FileWriter::create(&location, &file, schema, &options).await.unwrap();
        writer.write(&part.rows).await.unwrap();
        let written = writer.finish().await.unwrap();
        files.push(NewFile {
            path: format!("{}/{folder}/{}", table.location(), written.name),
            partition: part.partition,
            rows: written.rows,
            bytes: written.bytes,
        });
    }
    Commit {
        run_id: run_id.to_owned(),
        mode,
        schema_id: layout.schema_id(),
        spec_id: layout.spec_id(),
        files,
        summary: BTreeMap::new(),
        properties: BTreeMap::new(),
    }
}

async fn ids(batches: iceberg::scan::TableScan) -> BTreeSet<i32> {
    let batches: Vec<RecordBatch> = batches.to_arrow().await.unwrap().try_collect().await.unwrap();
    let columns = batches.iter().map(|batch| batch.column(0).as_primitive::<Int32Type>());
    columns.flat_map(|column| column.values().to_vec()).collect()
}

async fn all(table: &Table) -> BTreeSet<i32> {
    ids(table.inner.scan().select(["id"]).build().unwrap()).await
}

#[tokio::test]
async fn an_export_is_read_whole_and_by_filters_and_as_of_before() {
    for (version, partition_by) in
        [1, 2, 3].into_iter().zip([Some("day(at), bucket(3, id)"), Some("truncate(6, name)"), None])
    {
        let dir = TempDir::new().unwrap();
        let catalog = open(dir.path()).await;
        let table = create(&catalog, version, partition_by).await;
        let first = export(&table, "first", Mode::Append, 0..50).await;
        let first = catalog.commit_run(&name(), &first).await.unwrap();
        let table = catalog.table(&name()).await.unwrap();
        assert_eq!(table.run("first").unwrap(), first.snapshot);
        let second = export(&table, "second", Mode::Replace, 100..120).await;
        let second = catalog.commit_run(&name(), &second).await.unwrap();
        assert_eq!(second.snapshot.parent, Some(first.snapshot.id));
        assert_eq!(second.snapshot.summary["deleted-records"], "50");
        assert_eq!(second.snapshot.summary["total-records"], "20");

        let table = catalog.table(&name()).await.unwrap();
        assert_eq!(all(&table).await, (100..120).collect());
        let before = table.inner.scan().snapshot_id(first.snapshot.id).select(["id"]);
        assert_eq!(ids(before.build().unwrap()).await, (0..50).collect());
        for id in [0, 7, 107, 119] {
            let filter = Reference::new("id").equal_to(Datum::int(id));
            let scan = table.inner.scan().select(["id"]).with_filter(filter).build().unwrap();
            let expected = BTreeSet::from_iter((100..120).contains(&id).then_some(id));
            assert_eq!(ids(scan).await, expected);
        }
        let filter = Reference::new("name").greater_than_or_equal_to(Datum::string("name 11"));
        let scan = table.inner.scan().select(["id"]).with_filter(filter).build().unwrap();
        assert_eq!(ids(scan).await, (110..120).collect());
        // The first run can be asked for as often as one likes.
        let again = export(&table, "first", Mode::Append, 0..50).await;
        let again = catalog.commit_run(&name(), &again).await.unwrap();
        assert!(again.found && !again.snapshot.is_current);
        assert_eq!(again.snapshot.id, first.snapshot.id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn six_programs_commit_to_one_sqlite_catalog_without_loss() {
    let dir = TempDir::new().unwrap();
    create(&open(dir.path()).await, 2, Some("bucket(2, id)")).await;
    let programs = (0..6).map(|run| {
        let dir = dir.path().to_owned();
        tokio::spawn(async move {
            let catalog = open(&dir).await;
            let table = catalog.table(&name()).await.unwrap();
            let ids = run * 10..run * 10 + 10;
            let commit = export(&table, &format!("run {run}"), Mode::Append, ids).await;
            catalog.commit_run(&name(), &commit).await.unwrap()
        })
    });
    for committed in join_all(programs).await {
        assert!(!committed.unwrap().found);
    }
    let table = open(dir.path()).await.table(&name()).await.unwrap();
    assert_eq!(all(&table).await, (0..60).collect());
    let snapshots = table.snapshots();
    assert_eq!(snapshots.len(), 6);
    let current = snapshots.iter().find(|snapshot| snapshot.is_current).unwrap();
    assert_eq!(current.summary["total-records"], "60");
    assert_eq!(current.summary["total-data-files"], "12");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_programs_that_commit_one_run_commit_it_once() {
    let dir = TempDir::new().unwrap();
    let catalog = open(dir.path()).await;
    let table = create(&catalog, 2, None).await;
    let commit = Arc::new(export(&table, "run", Mode::Append, 0..10).await);
    let programs = (0..2).map(|_| {
        let (dir, commit) = (dir.path().to_owned(), Arc::clone(&commit));
        tokio::spawn(async move { open(&dir).await.commit_run(&name(), &commit).await.unwrap() })
    });
    let committed: Vec<_> =
        join_all(programs).await.into_iter().map(|outcome| outcome.unwrap()).collect();
    assert_eq!(committed.iter().filter(|committed| committed.found).count(), 1);
    assert_eq!(committed[0].snapshot.id, committed[1].snapshot.id);
    let table = catalog.table(&name()).await.unwrap();
    assert_eq!(table.snapshots().len(), 1);
    assert_eq!(all(&table).await, (0..10).collect());
}

#[tokio::test]
async fn a_table_that_is_not_there_is_said_to_be_so() {
    let dir = TempDir::new().unwrap();
    let catalog = open(dir.path()).await;
    let table = create(&catalog, 2, None).await;
    let commit = export(&table, "run", Mode::Append, 0..1).await;
    let missing: TableName = "ns.nothing".parse().unwrap();
    let error = catalog.commit_run(&missing, &commit).await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::NotFound, "{error}");
}
