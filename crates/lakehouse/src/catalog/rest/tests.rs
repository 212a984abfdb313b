//! A catalog as its user sees it, against a server that is there, is not, or misbehaves.

use std::collections::HashMap;

use iceberg::spec::{FormatVersion, NestedField, PrimitiveType, Schema, Type};
use iceberg::{TableCreation, TableRequirement, TableUpdate};
use serde_json::{Value, json};

use self::server::{Answer, Request, Server, failure};
use crate::catalog::{Catalog, CatalogKind, CatalogOptions, CommitFault, Table};
use crate::error::{Error, ErrorKind};
use crate::table_name::TableName;

mod committing;
mod server;
mod signing_in;

const CONFIG: &str = "GET /v1/config";
const TABLE: &str = "/v1/namespaces/a/tables/t";

fn options(server: &Server) -> CatalogOptions {
    CatalogOptions::new(CatalogKind::Rest).with("uri", server.uri())
}

async fn opened(server: &Server) -> Catalog {
    Catalog::open(&options(server)).await.unwrap()
}

fn name(text: &str) -> TableName {
    text.parse().unwrap()
}

fn creation() -> TableCreation {
    let id = NestedField::required(1, "id", Type::Primitive(PrimitiveType::Int));
    let schema = Schema::builder().with_fields([id.into()]).build().unwrap();
    TableCreation::builder().name("t".into()).schema(schema).build()
}

fn set(key: &str) -> Vec<TableUpdate> {
    vec![TableUpdate::SetProperties { updates: HashMap::from([(key.to_owned(), "1".to_owned())]) }]
}

/// An error with all its causes, and as programmers see it.
fn told(error: &Error) -> String {
    let mut told = format!("{error:?}");
    let mut cause = Some(error as &dyn std::error::Error);
    while let Some(error) = cause {
        told.push_str(&error.to_string());
        cause = error.source();
    }
    told
}

#[tokio::test]
async fn what_the_server_says_of_itself_is_followed() {
    let server = Server::start(|request, _| {
        let config = json!({
            "defaults": {"header.x-default": "d", "header.x-mine": "theirs"},
            "overrides": {"prefix": "ws/main", "token": "given"},
        });
        (request.line() == CONFIG).then_some(Answer::Reply(200, config))
    });
    let options = options(&server)
        .with("warehouse", "my lake")
        .with("token", "first")
        .with("header.x-mine", "mine");
    let catalog = Catalog::open(&options).await.unwrap();
    assert!(catalog.find(&name("a.b.t?")).await.unwrap().is_none());
    let [config, load] = server.requests().try_into().unwrap();
    assert_eq!(config.path, "/v1/config?warehouse=my+lake");
    assert_eq!(config.headers["authorization"], "Bearer first");
    assert_eq!(load.path, "/v1/ws/main/namespaces/a%1Fb/tables/t%3F");
    assert_eq!(load.headers["authorization"], "Bearer given");
    assert_eq!(
        (load.headers["x-default"].as_str(), load.headers["x-mine"].as_str()),
        ("d", "mine")
    );
    assert_eq!(load.headers["x-iceberg-access-delegation"], "vended-credentials");
    assert_eq!(catalog.to_string(), format!("the rest catalog default at {}", server.uri()));
}

