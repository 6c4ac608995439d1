//! What can be seen from outside: spans, and an observer for metrics. Operation, template of the path, status and counts; nothing else.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use tracing::Span;

use crate::error::{ErrorKind, Outcome};
use crate::request::Prepared;

/// Is told of every attempt and of every call, and never of a value: names of operations, templates of paths, counts and times.
///
/// It runs inside the call, so it must be quick and must not wait. To feed a metrics library, count by [`Finished::operation`] and
/// [`Finished::error`], and never by anything of the arguments:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use secretserver_client::Client;
/// use secretserver_client::testing::Script;
/// use secretserver_client::transport::{Attempt, Finished, Observer};
///
/// #[derive(Debug, Default)]
/// struct Metrics {
///     calls: AtomicU64,
///     failures: AtomicU64,
///     retries: AtomicU64,
///     milliseconds: AtomicU64,
/// }
///
/// impl Observer for Metrics {
///     fn attempt(&self, attempt: &Attempt<'_>) {
///         if attempt.number > 1 {
///             self.retries.fetch_add(1, Ordering::Relaxed);
///         }
///     }
///
///     fn finished(&self, call: &Finished<'_>) {
///         // With a metrics library: labels `call.operation`, `call.path`, and the kind of the error.
///         self.calls.fetch_add(1, Ordering::Relaxed);
///         self.failures.fetch_add(call.error.is_some().into(), Ordering::Relaxed);
///         self.milliseconds.fetch_add(call.took.as_millis() as u64, Ordering::Relaxed);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), secretserver_client::Error> {
/// let metrics = Arc::new(Metrics::default());
/// # let script = Arc::new(Script::new().json(503, "{}").json(200, r#"{"healthy":true}"#));
/// let client = Client::builder("https://vault.corp.example/SecretServer")
///     .observer(metrics.clone())
/// #   .transport(script)
///     .build()?;
/// client.system().health().await?;
/// assert_eq!(metrics.calls.load(Ordering::Relaxed), 1);
/// assert_eq!(metrics.retries.load(Ordering::Relaxed), 1);
/// assert_eq!(metrics.failures.load(Ordering::Relaxed), 0);
/// # Ok(()) }
/// ```
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// One attempt ended.
    fn attempt(&self, attempt: &Attempt<'_>) {
        let _ = attempt;
    }

    /// One call ended, after all its attempts. Not told of a call whose future was dropped.
    fn finished(&self, finished: &Finished<'_>) {
        let _ = finished;
    }
}

/// One attempt of a call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// The operation, such as `secrets.get`. A sign-in is `auth.token`.
    pub operation: &'static str,
    /// The template of the path, such as `/api/v1/secrets/{id}`.
    pub path: &'a str,
    /// Which attempt it was, from 1.
    pub number: u32,
    /// The status of the answer, if there was one.
    pub status: Option<StatusCode>,
    /// How long it took.
    pub took: Duration,
}

/// One call with all its attempts.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Finished<'a> {
    /// The operation, such as `secrets.get`. A sign-in is `auth.token`, and is told of apart from the call that waited for it.
    pub operation: &'static str,
    /// The template of the path, such as `/api/v1/secrets/{id}`.
    pub path: &'a str,
    /// The status of the last answer, if there was one.
    pub status: Option<StatusCode>,
    /// How many attempts it took. 0 when nothing was sent.
    pub attempts: u32,
    /// What went wrong and what is known of it, or `None` when it went well. That an answer was read but not understood is not known here.
    pub error: Option<(ErrorKind, Outcome)>,
    /// How long it took, with all waits.
    pub took: Duration,
}

pub(crate) fn span(request: &Prepared) -> Span {
    tracing::debug_span!(
        "secretserver.request",
        operation = request.operation,
        method = ?request.method,
        path = %request.template,
        status = tracing::field::Empty,
        attempts = tracing::field::Empty,
    )
}

pub(crate) fn attempted(observer: Option<&dyn Observer>, attempt: &Attempt<'_>) {
    tracing::debug!(
        attempt = attempt.number,
        status = attempt.status.map(|s| s.as_u16()),
        took_ms = u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
        "attempt"
    );
    if let Some(observer) = observer {
        observer.attempt(attempt);
    }
}

pub(crate) fn finished(observer: Option<&dyn Observer>, finished: &Finished<'_>) {
    let span = Span::current();
    span.record("attempts", finished.attempts);
    if let Some(status) = finished.status {
        span.record("status", status.as_u16());
    }
    if let Some((kind, outcome)) = finished.error {
        tracing::debug!(?kind, ?outcome, "failed");
    }
    if let Some(observer) = observer {
        observer.finished(finished);
    }
}
