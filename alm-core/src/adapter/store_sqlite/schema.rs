//! The formats of the file, and the way from one to the next. There is no way back.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use uuid::Uuid;

use super::{OPEN, error};
use crate::error::Result;

/// Marks the file as a store of this crate: "ALMC".
pub(super) const APPLICATION: u32 = 0x414c_4d43;

/// The step at place n leads from format n to n + 1.
const STEPS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_store.sql"),
    include_str!("../../../migrations/sqlite/0002_delivery.sql"),
];

/// The format that this version writes.
pub(super) const FORMAT: u32 = 2;

/// Makes an empty store of the newest format in an empty file.
pub(super) async fn build(path: &Path) -> Result<()> {
    advance(path, STEPS, 0).await.map_err(|error| error::of(OPEN, path, &error.into()))
}

/// Brings a store of an older format to the newest.
pub(super) async fn upgrade(path: &Path, format: u32) -> Result<()> {
    if format == FORMAT {
        return Ok(());
    }
    advance(path, STEPS, format).await.map_err(|error| error::of(OPEN, path, &error.into()))
}

/// All steps in one transaction, and without a write-ahead log, so that the first bytes of the file always tell its format.
async fn advance(path: &Path, steps: &'static [&'static str], from: u32) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Delete)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging()
        .connect()
        .await?;
    let stepped = step(&mut connection, steps, from).await;
    let closed = connection.close().await;
    stepped.and(closed)
}

async fn step(
    connection: &mut SqliteConnection,
    steps: &'static [&'static str],
    from: u32,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN EXCLUSIVE").await?;
    for step in steps.iter().skip(from as usize) {
        sqlx::raw_sql(*step).execute(&mut *transaction).await?;
    }
    if from == 0 {
        sqlx::query("INSERT INTO meta (one, instance, epoch, commits) VALUES (1, ?1, 0, 0)")
            .bind(Uuid::new_v4().into_bytes().to_vec())
            .execute(&mut *transaction)
            .await?;
    }
    // A pragma takes no parameters; both are numbers.
    let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}", steps.len());
    sqlx::raw_sql(AssertSqlSafe(marks)).execute(&mut *transaction).await?;
    transaction.commit().await
}

const _: () = assert!(STEPS.len() == FORMAT as usize, "each format has its step");

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::super::file::{Found, look};
    use super::super::{SqliteOptions, SqliteStore};
    use super::*;

    const NEXT: &[&str] =
        &[STEPS[0], STEPS[1], "ALTER TABLE meta ADD COLUMN extra TEXT NOT NULL DEFAULT 'new'"];
    const BROKEN: &[&str] = &[
        STEPS[0],
        STEPS[1],
        "ALTER TABLE meta ADD COLUMN extra TEXT",
        "ALTER TABLE nothing ADD COLUMN extra TEXT",
    ];

    /// What was undelivered when the store had the first format is so in the newest, and can go to destinations.
    #[tokio::test]
    async fn a_store_of_the_first_format_is_brought_on() {
        use crate::model::delivery::DeliveryState;
        use crate::port::store::{Commit, Store as _};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        std::fs::File::create(&path).unwrap();
        advance(&path, &STEPS[..1], 0).await.unwrap();
        assert_eq!(look(&path).unwrap(), Found::Store { format: 1 });
        let old = r#"{"id":"00000000-0000-0000-0000-000000000007","at":"2026-11-20T10:00:00Z","kind":"end_of_life",
            "text":"old","account":null,"request":null,"template":null,"saga":null,"to":[]}"#;
        let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        sqlx::query("INSERT INTO outbox (event, body) VALUES (?1, ?2)")
            .bind(Uuid::from_u128(7).into_bytes().to_vec())
            .bind(old)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();

        let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
        let event = store.undelivered(9).await.unwrap().remove(0);
        let (destination, at) = (Uuid::from_u128(1).into(), event.at);
        let queue = crate::port::delivery::DeliveryChange::Queue { destination, event: event.clone(), at };
        let commit = Commit { routed: vec![event.id], deliveries: vec![queue], ..Commit::default() };
        store.commit(commit).await.unwrap();
        assert_eq!(store.undelivered(9).await.unwrap(), []);
        let queued = store.deliveries(destination, DeliveryState::Waiting, None, 9).await.unwrap();
        assert_eq!(queued[0].event, event);
        store.close().await.unwrap();
        assert_eq!(look(&path).unwrap(), Found::Store { format: FORMAT });
    }

    #[tokio::test]
    async fn a_step_keeps_what_is_there_and_a_failed_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        SqliteStore::open(&path, SqliteOptions::default()).await.unwrap().close().await.unwrap();
        assert_eq!(look(&path).unwrap(), Found::Store { format: FORMAT });

        advance(&path, BROKEN, FORMAT).await.unwrap_err();
        assert_eq!(look(&path).unwrap(), Found::Store { format: FORMAT });

        advance(&path, NEXT, FORMAT).await.unwrap();
        let newer = look(&path).unwrap_err();
        assert_eq!(newer.kind(), crate::ErrorKind::StoreNewer);
        let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        let row = sqlx::query("SELECT extra FROM meta").fetch_one(&mut connection).await.unwrap();
        assert_eq!(row.get::<String, _>(0), "new");
    }
}
