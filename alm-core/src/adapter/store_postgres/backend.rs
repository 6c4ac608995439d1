//! How PostgreSQL is reached: one connection that writes, a pool that reads, and one that listens.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool, Row as _};
use tokio::runtime::Handle;
use tokio::time::timeout;
use uuid::Uuid;

use super::listen::Listening;
use super::options::{LeaseClock, PostgresOptions};
use super::{connect, error, schema, text};
use crate::adapter::sql::backend::Backend;
use crate::adapter::sql::failure::Damage;
use crate::adapter::sql::signal::Signal;
use crate::adapter::sql::value::{Columns, Value};
use crate::error::Error;

/// How much longer than the server is waited for: a server that is there gives a statement up by itself.
const MORE: Duration = Duration::from_secs(5);

/// Microseconds since 1970, by the database's clock.
const NOW: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
const TELL: &str = "SELECT pg_notify($1, $2)";

/// A schema of a database of PostgreSQL.
pub(super) struct Postgres {
    pub(super) readers: PgPool,
    connecting: PgConnectOptions,
    pub(super) options: PostgresOptions,
    /// Whose announcements are our own.
    own: Uuid,
    listening: OnceLock<Listening>,
    /// The one that the store was opened in.
    runtime: Handle,
}

/// Not derived: the driver's options hold the password as text.
impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Postgres {
    pub(super) fn new(options: PostgresOptions) -> Self {
        let connecting = connect::options(&options);
        let readers = PgPoolOptions::new()
            .max_connections(options.readers.max(1))
            .acquire_timeout(options.connect_timeout)
            // Not asked whether it is still there before each question; if it is not, the question says so and is asked again.
            .test_before_acquire(false)
            .connect_lazy_with(connecting.clone());
        Self {
            readers,
            connecting,
            options,
            own: Uuid::new_v4(),
            listening: OnceLock::new(),
            runtime: Handle::current(),
        }
    }

    async fn read_once(&self, text: &'static str, values: Vec<Value>) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut connection = self.readers.acquire().await?;
        let limit = self.options.statement_timeout.saturating_add(MORE);
        let rows = within(limit, query(text, values).fetch_all(&mut *connection)).await;
        if rows.as_ref().is_err_and(error::connection_lost) {
            // What is broken, or may still be busy with an answer that nobody waits for, does not go back into the pool.
            drop(connection.detach());
        }
        rows
    }
}

/// A connection that writes.
pub(super) struct Session {
    pub(super) connection: PgConnection,
    limit: Duration,
}

/// A server that is gone without a word is noticed by the time alone.
async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())))
}

type Query<'a> = sqlx::query::Query<'a, sqlx::Postgres, PgArguments>;

