//! A catalog in a file, as its users and others who share it see it.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use iceberg::spec::{FormatVersion, NestedField, PrimitiveType, Schema, Type};
use iceberg::{TableCreation, TableRequirement, TableUpdate};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;

use super::catalog::SqlCatalog;
use super::database::Database;
use crate::catalog::backend::Backend as _;
use crate::catalog::{Catalog, CatalogKind, CatalogOptions, CommitFault, Table};
use crate::error::ErrorKind;
use crate::storage::Stores;
use crate::table_name::TableName;

mod databases;
mod sharing;

fn options(folder: &Path) -> CatalogOptions {
    CatalogOptions::new(CatalogKind::Sql).with("warehouse", folder.display().to_string())
}

async fn opened() -> (TempDir, Catalog) {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&options(folder.path())).await.unwrap();
    (folder, catalog)
}

fn name(text: &str) -> TableName {
    text.parse().unwrap()
}

fn creation() -> TableCreation {
    let id = NestedField::required(1, "id", Type::Primitive(PrimitiveType::Int));
    let schema = Schema::builder().with_fields([id.into()]).build().unwrap();
    TableCreation::builder().name("t".into()).schema(schema).build()
}

fn set(key: &str, value: &str) -> Vec<TableUpdate> {
    let updates = HashMap::from([(key.to_owned(), value.to_owned())]);
    vec![TableUpdate::SetProperties { updates }]
}

fn same_table(table: &Table) -> Vec<TableRequirement> {
    vec![TableRequirement::UuidMatch { uuid: table.uuid() }]
}

/// The names of a table's metadata files.
fn metadata_files(table: &Table) -> Vec<String> {
    let folder = table.location().strip_prefix("file://").unwrap().to_owned() + "/metadata";
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    options.connect().await.unwrap()
}

async fn run(connection: &mut SqliteConnection, statement: &str) {
    sqlx::query(statement).execute(connection).await.unwrap();
}

#[tokio::test]
async fn a_table_is_made_with_its_namespace_and_found_again() {
    let (folder, catalog) = opened().await;
    assert!(catalog.find(&name("sales.daily.orders")).await.unwrap().is_none());
    let made = catalog.create_table(&name("sales.daily.orders"), creation()).await.unwrap();
    let root = folder.path().display();
    assert_eq!(made.location(), format!("file://{root}/sales/daily/orders"));
    assert_eq!(made.format_version(), 2);
    assert!(metadata_files(&made)[0].starts_with("00000-"));
    assert_eq!(
        made.folder("data/x=1%2F2").unwrap().local_path().unwrap(),
        folder.path().join("sales/daily/orders/data/x=1%2F2")
    );
    // Another one who opens it.
    let again = Catalog::open(&options(folder.path())).await.unwrap();
    let found = again.table(&name("sales.daily.orders")).await.unwrap();
    assert_eq!((found.uuid(), found.name()), (made.uuid(), made.name()));
    assert_eq!(again.to_string(), format!("the sql catalog default in {root}/catalog.db"));
}

