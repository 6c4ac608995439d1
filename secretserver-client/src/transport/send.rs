//! The loop around one call. The order of its steps is described in the parent module.

mod failure;

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use http::{HeaderValue, header};
use tracing::Instrument as _;
use zeroize::Zeroizing;

use crate::error::{ApiError, Error, ErrorKind, Outcome};
use crate::request::{Prepared, Reply};
use crate::transport::backoff::{Jitter, next_wait};
use crate::transport::limit::InFlight;
use crate::transport::retry::{Again, Budget, Fault, decide, retry_after};
use crate::transport::trace::{self, Attempt, Finished, Observer};
use crate::transport::{BaseUrl, Body, Clock, ConnectLimit, Transport, TransportErrorKind};

/// The limits of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) attempt: Duration,
    pub(crate) total: Duration,
    /// How long the next piece of a body may take.
    pub(crate) idle: Duration,
    pub(crate) attempts: u32,
    pub(crate) body: usize,
    /// How long a connection may take, where it is not as the transport was made.
    pub(crate) connect: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(30),
            total: Duration::from_mins(1),
            idle: Duration::from_secs(20),
            attempts: 4,
            body: 16 * 1024 * 1024,
            connect: None,
        }
    }
}

/// What all calls of a client share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) base: BaseUrl,
    pub(crate) user_agent: HeaderValue,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) in_flight: InFlight,
    pub(crate) budget: Budget,
    pub(crate) jitter: Jitter,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// The limits of a sign-in, which no single caller owns.
    pub(crate) sign_in: Limits,
    /// Whether its clock is one that panics outside of a tokio runtime.
    pub(crate) needs_runtime: bool,
}

/// A token as it is sent, and where it may be sent.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) header: HeaderValue,
    /// `None`: the address that the client was made for.
    pub(crate) base: Option<BaseUrl>,
}

/// Compared by identity, so that a late refusal of an old token does not evict its successor.
pub(crate) type Bearer = Arc<Access>;

/// Where tokens come from.
#[async_trait]
pub(crate) trait TokenSource: Send + Sync {
    async fn bearer(&self) -> Result<Bearer, Error>;
    /// The server did not accept this token.
    fn refused(&self, bearer: &Bearer);
}

/// What is known after the attempts so far.
#[derive(Default)]
pub(super) struct History {
    pub(super) attempts: u32,
    unknown: bool,
    replaced_token: bool,
    wait: Duration,
}

impl History {
    /// An attempt whose fate is unknown stays unknown, whatever a later one said.
    fn outcome(&self, last: Outcome) -> Outcome {
        if self.unknown && last != Outcome::Done { Outcome::Unknown } else { last }
    }
}

impl Core {
    /// Sends a request and gives back the complete answer and the number of attempts.
    pub(crate) async fn send(
        &self,
        request: &Prepared,
        limits: Limits,
        tokens: Option<&dyn TokenSource>,
    ) -> Result<(Reply, u32), Error> {
        let span = trace::span(request);
        async {
            let started = self.clock.now();
            let mut history = History::default();
            let result = self.attempts(request, limits, tokens, &mut history).await;
            let finished = Finished {
                operation: request.operation,
                path: &request.template,
                status: match &result {
                    Ok(reply) => Some(reply.status),
                    Err(error) => error.status(),
                },
                attempts: history.attempts,
                error: result.as_ref().err().map(|e| (e.kind(), e.outcome())),
                took: self.clock.now().saturating_sub(started),
            };
            trace::finished(self.observer.as_deref(), &finished);
            result.map(|reply| (reply, history.attempts))
        }
        .instrument(span)
        .await
    }

