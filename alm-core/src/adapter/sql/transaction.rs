//! An open transaction of the one that writes.

use std::borrow::Cow;

use jiff::Timestamp;

use super::backend::Backend;
use super::statements as sql;
use super::value::{Columns as _, Value};
use crate::model::audit::ChainHash;

/// An open transaction with the numbers that every change may need.
pub(in crate::adapter) struct Transaction<'a, B: Backend> {
    backend: &'a B,
    pub(super) connection: &'a mut B::Connection,
    pub(super) counters: Counters,
    /// Whether there is work now that an engine may be waiting for.
    pub(super) work_came: bool,
}

/// How many rows one statement writes. Few sizes, so that few statements have to be kept prepared.
const ROWS: [usize; 7] = [64, 16, 8, 4, 3, 2, 1];

impl<'a, B: Backend> Transaction<'a, B> {
    /// With nothing done in it yet.
    pub(super) const fn new(backend: &'a B, connection: &'a mut B::Connection, counters: Counters) -> Self {
        Self { backend, connection, counters, work_came: false }
    }

    /// Runs a statement; how many rows it changed.
    pub(super) async fn change<const N: usize>(
        &mut self,
        text: &'static str,
        values: [Value; N],
    ) -> Result<u64, sqlx::Error> {
        B::execute(self.connection, Cow::Borrowed(text), values.into()).await
    }

    pub(super) async fn all<const N: usize>(
        &mut self,
        text: &'static str,
        values: [Value; N],
    ) -> Result<Vec<B::Row>, sqlx::Error> {
        B::fetch(self.connection, Cow::Borrowed(text), values.into()).await
    }

    /// Asks with a text that was put together of constants and numbers.
    pub(super) async fn ask(&mut self, text: String, values: Vec<Value>) -> Result<Vec<B::Row>, sqlx::Error> {
        B::fetch(self.connection, Cow::Owned(text), values).await
    }

    pub(super) async fn optional<const N: usize>(
        &mut self,
        text: &'static str,
        values: [Value; N],
    ) -> Result<Option<B::Row>, sqlx::Error> {
        Ok(self.all(text, values).await?.into_iter().next())
    }

    pub(super) async fn one<const N: usize>(
        &mut self,
        text: &'static str,
        values: [Value; N],
    ) -> Result<B::Row, sqlx::Error> {
        self.optional(text, values).await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// Now, by the clock that all who use the store share; the caller's where there is none.
    pub(super) async fn now(&mut self, callers: Timestamp) -> Result<Timestamp, sqlx::Error> {
        self.backend.now(self.connection, callers).await
    }

    /// Writes rows that are all as wide, many in one statement.
    pub(super) async fn insert_rows<const WIDTH: usize>(
        &mut self,
        beginning: &'static str,
        rows: Vec<[Value; WIDTH]>,
    ) -> Result<(), sqlx::Error> {
        let mut left = rows.len();
        let mut rows = rows.into_iter();
        for size in ROWS {
            if left < size {
                continue;
            }
            // Nothing in the text comes from outside: a constant, brackets and numbers.
            let row = |row: usize| {
                let places = (1..=WIDTH).map(|column| format!("${}", row * WIDTH + column));
                format!("({})", places.collect::<Vec<_>>().join(", "))
            };
            let text = format!("{beginning}{}", (0..size).map(row).collect::<Vec<_>>().join(", "));
            while left >= size {
                let values = rows.by_ref().take(size).flatten().collect();
                B::execute(self.connection, Cow::Owned(text.clone()), values).await?;
                left -= size;
            }
        }
        Ok(())
    }
}

/// The numbers of the store that only rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) epoch: u64,
    pub(super) commits: u64,
    pub(super) audit_seq: u64,
    pub(super) audit_hash: ChainHash,
}

impl Counters {
    pub(super) async fn load<B: Backend>(connection: &mut B::Connection) -> Result<Self, sqlx::Error> {
        let rows = B::fetch(connection, Cow::Borrowed(B::COUNTERS), Vec::new()).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        B::check(row)?;
        let empty = row.maybe_int(2)?.is_none();
        let (audit_seq, audit_hash) =
            if empty { (0, ChainHash::GENESIS) } else { (row.number(2)?, row.hash(3)?) };
        Ok(Self { epoch: row.number(0)?, commits: row.number(1)?, audit_seq, audit_hash })
    }

    pub(super) async fn save<B: Backend>(self, connection: &mut B::Connection) -> Result<(), sqlx::Error> {
        let values = vec![self.epoch.into(), self.commits.into()];
        B::execute(connection, Cow::Borrowed(sql::SAVE_COUNTERS), values).await?;
        Ok(())
    }
}

/// A statement without values.
pub(super) async fn execute<B: Backend>(
    connection: &mut B::Connection,
    text: &'static str,
) -> Result<(), sqlx::Error> {
    B::execute(connection, Cow::Borrowed(text), Vec::new()).await?;
    Ok(())
}
