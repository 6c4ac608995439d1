//! Each option does something, seen from the other side.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secretserver_client::auth::StaticToken;
use secretserver_client::client::ConfigKey;
use secretserver_client::transport::{Attempt, Finished, Observer};
use secretserver_client::{Client, ClientBuilder, ErrorKind, SecretId};

use super::raw::{Act, Raw};

#[tokio::test]
async fn the_user_agent_and_the_base_path_arrive() {
    let raw = Raw::start(vec![Act::json("200 OK", r#"{"healthy":true}"#)]).await;
    let client = Client::builder(&raw.url).user_agent("alm/1.0").build().unwrap();
    assert!(client.system().health().await.unwrap().healthy);
    let request = &raw.requests()[0];
    assert!(request.starts_with("GET /SecretServer/api/v1/healthcheck HTTP/1.1"), "{request}");
    assert!(request.contains("user-agent: alm/1.0") && !request.contains("authorization"));
}

#[tokio::test]
async fn options_by_name_reach_the_socket() {
    let raw = Raw::start(vec![Act::Close, Act::Close]).await;
    let client = ClientBuilder::from_options([
        (ConfigKey::BaseUrl, raw.url.clone()),
        (ConfigKey::Token, "abc".to_owned()),
        (ConfigKey::UserAgent, "named".to_owned()),
        (ConfigKey::Attempts, "2".to_owned()),
    ])
    .unwrap()
    .build()
    .unwrap();
    let error = client.users().current().await.unwrap_err();
    assert_eq!((error.attempts(), raw.requests().len()), (2, 2));
    assert!(
        raw.requests()[0].contains("user-agent: named")
            && raw.requests()[0].contains("authorization: Bearer abc")
    );
}

#[test]
fn unusable_options_are_refused_before_anything_is_sent() {
    let base = "https://vault.example";
    for (name, builder) in [
        ("plain http", Client::builder("http://vault.example")),
        ("user in the address", Client::builder("https://u:CANARY@vault.example")),
        ("query", Client::builder("https://vault.example?x=CANARY")),
        ("attempts", Client::builder(base).attempts(0)),
        ("too many attempts", Client::builder(base).attempts(5)),
        ("no time", Client::builder(base).total_timeout(Duration::ZERO)),
        ("no places", Client::builder(base).in_flight(0)),
        ("user agent", Client::builder(base).user_agent("a\r\nb")),
        ("certificate", Client::builder(base).authority("CANARY")),
        ("nobody to trust", Client::builder(base).only_these_authorities(true)),
    ] {
        let text = format!("{builder:?}");
        let error = builder.build().expect_err(name);
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        assert!(!format!("{text} {error} {error:?}").contains("CANARY"), "{name}: {error}");
    }
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    let raw = Raw::start(vec![Act::Hang, Act::json("200 OK", r#"{"healthy":true}"#)]).await;
    let client = Client::builder(&raw.url)
        .in_flight(1)
        .attempt_timeout(Duration::from_millis(400))
        .attempts(1)
        .build()
        .unwrap();
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.system().health().await.is_err() }
    });
    while raw.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let second = tokio::spawn(async move { client.system().health().await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(raw.requests().len(), 1, "the second waits");
    assert!(first.await.unwrap());
    assert!(second.await.unwrap().unwrap().healthy, "and comes when the first is over");
}

#[derive(Debug, Default)]
struct Seen(Mutex<Vec<String>>);

impl Observer for Seen {
    fn attempt(&self, a: &Attempt) {
        self.0.lock().unwrap().push(format!(
            "{} {} {:?}",
            a.operation,
            a.number,
            a.status.map(|s| s.as_u16())
        ));
    }

    fn finished(&self, f: &Finished) {
        self.0.lock().unwrap().push(format!("{} {} {:?}", f.operation, f.attempts, f.error));
    }
}

#[tokio::test]
async fn an_observer_is_told() {
    let raw = Raw::start(vec![Act::json("500 E", "{}"), Act::json("200 OK", r#"{"id":4,"name":"n"}"#)]).await;
    let seen = Arc::new(Seen::default());
    let client = Client::builder(&raw.url)
        .credential(StaticToken::new("t".into()))
        .observer(seen.clone())
        .build()
        .unwrap();
    client.secrets().summary(SecretId::new(4).unwrap()).await.unwrap();
    assert_eq!(
        *seen.0.lock().unwrap(),
        ["secrets.summary 1 Some(500)", "secrets.summary 2 Some(200)", "secrets.summary 2 None"]
    );
}

#[tokio::test]
async fn a_proxy_gets_the_request_and_the_whole_address() {
    let proxy = Raw::start(vec![Act::json("200 OK", r#"{"healthy":true}"#)]).await;
    let address = proxy.url.trim_end_matches("/SecretServer").parse().unwrap();
    let client = Client::builder("http://127.0.0.1:9/SecretServer").proxy(address).build().unwrap();
    assert!(client.system().health().await.unwrap().healthy);
    assert!(
        proxy.requests()[0].starts_with("GET http://127.0.0.1:9/SecretServer/api/v1/healthcheck HTTP/1.1")
    );
}

#[tokio::test]
async fn a_web_page_instead_of_an_answer_leaves_open_what_was_done() {
    use secretserver_client::resource::secrets::NewSecret;
    use secretserver_client::{Outcome, SecretTemplateId};
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>";
    let raw = Raw::start(vec![Act::Say(page.to_owned())]).await;
    let client = Client::builder(&raw.url).credential(StaticToken::new("t".into())).build().unwrap();
    let new = NewSecret::new("n", SecretTemplateId::new(6001).unwrap());
    let error = client.secrets().create(new).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown), "{error}");
}
