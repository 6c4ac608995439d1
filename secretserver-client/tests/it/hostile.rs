//! Hostile values and answers: nothing steps out of its place, nothing read is quoted.

use std::fmt::Write as _;
use std::sync::Arc;

use secretserver_client::auth::StaticToken;
use secretserver_client::resource::secrets::{ReadOptions, SearchFilter};
use secretserver_client::testing::Script;
use secretserver_client::{Client, Error, ErrorKind, FolderId, Outcome, SecretId, SecretTemplateId};
use serde_json::json;

use crate::it::leaks::{WRONG, mutations};

fn client(script: &Arc<Script>) -> Client {
    Client::builder("https://vault.example/SecretServer")
        .transport(script.clone())
        .credential(StaticToken::new("token".into()))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_slug_cannot_leave_its_segment_and_nothing_is_sent() {
    let script = Arc::new(Script::new());
    let client = client(&script);
    let id = SecretId::new(4).unwrap();
    for slug in ["", ".", "..", "../../users/1", "a/b", "a\\b", "a\r\nHost: evil", "a\0"] {
        let error = client.secrets().field(id, slug).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Config, Outcome::NotSent, 0),
            "{slug:?}"
        );
        client.secrets().update_field(id, slug, "x").await.unwrap_err();
    }
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn values_of_queries_are_escaped() {
    let script = Arc::new(Script::new().json(200, "{}").json(200, "{}").json(200, "\"v\""));
    let client = client(&script);
    drop(client.folders().get_by_path("\\A&x=1#f\\B?y\r\nHost: evil").await);
    drop(client.secrets().get_by_path("\\A B\\c+d", ReadOptions::default()).await);
    client.secrets().field(SecretId::new(4).unwrap(), "a?b#c%2e é").await.unwrap();
    let uris: Vec<String> = script.requests().iter().map(|r| r.uri().to_string()).collect();
    assert_eq!(
        uris,
        [
            "https://vault.example/SecretServer/api/v1/folders/0?folderPath=%5CA%26x%3D1%23f%5CB%3Fy%0D%0AHost%3A+evil",
            "https://vault.example/SecretServer/api/v1/secrets/0?noAutoCheckout=true&secretPath=%5CA+B%5Cc%2Bd",
            "https://vault.example/SecretServer/api/v1/secrets/4/fields/a%3Fb%23c%252e%20%C3%A9?noAutoCheckout=true",
        ]
    );
}

#[tokio::test]
async fn the_token_goes_into_a_header_that_is_marked_sensitive() {
    let script = Arc::new(Script::new().json(200, "\"v\""));
    client(&script).secrets().field(SecretId::new(4).unwrap(), "password").await.unwrap();
    let request = &script.requests()[0];
    assert!(request.headers()["authorization"].is_sensitive());
    assert!(!format!("{request:?}").contains("token"));
}

async fn call(operation: usize, body: String) -> Result<String, Error> {
    use futures_util::TryStreamExt as _;
    let script = Arc::new(Script::new().json(200, body));
    let c = client(&script).with_attempts(1);
    let id = SecretId::new(4).unwrap();
    let show = |v: &dyn std::fmt::Debug| format!("{v:?}");
    Ok(match operation {
        0 => show(&c.secrets().get(id).await?),
        1 => show(&c.secrets().summary(id).await?),
        2 => show(&c.secrets().state(id).await?),
        3 => show(&c.secrets().search(SearchFilter::default()).try_collect::<Vec<_>>().await?),
        4 => show(&c.folders().get(FolderId::new(1).unwrap()).await?),
        5 => show(&c.templates().get(SecretTemplateId::new(1).unwrap()).await?),
        6 => show(&c.users().current().await?),
        7 => show(&c.system().version().await?),
        8 => show(&c.system().health().await?),
        9 => show(&c.secrets().deactivate(id).await?),
        10 => show(&c.secrets().field(id, "password").await?),
        _ => show(&c.secrets().search_total(SearchFilter::default()).await?),
    })
}

