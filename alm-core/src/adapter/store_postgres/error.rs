//! What PostgreSQL's failures mean here. The one place where its codes are read.

use std::sync::Arc;
use std::{fmt, io};

use crate::adapter::sql::failure::Cause;
use crate::error::{Error, ErrorKind, Outcome};

/// A newer version has brought the tables to its own format since this one opened them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newer(pub(super) i64);

impl fmt::Display for Newer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "format {}", self.0)
    }
}

impl std::error::Error for Newer {}

impl From<Newer> for sqlx::Error {
    fn from(newer: Newer) -> Self {
        Self::Decode(Box::new(newer))
    }
}

/// The server's code (<https://www.postgresql.org/docs/current/errcodes-appendix.html>), if it was the server that refused.
fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

/// What TLS has to say against a connection comes as a failure to read.
fn is_tls(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(io) => io.kind() == io::ErrorKind::InvalidData,
        _ => false,
    }
}

/// The server ends, or ended, the session: whatever was under way in it may have happened.
fn is_ending(code: &str) -> bool {
    code.starts_with("57P") || code.starts_with("08")
}

/// Whether a transaction whose COMMIT ended so has certainly not happened, not even after a crash: the server said no, and was there to say it.
pub(super) fn certainly_undone(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| !is_ending(&code) && !code.starts_with("XX"))
}

/// Whether the connection itself cannot be used on.
pub(super) fn connection_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => true,
        other => code(other).is_some_and(|code| is_ending(&code) || code == "25006"),
    }
}

/// Whether nobody was answered in time: a lock is held for long, or the server is gone without a word.
pub(super) fn stalled(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(io) if io.kind() == io::ErrorKind::TimedOut)
        || matches!(code(error).as_deref(), Some("57014" | "55P03"))
}

/// Whether a question that failed so can be asked again on another connection: the one that it had was cut off.
pub(super) fn worth_another(error: &sqlx::Error) -> bool {
    let timed_out = matches!(error, sqlx::Error::Io(io) if io.kind() == io::ErrorKind::TimedOut);
    connection_lost(error)
        && !timed_out
        && !matches!(error, sqlx::Error::PoolClosed | sqlx::Error::PoolTimedOut)
}

/// The crate's error for one of sqlx, of which it is certain that nothing was done.
pub(super) fn of(operation: &'static str, place: &str, error: &Arc<sqlx::Error>) -> Error {
    let found = code(error);
    let made = match found.as_deref() {
        Some(code) => of_code(operation, place, code),
        None => match &**error {
            sqlx::Error::Decode(cause) if cause.is::<Newer>() => Error::new(
                ErrorKind::StoreNewer,
                operation,
                format!("{place} was brought to a newer format ({cause}) while this program had it open"),
            )
            .with_advice("end this program and use the newer version; nothing was changed"),
            sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::RowNotFound => {
                Error::new(
                    ErrorKind::StoreCorrupt,
                    operation,
                    format!("{place} holds what this version does not write"),
                )
                .with_advice("restore a backup; do not go on with it")
            }
            other if is_tls(other) => {
                unavailable(operation, format!("the connection to {place} could not be protected"))
                    .with_advice(
                        "the certificate must be for the host and from an authority that is trusted here",
                    )
            }
            sqlx::Error::PoolTimedOut => unavailable(
                operation,
                format!("no connection to {place} came about in time"),
            )
            .with_advice(
                "it does not answer, or more readers are needed; it is tried anew with the next operation",
            ),
            _ => unavailable(operation, format!("{place} cannot be reached"))
                .with_advice("it is tried anew with the next operation"),
        },
    };
    made.with_source(Cause(error.clone()))
}

fn of_code(operation: &'static str, place: &str, code: &str) -> Error {
    match code {
        "53100" => Error::new(ErrorKind::StoreFull, operation, format!("the disk of {place} is full"))
            .with_advice("make room; nothing was lost"),
        "53300" => unavailable(operation, format!("{place} has no connection left"))
            .with_advice("raise max_connections there, or use fewer readers here"),
        "57014" | "55P03" => unavailable(operation, format!("{place} took too long for a statement"))
            .with_advice("it is overloaded, or another program holds its tables; it can be tried again"),
        "25006" => unavailable(operation, format!("{place} can only be read"))
            .with_advice("this is a standby, or its disk is full: connect to the primary"),
        "28000" | "28P01" => {
            unavailable(operation, format!("{place} does not accept the user or the password"))
                .with_advice("compare both with what the server has, and its pg_hba.conf")
        }
        "3D000" => {
            unavailable(operation, format!("there is no {place}")).with_advice("make the database first")
        }
        // Tables in a schema that one may not use are said to be nowhere.
        "42501" | "3F000" => unavailable(operation, format!("the user may not use {place}"))
            .with_advice("it needs to own the schema, or CREATE on the database to make it"),
        "42P01" => unavailable(operation, format!("{place} has no tables of ours any more"))
            .with_advice("somebody removed them: restore a backup"),
        "XX001" | "XX002" => Error::new(ErrorKind::StoreCorrupt, operation, format!("{place} is damaged"))
            .with_advice("restore a backup; do not go on with it"),
        code if is_ending(code) => unavailable(operation, format!("{place} is shutting down or restarting"))
            .with_advice("it is tried anew with the next operation"),
        code => unavailable(operation, format!("PostgreSQL failed on {place} with code {code}"))
            .with_advice("the server's log says more"),
    }
}

/// The store no longer works because the runtime that it was opened in has ended.
pub(super) fn ended(operation: &'static str, place: &str) -> Error {
    unavailable(operation, format!("{place} was closed, or the runtime that it was opened in has ended"))
        .with_outcome(Outcome::Unknown)
        .with_advice("open it again, in a runtime that lives as long as it is used")
}

fn unavailable(operation: &'static str, message: String) -> Error {
    Error::new(ErrorKind::StoreUnavailable, operation, message)
}
