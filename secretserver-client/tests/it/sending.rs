//! The sending table on real sockets: what is sent again, how often it arrives, and what is known afterwards.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use secretserver_client::auth::StaticToken;
use secretserver_client::resource::secrets::NewSecret;
use secretserver_client::{Client, Error, ErrorKind, Outcome, SecretId, SecretTemplateId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::raw::{Act, Raw};

const SUMMARY: &str = r#"{"id":4,"name":"svc"}"#;
const SECRET: &str = r#"{"id":4,"name":"svc","secretTemplateId":6001,"items":[]}"#;
const EXPIRED: &str = r#"{"message":"Authentication failed or expired token."}"#;

fn client(raw: &Raw) -> Client {
    Client::builder(&raw.url)
        .credential(StaticToken::new("token".into()))
        .attempt_timeout(Duration::from_millis(300))
        .jitter_seed(1)
        .build()
        .unwrap()
}

async fn read(client: &Client) -> Result<(), Error> {
    client.secrets().summary(SecretId::new(4).unwrap()).await.map(drop)
}

async fn write(client: &Client) -> Result<(), Error> {
    client.secrets().create(NewSecret::new("svc", SecretTemplateId::new(6001).unwrap())).await.map(drop)
}

/// One row: the fault first, then an answer that would do. Returns how often reads and writes arrived, and the write's error.
async fn row(fault: Act) -> (usize, bool, usize, Option<Error>) {
    let for_reads = Raw::start(vec![fault.clone(), Act::json("200 OK", SUMMARY)]).await;
    let read_ok = read(&client(&for_reads)).await.is_ok();
    let for_writes = Raw::start(vec![fault, Act::json("200 OK", SECRET)]).await;
    let written = write(&client(&for_writes)).await;
    (for_reads.requests().len(), read_ok, for_writes.requests().len(), written.err())
}

#[tokio::test]
async fn lost_replies_are_fetched_again_but_never_written_again() {
    for (name, fault, kind, outcome) in [
        ("closed", Act::Close, ErrorKind::Interrupted, Outcome::Unknown),
        ("reset", Act::Reset, ErrorKind::Interrupted, Outcome::Unknown),
        ("hangs", Act::Hang, ErrorKind::Timeout, Outcome::Unknown),
        ("cut body", Act::cut(SECRET), ErrorKind::Interrupted, Outcome::Done),
        ("500", Act::json("500 Error", "{}"), ErrorKind::Server, Outcome::Unknown),
        ("502", Act::json("502 Bad Gateway", "<html>"), ErrorKind::Server, Outcome::Unknown),
        ("504", Act::json("504 Gateway Timeout", ""), ErrorKind::Server, Outcome::Unknown),
        ("599", Act::json("599 Whatever", "{}"), ErrorKind::Server, Outcome::Unknown),
        ("503", Act::json("503 Busy", "{}"), ErrorKind::Server, Outcome::Unknown),
        ("408", Act::json("408 Timeout", "{}"), ErrorKind::Timeout, Outcome::Unknown),
        ("503 later", Act::with("503 Busy", "Retry-After: 0\r\n", "{}"), ErrorKind::Server, Outcome::Unknown),
    ] {
        let (reads, read_ok, writes, error) = row(fault).await;
        let error = error.unwrap_or_else(|| panic!("{name}: the write must fail"));
        assert_eq!((reads, read_ok, writes), (2, true, 1), "{name}");
        assert_eq!((error.kind(), error.outcome(), error.attempts()), (kind, outcome, 1), "{name}: {error}");
    }
}

#[tokio::test]
async fn too_many_requests_means_that_nothing_was_done_so_writes_go_again() {
    for wait in ["Retry-After: 0\r\n", ""] {
        let (reads, read_ok, writes, error) = row(Act::with("429 Slow", wait, "{}")).await;
        assert_eq!((reads, read_ok, writes), (2, true, 2), "{wait:?}");
        assert!(error.is_none());
    }
    let raw = Raw::start(vec![Act::json("429 Slow", "{}"); 9]).await;
    let error = write(&client(&raw)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts(), raw.requests().len()),
        (ErrorKind::RateLimited, Outcome::NotDone, 4, 4),
        "{error}"
    );
}

#[tokio::test]
async fn without_a_connection_reads_and_writes_are_tried_again_and_nothing_was_sent() {
    // A name that does not exist, a port where nobody listens, and a server that does not speak TLS.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (no_tls, heard) = without_tls().await;
    for (name, base) in [
        ("dns", "https://vault.invalid".to_owned()),
        ("connect", format!("http://127.0.0.1:{nobody}")),
        ("tls", no_tls),
    ] {
        let client = Client::builder(base)
            .credential(StaticToken::new("CANARY".into()))
            .jitter_seed(1)
            .attempts(3)
            .build()
            .unwrap();
        for error in [read(&client).await.unwrap_err(), write(&client).await.unwrap_err()] {
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Connect, Outcome::NotSent, 3),
                "{name}: {error}"
            );
        }
    }
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 6);
    assert!(heard.iter().all(|bytes| bytes[0] == 22), "handshakes, and nothing that could be read");
}

