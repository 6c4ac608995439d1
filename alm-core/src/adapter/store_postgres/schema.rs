//! The formats of the tables, and the way from one to the next. There is no way back.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use uuid::Uuid;

use super::OPEN;
use crate::error::{Error, ErrorKind, Refusal, Result};

/// The step at place n leads from format n to n + 1.
pub(super) const STEPS: &[&str] = &[include_str!("../../../migrations/postgres/0001_store.sql")];

/// The format that this version writes.
pub(super) const FORMAT: u32 = 1;

const _: () = assert!(STEPS.len() == FORMAT as usize, "each format has its step");

/// Whoever makes or changes tables holds this lock of the database: any number that nobody else uses.
const LOCK: i64 = 0x414c_4d43;

/// Waits until nobody else writes to the schema, and keeps it so until the transaction ends. The numbers are our own and that of the schema's table.
macro_rules! alone {
    () => {
        "SELECT pg_advisory_xact_lock(1095519555, CAST(CAST(CAST('meta' AS regclass) AS oid) AS integer))"
    };
}
pub(super) use alone;

/// A schema by a name that needs no quotes, so that there is nothing to quote wrongly.
pub(super) fn check_name(schema: &str) -> Result<()> {
    let mut letters = schema.chars();
    let starts = letters.next().is_some_and(|first| first.is_ascii_lowercase());
    let plain = letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if starts && plain && schema.len() <= 63 && !schema.starts_with("pg_") && schema != "public" {
        return Ok(());
    }
    let message = format!(
        "{schema:?} is no name for a schema of its own: a lower-case letter, then letters, digits and _, 63 at most, not pg_… and not public"
    );
    Err(Error::refused(OPEN, vec![Refusal::new("O-14", "schema", message)]))
}

/// How it stands with the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// They are as this version writes them now.
    Ready,
    /// A newer version wrote them.
    Newer(u32),
    /// What is there is not ours.
    Foreign,
    /// Nothing can be written.
    ReadOnly,
}

/// Makes the schema and its tables, or brings them to the newest format: all in one transaction.
pub(super) async fn prepare(
    connection: &mut PgConnection,
    schema: &str,
    steps: &'static [&'static str],
) -> Result<Found, sqlx::Error> {
    let newest = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    let read_only = sqlx::query("SELECT 1 WHERE current_setting('transaction_read_only') = 'on'");
    if read_only.fetch_optional(&mut *transaction).await?.is_some() {
        return Ok(Found::ReadOnly);
    }
    let there = sqlx::query("SELECT 1 FROM pg_namespace WHERE nspname = $1").bind(schema);
    if there.fetch_optional(&mut *transaction).await?.is_none() {
        // The name was checked: it needs no quotes.
        let text = format!("CREATE SCHEMA {schema}");
        sqlx::query(AssertSqlSafe(text)).execute(&mut *transaction).await?;
    }
    let tables = "SELECT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                  WHERE n.nspname = $1 AND c.relkind = 'r'";
    let tables = sqlx::query(tables).bind(schema).fetch_all(&mut *transaction).await?;
    let names: Vec<String> = tables.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let format = if names.is_empty() {
        0
    } else if names.iter().any(|name| name == "record") && is_ours(&mut transaction, schema).await? {
        let row = sqlx::query("SELECT format FROM meta WHERE one = 1").fetch_one(&mut *transaction).await?;
        u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(u32::MAX)
    } else {
        return Ok(Found::Foreign);
    };
    if format > newest {
        return Ok(Found::Newer(format));
    }
    if 0 < format && format < newest {
        sqlx::raw_sql(alone!()).execute(&mut *transaction).await?;
    }
    for step in steps.iter().skip(format as usize) {
        sqlx::raw_sql(*step).execute(&mut *transaction).await?;
    }
    if format == 0 {
        let text = "INSERT INTO meta (one, format, instance, epoch, commits) VALUES (1, $1, $2, 0, 0)";
        sqlx::query(text).bind(i64::from(newest)).bind(Uuid::new_v4()).execute(&mut *transaction).await?;
    } else if format < newest {
        let text = "UPDATE meta SET format = $1 WHERE one = 1";
        sqlx::query(text).bind(i64::from(newest)).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(Found::Ready)
}

/// Says so if the server itself would forget commits when the power fails. Its administrator may want that, for a test.
pub(super) async fn warn_of_risks(connection: &mut PgConnection, place: &str) -> Result<(), sqlx::Error> {
    let off = "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'";
    for row in sqlx::query(off).fetch_all(connection).await? {
        let setting: String = row.try_get(0)?;
        tracing::warn!(
            store = place,
            setting,
            "it is off: a power loss may damage the store or lose commits"
        );
    }
    Ok(())
}

/// Whether the table `meta` is one that this crate makes: other programs have tables of that name too.
async fn is_ours(connection: &mut PgConnection, schema: &str) -> Result<bool, sqlx::Error> {
    let columns = "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
                   JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'meta' \
                   AND c.relkind = 'r' AND a.attname IN ('one', 'format', 'instance', 'epoch', 'commits')";
    let row = sqlx::query(columns).bind(schema).fetch_one(connection).await?;
    Ok(row.try_get::<i64, _>(0)? == 5)
}

/// What stands against using tables of somebody else, or of later.
pub(super) fn refuse(found: Found, place: &str) -> Result<()> {
    match found {
        Found::Ready => Ok(()),
        Found::Newer(format) => Err(Error::new(
            ErrorKind::StoreNewer,
            OPEN,
            format!("{place} has format {format}; this version writes format {FORMAT}"),
        )
        .with_advice("use a newer version; nothing was changed")),
        Found::ReadOnly => {
            Err(Error::new(ErrorKind::StoreUnavailable, OPEN, format!("{place} can only be read"))
                .with_advice("this is a standby: connect to the primary"))
        }
        Found::Foreign => {
            Err(Error::new(ErrorKind::StoreCorrupt, OPEN, format!("{place} has tables that are not ours"))
                .with_advice("give it a schema of its own; nothing was changed"))
        }
    }
}
