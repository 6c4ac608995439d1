//! For tests: a transport that answers from a script, and a clock that takes no time. What is here may change in any release.

mod answers;
mod catalogue;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use answers::{AnswerReader, answer_readers};
pub use catalogue::{CatalogueCall, CatalogueEntry, SECRET, catalogue, catalogue_calls, token_requests};

use crate::transport::{Body, BoxFuture, Clock, Transport, TransportError, TransportErrorKind};

/// What a script answers.
type Answer = Box<dyn FnOnce(&http::Request<Body>) -> Result<http::Response<Body>, TransportError> + Send>;

/// A transport that gives prepared answers in order, and remembers what was asked.
///
/// ```
/// use std::sync::Arc;
/// use secretserver_client::{Client, testing::Script};
/// # async fn run() -> Result<(), secretserver_client::Error> {
/// let script = Arc::new(Script::new().json(200, r#"{"healthy":true}"#));
/// let client = Client::builder("https://vault.example").transport(script.clone()).build()?;
/// assert!(client.system().health().await?.healthy);
/// assert_eq!(script.requests()[0].uri().path(), "/api/v1/healthcheck");
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct Script {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<http::Request<Vec<u8>>>>,
}

impl Script {
    /// An empty script: every request fails.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next answer has this status and this JSON body.
    #[must_use]
    pub fn json(self, status: u16, body: impl Into<String>) -> Self {
        let body = body.into();
        self.answer(move |_| {
            let mut response = http::Response::new(Body::from(body));
            *response.status_mut() =
                http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
            response
                .headers_mut()
                .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
            Ok(response)
        })
    }

    /// The next request fails so.
    #[must_use]
    pub fn fail(self, kind: TransportErrorKind) -> Self {
        self.answer(move |_| Err(TransportError::new(kind, None)))
    }

    /// The next answer is what this makes of the request.
    #[must_use]
    pub fn answer(
        self,
        answer: impl FnOnce(&http::Request<Body>) -> Result<http::Response<Body>, TransportError> + Send + 'static,
    ) -> Self {
        lock(&self.answers).push_back(Box::new(answer));
        self
    }

    /// What was asked so far, bodies included.
    pub fn requests(&self) -> Vec<http::Request<Vec<u8>>> {
        lock(&self.requests).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script").field("left", &lock(&self.answers).len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        let mut copy = http::Request::new(request.body().as_bytes().map(|b| b.to_vec()).unwrap_or_default());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        lock(&self.requests).push(copy);
        let answer = lock(&self.answers).pop_front();
        match answer {
            Some(answer) => answer(&request),
            None => Err(TransportError::new(
                TransportErrorKind::Request,
                Some("the script has no more answers".into()),
            )),
        }
    }
}

/// A clock that moves only when it is told to, or when somebody sleeps: sleeping takes no time, and is remembered. Time limits never pass by
/// themselves.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<Mutex<Moments>>);

#[derive(Debug, Default)]
struct Moments {
    now: Duration,
    sleeps: Vec<Duration>,
}

impl ManualClock {
    /// A clock at its beginning.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let mut moments = lock(&self.0);
        moments.now = moments.now.saturating_add(by);
    }

    /// How long was slept, each time.
    pub fn sleeps(&self) -> Vec<Duration> {
        lock(&self.0).sleeps.clone()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        lock(&self.0).now
    }

    fn wall(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        let mut moments = lock(&self.0);
        moments.now = moments.now.saturating_add(duration);
        moments.sleeps.push(duration);
        Box::pin(std::future::ready(()))
    }

    fn timer(&self, _duration: Duration) -> BoxFuture<()> {
        Box::pin(std::future::pending())
    }
}
