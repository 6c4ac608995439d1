//! From a fault to the error that the caller sees.

use http::StatusCode;

use super::{Core, History};
use crate::error::{Error, ErrorKind, Outcome};
use crate::request::{DecodeError, Prepared};
use crate::transport::TransportError;
use crate::transport::retry::Fault;

impl Core {
    pub(in crate::transport) fn error(
        request: &Prepared,
        history: &History,
        kind: ErrorKind,
        outcome: Outcome,
    ) -> Error {
        Error::new(kind, history.outcome(outcome), request.operation)
            .with_target(request.path.clone())
            .with_attempts(history.attempts)
    }

    pub(in crate::transport) fn fault(
        request: &Prepared,
        history: &History,
        fault: &Fault,
        outcome: Outcome,
        source: Option<TransportError>,
    ) -> Error {
        let mut error = Self::error(request, history, fault.kind(), outcome);
        if let Some(source) = source {
            error = error.with_source(source);
        }
        match fault {
            Fault::Status { status, retry_after, api } => {
                error = error.with_status(*status).with_retry_after(*retry_after).with_api(api.clone());
                if status.is_redirection() {
                    error = error
                        .with_detail("the server redirects, which is not followed; correct the base address");
                }
            }
            Fault::CutBody(status) => error = error.with_status(*status).with_detail("the answer broke off"),
            Fault::StalledBody(status) => {
                error = error.with_status(*status).with_detail("the answer stopped arriving");
            }
            Fault::TooLarge(status) => {
                error = error.with_status(*status).with_detail("the answer is larger than allowed");
            }
            Fault::AttemptTimeout | Fault::Transport(_) => {}
        }
        error
    }

    /// The caller's own request was not sent, unless an earlier attempt was.
    pub(in crate::transport) fn no_token(request: &Prepared, history: &History, cause: Error) -> Error {
        let error = Self::error(request, history, cause.kind(), Outcome::NotSent)
            .with_detail("no token could be had")
            .with_api(cause.api().cloned())
            .with_retry_after(cause.retry_after());
        match cause.status() {
            Some(status) => error.with_status(status),
            None => error,
        }
        .with_source(cause)
    }
}

impl Error {
    /// The answer of a successful call could not be read. It was done, unless a web page came, which says nothing.
    pub(crate) fn undecodable(
        request: &Prepared,
        status: StatusCode,
        attempts: u32,
        cause: DecodeError,
    ) -> Self {
        let outcome = if cause.is_html() { Outcome::Unknown } else { Outcome::Done };
        Self::new(ErrorKind::Decode, outcome, request.operation)
            .with_target(request.path.clone())
            .with_detail(cause.to_string())
            .with_status(status)
            .with_attempts(attempts)
            .with_source(cause)
    }
}
