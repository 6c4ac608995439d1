//! Each option does something, seen from the other side.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secretserver_client::auth::StaticToken;
use secretserver_client::client::ConfigKey;
use secretserver_client::transport::{Attempt, Finished, Observer};
use secretserver_client::{Client, ClientBuilder, ErrorKind, Outcome, SecretId};

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
        ("no time for a piece", Client::builder(base).idle_timeout(Duration::ZERO)),
        ("no time to connect", Client::builder(base).connect_timeout(Duration::ZERO)),
        ("no bytes", Client::builder(base).body_limit(0)),
        ("own certificate", Client::builder(base).client_certificate("CANARY".into())),
        (
            "a proxy that would see everything",
            Client::builder("http://127.0.0.1:1")
                .proxy("http://u:CANARY@proxy.example:3128".parse().unwrap()),
        ),
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
    fn attempt(&self, a: &Attempt<'_>) {
        let status = a.status.map(|s| s.as_u16());
        self.0.lock().unwrap().push(format!("{} {} {} {status:?}", a.operation, a.path, a.number));
    }

    fn finished(&self, f: &Finished<'_>) {
        let status = f.status.map(|s| s.as_u16());
        self.0
            .lock()
            .unwrap()
            .push(format!("{} {} {status:?} {} {:?}", f.operation, f.path, f.attempts, f.error));
        assert!(f.took > Duration::ZERO);
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
    client.secrets().field(SecretId::new(4).unwrap(), "CANARY").await.unwrap_err();
    let seen = seen.0.lock().unwrap();
    assert_eq!(
        *seen,
        [
            "secrets.summary /api/v1/secrets/{id}/summary 1 Some(500)",
            "secrets.summary /api/v1/secrets/{id}/summary 2 Some(200)",
            "secrets.summary /api/v1/secrets/{id}/summary Some(200) 2 None",
            "secrets.field /api/v1/secrets/{id}/fields/{slug} 1 Some(418)",
            "secrets.field /api/v1/secrets/{id}/fields/{slug} Some(418) 1 Some((Invalid, NotDone))",
        ]
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
async fn the_password_of_a_proxy_goes_to_the_proxy_and_is_never_shown() {
    let proxy = Raw::start(vec![Act::json("407 No", "{}"); 2]).await;
    let address: url::Url = proxy.url.replace("http://", "http://user:CANARY@").parse().unwrap();
    let builder = Client::builder("https://vault.invalid").proxy(address).attempts(1);
    let built = format!("{builder:?}");
    let client = builder.build().unwrap().with_connect_timeout(Duration::from_secs(5));
    let error = client.system().health().await.unwrap_err();
    let shown = format!("{built} {client:?} {error} {error:?}");
    assert!(!shown.contains("CANARY"), "{shown}");
    let request = &proxy.requests()[0];
    assert!(request.to_lowercase().contains("proxy-authorization: basic "), "{request}");
}

#[tokio::test]
async fn a_web_page_instead_of_an_answer_leaves_open_what_was_done() {
    use secretserver_client::SecretTemplateId;
    use secretserver_client::resource::secrets::NewSecret;
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>";
    let raw = Raw::start(vec![Act::Say(page.to_owned())]).await;
    let client = Client::builder(&raw.url).credential(StaticToken::new("t".into())).build().unwrap();
    let new = NewSecret::new("n", SecretTemplateId::new(6001).unwrap());
    let error = client.secrets().create(new).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown), "{error}");
}

/// How long a call takes to fail, and how.
async fn failing(client: Client) -> (Duration, secretserver_client::Error) {
    let started = std::time::Instant::now();
    let error = client.system().health().await.unwrap_err();
    (started.elapsed(), error)
}

#[tokio::test]
async fn each_time_limit_ends_a_call_from_the_builder_and_for_one_call() {
    let short = Duration::from_millis(200);
    for per_call in [false, true] {
        let raw = Raw::start(vec![Act::Hang; 8]).await;
        let builder = || Client::builder(&raw.url).attempts(2).jitter_seed(1);

        let client = if per_call {
            builder().build().unwrap().with_attempt_timeout(short)
        } else {
            builder().attempt_timeout(short).build().unwrap()
        };
        let (took, error) = failing(client).await;
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 2), "{error}");
        assert!((400..3000).contains(&took.as_millis()), "two attempts and a wait: {took:?}");

        let client = if per_call {
            builder().build().unwrap().with_total_timeout(short)
        } else {
            builder().total_timeout(short).build().unwrap()
        };
        let (took, error) = failing(client).await;
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1), "{error}");
        assert!((190..1500).contains(&took.as_millis()), "{took:?}");
    }
}

