//! Files that are no catalogs, or are in use.

use super::super::database::Fault;
use super::*;

async fn refused(path: &Path) -> crate::Error {
    let options = CatalogOptions::new(CatalogKind::Sql).with("uri", path.display().to_string());
    let error = Catalog::open(&options).await.unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    error
}

#[tokio::test]
async fn a_file_that_is_no_catalog_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    let content = "not a database ".repeat(100);
    std::fs::write(&text, &content).unwrap();
    assert_eq!(refused(&text).await.kind(), ErrorKind::Data);
    assert_eq!(std::fs::read_to_string(&text).unwrap(), content);
    assert_eq!(refused(folder.path()).await.kind(), ErrorKind::Request);
    let below = text.join("catalog.db");
    let options = CatalogOptions::new(CatalogKind::Sql).with("uri", below.display().to_string());
    assert_eq!(Catalog::open(&options).await.unwrap_err().kind(), ErrorKind::Request);
}

#[tokio::test]
async fn who_only_reads_makes_no_catalog() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = folder.path().join("lake");
    let options =
        CatalogOptions::new(CatalogKind::Sql).with("warehouse", warehouse.display().to_string());
    let error = Catalog::open_existing(&options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("lake/catalog.db"), "{error}");
    assert!(!warehouse.exists());
    Catalog::open(&options).await.unwrap();
    let catalog = Catalog::open_existing(&options).await.unwrap();
    assert!(catalog.find(&name("a.t")).await.unwrap().is_none());
}

#[tokio::test]
async fn tables_of_another_form_are_no_catalog() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let mut connection = connect(&path).await;
    run(&mut connection, "CREATE TABLE iceberg_tables (a INT)").await;
    let options = CatalogOptions::new(CatalogKind::Sql).with("uri", path.display().to_string());
    let catalog = Catalog::open(&options).await.unwrap();
    let error = catalog.find(&name("a.t")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data, "{error:?}");
}

#[tokio::test]
async fn a_database_that_stays_busy_is_unavailable_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let database = Database::open(&path, Duration::from_millis(20)).await.unwrap();
    let warehouse = format!("file://{}", folder.path().display());
    let catalog =
        SqlCatalog::with(&options(folder.path()), database, warehouse, Stores::default()).unwrap();
    catalog.create_namespace(&["a".to_owned()]).await.unwrap();
    let created = catalog.create(&name("a.t"), &creation()).await.unwrap();
    assert!(matches!(created, crate::catalog::backend::Creation::Created(_)));
    let base = catalog.load(&name("a.t")).await.unwrap().unwrap();

    let mut other = connect(&path).await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    let fault = catalog.commit(&base, Vec::new(), set("a", "1")).await.unwrap_err();
    let CommitFault::Unavailable(error) = fault else { panic!("{fault:?}") };
    assert!(error.kind() == ErrorKind::Unavailable && error.retryable(), "{error:?}");
    assert_eq!(metadata_files(&base).len(), 1);
    let error = catalog.create(&name("a.u"), &creation()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    // Who reads need not wait.
    assert!(catalog.load(&name("a.t")).await.unwrap().is_some());

    run(&mut other, "ROLLBACK").await;
    catalog.commit(&base, Vec::new(), set("a", "1")).await.unwrap();
}

#[tokio::test]
async fn only_what_may_have_been_done_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let mut connection = connect(&path).await;
    let mut fails = async |before: &str, statement: &str| {
        run(&mut connection, before).await;
        sqlx::query(statement).execute(&mut connection).await.unwrap_err()
    };
    let full = fails("PRAGMA max_page_count = 1", "CREATE TABLE a (b INT)").await;
    let denied = fails("PRAGMA query_only = ON", "CREATE TABLE b (b INT)").await;
    let other = fails("PRAGMA query_only = OFF", "UPDATE none SET a = 1").await;
    let database = Database::open_in_memory().await.unwrap();
    let warehouse = format!("file://{}", folder.path().display());
    let options = options(folder.path());
    let catalog = SqlCatalog::with(&options, database, warehouse, Stores::default()).unwrap();
    assert_eq!(Fault::of(&full), Fault::Full);
    assert!(matches!(catalog.fault("it", full), CommitFault::Unavailable(_)));
    let CommitFault::Refused(error) = catalog.fault("it", denied) else { panic!() };
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(matches!(catalog.fault("it", other), CommitFault::Refused(_)));
    let lost = sqlx::Error::Io(std::io::ErrorKind::BrokenPipe.into());
    assert!(matches!(catalog.fault("it", lost), CommitFault::Unknown(_)));
    assert!(matches!(catalog.fault("it", sqlx::Error::WorkerCrashed), CommitFault::Unknown(_)));
}
