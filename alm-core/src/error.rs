//! The one error of this crate.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

pub use crate::model::refusal::Refusal;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, on what, what is known of the outcome, and what to do about it. Never holds a secret.
///
/// Cheap to clone, one word wide.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    outcome: Outcome,
    operation: &'static str,
    message: String,
    advice: Option<String>,
    refusals: Vec<Refusal>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A rule forbids it. [`Error::refusals`] lists all of them, with ids and values. Nothing was changed; repeating it is useless.
    Refused,
    /// The caller may not do it. The refusal says what is missing (P-3).
    Denied,
    /// There is no such thing.
    NotFound,
    /// Somebody else changed it in between. Load it again and decide anew.
    Conflict,
    /// The idempotency key was used for another command. Use a new one.
    KeyReused,
    /// The lease is gone: another engine has the work now (E-5). Stop; do nothing more for it.
    StaleLease,
    /// The store could not be reached, or is locked by another process. Try again.
    StoreUnavailable,
    /// The disk is full. Make room; nothing was lost.
    StoreFull,
    /// The store was written by a newer version of this crate. Use that one.
    StoreNewer,
    /// What is in the store is not what this crate writes. Restore a backup; do not go on.
    StoreCorrupt,
    /// The vault refused or could not be reached.
    Vault,
    /// The directory refused or could not be reached.
    Directory,
    /// A setting is wrong.
    Config,
}

/// What is known of a change that ended in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It never left this process.
    NotSent,
    /// It was refused: nothing was done.
    NotDone,
    /// It may have been done, or may still be.
    Unknown,
    /// It was done; only its answer could not be read.
    Done,
}

impl Error {
    /// An error of which it is certain that nothing was done.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            outcome: Outcome::NotDone,
            operation,
            message: message.into(),
            advice: None,
            refusals: Vec::new(),
            source: None,
        }))
    }

    /// A refusal by one or more rules.
    pub fn refused(operation: &'static str, refusals: Vec<Refusal>) -> Self {
        let message = refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Self::new(ErrorKind::Refused, operation, message).map(|inner| inner.refusals = refusals)
    }

    /// A denial: the caller lacks something.
    pub fn denied(operation: &'static str, refusal: Refusal) -> Self {
        Self::new(ErrorKind::Denied, operation, refusal.to_string())
            .map(|inner| inner.refusals = vec![refusal])
    }

    /// There is no such thing.
    pub fn not_found(operation: &'static str, what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, operation, format!("{what} does not exist"))
    }

    /// Says what is known of the outcome.
    #[must_use]
    pub fn with_outcome(self, outcome: Outcome) -> Self {
        self.map(|inner| inner.outcome = outcome)
    }

    /// Says what to do.
    #[must_use]
    pub fn with_advice(self, advice: impl Into<String>) -> Self {
        let advice = advice.into();
        self.map(|inner| inner.advice = Some(advice))
    }

    /// Keeps the cause.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.map(|inner| inner.source = Some(Arc::new(source)))
    }

    fn map(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What is known of the change.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// What was being done, such as `request.submit`.
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// What to do about it, when there is more to say than the kind does.
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// Every rule that forbids it; all problems of a form at once.
    pub fn refusals(&self) -> &[Refusal] {
        &self.0.refusals
    }

    /// Whether a rule with this id is among the refusals.
    pub fn violates(&self, rule: &str) -> bool {
        self.0.refusals.iter().any(|refusal| refusal.rule() == rule)
    }

    /// Whether the same again may succeed without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Conflict | ErrorKind::StoreUnavailable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.operation, self.0.message)?;
        match &self.0.advice {
            Some(advice) => write!(f, " ({advice})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("outcome", &self.0.outcome)
            .field("operation", &self.0.operation)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