fn bind(query: Query<'_>, value: Value) -> Query<'_> {
    match value {
        Value::Int(number) => query.bind(number),
        Value::Text(text) => query.bind(text.map(text::kept)),
        Value::Key(key) => query.bind(text::key(key)),
        Value::Id(id) => query.bind(id),
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

impl Backend for Postgres {
    type Connection = Session;
    type Row = PgRow;

    const FORMAT: u32 = schema::FORMAT;
    const ALONE: bool = false;
    // One who writes after the other, over all processes: so the chain of the audit has one end. Every statement after the lock sees what the one
    // before has committed. The lock is not that of a row, since holding a row is itself written to the disk, and a claim that finds nothing
    // should not be.
    const BEGIN: &'static str = concat!("BEGIN ISOLATION LEVEL READ COMMITTED; ", schema::alone!());
    const COUNTERS: &'static str = "SELECT m.epoch, m.commits, a.seq, a.hash, m.format \
        FROM meta AS m LEFT JOIN audit AS a ON a.seq = (SELECT max(seq) FROM audit) WHERE m.one = 1";
    const FIND: &'static str = "SELECT r.id, r.version, r.body \
        FROM record_index AS i JOIN record AS r ON r.kind = i.kind AND r.id = i.id \
        WHERE i.kind = $1 AND i.name = $2 AND i.value = $3 AND i.id >= $4 ORDER BY i.id LIMIT $5";
    const CLAIMABLE: &'static str = "SELECT saga, ready_at FROM work WHERE domain = $1 AND ready_at <= $2 \
        AND (engine IS NULL OR until <= $3 OR ($4 = 1 AND engine = $5)) ORDER BY ready_at, saga LIMIT $6 \
        FOR UPDATE SKIP LOCKED";

    async fn connect(&self) -> Result<Session, sqlx::Error> {
        let connection = within(self.options.connect_timeout, self.connecting.connect()).await?;
        Ok(Session { connection, limit: self.options.statement_timeout.saturating_add(MORE) })
    }

    async fn close(session: Session) -> Result<(), sqlx::Error> {
        within(session.limit, session.connection.close()).await
    }

    async fn execute(
        session: &mut Session,
        text: Cow<'static, str>,
        values: Vec<Value>,
    ) -> Result<u64, sqlx::Error> {
        let Session { connection, limit } = session;
        // What has no values is not prepared: it may be more than one statement.
        if let (Cow::Borrowed(text), true) = (&text, values.is_empty()) {
            return Ok(within(*limit, sqlx::raw_sql(*text).execute(connection)).await?.rows_affected());
        }
        Ok(within(*limit, statement(text, values).execute(connection)).await?.rows_affected())
    }

    async fn fetch(
        session: &mut Session,
        text: Cow<'static, str>,
        values: Vec<Value>,
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        within(session.limit, statement(text, values).fetch_all(&mut session.connection)).await
    }

    async fn read(&self, text: &'static str, values: Vec<Value>) -> Result<Vec<PgRow>, sqlx::Error> {
        // All that are idle may have been cut off at the same time; after them comes a new one.
        for _ in 0..self.options.readers {
            match self.read_once(text, values.clone()).await {
                Err(error) if error::worth_another(&error) => {}
                other => return other,
            }
        }
        self.read_once(text, values).await
    }

    fn check(counters: &PgRow) -> Result<(), sqlx::Error> {
        let format = counters.int(4)?;
        if format > i64::from(schema::FORMAT) { Err(error::Newer(format).into()) } else { Ok(()) }
    }

    async fn announce(&self, session: &mut Session) -> Result<(), sqlx::Error> {
        let values = vec![self.options.schema.as_str().into(), self.own.to_string().into()];
        Self::fetch(session, Cow::Borrowed(TELL), values).await?;
        Ok(())
    }

    fn listen(&self, signal: &Signal) {
        self.listening.get_or_init(|| {
            Listening::start(&self.runtime, self.connecting.clone(), &self.options, self.own, signal.clone())
        });
    }

    async fn now(&self, session: &mut Session, callers: Timestamp) -> Result<Timestamp, sqlx::Error> {
        if self.options.clock == LeaseClock::Claimer {
            return Ok(callers);
        }
        let rows = Self::fetch(session, Cow::Borrowed(NOW), Vec::new()).await?;
        let micros = rows.first().ok_or(sqlx::Error::RowNotFound)?.int(0)?;
        Timestamp::from_microsecond(micros).map_err(|_| Damage::error("the database's clock is out of range"))
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
        self.options.place()
    }

    fn error(&self, operation: &'static str, error: &Arc<sqlx::Error>) -> Error {
        error::of(operation, &self.options.place(), error)
    }

    fn ended(&self, operation: &'static str) -> Error {
        error::ended(operation, &self.options.place())
    }
}

impl Columns for PgRow {
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(column)
    }

    fn maybe_text(&self, column: usize) -> Result<Option<String>, sqlx::Error> {
        self.try_get(column)
    }

    fn id(&self, column: usize) -> Result<Uuid, sqlx::Error> {
        self.try_get(column)
    }
}
