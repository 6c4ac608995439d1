//! What SQLite's failures mean here. The one place where its codes are read.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::adapter::sql::failure::Cause;
use crate::error::{Error, ErrorKind, Outcome};

// https://www.sqlite.org/rescode.html
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;
/// Failures of writing: to write, to flush, to flush the folder, to shorten, to make room for the shared index of the log.
const WRITING: [i32; 5] =
    [IOERR | (3 << 8), IOERR | (4 << 8), IOERR | (5 << 8), IOERR | (6 << 8), IOERR | (19 << 8)];

/// SQLite's extended code, if it was SQLite that failed.
fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// Whether a transaction whose COMMIT ended so has certainly not happened, not even after a crash.
pub(super) fn certainly_undone(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| matches!(code & 0xff, BUSY | FULL))
}

/// Whether the connection itself can be used on.
pub(super) fn connection_lost(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolClosed
    )
}

/// Whether another program held the file for as long as it was waited for.
pub(super) fn stalled(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| matches!(code & 0xff, BUSY | LOCKED))
}

/// The crate's error for one of sqlx, of which it is certain that nothing was done.
pub(super) fn of(operation: &'static str, file: &Path, error: &Arc<sqlx::Error>) -> Error {
    let file = file.display();
    let extended = code(error);
    let made = match extended.map(|code| code & 0xff) {
        Some(FULL) => full(operation, format!("the disk or the limit of {file} is full")),
        Some(IOERR) if extended.is_some_and(|code| WRITING.contains(&code)) => {
            full(operation, format!("{file} cannot be written to"))
        }
        Some(BUSY | LOCKED) => unavailable(operation, format!("{file} is locked"))
            .with_advice("another program holds it; end that, or wait"),
        Some(READONLY | CANTOPEN) => unavailable(operation, format!("{file} cannot be opened for writing"))
            .with_advice("check the permissions of the file and its folder"),
        Some(CORRUPT | NOTADB) => corrupt(operation, format!("{file} is damaged")),
        Some(other) => unavailable(operation, format!("SQLite failed on {file} with code {other}")),
        None => match &**error {
            sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::RowNotFound => {
                corrupt(operation, format!("{file} holds what this version does not write"))
            }
            sqlx::Error::PoolTimedOut => {
                unavailable(operation, format!("no connection to {file} became free in time"))
            }
            _ => unavailable(operation, format!("{file} cannot be used")),
        },
    };
    made.with_source(Cause(error.clone()))
}

/// The store no longer works because the runtime that it was opened in has ended.
pub(super) fn ended(operation: &'static str, file: &Path) -> Error {
    unavailable(
        operation,
        format!("{} was closed, or the runtime that it was opened in has ended", file.display()),
    )
    .with_outcome(Outcome::Unknown)
    .with_advice("open it again, in a runtime that lives as long as it is used")
}

/// For failures of the files themselves, before SQLite sees them.
pub(super) fn io(operation: &'static str, file: &Path, error: io::Error) -> Error {
    let file = file.display();
    let made = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            full(operation, format!("there is no room for {file}"))
        }
        io::ErrorKind::NotFound => unavailable(operation, format!("the folder of {file} does not exist"))
            .with_advice("make the folder first"),
        kind => unavailable(operation, format!("{file} cannot be opened: {kind}")),
    };
    made.with_source(error)
}

fn full(operation: &'static str, message: String) -> Error {
    Error::new(ErrorKind::StoreFull, operation, message).with_advice("make room; nothing was lost")
}

fn unavailable(operation: &'static str, message: String) -> Error {
    Error::new(ErrorKind::StoreUnavailable, operation, message)
}

pub(super) fn corrupt(operation: &'static str, message: String) -> Error {
    Error::new(ErrorKind::StoreCorrupt, operation, message)
        .with_advice("restore a backup; do not go on with it")
}

#[cfg(test)]
mod tests {
    use sqlx::ConnectOptions as _;
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;
    use crate::adapter::sql::failure::Damage;

    /// What SQLite says to a statement on a file that holds `bytes`.
    async fn failure(bytes: &[u8], statement: &'static str) -> Arc<sqlx::Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let connected = SqliteConnectOptions::new().filename(&path).connect().await;
        let failed = match connected {
            Err(error) => Err(error),
            Ok(mut connection) => sqlx::raw_sql(statement).execute(&mut connection).await.map(drop),
        };
        Arc::new(failed.unwrap_err())
    }

    fn kind(error: &Arc<sqlx::Error>) -> ErrorKind {
        let made = of("store.test", Path::new("/somewhere/store.alm"), error);
        assert!(made.to_string().contains("/somewhere/store.alm"), "{made}");
        assert!(!made.to_string().contains('\n'), "{made}");
        assert_eq!(made.outcome(), Outcome::NotDone);
        made.kind()
    }

    #[tokio::test]
    async fn a_full_file_is_full_and_nothing_was_done() {
        let full = failure(b"", "PRAGMA max_page_count = 1; CREATE TABLE a (b); CREATE TABLE c (d)").await;
        assert_eq!(kind(&full), ErrorKind::StoreFull);
        assert!(certainly_undone(&full) && !connection_lost(&full));
    }

    #[tokio::test]
    async fn other_failures_leave_the_outcome_of_a_commit_open() {
        let foreign = failure(&[b'x'; 4096], "SELECT * FROM sqlite_schema").await;
        assert_eq!(kind(&foreign), ErrorKind::StoreCorrupt);
        assert!(!certainly_undone(&foreign));
        let wrong = failure(b"", "SELECT * FROM nothing").await;
        assert_eq!(kind(&wrong), ErrorKind::StoreUnavailable);
        assert!(!certainly_undone(&wrong) && !connection_lost(&wrong));
    }

    #[test]
    fn a_lost_connection_is_replaced_and_damage_is_named() {
        assert!(connection_lost(&sqlx::Error::WorkerCrashed));
        assert!(!certainly_undone(&sqlx::Error::WorkerCrashed));
        assert_eq!(kind(&Arc::new(Damage::error("a number is negative"))), ErrorKind::StoreCorrupt);
        assert_eq!(kind(&Arc::new(sqlx::Error::PoolTimedOut)), ErrorKind::StoreUnavailable);
    }
}
