//! How SQLite is reached: one connection that writes, and a pool that reads.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::{Durability, SqliteOptions, error, schema};
use crate::adapter::sql::backend::Backend;
use crate::adapter::sql::failure::Damage;
use crate::adapter::sql::value::{Columns, Value};
use crate::error::Error;

/// SQLite's pages, in bytes; its default since 2016.
const PAGE: u64 = 4096;

/// A file of SQLite.
#[derive(Debug)]
pub(super) struct Sqlite {
    pub(super) path: Arc<Path>,
    pub(super) readers: SqlitePool,
    writing: SqliteConnectOptions,
}

impl Sqlite {
    pub(super) fn new(path: PathBuf, options: SqliteOptions) -> Self {
        let path: Arc<Path> = path.into();
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers.max(1))
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(for_reading(&path, options));
        let writing = for_writing(&path, options);
        Self { path, readers, writing }
    }
}

fn for_all(path: &Path, options: SqliteOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(options.busy_timeout)
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
}

fn for_writing(path: &Path, options: SqliteOptions) -> SqliteConnectOptions {
    let synchronous = match options.durability {
        Durability::PowerLoss => SqliteSynchronous::Full,
        Durability::ProcessCrash => SqliteSynchronous::Normal,
    };
    let connect = for_all(path, options)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .statement_cache_capacity(200)
        // After a burst the log gives its room back.
        .pragma("journal_size_limit", "67108864");
    match options.max_bytes {
        Some(bytes) => connect.pragma("max_page_count", (bytes / PAGE).max(1).to_string()),
        None => connect,
    }
}

fn for_reading(path: &Path, options: SqliteOptions) -> SqliteConnectOptions {
    // Not opened read-only: the last one to close a file has to be able to tidy up its log.
    for_all(path, options).pragma("query_only", "ON")
}

type Query<'a> = sqlx::query::Query<'a, sqlx::Sqlite, SqliteArguments>;

