//! How requests travel: the [`Transport`] trait, and what is done around it.
//!
//! One call is: wait for a token → wait for a place among the requests in flight → one attempt under its time limit → judge the answer by
//! the table below → perhaps wait and begin again. This is one loop and not a stack of layers, because each step needs to know of the
//! others: the body is part of the attempt (a cut body may be fetched again), a refused token is an attempt that counts once, and the
//! outcome of a call is the worst of its attempts.
//!
//! # What is sent again
//!
//! Up to four attempts ([`ClientBuilder::attempts`](crate::ClientBuilder::attempts)), with growing waits, within the call's total time limit:
//!
//! | what happened | read, or idempotent | other |
//! |---|---|---|
//! | no connection, stream refused unseen | retry | retry |
//! | 429 | retry after `Retry-After` | retry after `Retry-After`: nothing was done |
//! | 503 with `Retry-After` | retry | no; unknown |
//! | time-out, broken connection, cut body, 408, other 5xx | retry | no; unknown (done, if a 2xx was seen) |
//! | 401, the one documented 403 | new token, once again | new token, not again; not done |
//! | anything else | no; not done | no; not done |
//!
//! Idempotent is what its [`Endpoint`](crate::request::Endpoint) says: reads, replacements and deletions, except those that can start something, such as a
//! change of the password. "Unknown", "done" and "not done" are the [`Outcome`](crate::Outcome) of the error. A file on its way up is
//! sent once, whatever happens; one on its way down is begun again only with a new token.

mod backoff;
mod base;
mod body;
mod clock;
mod limit;
#[cfg(feature = "reqwest")]
pub(crate) mod reqwest;
pub(crate) mod retry;
mod send;
mod stream;
pub(crate) mod trace;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

pub(crate) use backoff::Jitter;
pub(crate) use base::{BaseUrl, is_here};
pub use body::{Body, BoxError};
pub use clock::{BoxFuture, Clock, SystemClock};
pub(crate) use limit::InFlight;
pub(crate) use retry::Budget;
pub(crate) use send::{Access, Bearer, Core, Limits, TokenSource};
pub(crate) use stream::Incoming;
pub use trace::{Attempt, Finished, Observer};

/// Carries one request to the server and its answer back. Bring your own, or use the one over HTTP(S) of the feature `reqwest`.
///
/// It sends once: it repeats nothing and follows no redirect. Dropping the future abandons the request, which the server may carry out all
/// the same.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends the request.
    ///
    /// # Errors
    /// When there is no answer. Its kind says whether the server may have seen the request.
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, TransportError>;
}

/// How long a connection may take for this request, in its extensions when the caller asked for another limit than the transport was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectLimit(pub Duration);

/// How a request failed to get an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// DNS, TCP or TLS failed, or the server refused the stream before it looked at it. Nothing was sent; everything is retried.
    Connect,
    /// A time limit of the transport passed after the request was sent. Only idempotent requests are retried.
    Timeout,
    /// The connection broke after the request was sent. Only idempotent requests are retried.
    Interrupted,
    /// The request itself is unusable. Nothing was sent; never retried.
    Request,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<BoxError>,
}

impl TransportError {
    /// An error of this kind. Its source must not quote headers, query or body.
    pub fn new(kind: TransportErrorKind, source: Option<BoxError>) -> Self {
        Self { kind, source }
    }

    /// How it failed.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::Connect => "no connection",
            TransportErrorKind::Timeout => "no answer in time",
            TransportErrorKind::Interrupted => "connection broke before the answer was complete",
            TransportErrorKind::Request => "the request is unusable",
        })
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn std::error::Error + 'static))
    }
}
