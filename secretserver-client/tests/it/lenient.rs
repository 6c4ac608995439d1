//! A record that cannot be read does not take the others with it.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};
use secretserver_client::auth::StaticToken;
use secretserver_client::resource::secrets::SearchFilter;
use secretserver_client::testing::Script;
use secretserver_client::{Client, ErrorKind};

fn client(script: &Arc<Script>) -> Client {
    Client::builder("https://vault.example")
        .transport(script.clone())
        .credential(StaticToken::new("token".into()))
        .build()
        .unwrap()
        .with_attempts(1)
}

const FIRST: &str = r#"{"records":[{"id":1,"name":"a"},{"id":2,"name":["CANARY"]},{"id":"CANARY"},{"id":4,"name":"d"}],
    "total":6,"hasNext":true,"nextSkip":4}"#;
const SECOND: &str =
    r#"{"records":[{"id":5,"createDate":"CANARY"},{"id":6,"name":"f"}],"total":6,"hasNext":false}"#;

#[tokio::test]
async fn the_readable_records_come_and_the_others_are_named() {
    let script = Arc::new(Script::new().json(200, FIRST).json(200, SECOND));
    let mut list = client(&script).secrets().search(SearchFilter::default()).page_size(4).lenient();
    let mut names = Vec::new();
    let mut bad = Vec::new();
    while let Some(entry) = list.try_next().await.unwrap() {
        match entry {
            Ok(secret) => names.push((list.position(), secret.name)),
            Err(error) => bad.push(error),
        }
    }
    assert_eq!(names, [(1, "a".to_owned()), (4, "d".to_owned()), (6, "f".to_owned())]);
    let seen: Vec<_> = bad.iter().map(|e| (e.position, e.index, e.id)).collect();
    assert_eq!(seen, [(1, 1, Some(2)), (2, 2, None), (4, 0, Some(5))]);
    assert_eq!(
        bad[0].to_string(),
        "record 1 of the list (id 2) could not be read: another shape than expected at name"
    );
    assert!(!format!("{bad:?} {}", bad[2]).contains("CANARY"));
    assert_eq!(list.position(), 6);
}

#[tokio::test]
async fn without_leniency_the_page_is_an_error_and_the_list_ends() {
    let script = Arc::new(Script::new().json(200, FIRST));
    let mut list = client(&script).secrets().search(SearchFilter::default());
    let error = list.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("records[1].name") && list.next().await.is_none());
}

#[tokio::test]
async fn a_page_that_is_none_is_an_error_all_the_same() {
    for body in ["nonsense", r#"{"records":"CANARY"}"#, "<html>CANARY", r#"{"records":[],"total":"CANARY"}"#]
    {
        let script = Arc::new(Script::new().json(200, body));
        let mut list = client(&script).secrets().search(SearchFilter::default()).lenient();
        let error = list.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(!format!("{error} {error:?}").contains("CANARY") && list.next().await.is_none());
    }
}

/// A page of nothing but malformed records is no empty page: the list goes on.
#[tokio::test]
async fn a_page_without_a_readable_record_does_not_end_the_list() {
    let bad = r#"{"records":[{"id":"x"},{"id":"y"}],"total":3,"hasNext":true,"nextSkip":2}"#;
    let last = r#"{"records":[{"id":3,"name":"c"}],"total":3,"hasNext":false}"#;
    let script = Arc::new(Script::new().json(200, bad).json(200, last));
    let all: Vec<_> =
        client(&script).secrets().search(SearchFilter::default()).lenient().try_collect().await.unwrap();
    assert_eq!(all.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true]);
    assert!(script.requests()[1].uri().query().unwrap().contains("skip=2"));
}
