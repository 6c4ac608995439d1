//! What can be seen from outside: spans, and an observer for metrics. Operation, template of the path, status and counts; nothing else.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use tracing::Span;

use crate::error::{ErrorKind, Outcome};
use crate::request::Prepared;

/// Is told of every attempt and of every call. Must be quick: it runs inside the call.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// One attempt ended.
    fn attempt(&self, attempt: &Attempt) {
        let _ = attempt;
    }

    /// One call ended, after all its attempts.
    fn finished(&self, finished: &Finished) {
        let _ = finished;
    }
}

/// One attempt of a call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The operation, such as `secrets.get`.
    pub operation: &'static str,
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
pub struct Finished {
    /// The operation, such as `secrets.get`.
    pub operation: &'static str,
    /// How many attempts it took.
    pub attempts: u32,
    /// What went wrong and what is known of it, or `None` when it went well.
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

pub(crate) fn attempted(observer: Option<&dyn Observer>, attempt: &Attempt) {
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

pub(crate) fn finished(observer: Option<&dyn Observer>, finished: &Finished, status: Option<StatusCode>) {
    let span = Span::current();
    span.record("attempts", finished.attempts);
    if let Some(status) = status {
        span.record("status", status.as_u16());
    }
    if let Some((kind, outcome)) = finished.error {
        tracing::debug!(?kind, ?outcome, "failed");
    }
    if let Some(observer) = observer {
        observer.finished(finished);
    }
}
