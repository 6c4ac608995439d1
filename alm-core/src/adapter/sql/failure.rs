//! How the stores in SQL fail.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::error::{Error, ErrorKind};
use crate::port::store::RecordKind;

/// Something in the store is not what this crate writes.
#[derive(Clone, Copy, Debug)]
pub(in crate::adapter) struct Damage(&'static str);

impl Damage {
    /// As an error of sqlx, to travel with the others.
    pub(in crate::adapter) fn error(what: &'static str) -> sqlx::Error {
        sqlx::Error::Decode(Box::new(Self(what)))
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Damage {}

/// The database's own words, shared by all whom the failure of one transaction concerns. They name statements and tables, never values.
#[derive(Debug)]
pub(in crate::adapter) struct Cause(pub(in crate::adapter) Arc<sqlx::Error>);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Cause {}

/// Why an operation was not done.
#[derive(Debug)]
pub(in crate::adapter) enum Failure {
    /// The contract says no; the operations beside it in the same transaction are not concerned.
    Refused(Error),
    /// The database failed; the whole transaction is lost.
    Broken(sqlx::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Broken(error)
    }
}

pub(in crate::adapter) fn changed(message: String) -> Error {
    Error::new(ErrorKind::Conflict, "store.commit", message)
        .with_advice("somebody else changed it in between; load it again and decide anew")
}

/// Another version than was expected; 0 stands for a document that is not there.
pub(super) fn moved(kind: RecordKind, id: Uuid, now: u64, expected: u64) -> Error {
    changed(format!("{} {id} is at version {now}, not {expected}", kind.name()))
}

pub(in crate::adapter) fn unwritable(what: &str, error: serde_json::Error) -> Error {
    Error::new(ErrorKind::StoreCorrupt, "store.commit", format!("{what} cannot be written as JSON"))
        .with_source(error)
}