#[tokio::test]
async fn a_table_is_made_with_its_namespaces_and_changed() {
    let server = Server::start(|_, _| None);
    let catalog = opened(&server).await;
    let creation = TableCreation { format_version: FormatVersion::V3, ..creation() };
    let made = catalog.create_table(&name("a.b.t"), creation).await.unwrap();
    assert_eq!((made.location(), made.format_version()), ("s3://lake/a%1Fb/t", 3));
    assert_eq!(server.count("POST /v1/namespaces"), 2);
    let same = vec![TableRequirement::UuidMatch { uuid: made.uuid() }];
    let changed = catalog.commit(&made, same, set("x")).await.unwrap();
    assert_eq!(changed.properties()["x"], "1");
    let found = catalog.table(&name("a.b.t")).await.unwrap();
    assert_eq!((found.uuid(), &found.properties()["x"]), (made.uuid(), &"1".to_owned()));
    let error = catalog.create_table(&name("a.b.t"), self::creation()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[tokio::test]
async fn a_missing_table_is_told_with_what_is_there() {
    let forbidden = Server::start(|request, _| {
        let lists = ["GET /v1/namespaces", "GET /v1/namespaces/a/tables"];
        lists.contains(&request.line().as_str()).then_some(Answer::Reply(403, Value::Null))
    });
    let told = opened(&forbidden).await.table(&name("a.t")).await.unwrap_err().to_string();
    assert!(told.starts_with("there is no table a.t in the rest catalog"), "{told}");

    let server = Server::start(|_, _| None);
    let catalog = opened(&server).await;
    catalog.create_table(&name("a.t"), creation()).await.unwrap();
    let missing = async |text: &str| catalog.table(&name(text)).await.unwrap_err().to_string();
    assert!(missing("a.x").await.ends_with("; there is t"));
    assert!(missing("b.t").await.ends_with("; there is a"));
}

#[tokio::test]
async fn a_question_is_asked_again_where_the_server_fails() {
    let server = Server::start(|request, before| match (request.line().as_str(), before) {
        (CONFIG, 0) => Some(Answer::Reply(503, Value::Null)),
        (CONFIG, 1) => Some(Answer::Lost),
        _ => None,
    });
    opened(&server).await;
    assert_eq!(server.count(CONFIG), 3);
    let down = Server::start(|_, _| Some(Answer::Reply(500, failure("it hurts", "Oops", 500))));
    let error = Catalog::open(&options(&down)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("it hurts (Oops)"), "{error}");
}

#[tokio::test]
async fn no_server_is_unavailable_and_no_uri_a_bad_request() {
    let options = options(&Server::start(|_, _| None));
    // A server that ends has to be told; until then it may take one more connection.
    while std::net::TcpStream::connect(
        options.properties().get("uri").unwrap()[7..].trim_end_matches("/api"),
    )
    .is_ok()
    {}
    let error = Catalog::open(&options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("there is no connection"), "{error}");
    let none = CatalogOptions::new(CatalogKind::Rest);
    assert_eq!(Catalog::open(&none).await.unwrap_err().kind(), ErrorKind::Request);
    let timeout = options.with("rest.timeout-ms", "soon");
    assert_eq!(Catalog::open(&timeout).await.unwrap_err().kind(), ErrorKind::Request);
}

#[tokio::test]
async fn credentials_for_a_tables_files_are_used_and_not_shown() {
    let server = Server::start(|_, _| None);
    let catalog = opened(&server).await;
    catalog.create_table(&name("a.t"), creation()).await.unwrap();
    let metadata = catalog.table(&name("a.t")).await.unwrap().inner.metadata().clone();
    let with = move |prefix: &str| {
        json!({
            "metadata": metadata,
            "config": {"s3.access-key-id": "hunter2"},
            "storage-credentials": [
                {"prefix": "s3://", "config": {"s3.session-token": "hunter2"}},
                {"prefix": prefix, "config": {"s3.secret-access-key": "hunter2"}},
            ],
        })
    };
    for (prefix, key) in
        [("s3://lake/a", "s3.secret-access-key"), ("s3://other", "s3.session-token")]
    {
        let reply = with(prefix);
        let vending = Server::start(move |request, _| {
            (request.path == TABLE).then(|| Answer::Reply(200, reply.clone()))
        });
        let table = opened(&vending).await.table(&name("a.t")).await.unwrap();
        let shown = format!("{table:?} {:?}", table.stores);
        assert!(shown.contains(key) && shown.contains("s3.access-key-id"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