#[tokio::test]
async fn a_version_of_the_format_is_kept() {
    let (_folder, catalog) = opened().await;
    for (table, version) in [("a.v1", FormatVersion::V1), ("a.v3", FormatVersion::V3)] {
        let creation = TableCreation { format_version: version, ..creation() };
        catalog.create_table(&name(table), creation).await.unwrap();
        let found = catalog.table(&name(table)).await.unwrap();
        assert_eq!(found.format_version(), version as u8);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_make_a_table_one_does() {
    let (folder, catalog) = opened().await;
    let makers = (0..6).map(|_| {
        let options = options(folder.path());
        tokio::spawn(async move {
            let catalog = Catalog::open(&options).await.unwrap();
            catalog.create_table(&name("a.t"), creation()).await
        })
    });
    let mut made = Vec::new();
    for maker in makers.collect::<Vec<_>>() {
        match maker.await.unwrap() {
            Ok(table) => made.push(table.uuid()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}"),
        }
    }
    let table = catalog.table(&name("a.t")).await.unwrap();
    assert_eq!(made, [table.uuid()]);
    assert_eq!(metadata_files(&table).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_commit_nobody_loses_anything() {
    const WRITERS: usize = 8;
    const COMMITS: usize = 4;
    let (folder, catalog) = opened().await;
    catalog.create_table(&name("a.t"), creation()).await.unwrap();
    let writers = (0..WRITERS).map(|writer| {
        let options = options(folder.path());
        tokio::spawn(async move {
            let catalog = Catalog::open(&options).await.unwrap();
            for commit in 0..COMMITS {
                let key = format!("{writer}-{commit}");
                loop {
                    let base = catalog.table(&name("a.t")).await.unwrap();
                    match catalog.commit(&base, same_table(&base), set(&key, "done")).await {
                        Ok(table) => break assert_eq!(table.properties()[&key], "done"),
                        Err(CommitFault::Conflict(_)) => {}
                        Err(fault) => panic!("{fault:?}"),
                    }
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let table = catalog.table(&name("a.t")).await.unwrap();
    assert_eq!(
        table.properties().values().filter(|value| *value == "done").count(),
        WRITERS * COMMITS
    );
    // Each commit has one file with the next version, and those that were too late have none.
    let files = metadata_files(&table);
    assert_eq!(files.len(), WRITERS * COMMITS + 1);
    let version = |(at, file): (usize, &String)| file.starts_with(&format!("{at:05}-"));
    assert!(files.iter().enumerate().all(version), "{files:?}");
}

#[tokio::test]
async fn a_commit_to_an_older_table_is_a_conflict_and_leaves_nothing() {
    let (_folder, catalog) = opened().await;
    let base = catalog.create_table(&name("a.t"), creation()).await.unwrap();
    catalog.commit(&base, Vec::new(), set("first", "1")).await.unwrap();
    let fault = catalog.commit(&base, Vec::new(), set("second", "1")).await.unwrap_err();
    assert!(matches!(&fault, CommitFault::Conflict(_)), "{fault:?}");
    assert_eq!(fault.into_error().kind(), ErrorKind::Conflict);
    let table = catalog.table(&name("a.t")).await.unwrap();
    assert!(!table.properties().contains_key("second"));
    assert_eq!(metadata_files(&table).len(), 2);
    // The table has gone, and another is there.
    let other = catalog.create_table(&name("a.u"), creation()).await.unwrap();
    let fault = catalog.commit(&table, same_table(&other), set("third", "1")).await.unwrap_err();
    assert!(matches!(fault, CommitFault::Conflict(_)), "{fault:?}");
}

#[tokio::test]
async fn what_can_not_be_done_is_refused() {
    let (_folder, catalog) = opened().await;
    let base = catalog.create_table(&name("a.t"), creation()).await.unwrap();
    let update = TableUpdate::SetCurrentSchema { schema_id: 77 };
    let fault = catalog.commit(&base, Vec::new(), vec![update]).await.unwrap_err();
    assert!(matches!(fault, CommitFault::Refused(_)), "{fault:?}");
    assert_eq!(metadata_files(&base).len(), 1);
}

#[tokio::test]
async fn a_missing_table_is_told_with_what_is_there() {
    let (_folder, catalog) = opened().await;
    let missing = async |text: &str| {
        let error = catalog.table(&name(text)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        error.to_string()
    };
    assert!(missing("sales.orders").await.ends_with("catalog.db; it has none"));
    catalog.create_table(&name("sales.orders"), creation()).await.unwrap();
    let told = missing("sale.orders").await;
    assert!(told.contains("there is no namespace sale in the sql catalog default"), "{told}");
    assert!(told.ends_with("; there is sales"), "{told}");
    let told = missing("sales.order").await;
    assert!(told.contains("there is no table order in the namespace sales"), "{told}");
    assert!(told.ends_with("; there is orders"), "{told}");
}

#[tokio::test]
async fn metadata_that_is_gone_is_an_error_with_its_path() {
    let (_folder, catalog) = opened().await;
    let table = catalog.create_table(&name("a.t"), creation()).await.unwrap();
    let file = table.inner.metadata_location().unwrap().strip_prefix("file://").unwrap().to_owned();
    std::fs::remove_file(&file).unwrap();
    let error = catalog.find(&name("a.t")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(error.to_string().contains(&file), "{error}");
    std::fs::write(&file, "{").unwrap();
    assert_eq!(catalog.find(&name("a.t")).await.unwrap_err().kind(), ErrorKind::Data);
}

#[tokio::test]
async fn a_catalog_in_memory_is_its_own() {
    let memory = CatalogOptions::new(CatalogKind::Memory);
    let error = Catalog::open(&memory).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(error.to_string().contains("warehouse"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let memory = memory.with("warehouse", folder.path().display().to_string());
    let (one, other) =
        (Catalog::open(&memory).await.unwrap(), Catalog::open(&memory).await.unwrap());
    let base = one.create_table(&name("a.t"), creation()).await.unwrap();
    let (left, right) = tokio::join!(
        one.commit(&base, Vec::new(), set("left", "1")),
        one.commit(&base, Vec::new(), set("right", "1")),
    );
    assert!(left.is_ok() != right.is_ok());
    assert!(other.find(&name("a.t")).await.unwrap().is_none());
    assert_eq!(one.to_string(), "the memory catalog default in memory");
    let empty = memory.with_name(" ");
    assert_eq!(Catalog::open(&empty).await.unwrap_err().kind(), ErrorKind::Request);
}
