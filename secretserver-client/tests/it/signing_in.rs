//! One sign-in for all, its failure shared, its end independent of who waits, and no second try after a refusal.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use secretserver_client::auth::{Password, StaticToken};
use secretserver_client::testing::{ManualClock, Script};
use secretserver_client::transport::{Body, Transport, TransportError, TransportErrorKind};
use secretserver_client::{Client, ErrorKind, Outcome};

/// Answers the token endpoint after a while, and everything else at once.
#[derive(Debug)]
struct Slow {
    tokens: AtomicUsize,
    finished: AtomicUsize,
    refuse: bool,
}

impl Slow {
    fn new(refuse: bool) -> Arc<Self> {
        Arc::new(Self { tokens: AtomicUsize::new(0), finished: AtomicUsize::new(0), refuse })
    }
}

fn response(status: u16, body: String) -> http::Response<Body> {
    http::Response::builder().status(status).body(Body::from(body)).unwrap()
}

#[async_trait]
impl Transport for Slow {
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        if !request.uri().path().ends_with("/oauth2/token") {
            return Ok(response(200, r#"{"id":1,"userName":"svc","permissions":[]}"#.to_owned()));
        }
        let number = self.tokens.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.finished.fetch_add(1, Ordering::SeqCst);
        if self.refuse {
            return Ok(response(400, r#"{"error":"Login failed."}"#.to_owned()));
        }
        Ok(response(
            200,
            format!(r#"{{"access_token":"t{number}","token_type":"bearer","expires_in":1199}}"#),
        ))
    }
}

fn client(transport: Arc<dyn Transport>) -> Client {
    Client::builder("https://vault.example")
        .transport(transport)
        .credential(Password::new("svc", "CANARY".into()))
        .build()
        .unwrap()
}

async fn hundred(client: &Client) -> Vec<Result<(), secretserver_client::Error>> {
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.users().current().await.map(drop) })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_callers_make_one_sign_in() {
    let slow = Slow::new(false);
    let client = client(slow.clone());
    assert!(hundred(&client).await.iter().all(Result::is_ok));
    assert_eq!(slow.tokens.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_shared_and_closes_the_client_until_the_credential_is_replaced() {
    let slow = Slow::new(true);
    let client = client(slow.clone());
    for result in hundred(&client).await {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotSent), "{error}");
    }
    assert_eq!(slow.tokens.load(Ordering::SeqCst), 1, "a hundred callers, one wrong password");
    client.users().current().await.unwrap_err();
    assert_eq!(slow.tokens.load(Ordering::SeqCst), 1, "closed");
    client.replace_credential(Password::new("svc", "right".into()));
    client.users().current().await.unwrap_err();
    assert_eq!(slow.tokens.load(Ordering::SeqCst), 2, "open again");
}

#[tokio::test]
async fn a_sign_in_goes_on_when_everybody_who_waited_is_gone() {
    let slow = Slow::new(false);
    let client = client(slow.clone());
    let caller = tokio::spawn({
        let client = client.clone();
        async move { client.sign_in().await }
    });
    while slow.tokens.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(slow.finished.load(Ordering::SeqCst), 1, "ran to its end");
    client.users().current().await.unwrap();
    assert_eq!(slow.tokens.load(Ordering::SeqCst), 1, "and its token is used");
}

/// Knows only the second token: the first has expired on the server. The first caller of the second exchange is told of.
#[derive(Debug)]
struct Expired {
    tokens: AtomicUsize,
    /// How the token endpoint fails, from the second exchange on.
    fails: Option<TransportErrorKind>,
    /// Answers the exchange when it is told to.
    gate: tokio::sync::Semaphore,
}

impl Expired {
    fn new(fails: Option<TransportErrorKind>, open: bool) -> Arc<Self> {
        let gate = tokio::sync::Semaphore::new(if open { 1000 } else { 0 });
        Arc::new(Self { tokens: AtomicUsize::new(0), fails, gate })
    }
}

#[async_trait]
impl Transport for Expired {
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        if request.uri().path().ends_with("/oauth2/token") {
            let number = self.tokens.fetch_add(1, Ordering::SeqCst);
            if number > 0 {
                self.gate.acquire().await.unwrap().forget();
                if let Some(kind) = self.fails {
                    return Err(TransportError::new(kind, None));
                }
            }
            return Ok(response(200, token(&format!("t{number}"))));
        }
        // So that all hundred are under way with the old token before the first is refused.
        tokio::time::sleep(Duration::from_millis(20)).await;
        if request.headers()["authorization"] == "Bearer t0" {
            return Ok(response(401, "{}".to_owned()));
        }
        Ok(response(200, USER.to_owned()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_tasks_with_an_expired_token_make_one_token_request() {
    let server = Expired::new(None, true);
    let client = Client::builder("https://vault.example")
        .transport(server.clone())
        .credential(Password::new("svc", "pw".into()))
        .in_flight(100)
        .build()
        .unwrap();
    client.sign_in().await.unwrap();
    assert!(hundred(&client).await.iter().all(Result::is_ok));
    assert_eq!(server.tokens.load(Ordering::SeqCst), 2, "the first, and one for all hundred");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_tasks_share_one_failure_of_the_token_endpoint() {
    let server = Expired::new(Some(TransportErrorKind::Interrupted), false);
    let client = Client::builder("https://vault.example")
        .transport(server.clone())
        .clock(Arc::new(ManualClock::new()))
        .credential(Password::new("svc", "pw".into()))
        .in_flight(100)
        .build()
        .unwrap();
    client.sign_in().await.unwrap();
    let opened = tokio::spawn({
        let server = server.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            server.gate.add_permits(1000);
        }
    });
    let results = hundred(&client).await;
    opened.await.unwrap();
    for result in results {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.starts_with("auth.token on /oauth2/token failed"), "{cause}");
    }
    let tries = server.tokens.load(Ordering::SeqCst);
    assert_eq!(tries, 1 + 3, "one exchange with its three attempts, whose failure all hundred got");
}

#[tokio::test]
async fn cancelling_the_first_caller_loses_nobody() {
    let server = Expired::new(None, false);
    let client = client(server.clone());
    client.sign_in().await.unwrap();
    let call = || {
        let client = client.clone();
        tokio::spawn(async move { client.users().current().await.map(drop) })
    };
    let first = call();
    while server.tokens.load(Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let others: Vec<_> = (0..99).map(|_| call()).collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    server.gate.add_permits(1);
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert_eq!(server.tokens.load(Ordering::SeqCst), 2, "the exchange that the first began");
}

const USER: &str = r#"{"id":1,"userName":"svc","permissions":[]}"#;

fn token(name: &str) -> String {
    format!(r#"{{"access_token":"{name}","token_type":"bearer","expires_in":1199}}"#)
}

fn scripted(script: &Arc<Script>, clock: &ManualClock) -> Client {
    Client::builder("https://vault.example/SecretServer")
        .transport(script.clone())
        .clock(Arc::new(clock.clone()))
        .credential(Password::new("svc", "p w&d".into()).domain("CORP").otp("123456".into()))
        .build()
        .unwrap()
}

#[tokio::test]
async fn sends_the_form_with_domain_and_code_and_uses_the_code_once() {
    let script = Arc::new(Script::new().json(200, token("t")).json(200, USER).json(401, "{}"));
    let client = scripted(&script, &ManualClock::new());
    client.users().current().await.unwrap();
    let request = &script.requests()[0];
    assert_eq!(request.uri(), "https://vault.example/SecretServer/oauth2/token");
    assert_eq!(request.headers()["OTP"], "123456");
    assert_eq!(
        String::from_utf8_lossy(request.body()),
        "grant_type=password&username=svc&password=p+w%26d&domain=CORP"
    );
    let error = client.users().current().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(script.requests().len(), 3, "the used code is not sent again");
}

#[tokio::test]
async fn renews_early_and_goes_on_with_the_old_token_when_that_fails() {
    let script = Arc::new(
        Script::new()
            .json(200, token("first"))
            .json(200, USER)
            .json(200, USER)
            .json(503, "{}")
            .json(503, "{}")
            .json(503, "{}")
            .json(200, USER)
            .json(200, USER)
            .json(200, token("second"))
            .json(200, USER),
    );
    let clock = ManualClock::new();
    let client = Client::builder("https://vault.example")
        .transport(script.clone())
        .clock(Arc::new(clock.clone()))
        .credential(Password::new("svc", "pw".into()))
        .build()
        .unwrap();
    client.users().current().await.unwrap();
    clock.advance(Duration::from_secs(1100));
    client.users().current().await.unwrap();
    assert_eq!(script.requests().len(), 3, "not due");
    clock.advance(Duration::from_secs(75));
    client.users().current().await.unwrap();
    assert_eq!(script.requests().len(), 7, "due, and three tries failed");
    client.users().current().await.unwrap();
    assert_eq!(script.requests().len(), 8, "the next try is not at once");
    clock.advance(Duration::from_mins(1));
    client.users().current().await.unwrap();
    let used: Vec<_> = script
        .requests()
        .iter()
        .filter_map(|r| r.headers().get("authorization").map(|v| v.to_str().unwrap().to_owned()))
        .collect();
    assert_eq!(used, ["Bearer first", "Bearer first", "Bearer first", "Bearer first", "Bearer second"]);
}

#[tokio::test]
async fn a_late_refusal_of_an_old_token_does_not_evict_the_new_one() {
    // Two reads go out with the old token. The first is refused and brings a new token; the refusal of the second comes later.
    let script = Arc::new(Script::new().json(200, token("old")).json(200, USER));
    let gate = Arc::new(tokio::sync::Notify::new());
    let late = Arc::new(Gated {
        inner: script.clone(),
        gate: gate.clone(),
        calls: AtomicUsize::new(0),
        tokens: AtomicUsize::new(0),
    });
    let client = Client::builder("https://vault.example")
        .transport(late.clone())
        .credential(Password::new("svc", "pw".into()))
        .build()
        .unwrap();
    client.users().current().await.unwrap();
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.users().current().await.map(drop) }
    });
    while late.calls.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    client.users().current().await.unwrap();
    assert_eq!(late.tokens.load(Ordering::SeqCst), 2);
    gate.notify_one();
    slow.await.unwrap().unwrap();
    assert_eq!(late.tokens.load(Ordering::SeqCst), 2, "the new token was kept");
}

/// Call 1 is answered. Call 2 waits for the gate and is refused; all others with the old token are refused at once.
#[derive(Debug)]
struct Gated {
    inner: Arc<Script>,
    gate: Arc<tokio::sync::Notify>,
    calls: AtomicUsize,
    tokens: AtomicUsize,
}

#[async_trait]
impl Transport for Gated {
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        if request.uri().path().ends_with("/oauth2/token") {
            return match self.tokens.fetch_add(1, Ordering::SeqCst) {
                0 => self.inner.send(request).await,
                _ => Ok(response(200, token("new"))),
            };
        }
        if request.headers()["authorization"] == "Bearer new" {
            return Ok(response(200, USER.to_owned()));
        }
        match self.calls.fetch_add(1, Ordering::SeqCst) {
            0 => self.inner.send(request).await,
            1 => {
                self.gate.notified().await;
                Ok(response(401, "{}".to_owned()))
            }
            _ => Ok(response(401, "{}".to_owned())),
        }
    }
}

#[tokio::test]
async fn a_web_page_at_the_token_endpoint_says_what_is_wrong_and_does_not_close() {
    let script =
        Arc::new(Script::new().json(200, "<html>CANARY</html>").json(200, token("t")).json(200, USER));
    let client = Client::builder("https://vault.example")
        .transport(script)
        .credential(Password::new("svc", "pw".into()))
        .build()
        .unwrap();
    let error = client.users().current().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("web services are off") && !cause.contains("CANARY"), "{cause}");
    client.users().current().await.unwrap();
}

#[tokio::test]
async fn insane_tokens_are_refused() {
    for body in [
        r#"{"access_token":"CANARY","expires_in":0}"#,
        r#"{"access_token":"CANARY","expires_in":99999999}"#,
        r#"{"access_token":"","expires_in":60}"#,
        r#"{"access_token":"CANARY\r\nX: y","expires_in":60}"#,
        r#"{"access_token":["CANARY"],"expires_in":60}"#,
        r#"{"expires_in":60}"#,
    ] {
        let script = Arc::new(Script::new().json(200, body));
        let error = client(script).sign_in().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(!format!("{error} {error:?}").contains("CANARY"));
    }
}

#[tokio::test]
async fn the_sign_in_is_tried_again_when_the_server_was_not_reached() {
    let script = Arc::new(
        Script::new().fail(TransportErrorKind::Connect).json(503, "{}").json(200, token("t")).json(200, USER),
    );
    let clock = ManualClock::new();
    let client = Client::builder("https://vault.example")
        .transport(script.clone())
        .clock(Arc::new(clock.clone()))
        .credential(Password::new("svc", "pw".into()))
        .build()
        .unwrap();
    client.users().current().await.unwrap();
    assert_eq!((script.requests().len(), clock.sleeps().len()), (4, 2));
}

#[tokio::test]
async fn a_given_token_that_is_refused_closes_the_client() {
    let script = Arc::new(Script::new().json(401, "{}"));
    let client = Client::builder("https://vault.example")
        .transport(script.clone())
        .credential(StaticToken::new("t".into()))
        .build()
        .unwrap();
    for _ in 0..3 {
        assert_eq!(client.users().current().await.unwrap_err().kind(), ErrorKind::Auth);
    }
    assert_eq!(script.requests().len(), 1);
}
