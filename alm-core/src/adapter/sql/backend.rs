//! What differs between the databases that a store can be in.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use jiff::Timestamp;

use super::signal::Signal;
use super::value::{Columns, Value};
use crate::error::Error;

/// A database, and how it is reached.
pub(in crate::adapter) trait Backend: Debug + Send + Sync + 'static {
    /// The connection that writes.
    type Connection: Send;
    /// A row of an answer.
    type Row: Columns + Send + Sync;

    /// The format that this version writes.
    const FORMAT: u32;
    /// Whether nobody but this process can have the database open, so that whoever held leases before it is gone.
    const ALONE: bool;
    /// Begins a transaction in which nobody else writes.
    const BEGIN: &'static str;
    /// The counters: epoch, commits, number and hash of the last audit record, and what [`check`](Backend::check) looks at.
    const COUNTERS: &'static str;
    /// Documents by an index.
    const FIND: &'static str;
    /// Work that can be claimed.
    const CLAIMABLE: &'static str;

    /// A connection that writes.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, sqlx::Error>> + Send;

    /// Closes it.
    fn close(connection: Self::Connection) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Runs a statement; how many rows it changed.
    fn execute(
        connection: &mut Self::Connection,
        text: Cow<'static, str>,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;

    /// Asks on the connection that writes.
    fn fetch(
        connection: &mut Self::Connection,
        text: Cow<'static, str>,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send;

    /// Asks on a connection that only reads.
    fn read(
        &self,
        text: &'static str,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send;

    /// Whether the database is still one that this version may write, by its counters.
    fn check(_counters: &Self::Row) -> Result<(), sqlx::Error> {
        Ok(())
    }

    /// Tells other processes, with the end of the transaction, that work may have come.
    fn announce(
        &self,
        _connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send {
        std::future::ready(Ok(()))
    }

    /// Sees to it that what other processes announce raises the signal.
    fn listen(&self, _signal: &Signal) {}

    /// Now, by the clock that all who use the database share; the caller's where there is none.
    fn now(
        &self,
        connection: &mut Self::Connection,
        callers: Timestamp,
    ) -> impl Future<Output = Result<Timestamp, sqlx::Error>> + Send;

    /// Whether a transaction whose COMMIT ended so has certainly not happened, not even after a crash.
    fn certainly_undone(error: &sqlx::Error) -> bool;

    /// Whether the connection itself cannot be used on.
    fn connection_lost(error: &sqlx::Error) -> bool;

    /// Whether the database answered nobody in time, so that the next change would wait as long.
    fn stalled(_error: &sqlx::Error) -> bool {
        false
    }

    /// Where it is, for people. Never a password.
    fn place(&self) -> String;

    /// The crate's error for one of sqlx, of which it is certain that nothing was done.
    fn error(&self, operation: &'static str, error: &Arc<sqlx::Error>) -> Error;

    /// The store no longer works because the runtime that it was opened in has ended.
    fn ended(&self, operation: &'static str) -> Error;
}
