//! Catalogs that others have made, or write to as well.

use super::*;

/// The tables as pyiceberg made them before they had types.
const OLD: &str = "CREATE TABLE iceberg_tables (
    catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL,
    table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000),
    previous_metadata_location VARCHAR(1000),
    PRIMARY KEY (catalog_name, table_namespace, table_name))";

#[tokio::test]
async fn a_catalog_of_older_programs_is_used_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = connect(&folder.path().join("catalog.db")).await;
    run(&mut connection, OLD).await;
    let catalog = Catalog::open(&options(folder.path())).await.unwrap();
    let base = catalog.create_table(&name("a.t"), creation()).await.unwrap();
    catalog.commit(&base, same_table(&base), set("a", "1")).await.unwrap();
    let found = catalog.table(&name("a.t")).await.unwrap();
    assert_eq!(found.properties()["a"], "1");
    let columns: Vec<(String,)> =
        sqlx::query_as("SELECT name FROM pragma_table_info('iceberg_tables')")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert_eq!(columns.len(), 5);
}

#[tokio::test]
async fn a_view_is_no_table_and_its_name_is_taken() {
    let (folder, catalog) = opened().await;
    let mut connection = connect(&folder.path().join("catalog.db")).await;
    run(
        &mut connection,
        "INSERT INTO iceberg_tables VALUES ('default', 'a', 'v', 'x', NULL, 'VIEW')",
    )
    .await;
    assert!(catalog.find(&name("a.v")).await.unwrap().is_none());
    let told = catalog.table(&name("a.v")).await.unwrap_err().to_string();
    assert!(told.ends_with("the namespace is empty"), "{told}");
    let error = catalog.create_table(&name("a.v"), creation()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[tokio::test]
async fn catalogs_of_several_names_share_a_file() {
    let (folder, catalog) = opened().await;
    catalog.create_table(&name("a.t"), creation()).await.unwrap();
    let other = Catalog::open(&options(folder.path()).with_name("other")).await.unwrap();
    let told = other.table(&name("a.t")).await.unwrap_err().to_string();
    assert!(told.contains("there is no namespace a in the sql catalog other"), "{told}");
}

#[tokio::test]
async fn rows_are_what_others_write() {
    let (folder, catalog) = opened().await;
    let first = catalog.create_table(&name("a.t"), creation()).await.unwrap();
    let second = catalog.commit(&first, Vec::new(), set("a", "1")).await.unwrap();
    let mut connection = connect(&folder.path().join("catalog.db")).await;
    let names: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT catalog_name, table_namespace, table_name, iceberg_type FROM iceberg_tables",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(names, [("default".into(), "a".into(), "t".into(), "TABLE".into())]);
    let files: Vec<(String, String)> =
        sqlx::query_as("SELECT metadata_location, previous_metadata_location FROM iceberg_tables")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let file = |table: &Table| table.inner.metadata_location().unwrap().to_owned();
    assert_eq!(files, [(file(&second), file(&first))]);
    let namespaces: Vec<(String, String, String, String)> =
        sqlx::query_as("SELECT * FROM iceberg_namespace_properties")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert_eq!(namespaces, [("default".into(), "a".into(), "exists".into(), "true".into())]);
}

#[tokio::test]
async fn a_namespace_of_others_is_there_and_may_say_where_its_tables_go() {
    let (folder, catalog) = opened().await;
    let elsewhere = format!("file:{}/else/where/", folder.path().display());
    let mut connection = connect(&folder.path().join("catalog.db")).await;
    for (key, value) in [("exists", "true"), ("location", elsewhere.as_str())] {
        let insert = "INSERT INTO iceberg_namespace_properties VALUES ('default', 'a.b', ?, ?)";
        sqlx::query(insert).bind(key).bind(value).execute(&mut connection).await.unwrap();
    }
    let told = catalog.table(&name("a.b.t")).await.unwrap_err().to_string();
    assert!(told.contains("the namespace a.b of"), "{told}");
    // The namespace that it is in is there by it.
    let told = catalog.table(&name("a.t")).await.unwrap_err().to_string();
    assert!(told.contains("the namespace a of"), "{told}");
    let table = catalog.create_table(&name("a.b.t"), creation()).await.unwrap();
    assert_eq!(table.location(), format!("{elsewhere}t"));
    assert!(folder.path().join("else/where/t/metadata").is_dir());
}

#[tokio::test]
async fn metadata_with_foreign_names_is_followed_by_the_next_version() {
    let (folder, catalog) = opened().await;
    let table = catalog.create_table(&name("a.t"), creation()).await.unwrap();
    let file = table.inner.metadata_location().unwrap().strip_prefix("file://").unwrap();
    let foreign = Path::new(file).with_file_name("v41.metadata.json");
    std::fs::copy(file, &foreign).unwrap();
    let mut connection = connect(&folder.path().join("catalog.db")).await;
    sqlx::query("UPDATE iceberg_tables SET metadata_location = ?")
        .bind(format!("file:{}", foreign.display()))
        .execute(&mut connection)
        .await
        .unwrap();
    let base = catalog.table(&name("a.t")).await.unwrap();
    let next =
        catalog.commit(&base, Vec::new(), set("write.metadata.compression-codec", "gzip")).await;
    let next = next.unwrap();
    let path = next.inner.metadata_location().unwrap();
    assert!(path.contains("/metadata/00042-") && path.ends_with(".gz.metadata.json"), "{path}");
    assert_eq!(catalog.table(&name("a.t")).await.unwrap().uuid(), table.uuid());
}