/// An address whose connections are never accepted: its queue is full.
fn full() -> (std::net::TcpListener, Vec<std::net::TcpStream>, std::net::SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        waiting.push(stream);
        assert!(waiting.len() < 10_000, "the queue has no end");
    }
    (listener, waiting, address)
}

#[tokio::test]
async fn the_limit_for_connecting_ends_an_attempt_in_which_nothing_was_sent() {
    let (listener, waiting, address) = tokio::task::spawn_blocking(full).await.unwrap();
    let builder = || Client::builder(format!("http://{address}")).attempts(1);
    let short = Duration::from_millis(200);
    for client in [
        builder().connect_timeout(short).build().unwrap(),
        builder().build().unwrap().with_connect_timeout(short),
    ] {
        let (took, error) = failing(client).await;
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent), "{error}");
        assert!((190..2000).contains(&took.as_millis()), "{took:?}");
    }
    drop((listener, waiting));
}

#[tokio::test]
async fn attempts_and_the_largest_answer_can_be_set_for_one_call() {
    let raw = Raw::start(vec![Act::Close; 9]).await;
    let client = Client::builder(&raw.url).attempts(1).build().unwrap();
    assert_eq!(failing(client.clone().with_attempts(3)).await.1.attempts(), 3);
    assert_eq!((failing(client).await.1.attempts(), raw.requests().len()), (1, 4));

    let body = format!(r#"{{"healthy":true,"padding":"{}"}}"#, "x".repeat(1000));
    let raw = Raw::start(vec![Act::json("200 OK", &body), Act::json("200 OK", &body)]).await;
    let client = Client::builder(&raw.url).body_limit(500).build().unwrap();
    let error = failing(client.clone()).await.1;
    assert!(error.to_string().contains("larger than allowed"), "{error}");
    assert!(client.with_body_limit(2000).system().health().await.unwrap().healthy);
}

const NAMED_PROXY: &str = "it::options::the_proxy_of_the_environment_is_used_only_when_asked_for";

#[tokio::test]
async fn the_proxy_of_the_environment_is_used_only_when_asked_for() {
    use super::child;
    let refuse =
        || Act::Say("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned());
    let Ok(proxy) = std::env::var("HTTPS_PROXY").ok().filter(|_| child::is_for(NAMED_PROXY)).ok_or(()) else {
        let proxy = Raw::start(vec![refuse(), refuse()]).await;
        let url = proxy.url.trim_end_matches("/SecretServer").to_owned();
        tokio::task::spawn_blocking(move || {
            child::run(NAMED_PROXY, &[("HTTPS_PROXY", &url), ("HTTP_PROXY", &url), ("ALL_PROXY", &url)]);
        })
        .await
        .unwrap();
        let seen = proxy.requests();
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert!(
            seen[0].starts_with("CONNECT vault.invalid:443 HTTP/1.1") && !seen[0].contains("CANARY"),
            "{seen:?}"
        );
        return;
    };
    assert!(proxy.starts_with("http://127.0.0.1:"));
    let builder =
        |base: &str| Client::builder(base).credential(StaticToken::new("CANARY".into())).attempts(1);
    let read = async |client: Client| client.secrets().summary(SecretId::new(4).unwrap()).await;
    // Not asked for: straight to a name that does not exist.
    read(builder("https://vault.invalid").build().unwrap()).await.unwrap_err();
    // Asked for: through the proxy.
    read(builder("https://vault.invalid").environment_proxy(true).build().unwrap()).await.unwrap_err();
    // Asked for, but the proxy would see everything: straight to the server.
    let raw = Raw::start(vec![Act::json("200 OK", r#"{"id":4,"name":"n"}"#)]).await;
    read(builder(&raw.url).environment_proxy(true).build().unwrap()).await.unwrap();
}