fn bind(query: Query<'_>, value: Value) -> Query<'_> {
    match value {
        Value::Int(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Key(key) => query.bind(key),
        Value::Id(id) => query.bind(id.map(|id| id.into_bytes().to_vec())),
    }
}

/// A statement with its values.
fn query(text: &'static str, values: impl IntoIterator<Item = Value>) -> Query<'static> {
    values.into_iter().fold(sqlx::query(text), bind)
}

/// The same for a text that may have been put together: of constants and numbers, see `Transaction::insert_rows` and `expect::question`.
fn statement(text: Cow<'static, str>, values: Vec<Value>) -> Query<'static> {
    match text {
        Cow::Borrowed(text) => query(text, values),
        Cow::Owned(text) => values.into_iter().fold(sqlx::query(AssertSqlSafe(text)), bind),
    }
}

impl Backend for Sqlite {
    type Connection = SqliteConnection;
    type Row = SqliteRow;

    const FORMAT: u32 = schema::FORMAT;
    /// The file is locked.
    const ALONE: bool = true;
    // At once for writing: nobody else writes, and a transaction that starts by reading could fail later.
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    const COUNTERS: &'static str = "SELECT m.epoch, m.commits, a.seq, a.hash \
        FROM meta AS m LEFT JOIN audit AS a ON a.seq = (SELECT max(seq) FROM audit) WHERE m.one = 1";
    const FIND: &'static str = "SELECT r.id, r.version, r.body \
        FROM record_index AS i CROSS JOIN record AS r ON r.kind = i.kind AND r.id = i.id \
        WHERE i.kind = $1 AND i.name = $2 AND i.value = $3 AND i.id >= $4 ORDER BY i.id LIMIT $5";
    const CLAIMABLE: &'static str = "SELECT saga, ready_at FROM work WHERE domain = $1 AND ready_at <= $2 \
        AND (engine IS NULL OR until <= $3 OR ($4 = 1 AND engine = $5)) ORDER BY ready_at, saga LIMIT $6";

    async fn connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        self.writing.connect().await
    }

    async fn close(connection: SqliteConnection) -> Result<(), sqlx::Error> {
        connection.close().await
    }

    async fn execute(
        connection: &mut SqliteConnection,
        text: Cow<'static, str>,
        values: Vec<Value>,
    ) -> Result<u64, sqlx::Error> {
        Ok(statement(text, values).execute(connection).await?.rows_affected())
    }

    async fn fetch(
        connection: &mut SqliteConnection,
        text: Cow<'static, str>,
        values: Vec<Value>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        statement(text, values).fetch_all(connection).await
    }

    async fn read(&self, text: &'static str, values: Vec<Value>) -> Result<Vec<SqliteRow>, sqlx::Error> {
        query(text, values).fetch_all(&self.readers).await
    }

    /// One process has the file, and its clock is the caller's.
    async fn now(&self, _: &mut SqliteConnection, callers: Timestamp) -> Result<Timestamp, sqlx::Error> {
        Ok(callers)
    }

    fn certainly_undone(error: &sqlx::Error) -> bool {
        error::certainly_undone(error)
    }

    fn connection_lost(error: &sqlx::Error) -> bool {
        error::connection_lost(error)
    }

    fn stalled(error: &sqlx::Error) -> bool {
        error::stalled(error)
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn error(&self, operation: &'static str, error: &Arc<sqlx::Error>) -> Error {
        error::of(operation, &self.path, error)
    }

    fn ended(&self, operation: &'static str) -> Error {
        error::ended(operation, &self.path)
    }
}

impl Columns for SqliteRow {
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(column)
    }

    fn maybe_text(&self, column: usize) -> Result<Option<String>, sqlx::Error> {
        self.try_get(column)
    }

    fn id(&self, column: usize) -> Result<Uuid, sqlx::Error> {
        let bytes: Vec<u8> = self.try_get(column)?;
        Uuid::from_slice(&bytes).map_err(|_| Damage::error("an identifier does not have 16 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use futures_util::future::join_all;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};
    use uuid::Uuid;

    use super::super::{SqliteOptions, SqliteStore};
    use super::{Backend as _, Sqlite};
    use crate::adapter::sql::expect::question;
    use crate::adapter::sql::statements::ALL;
    use crate::error::{ErrorKind, Outcome};
    use crate::port::store::{Commit, JournalEntry, Store as _};

    /// Another program, which does not look at our lock, holds the file: who waits is told so once the time is over, and not one after the other.
    #[tokio::test]
    async fn a_file_that_is_locked_is_waited_for_once_by_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let options = SqliteOptions { busy_timeout: Duration::from_millis(500), ..SqliteOptions::default() };
        let store = SqliteStore::open(&path, options).await.unwrap();
        let commit = |number| {
            let entry = JournalEntry { saga: Uuid::from_u128(number).into(), seq: 1, body: "{}".to_owned() };
            store.commit(Commit { journal: vec![entry], ..Commit::default() })
        };
        let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        let since = Instant::now();
        for refused in join_all((0..400).map(commit)).await {
            let error = refused.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::StoreUnavailable, Outcome::NotDone),
                "{error}"
            );
            assert!(error.to_string().contains("is locked"), "{error}");
        }
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        commit(1).await.unwrap();
        assert_eq!(store.meta().await.unwrap().commits, 1);
    }

    #[tokio::test]
    async fn every_statement_is_answered_from_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        SqliteStore::open(&path, SqliteOptions::default()).await.unwrap().close().await.unwrap();
        let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        let own = [("FIND", Sqlite::FIND), ("COUNTERS", Sqlite::COUNTERS), ("CLAIMABLE", Sqlite::CLAIMABLE)];
        let expects = question(3);
        for (name, text) in ALL.iter().chain(&own).chain(&[("EXPECTS", expects.as_str())]) {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
            for step in plan {
                let detail: String = step.get("detail");
                assert!(
                    !detail.contains("SCAN") || detail == "SCAN CONSTANT ROW",
                    "{name} reads a whole table: {detail}"
                );
                assert!(!detail.contains("TEMP B-TREE"), "{name} sorts: {detail}");
            }
        }
    }
}