/// The main operations, where the published document is not there; with it, `leaks.rs` does the same for all.
#[tokio::test]
async fn no_wrong_answer_is_quoted() {
    let secret = json!({"id": 4, "name": "n", "secretTemplateId": 1, "folderId": 3, "siteId": 1, "active": true,
        "lastHeartBeatStatus": "Success", "lastHeartBeatCheck": "2020-11-03T16:20:34.917", "autoChangeNextPassword": "x",
        "items": [{"slug": "password", "fieldName": "Password", "itemValue": "v", "isPassword": true, "fieldId": 1}]});
    let summary =
        json!({"id": 4, "name": "n", "createDate": "2020-11-03T16:20:34", "folderId": 3, "active": true});
    let answers = [
        secret,
        summary.clone(),
        json!({"secretState": "None", "isCheckedOut": null, "actions": ["Edit"], "role": "x"}),
        json!({"records": [summary], "skip": 0, "take": 1, "total": 1, "hasNext": false, "nextSkip": 0}),
        json!({"id": 1, "folderName": "f", "folderPath": "\\f", "parentFolderId": -1}),
        json!({"id": 1, "name": "t", "fields": [{"fieldSlugName": "password", "isRequired": true}]}),
        json!({"id": 1, "userName": "u", "permissions": [{"name": "Add Secret"}]}),
        json!({"model": {"version": "11.2.000002"}}),
        json!({"healthy": true, "readOnlyMode": false}),
        json!({"id": 4}),
        json!("v"),
        json!(5),
    ];
    let mut failed = 0;
    for (operation, answer) in answers.iter().enumerate() {
        call(operation, answer.to_string()).await.unwrap_or_else(|e| panic!("{operation}: {e}"));
        for wrong in mutations(answer).into_iter().map(|m| m.to_string()).chain([
            WRONG.to_owned(),
            String::new(),
            format!("{{\"{WRONG}"),
            format!("<html>{WRONG}"),
        ]) {
            if let Err(error) = call(operation, wrong.clone()).await {
                failed += 1;
                let mut text = format!("{error} {error:?} {}", error.advice());
                let mut source = std::error::Error::source(&error);
                while let Some(cause) = source {
                    write!(text, " {cause} {cause:?}").unwrap();
                    source = cause.source();
                }
                assert!(!text.contains(WRONG), "operation {operation} quotes its answer: {text}");
                assert_eq!(error.kind(), ErrorKind::Decode, "{wrong}");
            }
        }
    }
    assert!(failed > 80, "only {failed} wrong answers were noticed");
}

#[tokio::test]
async fn errors_of_the_server_lose_what_they_quote() {
    let body = r#"{"message":"Value 'CANARY' is bad","exceptionMessage":"CANARY","exceptionType":"X","stackTrace":"CANARY"}"#;
    for status in [400, 403, 404, 409, 500] {
        let script = Arc::new(Script::new().json(status, body));
        let error =
            client(&script).with_attempts(1).secrets().summary(SecretId::new(4).unwrap()).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
        assert_eq!(error.api().unwrap().message(), "Value '…' is bad");
    }
}

#[tokio::test]
async fn only_a_404_of_the_search_itself_is_an_empty_list() {
    use futures_util::TryStreamExt as _;
    for (body, empty) in [
        (r#"{"message":"No folders were found."}"#, true),
        (r#"{"message":"No HTTP resource was found that matches the request URI."}"#, false),
        ("<html>not here</html>", false),
        ("", false),
        (r#"{"errorCode":"API_AccessDenied","message":"Access Denied"}"#, false),
    ] {
        let script = Arc::new(Script::new().json(404, body));
        let found: Result<Vec<_>, _> =
            client(&script).secrets().search(SearchFilter::default()).try_collect().await;
        assert_eq!(found.is_ok(), empty, "{body}");
    }
}
