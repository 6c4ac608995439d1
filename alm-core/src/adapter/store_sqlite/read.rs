//! What is only read. Each question is one statement (or asks for values that stand alone), so each answer is of one moment.

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::value::{Columns as _, Value, json, kind, query};
use super::{SqliteStore, delivery, error, schema, sql};
use crate::error::Result;
use crate::model::audit::{AuditRecord, ChainHash, Personal};
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::event::Event;
use crate::model::ids::{DestinationId, DomainId, SagaId};
use crate::port::store::{Document, DueKind, JournalEntry, RecordKind, Remembered, StoreMeta};

impl SqliteStore {
    async fn rows<T, const N: usize>(
        &self,
        operation: &'static str,
        text: &'static str,
        values: [Value; N],
        read: impl Fn(&SqliteRow) -> Result<T, sqlx::Error> + Send,
    ) -> Result<Vec<T>> {
        let rows = query(text, values).fetch_all(&self.readers).await;
        rows.and_then(|rows| rows.iter().map(read).collect())
            .map_err(|error| error::of(operation, &self.path, &error.into()))
    }

    async fn row<T, const N: usize>(
        &self,
        operation: &'static str,
        text: &'static str,
        values: [Value; N],
        read: impl Fn(&SqliteRow) -> Result<T, sqlx::Error> + Send,
    ) -> Result<Option<T>> {
        let row = query(text, values).fetch_optional(&self.readers).await;
        row.and_then(|row| row.as_ref().map(read).transpose())
            .map_err(|error| error::of(operation, &self.path, &error.into()))
    }

    pub(super) async fn read_meta(&self) -> Result<StoreMeta> {
        let read = |row: &SqliteRow| {
            let (instance, commits) = (row.id(0)?.into(), row.number(1)?);
            Ok(StoreMeta { instance, format: schema::FORMAT, commits })
        };
        let missing = || error::corrupt("store.meta", format!("{} has no instance", self.path.display()));
        self.row("store.meta", sql::META, [], read).await?.ok_or_else(missing)
    }

    pub(super) async fn read_one(&self, kind: RecordKind, id: Uuid) -> Result<Option<Document>> {
        let values = [kind.name().into(), id.into()];
        self.row("store.load", sql::LOAD, values, |row| document(kind, row)).await
    }

    pub(super) async fn read_list(
        &self,
        kind: RecordKind,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Document>> {
        let values = [kind.name().into(), behind(after), Value::Int(limit.into())];
        self.rows("store.list", sql::LIST, values, |row| document(kind, row)).await
    }

    pub(super) async fn read_found(
        &self,
        kind: RecordKind,
        index: &str,
        value: &str,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Document>> {
        let values =
            [kind.name().into(), index.into(), value.into(), behind(after), Value::Int(limit.into())];
        self.rows("store.find", sql::FIND, values, |row| document(kind, row)).await
    }

    pub(super) async fn read_count(&self, kind: RecordKind, index: &str, value: &str) -> Result<u64> {
        let values = [kind.name().into(), index.into(), value.into()];
        Ok(self.row("store.count", sql::COUNT, values, |row| row.number(0)).await?.unwrap_or(0))
    }

    pub(super) async fn read_holder(&self, unique: &str) -> Result<Option<(RecordKind, Uuid)>> {
        let read = |row: &SqliteRow| Ok((kind(&row.text(0)?)?, row.id(1)?));
        self.row("store.holder", sql::HOLDER, [unique.into()], read).await
    }

    pub(super) async fn read_due(
        &self,
        due: DueKind,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RecordKind, Uuid, Timestamp)>> {
        let values = [due.name().into(), until.into(), Value::Int(limit.into())];
        let read = |row: &SqliteRow| Ok((kind(&row.text(0)?)?, row.id(1)?, row.instant(2)?));
        self.rows("store.due", sql::DUE, values, read).await
    }

    pub(super) async fn read_count_due(&self, due: DueKind, until: Timestamp) -> Result<u64> {
        let values = [due.name().into(), until.into()];
        Ok(self.row("store.count_due", sql::COUNT_DUE, values, |row| row.number(0)).await?.unwrap_or(0))
    }

    pub(super) async fn read_next_ready(&self, domains: &[DomainId]) -> Result<Option<Timestamp>> {
        let mut first: Option<Timestamp> = None;
        for domain in domains {
            let read = |row: &SqliteRow| match row.try_get::<Option<i64>, _>(0)? {
                None => Ok(None),
                Some(_) => row.instant(0).map(Some),
            };
            let ready = self.row("store.next_ready", sql::NEXT_READY, [domain.uuid().into()], read).await?;
            first = [first, ready.flatten()].into_iter().flatten().min();
        }
        Ok(first)
    }

    pub(super) async fn read_journal(&self, saga: SagaId) -> Result<Vec<JournalEntry>> {
        let read = |row: &SqliteRow| Ok(JournalEntry { saga, seq: row.number(0)?, body: row.text(1)? });
        self.rows("store.journal", sql::JOURNAL, [saga.uuid().into()], read).await
    }

    pub(super) async fn read_remembered(&self, actor: Uuid, key: &str) -> Result<Option<Remembered>> {
        let read = |row: &SqliteRow| {
            let (command, result, at) = (row.text(0)?, row.text(1)?, row.instant(2)?);
            Ok(Remembered { actor, key: key.to_owned(), command, result, at })
        };
        self.row("store.remembered", sql::REMEMBERED, [actor.into(), key.into()], read).await
    }

    pub(super) async fn read_audit(&self, from: u64, limit: u32) -> Result<Vec<AuditRecord>> {
        let read = |row: &SqliteRow| {
            let personal = row.try_get::<Option<String>, _>(4)?;
            let personal = personal.as_deref().map(json::<Personal>).transpose()?;
            Ok(AuditRecord::from_parts(row.number(0)?, row.hash(1)?, row.hash(2)?, row.text(3)?, personal))
        };
        self.rows("store.audit", sql::AUDIT, [from.into(), Value::Int(limit.into())], read).await
    }

    pub(super) async fn read_audit_head(&self) -> Result<(u64, ChainHash)> {
        let read = |row: &SqliteRow| Ok((row.number(0)?, row.hash(1)?));
        let head = self.row("store.audit_head", sql::AUDIT_HEAD, [], read).await?;
        Ok(head.unwrap_or((0, ChainHash::GENESIS)))
    }

    pub(super) async fn read_undelivered(&self, limit: u32) -> Result<Vec<Event>> {
        let read = |row: &SqliteRow| json::<Event>(&row.text(0)?);
        self.rows("store.undelivered", sql::UNDELIVERED, [Value::Int(limit.into())], read).await
    }

    pub(super) async fn read_deliveries(
        &self,
        destination: DestinationId,
        state: DeliveryState,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>> {
        let values = [
            destination.uuid().into(),
            state.name().into(),
            after.unwrap_or(0).into(),
            Value::Int(limit.into()),
        ];
        self.rows("store.deliveries", sql::DELIVERIES, values, delivery::read).await
    }
}

fn document(kind: RecordKind, row: &SqliteRow) -> Result<Document, sqlx::Error> {
    Ok(Document { kind, id: row.id(0)?, version: row.number(1)?, body: row.text(2)? })
}

/// What ids have to be higher than; no bytes at all are lower than every id.
fn behind(after: Option<Uuid>) -> Value {
    after.map_or(Value::NoBytes, Value::Id)
}