/// A server that answers a handshake in plain text. Returns its address and what it heard, connection by connection.
async fn without_tls() -> (String, Arc<Mutex<Vec<Vec<u8>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let heard = Arc::<Mutex<Vec<Vec<u8>>>>::default();
    let list = Arc::clone(&heard);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4096];
            let n = stream.read(&mut bytes).await.unwrap();
            bytes.truncate(n);
            list.lock().unwrap().push(bytes);
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        }
    });
    (base, heard)
}

#[tokio::test]
async fn waits_as_long_as_the_server_asks_but_not_past_the_deadline() {
    let raw =
        Raw::start(vec![Act::with("429 Slow", "Retry-After: 1\r\n", "{}"), Act::json("200 OK", SUMMARY)])
            .await;
    let started = Instant::now();
    read(&client(&raw)).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));

    let raw = Raw::start(vec![Act::with("429 Slow", "Retry-After: 3600\r\n", "{}")]).await;
    let started = Instant::now();
    let error = read(&client(&raw)).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::NotDone));
    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
}

#[tokio::test]
async fn refusals_are_final() {
    for (status, kind) in [
        ("400 Bad", ErrorKind::Invalid),
        ("404 Not Found", ErrorKind::NotFound),
        ("405 Not Allowed", ErrorKind::Unsupported),
        ("409 Conflict", ErrorKind::Conflict),
        ("403 Forbidden", ErrorKind::Denied),
    ] {
        let raw = Raw::start(vec![Act::json(status, r#"{"message":"no"}"#)]).await;
        let error = read(&client(&raw)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), raw.requests().len()),
            (kind, Outcome::NotDone, 1),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Raw::start(vec![Act::json("200 OK", SUMMARY)]).await;
    let raw =
        Raw::start(vec![Act::with("302 Found", &format!("Location: {}/x\r\n", elsewhere.url), "")]).await;
    let error = read(&client(&raw)).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unsupported, Outcome::NotDone));
    assert!(elsewhere.requests().is_empty(), "the token must not travel");
}

#[tokio::test]
async fn without_a_server_nothing_was_sent_however_often_it_was_tried() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = Client::builder(format!("http://127.0.0.1:{port}"))
        .credential(StaticToken::new("token".into()))
        .build()
        .unwrap();
    let error = write(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (ErrorKind::Connect, Outcome::NotSent, 4),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn what_is_unknown_stays_unknown_whatever_comes_after() {
    // The first attempt to deactivate may have worked; the refusal of the second does not say that it did not.
    let denied = r#"{"errorCode":"API_AccessDenied","message":"Access Denied"}"#;
    let raw = Raw::start(vec![Act::Close, Act::json("400 Bad", denied)]).await;
    let error = client(&raw).secrets().deactivate(SecretId::new(4).unwrap()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (ErrorKind::Denied, Outcome::Unknown, 2),
        "{error}"
    );
}

#[tokio::test]
async fn gives_up_after_four_attempts_and_within_the_total_limit() {
    let raw = Raw::start(vec![Act::Close; 9]).await;
    let error = read(&client(&raw)).await.unwrap_err();
    assert_eq!((error.attempts(), raw.requests().len()), (4, 4));

    let raw = Raw::start(vec![Act::Hang; 9]).await;
    let started = Instant::now();
    let client = client(&raw)
        .with_total_timeout(Duration::from_millis(500))
        .with_attempt_timeout(Duration::from_secs(9));
    let error = read(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_answer_larger_than_allowed_is_not_read_to_its_end() {
    let raw =
        Raw::start(vec![Act::json("200 OK", &format!(r#"{{"id":4,"name":"{}"}}"#, "x".repeat(5000)))]).await;
    let client = Client::builder(&raw.url)
        .credential(StaticToken::new("token".into()))
        .body_limit(1000)
        .build()
        .unwrap();
    let error = read(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome(), error.attempts()), (ErrorKind::Decode, Outcome::Done, 1));
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_reads_and_writes_are_left_alone() {
    use secretserver_client::auth::Password;
    let token = |t: &str| {
        Act::json("200 OK", &format!(r#"{{"access_token":"{t}","token_type":"bearer","expires_in":1199}}"#))
    };
    for refusal in [Act::json("401 Unauthorized", "{}"), Act::json("403 Forbidden", EXPIRED)] {
        let raw =
            Raw::start(vec![token("old"), refusal.clone(), token("new"), Act::json("200 OK", SUMMARY)]).await;
        let signed = || Client::builder(&raw.url).credential(Password::new("u", "p".into())).build().unwrap();
        read(&signed()).await.unwrap();
        let requests = raw.requests();
        assert_eq!(requests.len(), 4);
        assert!(
            requests[1].contains("authorization: Bearer old")
                && requests[3].contains("authorization: Bearer new")
        );

        let raw = Raw::start(vec![token("old"), refusal.clone(), token("new"), refusal.clone()]).await;
        let client = Client::builder(&raw.url).credential(Password::new("u", "p".into())).build().unwrap();
        let error = read(&client).await.unwrap_err();
        assert_eq!((error.kind(), raw.requests().len()), (ErrorKind::Auth, 4), "only once");

        let raw = Raw::start(vec![token("old"), refusal, token("new"), Act::json("200 OK", SUMMARY)]).await;
        let client = Client::builder(&raw.url).credential(Password::new("u", "p".into())).build().unwrap();
        let error = write(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), raw.requests().len()),
            (ErrorKind::Auth, Outcome::NotDone, 2)
        );
        read(&client).await.unwrap();
    }
}
