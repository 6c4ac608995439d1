//! What is only read. Each question is one statement (or asks for values that stand alone), so each answer is of one moment.

use jiff::Timestamp;
use uuid::Uuid;

use super::backend::Backend;
use super::failure::Damage;
use super::value::{Columns, Value, json, kind};
use super::{Core, delivery, statements as sql};
use crate::error::Result;
use crate::model::audit::{AuditRecord, ChainHash, Personal};
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::event::Event;
use crate::model::ids::{DestinationId, DomainId, SagaId};
use crate::port::store::{Document, DueKind, JournalEntry, RecordKind, Remembered, StoreMeta};

impl<B: Backend> Core<B> {
    async fn rows<T, const N: usize>(
        &self,
        operation: &'static str,
        text: &'static str,
        values: [Value; N],
        read: impl Fn(&B::Row) -> Result<T, sqlx::Error> + Send,
    ) -> Result<Vec<T>> {
        let rows = self.backend.read(text, values.into()).await;
        rows.and_then(|rows| rows.iter().map(read).collect())
            .map_err(|error| self.backend.error(operation, &error.into()))
    }

    async fn row<T, const N: usize>(
        &self,
        operation: &'static str,
        text: &'static str,
        values: [Value; N],
        read: impl Fn(&B::Row) -> Result<T, sqlx::Error> + Send,
    ) -> Result<Option<T>> {
        Ok(self.rows(operation, text, values, read).await?.into_iter().next())
    }

    pub(in crate::adapter) async fn read_meta(&self) -> Result<StoreMeta> {
        let read = |row: &B::Row| {
            let (instance, commits) = (row.id(0)?.into(), row.number(1)?);
            Ok(StoreMeta { instance, format: B::FORMAT, commits })
        };
        let missing = || self.backend.error("store.meta", &Damage::error("there is no instance").into());
        self.row("store.meta", sql::META, [], read).await?.ok_or_else(missing)
    }

    pub(in crate::adapter) async fn read_one(&self, kind: RecordKind, id: Uuid) -> Result<Option<Document>> {
        let values = [kind.name().into(), id.into()];
        self.row("store.load", sql::LOAD, values, |row| document(kind, row)).await
    }

    pub(in crate::adapter) async fn read_list(
        &self,
        kind: RecordKind,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Document>> {
        let Some(first) = behind(after) else { return Ok(Vec::new()) };
        let values = [kind.name().into(), first, Value::Int(limit.into())];
        self.rows("store.list", sql::LIST, values, |row| document(kind, row)).await
    }

    pub(in crate::adapter) async fn read_found(
        &self,
        kind: RecordKind,
        index: &str,
        value: &str,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Document>> {
        let Some(first) = behind(after) else { return Ok(Vec::new()) };
        let values = [kind.name().into(), index.into(), Value::key(value), first, Value::Int(limit.into())];
        self.rows("store.find", B::FIND, values, |row| document(kind, row)).await
    }

    pub(in crate::adapter) async fn read_count(
        &self,
        kind: RecordKind,
        index: &str,
        value: &str,
    ) -> Result<u64> {
        let values = [kind.name().into(), index.into(), Value::key(value)];
        Ok(self.row("store.count", sql::COUNT, values, |row| row.number(0)).await?.unwrap_or(0))
    }

    pub(in crate::adapter) async fn read_holder(&self, unique: &str) -> Result<Option<(RecordKind, Uuid)>> {
        let read = |row: &B::Row| Ok((kind(&row.text(0)?)?, row.id(1)?));
        self.row("store.holder", sql::HOLDER, [Value::key(unique)], read).await
    }

    pub(in crate::adapter) async fn read_due(
        &self,
        due: DueKind,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RecordKind, Uuid, Timestamp)>> {
        let values = [due.name().into(), until.into(), Value::Int(limit.into())];
        let read = |row: &B::Row| Ok((kind(&row.text(0)?)?, row.id(1)?, row.instant(2)?));
        self.rows("store.due", sql::DUE, values, read).await
    }

    pub(in crate::adapter) async fn read_count_due(&self, due: DueKind, until: Timestamp) -> Result<u64> {
        let values = [due.name().into(), until.into()];
        Ok(self.row("store.count_due", sql::COUNT_DUE, values, |row| row.number(0)).await?.unwrap_or(0))
    }

    pub(in crate::adapter) async fn read_next_ready(
        &self,
        domains: &[DomainId],
    ) -> Result<Option<Timestamp>> {
        let mut first: Option<Timestamp> = None;
        for domain in domains {
            let read = |row: &B::Row| match row.maybe_int(0)? {
                None => Ok(None),
                Some(_) => row.instant(0).map(Some),
            };
            let ready = self.row("store.next_ready", sql::NEXT_READY, [domain.uuid().into()], read).await?;
            first = [first, ready.flatten()].into_iter().flatten().min();
        }
        Ok(first)
    }

    pub(in crate::adapter) async fn read_journal(&self, saga: SagaId) -> Result<Vec<JournalEntry>> {
        let read = |row: &B::Row| Ok(JournalEntry { saga, seq: row.number(0)?, body: row.text(1)? });
        self.rows("store.journal", sql::JOURNAL, [saga.uuid().into()], read).await
    }

    pub(in crate::adapter) async fn read_remembered(
        &self,
        actor: Uuid,
        key: &str,
    ) -> Result<Option<Remembered>> {
        let read = |row: &B::Row| {
            let (command, result, at) = (row.text(0)?, row.text(1)?, row.instant(2)?);
            Ok(Remembered { actor, key: key.to_owned(), command, result, at })
        };
        self.row("store.remembered", sql::REMEMBERED, [actor.into(), Value::key(key)], read).await
    }

    pub(in crate::adapter) async fn read_audit(&self, from: u64, limit: u32) -> Result<Vec<AuditRecord>> {
        let read = |row: &B::Row| {
            let personal = row.maybe_text(4)?;
            let personal = personal.as_deref().map(json::<Personal>).transpose()?;
            Ok(AuditRecord::from_parts(row.number(0)?, row.hash(1)?, row.hash(2)?, row.text(3)?, personal))
        };
        self.rows("store.audit", sql::AUDIT, [from.into(), Value::Int(limit.into())], read).await
    }

    pub(in crate::adapter) async fn read_audit_head(&self) -> Result<(u64, ChainHash)> {
        let read = |row: &B::Row| Ok((row.number(0)?, row.hash(1)?));
        let head = self.row("store.audit_head", sql::AUDIT_HEAD, [], read).await?;
        Ok(head.unwrap_or((0, ChainHash::GENESIS)))
    }

    pub(in crate::adapter) async fn read_undelivered(&self, limit: u32) -> Result<Vec<Event>> {
        let read = |row: &B::Row| json::<Event>(&row.text(0)?);
        self.rows("store.undelivered", sql::UNDELIVERED, [Value::Int(limit.into())], read).await
    }

    pub(in crate::adapter) async fn read_deliveries(
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

fn document(kind: RecordKind, row: &impl Columns) -> Result<Document, sqlx::Error> {
    Ok(Document { kind, id: row.id(0)?, version: row.number(1)?, body: row.text(2)? })
}

/// The lowest id behind one; `None` behind the highest there is.
fn behind(after: Option<Uuid>) -> Option<Value> {
    let first = match after {
        None => Uuid::nil(),
        Some(after) => Uuid::from_u128(after.as_u128().checked_add(1)?),
    };
    Some(first.into())
}
