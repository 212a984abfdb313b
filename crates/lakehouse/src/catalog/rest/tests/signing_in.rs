//! Tokens and credentials.

use super::*;

const TOKENS: &str = "POST /v1/oauth/tokens";

/// A server that takes the tokens `token-1`, `token-2` … for as long as the script says.
fn server(accepts: impl Fn(&Request, usize) -> bool + Send + Sync + 'static) -> Server {
    Server::start(move |request, before| match request.line().as_str() {
        TOKENS if request.body.contains("client_secret=hunter2") => {
            let token = format!("token-{}", before + 1);
            Some(Answer::Reply(200, json!({"access_token": token, "token_type": "bearer"})))
        }
        TOKENS => {
            let body = json!({"error": "invalid_client", "error_description": "who are you?"});
            Some(Answer::Reply(401, body))
        }
        _ if accepts(request, before) => None,
        _ => Some(Answer::Reply(401, failure("no", "NotAuthorizedException", 401))),
    })
}

#[tokio::test]
async fn a_credential_gets_one_token_for_many_requests() {
    let server =
        server(|request, _| request.headers.get("authorization").unwrap() == "Bearer token-1");
    let options = options(&server)
        .with("credential", "me:hunter2")
        .with("scope", "PRINCIPAL_ROLE:ALL")
        .with("audience", "lake");
    let catalog = Catalog::open(&options).await.unwrap();
    for _ in 0..3 {
        assert!(catalog.find(&name("a.t")).await.unwrap().is_none());
    }
    assert_eq!(server.count(TOKENS), 1);
    let form = &server.requests()[0].body;
    assert_eq!(
        form,
        "grant_type=client_credentials&client_id=me&client_secret=hunter2\
         &scope=PRINCIPAL_ROLE%3AALL&audience=lake"
    );
}

#[tokio::test]
async fn a_token_that_has_expired_is_renewed_once_for_all() {
    let server = server(|request, _| {
        let expired = request.line() != CONFIG
            && request.headers.get("authorization").unwrap() == "Bearer token-1";
        !expired
    });
    let catalog = Catalog::open(&options(&server).with("credential", "hunter2")).await.unwrap();
    let (one, other) = (name("a.t"), name("a.u"));
    let (one, other) = tokio::join!(catalog.find(&one), catalog.find(&other));
    assert!(one.unwrap().is_none() && other.unwrap().is_none());
    assert_eq!(server.count(TOKENS), 2);
}

#[tokio::test]
async fn a_commit_is_sent_again_with_a_new_token() {
    let server = server(|request, before| request.line() != format!("POST {TABLE}") || before > 0);
    let catalog = Catalog::open(&options(&server).with("credential", "me:hunter2")).await.unwrap();
    let base = catalog.create_table(&name("a.t"), creation()).await.unwrap();
    catalog.commit(&base, Vec::new(), set("x")).await.unwrap();
    assert_eq!((server.count(TOKENS), server.count(&format!("POST {TABLE}"))), (2, 2));
}

#[tokio::test]
async fn a_server_that_refuses_all_tokens_is_not_asked_for_ever() {
    let server = server(|_, _| false);
    let error =
        Catalog::open(&options(&server).with("credential", "me:hunter2")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!((server.count(CONFIG), server.count(TOKENS)), (2, 2));
    assert!(!told(&error).contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn what_is_refused_is_denied_and_nothing_is_shown() {
    let server = server(|_, _| false);
    let wrong = options(&server).with("credential", "me:hunter3");
    let error = Catalog::open(&wrong).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().contains("who are you? (invalid_client)"), "{error}");
    assert!(!told(&error).contains("hunter"), "{error:?}");

    let before = server.count(CONFIG);
    let error = Catalog::open(&options(&server).with("token", "hunter3")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().contains("no (NotAuthorizedException); check the token"), "{error}");
    assert!(!told(&error).contains("hunter"), "{error:?}");
    assert_eq!(server.count(CONFIG) - before, 1);

    let unsendable = options(&server).with("token", "hunter\n3");
    let error = Catalog::open(&unsendable).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(!told(&error).contains("hunter"), "{error:?}");
}

#[tokio::test]
async fn loading_and_making_without_permission_are_denied() {
    let server = Server::start(|request, _| {
        let denied = Answer::Reply(403, failure("not you", "ForbiddenException", 403));
        (request.line() != CONFIG).then_some(denied)
    });
    let catalog = opened(&server).await;
    let load = catalog.find(&name("a.t")).await.unwrap_err();
    let make = catalog.create_table(&name("a.t"), creation()).await.unwrap_err();
    for error in [load, make] {
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(
            error.to_string().contains("403") && error.to_string().contains("not you"),
            "{error}"
        );
    }
}