    async fn attempts(
        &self,
        request: &Prepared,
        limits: Limits,
        tokens: Option<&dyn TokenSource>,
        history: &mut History,
    ) -> Result<Reply, Error> {
        self.check_runtime(request)?;
        let deadline = self.clock.now().saturating_add(limits.total);
        loop {
            let late = |history: &History| {
                Self::error(request, history, ErrorKind::Timeout, Outcome::NotSent)
                    .with_detail("the time limit of the call passed")
            };
            let bearer = match tokens {
                None => None,
                Some(tokens) => match self.within(deadline, tokens.bearer()).await {
                    None => return Err(late(history)),
                    Some(Ok(bearer)) => Some(bearer),
                    Some(Err(error)) => return Err(Self::no_token(request, history, error)),
                },
            };
            let Some(place) = self.within(deadline, self.in_flight.enter()).await else {
                return Err(late(history));
            };
            history.attempts = history.attempts.saturating_add(1);
            let started = self.clock.now();
            let limit = limits.attempt.min(deadline.saturating_sub(started));
            let result = match self.limited(limit, self.attempt(request, bearer.as_ref(), limits)).await {
                Some(result) => result,
                None => Err((Fault::AttemptTimeout, None)),
            };
            drop(place);
            let attempt = Attempt {
                operation: request.operation,
                path: &request.template,
                number: history.attempts,
                status: match &result {
                    Ok(reply) => Some(reply.status),
                    Err((fault, _)) => fault.status(),
                },
                took: self.clock.now().saturating_sub(started),
            };
            trace::attempted(self.observer.as_deref(), &attempt);
            let (fault, source) = match result {
                Ok(reply) => {
                    self.budget.earn();
                    return Ok(reply);
                }
                Err(failed) => failed,
            };
            let (again, outcome) = decide(&fault, request.idempotent);
            if fault.is_stale_token()
                && let (Some(tokens), Some(bearer)) = (tokens, &bearer)
            {
                tokens.refused(bearer);
            }
            let error = Self::fault(request, history, &fault, outcome, source);
            history.unknown |= matches!(outcome, Outcome::Unknown | Outcome::Done);
            let wait = match again {
                Again::No => return Err(error),
                Again::NewToken if history.replaced_token || tokens.is_none() => return Err(error),
                Again::NewToken => {
                    history.replaced_token = true;
                    continue;
                }
                Again::After(at_least) => at_least,
            };
            let tries = history.attempts.saturating_sub(u32::from(history.replaced_token));
            history.wait = next_wait(&self.jitter, history.wait);
            let wait = wait.max(history.wait);
            let too_late = self.clock.now().saturating_add(wait) >= deadline;
            if tries >= limits.attempts || too_late || !self.budget.pay() {
                return Err(error);
            }
            self.clock.sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        request: &Prepared,
        bearer: Option<&Bearer>,
        limits: Limits,
    ) -> Result<Reply, (Fault, Option<crate::transport::TransportError>)> {
        let body = Body::from(request.payload.to_bytes());
        let (head, body) = self.exchange(request, bearer, body, limits).await?;
        let announced = announced(&head.headers).unwrap_or(0);
        if announced > limits.body {
            return Err((Fault::TooLarge(head.status), None));
        }
        match self.read(body, limits, announced, limits.body).await {
            Ok(body) => Ok(Reply { status: head.status, headers: head.headers, body }),
            Err(Unread::Cut) => Err((Fault::CutBody(head.status), None)),
            Err(Unread::Stalled) => Err((Fault::StalledBody(head.status), None)),
            Err(Unread::TooLarge) => Err((Fault::TooLarge(head.status), None)),
        }
    }

    /// One request and the beginning of its answer, which is a success; the text of any other is read here.
    pub(super) async fn exchange(
        &self,
        request: &Prepared,
        bearer: Option<&Bearer>,
        body: Body,
        limits: Limits,
    ) -> Result<(http::response::Parts, Body), (Fault, Option<crate::transport::TransportError>)> {
        let unusable = || (Fault::Transport(TransportErrorKind::Request), None);
        let base = bearer.and_then(|b| b.base.as_ref()).unwrap_or(&self.base);
        let uri = base.join(&request.path_and_query()).ok_or_else(unusable)?;
        let mut http = http::Request::new(body);
        *http.method_mut() = request.method.to_http();
        *http.uri_mut() = uri;
        if let Some(limit) = limits.connect {
            http.extensions_mut().insert(ConnectLimit(limit));
        }
        let headers = http.headers_mut();
        headers.extend(request.headers.clone());
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        if let Some(kind) = request.payload.content_type() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        if let Some(bearer) = bearer {
            headers.insert(header::AUTHORIZATION, bearer.header.clone());
        }
        let response = match self.transport.send(http).await {
            Ok(response) => response,
            Err(error) => return Err((Fault::Transport(error.kind()), Some(error))),
        };
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            return Ok((head, body));
        }
        // A refusal is a refusal even when its text is lost or endless.
        let body = self.read(body, limits, 0, limits.body.min(64 * 1024)).await.unwrap_or_default();
        let fault = Fault::Status {
            status: head.status,
            retry_after: retry_after(&head.headers, self.clock.wall()),
            api: ApiError::parse(&body),
        };
        Err((fault, None))
    }

    /// Reads a body into memory that is wiped.
    async fn read(
        &self,
        mut body: Body,
        limits: Limits,
        announced: usize,
        longest: usize,
    ) -> Result<Zeroizing<Vec<u8>>, Unread> {
        let mut out = crate::request::WipedVec::with_room(announced);
        loop {
            // A timer for each piece costs; the attempt's own limit does where it is not longer.
            let piece = if limits.idle < limits.attempt {
                self.limited(limits.idle, body.next()).await.ok_or(Unread::Stalled)?
            } else {
                body.next().await
            };
            let Some(piece) = piece else { return Ok(out.into_inner()) };
            let piece = piece.map_err(|_| Unread::Cut)?;
            if out.len().saturating_add(piece.len()) > longest {
                return Err(Unread::TooLarge);
            }
            out.push_up_to(&piece, longest);
        }
    }

    /// Called from a plain thread, timers and sockets would panic.
    pub(super) fn check_runtime(&self, request: &Prepared) -> Result<(), Error> {
        if self.needs_runtime && tokio::runtime::Handle::try_current().is_err() {
            let text = "there is no tokio runtime on this thread; see the crate's guide to blocking programs";
            return Err(Error::config(request.operation, text).with_target(request.path.clone()));
        }
        Ok(())
    }

    pub(super) async fn within<F: Future + Send>(&self, deadline: Duration, work: F) -> Option<F::Output> {
        self.limited(deadline.saturating_sub(self.clock.now()), work).await
    }

    pub(super) async fn limited<F: Future + Send>(&self, limit: Duration, work: F) -> Option<F::Output> {
        let mut work = std::pin::pin!(work);
        // Most of it is done at once, and then needs no timer.
        let first = std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = first {
            return Some(output);
        }
        match select(work, self.clock.timer(limit)).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(((), _)) => None,
        }
    }
}

/// How long the body will be, if the head says so.
fn announced(headers: &http::HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

enum Unread {
    Cut,
    Stalled,
    TooLarge,
}
