//! What can go wrong, and what is known of the change that went wrong.

pub mod api;
mod kind;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

pub use api::ApiError;
pub use kind::{ErrorKind, Outcome};

/// Why a call failed. One word wide, cheap to clone, and free of secrets: it never holds a body, a header or a query.
///
/// ```
/// # fn show(error: secretserver_client::Error) {
/// use secretserver_client::error::Outcome;
/// match error.outcome() {
///     Outcome::NotSent | Outcome::NotDone => println!("safe to try again: {error}"),
///     _ => println!("look at the server first: {error}; {}", error.advice()),
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    outcome: Outcome,
    operation: &'static str,
    target: Option<String>,
    detail: Option<String>,
    status: Option<StatusCode>,
    api: Option<ApiError>,
    attempts: u32,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, outcome: Outcome, operation: &'static str) -> Self {
        Self(Arc::new(Inner {
            kind,
            outcome,
            operation,
            target: None,
            detail: None,
            status: None,
            api: None,
            attempts: 0,
            retry_after: None,
            source: None,
        }))
    }

    /// A mistake in the configuration or in an argument: nothing was sent.
    pub(crate) fn config(operation: &'static str, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, Outcome::NotSent, operation).with(|i| i.detail = Some(detail.into()))
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn with_detail(self, detail: impl Into<String>) -> Self {
        self.with(|i| i.detail = Some(detail.into()))
    }

    pub(crate) fn with_target(self, target: impl Into<String>) -> Self {
        self.with(|i| i.target = Some(target.into()))
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        self.with(|i| i.status = Some(status))
    }

    pub(crate) fn with_api(self, api: Option<ApiError>) -> Self {
        self.with(|i| i.api = api)
    }

    pub(crate) fn with_attempts(self, attempts: u32) -> Self {
        self.with(|i| i.attempts = attempts)
    }

    pub(crate) fn with_retry_after(self, wait: Option<Duration>) -> Self {
        self.with(|i| i.retry_after = wait)
    }

    pub(crate) fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.with(|i| i.source = Some(Arc::new(source)))
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What is known of the change that failed.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// The operation that was called, such as `secrets.create`.
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The server's own code and message, cleaned and shortened.
    pub fn api(&self) -> Option<&ApiError> {
        self.0.api.as_ref()
    }

    /// How often the request was given to the transport. 0 when nothing was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the server asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Connect
                | ErrorKind::Timeout
                | ErrorKind::Interrupted
                | ErrorKind::RateLimited
                | ErrorKind::Server
        )
    }

    /// Whether the server said "no such thing", or "denied or absent", which it does not tell apart.
    pub fn is_denied_or_absent(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Denied | ErrorKind::NotFound)
    }

    /// Whether the name is taken already, or the object changed meanwhile.
    pub fn is_conflict(&self) -> bool {
        self.0.kind == ErrorKind::Conflict
    }

    /// What a person can do about it, in one sentence.
    pub fn advice(&self) -> &'static str {
        match self.0.kind {
            ErrorKind::Config => "correct the named option or argument",
            ErrorKind::Connect => {
                "check the address, the name service, the firewall and the server's certificate"
            }
            ErrorKind::Timeout | ErrorKind::Interrupted | ErrorKind::Server
                if self.0.outcome == Outcome::Unknown =>
            {
                "look whether it was done before you repeat it"
            }
            ErrorKind::Timeout | ErrorKind::Interrupted => "try again later",
            ErrorKind::Auth => {
                "check the user, its password and whether it is locked or disabled, then replace the credential"
            }
            ErrorKind::Denied => {
                "check the id, whether the object is active, and the permissions of the user on it"
            }
            ErrorKind::Restricted => {
                "ask for the access of the secret, and read it with a comment, a check-out or an approval"
            }
            ErrorKind::NotFound => "check the id and the version of the server",
            ErrorKind::Conflict => "read the object again, or choose another name",
            ErrorKind::Invalid => "correct the request as the server's message says",
            ErrorKind::RateLimited => "wait, and send fewer requests at a time",
            ErrorKind::Server => "see the server's own log; it may be in maintenance",
            ErrorKind::Decode => {
                "check that the address is that of Secret Server itself and that no proxy answers for it"
            }
            ErrorKind::Unsupported => {
                "check that web services are enabled, the base address and the server's version"
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let i = &*self.0;
        write!(f, "{}", i.operation)?;
        if let Some(target) = &i.target {
            write!(f, " on {target}")?;
        }
        write!(f, " failed: {}", i.kind.text())?;
        if let Some(detail) = &i.detail {
            write!(f, ": {detail}")?;
        }
        if let Some(status) = i.status {
            write!(f, " (http {}", status.as_u16())?;
            if let Some(api) = &i.api {
                write!(f, ", {api}")?;
            }
            write!(f, ")")?;
        }
        if i.attempts > 1 {
            write!(f, " after {} attempts", i.attempts)?;
        }
        write!(f, "; {}", i.outcome.text())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let i = &*self.0;
        f.debug_struct("Error")
            .field("kind", &i.kind)
            .field("outcome", &i.outcome)
            .field("operation", &i.operation)
            .field("target", &i.target)
            .field("detail", &i.detail)
            .field("status", &i.status)
            .field("api", &i.api)
            .field("attempts", &i.attempts)
            .field("retry_after", &i.retry_after)
            .field("source", &i.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|e| e as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_word_and_crosses_threads() {
        fn assert<T: Send + Sync + Clone + 'static>() {}
        assert::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn display_is_one_lower_case_line_with_all_facts() {
        let error = Error::new(ErrorKind::Denied, Outcome::NotDone, "secrets.get")
            .with_target("/v1/secrets/4")
            .with_status(StatusCode::BAD_REQUEST)
            .with_api(ApiError::parse(br#"{"errorCode":"API_AccessDenied","message":"Access Denied"}"#))
            .with_attempts(2);
        assert_eq!(
            error.to_string(),
            "secrets.get on /v1/secrets/4 failed: denied or absent (http 400, API_AccessDenied: Access Denied) \
             after 2 attempts; nothing was done"
        );
    }
}
