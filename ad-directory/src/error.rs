//! What can go wrong, and what is known of it.

use std::{borrow::Cow, fmt, sync::Arc};

pub(crate) mod kind;

pub use kind::{ErrorKind, Outcome};

/// The result of a directory operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A directory operation that failed.
///
/// One machine word, cheap to clone. `Display` is one line that says what failed, on what and why; it never holds a password, and neither
/// does `Debug`. After a change, ask [`outcome`](Self::outcome) before you repeat it, not [`kind`](Self::kind).
///
/// ```
/// # use ad_directory::{Error, ErrorKind, Outcome};
/// let error = Error::new(ErrorKind::Timeout, "accounts.create").with_subject("CN=svc,DC=x").with_reason("no answer within 10 s");
/// assert_eq!(error.outcome(), Outcome::Unknown);
/// assert_eq!(error.to_string(), "accounts.create of CN=svc,DC=x: no answer within 10 s");
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    outcome: Outcome,
    operation: &'static str,
    subject: Option<String>,
    reason: Cow<'static, str>,
    ldap_code: Option<u32>,
    win32_code: Option<u32>,
    bind_code: Option<u32>,
    attempts: u32,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A failure of `operation` (`"accounts.create"`), with the outcome that its kind usually has.
    ///
    /// Public so that other implementations of [`Directory`](crate::Directory), and tests, can make one.
    pub fn new(kind: ErrorKind, operation: &'static str) -> Self {
        Self(Arc::new(Inner {
            kind,
            outcome: kind.usual_outcome(),
            operation,
            subject: None,
            reason: Cow::Borrowed(kind.summary()),
            ldap_code: None,
            win32_code: None,
            bind_code: None,
            attempts: 1,
            source: None,
        }))
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What is known of the change that was asked for.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// The operation that failed, such as `"accounts.create"`.
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// What it failed on: a DN, a GUID, a host.
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// The result code of LDAP (RFC 4511, 4.1.9), when the server answered.
    pub fn ldap_code(&self) -> Option<u32> {
        self.0.ldap_code
    }

    /// The Win32 code at the head of the server's diagnostic, such as `0x52d`.
    pub fn win32_code(&self) -> Option<u32> {
        self.0.win32_code
    }

    /// Why a sign-in was refused (`data 52e`), as the number `0x52e`.
    pub fn bind_code(&self) -> Option<u32> {
        self.0.bind_code
    }

    /// How often it was tried.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// What to do about it, in one sentence.
    pub fn advice(&self) -> &'static str {
        self.0.kind.advice()
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Interrupted | ErrorKind::Busy
        )
    }

    /// Whether another controller may do better.
    #[cfg(feature = "ldap")]
    pub(crate) fn is_local_to_a_controller(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Connect
                | ErrorKind::Tls
                | ErrorKind::Busy
                | ErrorKind::Interrupted
                | ErrorKind::Unsupported
        )
    }

    /// With another outcome.
    #[must_use]
    pub fn with_outcome(self, outcome: Outcome) -> Self {
        self.change(|inner| inner.outcome = outcome)
    }

    /// With what it failed on.
    #[must_use]
    pub fn with_subject(self, subject: impl fmt::Display) -> Self {
        self.change(|inner| inner.subject = Some(one_line(&subject.to_string())))
    }

    /// With a reason of its own in place of its kind's. One line, and never a secret.
    #[must_use]
    pub fn with_reason(self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.change(|inner| {
            let reason: Cow<'static, str> = reason.into();
            let is_line = reason.len() <= LONGEST && !reason.contains(char::is_control);
            inner.reason = if is_line { reason } else { Cow::Owned(one_line(&reason)) };
        })
    }

    /// With the operation it failed in.
    #[must_use]
    pub fn with_operation(self, operation: &'static str) -> Self {
        self.change(|inner| inner.operation = operation)
    }

    /// With the number of tries.
    #[must_use]
    pub fn with_attempts(self, attempts: u32) -> Self {
        self.change(|inner| inner.attempts = attempts)
    }

    /// With the codes of the server's answer.
    #[must_use]
    pub fn with_codes(self, ldap: Option<u32>, win32: Option<u32>, bind: Option<u32>) -> Self {
        self.change(|inner| {
            inner.ldap_code = ldap;
            inner.win32_code = win32;
            inner.bind_code = bind;
        })
    }

    /// With its cause. The cause must not hold a secret: it is printed with the chain.
    #[must_use]
    pub fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.change(|inner| inner.source = Some(Arc::new(source)))
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

/// As much of a text as goes into an error: a name of any length may come from a server.
const LONGEST: usize = 1500;

/// Server text and names may hold line breaks, and a log line must not.
fn one_line(text: &str) -> String {
    let (line, cut) = text.split_at_checked(text.floor_char_boundary(LONGEST)).unwrap_or((text, ""));
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim();
    if cut.is_empty() { line.to_owned() } else { format!("{line}…") }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.write_str(inner.operation)?;
        if let Some(subject) = &inner.subject {
            write!(f, " of {subject}")?;
        }
        write!(f, ": {}", inner.reason)?;
        let mut codes = Vec::new();
        codes.extend(inner.ldap_code.map(|code| format!("ldap {code}")));
        codes.extend(inner.win32_code.map(|code| format!("win32 {code:08x}")));
        codes.extend(inner.bind_code.map(|code| format!("data {code:x}")));
        if !codes.is_empty() {
            write!(f, " ({})", codes.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("outcome", &inner.outcome)
            .field("attempts", &inner.attempts)
            .field("message", &format_args!("{self}"))
            .field("source", &inner.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

impl From<crate::ParseError> for Error {
    /// A value that a caller handed in and that is not right: nothing was sent.
    fn from(error: crate::ParseError) -> Self {
        Self::new(ErrorKind::Invalid, "values.parse").with_reason(error.to_string()).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorKind, Outcome};

    #[test]
    fn is_one_word_and_can_cross_threads() {
        fn check<T: Send + Sync + Clone + 'static>() {}
        check::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn is_one_line() {
        let error = Error::new(ErrorKind::Constraint, "accounts.update")
            .with_subject("CN=a\nDEL:b")
            .with_reason("the server says: no\0\n")
            .with_codes(Some(19), Some(0x202f), None);
        assert_eq!(
            error.to_string(),
            "accounts.update of CN=a DEL:b: the server says: no (ldap 19, win32 0000202f)"
        );
    }

    #[test]
    fn is_of_a_length_that_a_log_bears() {
        let error = Error::new(ErrorKind::Protocol, "accounts.list")
            .with_subject(format!("CN={}", "ä".repeat(100_000)))
            .with_reason("é".repeat(100_000));
        assert!(error.to_string().len() < 4096, "{} bytes", error.to_string().len());
        assert!(error.subject().unwrap().ends_with("ä…"));
    }

    #[test]
    fn a_change_leaves_clones_alone() {
        let first = Error::new(ErrorKind::Timeout, "probe");
        let second = first.clone().with_outcome(Outcome::Done);
        assert_eq!((first.outcome(), second.outcome()), (Outcome::Unknown, Outcome::Done));
    }
}
