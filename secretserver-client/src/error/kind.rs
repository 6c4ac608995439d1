//! What went wrong, and what is known of the change.

/// What went wrong, in the few classes that a program decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The options, a path or a value were unusable; nothing was sent. Fix the program or its configuration.
    Config,
    /// No connection: DNS, TCP or TLS failed. Nothing was sent. Retried.
    Connect,
    /// A time limit passed. Reads and idempotent calls were retried.
    Timeout,
    /// The connection broke in the middle. Reads and idempotent calls were retried.
    Interrupted,
    /// The server does not accept the credential or the token. Never retried, because a few wrong tries lock the account.
    Auth,
    /// Denied, **or absent, or deactivated**: Secret Server answers all three alike. Search by name to tell them apart.
    Denied,
    /// Something stands before the secret: a comment, a check-out, an approval, a second lock. See [`Error::restriction`](crate::Error::restriction).
    Restricted,
    /// The address does not exist on this server: a missing object, or an operation that this version lacks.
    NotFound,
    /// Something with that name is there already, or the object changed meanwhile.
    Conflict,
    /// The server refused the content of the request.
    Invalid,
    /// Too many requests. Retried after the time that the server named.
    RateLimited,
    /// The server failed, is in maintenance, or answered with something that is not Secret Server.
    Server,
    /// The answer could not be understood.
    Decode,
    /// This server cannot do that, or the verb is not known at that address.
    Unsupported,
}

impl ErrorKind {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Config => "the configuration is unusable",
            Self::Connect => "no connection",
            Self::Timeout => "time limit passed",
            Self::Interrupted => "connection broke",
            Self::Auth => "credential or token refused",
            Self::Denied => "denied or absent",
            Self::Restricted => "something stands before the secret",
            Self::NotFound => "not found",
            Self::Conflict => "conflict",
            Self::Invalid => "request refused as invalid",
            Self::RateLimited => "too many requests",
            Self::Server => "server failed",
            Self::Decode => "answer not understood",
            Self::Unsupported => "not supported by this server",
        }
    }
}

/// What is known of a change whose call failed. Whoever repeats a change decides by this, never by the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The request never left this process, or no server ever received it.
    NotSent,
    /// The server refused it: nothing changed.
    NotDone,
    /// It may have been done, or may still be. Look before you repeat it.
    Unknown,
    /// It was done; only its answer could not be read.
    Done,
}

impl Outcome {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::NotSent => "nothing was sent",
            Self::NotDone => "nothing was done",
            Self::Unknown => "it may have been done",
            Self::Done => "it was done",
        }
    }
}
