//! What becomes of commits.

use super::*;

/// A catalog with a table, and a server that answers commits by the script.
async fn catalog(
    answer: impl Fn() -> Option<Answer> + Send + Sync + 'static,
) -> (Server, Catalog, Table) {
    let server = Server::start(move |request: &Request, _| {
        (request.line() == format!("POST {TABLE}")).then(&answer).flatten()
    });
    let catalog = Catalog::open(&options(&server).with("rest.timeout-ms", "2000")).await.unwrap();
    let base = catalog.create_table(&name("a.t"), creation()).await.unwrap();
    (server, catalog, base)
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Conflict,
    Refused,
    Unavailable,
    Unknown,
}

fn outcome(fault: CommitFault) -> (Outcome, Error) {
    let outcome = match &fault {
        CommitFault::Conflict(_) => Outcome::Conflict,
        CommitFault::Refused(_) => Outcome::Refused,
        CommitFault::Unavailable(_) => Outcome::Unavailable,
        CommitFault::Unknown(_) => Outcome::Unknown,
    };
    (outcome, fault.into_error())
}

#[tokio::test]
async fn a_status_says_what_became_of_it() {
    for (status, expected, kind) in [
        (409, Outcome::Conflict, ErrorKind::Conflict),
        (400, Outcome::Refused, ErrorKind::Request),
        (401, Outcome::Refused, ErrorKind::Denied),
        (403, Outcome::Refused, ErrorKind::Denied),
        (404, Outcome::Refused, ErrorKind::NotFound),
        (419, Outcome::Refused, ErrorKind::Denied),
        (302, Outcome::Refused, ErrorKind::Request),
        (307, Outcome::Refused, ErrorKind::Request),
        (429, Outcome::Unavailable, ErrorKind::Unavailable),
        (500, Outcome::Unknown, ErrorKind::Unknown),
        (502, Outcome::Unknown, ErrorKind::Unknown),
        (503, Outcome::Unknown, ErrorKind::Unknown),
        (504, Outcome::Unknown, ErrorKind::Unknown),
        (599, Outcome::Unknown, ErrorKind::Unknown),
    ] {
        let body = failure("because of it", "SomeException", status);
        let (server, catalog, base) =
            catalog(move || Some(Answer::Reply(status, body.clone()))).await;
        let fault = catalog.commit(&base, Vec::new(), set("x")).await.unwrap_err();
        let (outcome, error) = outcome(fault);
        assert_eq!((outcome, error.kind()), (expected, kind), "{status}");
        assert!(error.to_string().contains("because of it (SomeException)"), "{error}");
        // A commit is never sent again by itself.
        assert_eq!(server.count(&format!("POST {TABLE}")), 1);
    }
}

#[tokio::test]
async fn a_lost_reply_is_unknown_though_it_was_done() {
    for lost in [Answer::Lost, Answer::Silent] {
        let (_server, catalog, base) = catalog(move || Some(lost.clone())).await;
        let fault = catalog.commit(&base, Vec::new(), set("x")).await.unwrap_err();
        let (outcome, error) = outcome(fault);
        assert_eq!((outcome, error.retryable()), (Outcome::Unknown, true), "{error:?}");
        assert_eq!(catalog.table(&name("a.t")).await.unwrap().properties()["x"], "1");
    }
}

#[tokio::test]
async fn a_reply_that_is_none_is_unknown() {
    for body in [json!({"ok": true}), Value::Null] {
        let (_server, catalog, base) =
            catalog(move || Some(Answer::Reply(200, body.clone()))).await;
        let fault = catalog.commit(&base, Vec::new(), set("x")).await.unwrap_err();
        assert_eq!(outcome(fault).0, Outcome::Unknown);
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_done() {
    let (server, catalog, base) = catalog(|| None).await;
    drop(server);
    // The server may take one more connection until it has ended.
    let error = loop {
        let fault = catalog.commit(&base, Vec::new(), set("x")).await.unwrap_err();
        match outcome(fault) {
            (Outcome::Unavailable, error) => break error,
            (Outcome::Unknown, _) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn of_two_who_commit_one_is_told_of_the_other() {
    let (_server, catalog, base) = catalog(|| None).await;
    let first_schema =
        || vec![TableRequirement::LastAssignedFieldIdMatch { last_assigned_field_id: 1 }];
    let name_field = NestedField::optional(2, "n", Type::Primitive(PrimitiveType::String));
    let id = NestedField::required(1, "id", Type::Primitive(PrimitiveType::Int));
    let schema = Schema::builder().with_fields([id.into(), name_field.into()]).build().unwrap();
    let wider = vec![TableUpdate::AddSchema { schema }];
    catalog.commit(&base, first_schema(), wider.clone()).await.unwrap();
    let fault = catalog.commit(&base, first_schema(), wider).await.unwrap_err();
    let (outcome, error) = outcome(fault);
    assert_eq!(outcome, Outcome::Conflict);
    assert!(error.to_string().contains("CommitFailedException"), "{error}");
}
