//! How PostgreSQL is reached: one connection that writes, and a pool that reads.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPoolOptions, PgRow, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool, Row as _};
use tokio::time::timeout;
use uuid::Uuid;

use super::options::{LeaseClock, PostgresOptions, Tls};
use super::{error, schema};
use crate::adapter::sql::backend::Backend;
use crate::adapter::sql::failure::Damage;
use crate::adapter::sql::value::{Columns, Value};
use crate::error::Error;

/// A schema of a database of PostgreSQL.
#[derive(Debug)]
pub(super) struct Postgres {
    pub(super) readers: PgPool,
    writing: PgConnectOptions,
    options: PostgresOptions,
}

impl Postgres {
    pub(super) fn new(options: PostgresOptions) -> Self {
        let connect = connect_options(&options);
        let readers = PgPoolOptions::new()
            .max_connections(options.readers.max(1))
            .acquire_timeout(options.connect_timeout)
            .connect_lazy_with(connect.clone());
        Self { readers, writing: connect, options }
    }
}

fn connect_options(options: &PostgresOptions) -> PgConnectOptions {
    // Not `new()`: that reads the environment and ~/.pgpass, and what is connected to is to be what was said.
    let mut connect = PgConnectOptions::new_without_pgpass()
        .host(&options.host)
        .port(options.port)
        .database(&options.database)
        .username(&options.user)
        .application_name("alm-core")
        .statement_cache_capacity(200)
        .options([
            ("search_path", options.schema.clone()),
            ("statement_timeout", options.statement_timeout.as_millis().to_string()),
            // A connection whose program is gone must not hold the others up.
            ("idle_in_transaction_session_timeout", options.statement_timeout.as_millis().to_string()),
            ("synchronous_commit", "on".to_owned()),
            ("timezone", "UTC".to_owned()),
        ])
        .disable_statement_logging();
    if let Some(password) = &options.password {
        connect = connect.password(password.expose_secret());
    }
    match &options.tls {
        Tls::LocalOnly => connect.ssl_mode(PgSslMode::Disable),
        Tls::Verified { ca: None } => connect.ssl_mode(PgSslMode::VerifyFull),
        Tls::Verified { ca: Some(file) } => connect.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(file),
    }
}

type Query<'a> = sqlx::query::Query<'a, sqlx::Postgres, PgArguments>;

fn bind(query: Query<'_>, value: Value) -> Query<'_> {
    match value {
        Value::Int(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Id(id) => query.bind(id),
    }
}

/// A statement with its values.
fn query(text: &'static str, values: impl IntoIterator<Item = Value>) -> Query<'static> {
    values.into_iter().fold(sqlx::query(text), bind)
}

impl Backend for Postgres {
    type Connection = PgConnection;
    type Row = PgRow;

    const FORMAT: u32 = schema::FORMAT;
    const BEGIN: &'static str = "BEGIN";
    // The row is held until the transaction ends: so commits are one after the other over all processes, and the chain of the audit has one end.
    const COUNTERS: &'static str = "SELECT m.epoch, m.commits, a.seq, a.hash \
        FROM meta AS m LEFT JOIN audit AS a ON a.seq = (SELECT max(seq) FROM audit) WHERE m.one = 1 FOR UPDATE OF m";
    const FIND: &'static str = "SELECT r.id, r.version, r.body \
        FROM record_index AS i JOIN record AS r ON r.kind = i.kind AND r.id = i.id \
        WHERE i.kind = $1 AND i.name = $2 AND i.value = $3 AND i.id >= $4 ORDER BY i.id LIMIT $5";
    const CLAIMABLE: &'static str = "SELECT saga, ready_at FROM work WHERE domain = $1 AND ready_at <= $2 \
        AND (engine IS NULL OR until <= $3 OR ($4 = 1 AND engine = $5)) ORDER BY ready_at, saga LIMIT $6 \
        FOR UPDATE SKIP LOCKED";

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let connecting = self.writing.connect();
        timeout(self.options.connect_timeout, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    async fn close(connection: PgConnection) -> Result<(), sqlx::Error> {
        connection.close().await
    }

    async fn execute(
        connection: &mut PgConnection,
        text: Cow<'static, str>,
        values: Vec<Value>,
    ) -> Result<u64, sqlx::Error> {
        let statement = match text {
            Cow::Borrowed(text) => query(text, values),
            // Made of constants and numbers, see `Transaction::insert_rows`.
            Cow::Owned(text) => values.into_iter().fold(sqlx::query(AssertSqlSafe(text)), bind),
        };
        Ok(statement.execute(connection).await?.rows_affected())
    }

    async fn fetch(
        connection: &mut PgConnection,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        query(text, values).fetch_all(connection).await
    }

    async fn read(&self, text: &'static str, values: Vec<Value>) -> Result<Vec<PgRow>, sqlx::Error> {
        query(text, values).fetch_all(&self.readers).await
    }

    async fn now(&self, connection: &mut PgConnection, callers: Timestamp) -> Result<Timestamp, sqlx::Error> {
        if self.options.clock == LeaseClock::Claimer {
            return Ok(callers);
        }
        const NOW: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
        let rows = Self::fetch(connection, NOW, Vec::new()).await?;
        let micros = rows.first().ok_or(sqlx::Error::RowNotFound)?.int(0)?;
        Timestamp::from_microsecond(micros).map_err(|_| Damage::error("the database's clock is out of range"))
    }

    fn certainly_undone(error: &sqlx::Error) -> bool {
        error::certainly_undone(error)
    }

    fn connection_lost(error: &sqlx::Error) -> bool {
        error::connection_lost(error)
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
