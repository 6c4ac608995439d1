//! Requests and answers that are too large to keep: one attempt, nothing in memory but the piece that is under way.
//!
//! A body that is streamed is gone once it was sent, so such a request is never repeated, whatever happened; what is known of it is said by the
//! error's outcome. An answer that is streamed is not repeated either: whoever read the beginning would get it twice.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, StatusCode};
use tracing::Instrument as _;

use crate::error::{Error, ErrorKind, Outcome};
use crate::request::Prepared;
use crate::transport::retry::decide;
use crate::transport::send::History;
use crate::transport::trace::{self, Attempt, Finished};
use crate::transport::{Body, BoxFuture, Clock, Core, Limits, TokenSource};

impl Core {
    /// Sends a request once, with this body, and gives the beginning of a successful answer. `limits.total` is for everything up to there.
    pub(crate) async fn once(
        &self,
        request: &Prepared,
        body: Body,
        limits: Limits,
        tokens: &dyn TokenSource,
    ) -> Result<Incoming, Error> {
        let span = trace::span(request);
        async {
            let started = self.clock.now();
            let mut history = History::default();
            let result = self.exchange_once(request, body, limits, tokens, &mut history).await;
            let took = self.clock.now().saturating_sub(started);
            let status = match &result {
                Ok(incoming) => Some(incoming.status),
                Err(error) => error.status(),
            };
            let (operation, path) = (request.operation, request.template.as_str());
            if history.attempts > 0 {
                let attempt = Attempt { operation, path, number: 1, status, took };
                trace::attempted(self.observer.as_deref(), &attempt);
            }
            let finished = Finished {
                operation,
                path,
                status,
                attempts: history.attempts,
                error: result.as_ref().err().map(|e| (e.kind(), e.outcome())),
                took,
            };
            trace::finished(self.observer.as_deref(), &finished);
            result
        }
        .instrument(span)
        .await
    }

    async fn exchange_once(
        &self,
        request: &Prepared,
        body: Body,
        limits: Limits,
        tokens: &dyn TokenSource,
        history: &mut History,
    ) -> Result<Incoming, Error> {
        self.check_runtime(request)?;
        let deadline = self.clock.now().saturating_add(limits.total);
        let late = |history: &History, outcome| {
            Self::error(request, history, ErrorKind::Timeout, outcome)
                .with_detail("the time limit of the call passed")
        };
        let bearer = match self.within(deadline, tokens.bearer()).await {
            None => return Err(late(history, Outcome::NotSent)),
            Some(Ok(bearer)) => bearer,
            Some(Err(error)) => return Err(Self::no_token(request, history, error)),
        };
        let Some(place) = self.within(deadline, self.in_flight.enter()).await else {
            return Err(late(history, Outcome::NotSent));
        };
        history.attempts = 1;
        let answer = self.within(deadline, self.exchange(request, Some(&bearer), body, limits)).await;
        drop(place);
        match answer {
            None => Err(late(history, Outcome::Unknown)),
            Some(Ok((head, body))) => Ok(Incoming {
                operation: request.operation,
                target: request.path.clone(),
                status: head.status,
                headers: head.headers,
                body,
                clock: Arc::clone(&self.clock),
                idle: limits.idle,
                timer: None,
                read: 0,
                longest: u64::MAX,
                ended: false,
            }),
            Some(Err((fault, source))) => {
                if fault.is_stale_token() {
                    tokens.refused(&bearer);
                }
                let (_, outcome) = decide(&fault, false);
                Err(Self::fault(request, history, &fault, outcome, source))
            }
        }
    }
}

/// A successful answer whose body is read piece by piece. Ends after the first error.
pub(crate) struct Incoming {
    operation: &'static str,
    target: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Body,
    clock: Arc<dyn Clock>,
    idle: Duration,
    timer: Option<BoxFuture<()>>,
    pub(crate) read: u64,
    pub(crate) longest: u64,
    ended: bool,
}

impl Incoming {
    /// An error about this answer. What was asked for was done.
    pub(crate) fn error(&self, kind: ErrorKind, detail: &'static str) -> Error {
        Error::new(kind, Outcome::Done, self.operation)
            .with_target(self.target.clone())
            .with_status(self.status)
            .with_attempts(1)
            .with_detail(detail)
    }

    fn fail(&mut self, kind: ErrorKind, detail: &'static str) -> Poll<Option<Result<Bytes, Error>>> {
        self.ended = true;
        self.body = Body::empty();
        Poll::Ready(Some(Err(self.error(kind, detail))))
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        match Pin::new(&mut this.body).poll_next(cx) {
            Poll::Ready(None) => {
                this.ended = true;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(_))) => this.fail(ErrorKind::Interrupted, "the answer broke off"),
            Poll::Ready(Some(Ok(piece))) => {
                this.timer = None;
                this.read = this.read.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                if this.read > this.longest {
                    return this.fail(ErrorKind::Decode, "the answer is larger than allowed");
                }
                Poll::Ready(Some(Ok(piece)))
            }
            Poll::Pending => {
                let (clock, idle) = (&this.clock, this.idle);
                let timer = this.timer.get_or_insert_with(|| clock.timer(idle));
                match timer.as_mut().poll(cx) {
                    Poll::Ready(()) => this.fail(ErrorKind::Timeout, "no more of the answer came in time"),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("status", &self.status)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}
