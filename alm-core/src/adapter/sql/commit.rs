//! One commit of the port.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::backend::Backend;
use super::failure::{Damage, Failure, changed, moved, unwritable};
use super::transaction::Transaction;
use super::value::{Columns as _, Value, kind};
use super::writer::Change;
use super::{delivery, expect, lease, statements as sql};
use crate::model::audit::AuditRecord;
use crate::port::store::{Commit, JournalEntry, Put, RecordKind, Remembered};

impl<B: Backend> Change<B> for Commit {
    type Answer = ();

    const OPERATION: &'static str = "store.commit";

    async fn run(&self, on: &mut Transaction<'_, B>) -> Result<(), Failure> {
        if let Some(fence) = self.fence {
            lease::check(on, fence).await?;
        }
        expect::check(on, &self.expects).await?;
        if self.is_empty() {
            return Ok(());
        }
        self.documents(on).await?;
        for entry in &self.journal {
            append(on, entry).await?;
        }
        self.link_audit(on).await?;
        self.queue_events(on).await?;
        delivery::route(on, &self.routed).await?;
        for change in &self.deliveries {
            delivery::change(on, change).await?;
        }
        if let Some(remembered) = &self.remember {
            remember(on, remembered).await?;
        }
        on.counters.commits += 1;
        Ok(())
    }
}

impl Commit {
    async fn documents<B: Backend>(&self, on: &mut Transaction<'_, B>) -> Result<(), Failure> {
        for remove in &self.removes {
            let key = [remove.kind.name().into(), remove.id.into(), remove.expected.into()];
            if on.change(sql::REMOVE, key).await? == 0 {
                return Err(conflict(on, remove.kind, remove.id, remove.expected).await?);
            }
            withdraw(on, remove.kind, remove.id).await?;
            if remove.kind == RecordKind::Saga {
                on.change(sql::UNQUEUE, [remove.id.into()]).await?;
            }
        }
        for put in &self.puts {
            write(on, put).await?;
        }
        // Only after all names have been given up is any taken. Of a document that is put more than once, only the last counts.
        let last: BTreeMap<(RecordKind, Uuid), &Put> =
            self.puts.iter().map(|put| ((put.kind, put.id), put)).collect();
        declare(on, last.into_values()).await
    }

    async fn link_audit<B: Backend>(&self, on: &mut Transaction<'_, B>) -> Result<(), Failure> {
        let mut rows = Vec::with_capacity(self.audit.len());
        for entry in &self.audit {
            let record = AuditRecord::link(on.counters.audit_seq + 1, on.counters.audit_hash, entry.clone())
                .map_err(|error| unwritable("an audit entry", error))?;
            on.counters.audit_seq = record.seq;
            on.counters.audit_hash = record.hash;
            let personal = match &record.personal {
                None => Value::Text(None),
                Some(personal) => serde_json::to_string(personal)
                    .map_err(|error| unwritable("an audit entry", error))?
                    .into(),
            };
            rows.push([
                record.seq.into(),
                record.prev.to_string().into(),
                record.hash.to_string().into(),
                record.body.into(),
                personal,
            ]);
        }
        Ok(on.insert_rows(sql::AUDIT_ROWS, rows).await?)
    }

    async fn queue_events<B: Backend>(&self, on: &mut Transaction<'_, B>) -> Result<(), Failure> {
        let mut rows = Vec::with_capacity(self.events.len());
        for event in &self.events {
            let body = serde_json::to_string(event).map_err(|error| unwritable("an event", error))?;
            rows.push([event.id.uuid().into(), body.into()]);
        }
        Ok(on.insert_rows(sql::OUTBOX_ROWS, rows).await?)
    }
}

async fn write<B: Backend>(on: &mut Transaction<'_, B>, put: &Put) -> Result<(), Failure> {
    let (kind, id) = (put.kind.name().into(), put.id.into());
    let body = put.body.clone().into();
    let written = if put.expected == 0 {
        on.change(sql::INSERT, [kind, id, body]).await?
    } else {
        on.change(sql::UPDATE, [kind, id, put.expected.into(), body]).await?
    };
    if written == 0 {
        return Err(conflict(on, put.kind, put.id, put.expected).await?);
    }
    if put.expected > 0 {
        withdraw(on, put.kind, put.id).await?;
    }
    Ok(())
}

/// Takes back everything that a document can be found by.
async fn withdraw<B: Backend>(
    on: &mut Transaction<'_, B>,
    kind: RecordKind,
    id: Uuid,
) -> Result<(), Failure> {
    for text in [sql::WITHDRAW_INDEXES, sql::WITHDRAW_DUE, sql::WITHDRAW_NAMES] {
        on.change(text, [kind.name().into(), id.into()]).await?;
    }
    Ok(())
}

async fn declare<B: Backend>(
    on: &mut Transaction<'_, B>,
    puts: impl Iterator<Item = &Put> + Send,
) -> Result<(), Failure> {
    let mut indexes: Vec<[Value; 4]> = Vec::new();
    let mut instants: Vec<[Value; 4]> = Vec::new();
    for put in puts {
        let (kind, id) = (Value::from(put.kind.name()), Value::from(put.id));
        for (index, value) in put.indexes.iter().collect::<BTreeSet<_>>() {
            indexes.push([kind.clone(), (*index).into(), Value::key(value), id.clone()]);
        }
        let mut first = HashMap::new();
        for (due, at) in &put.due {
            first.entry(*due).and_modify(|earliest| *earliest = *at.min(earliest)).or_insert(*at);
        }
        for (due, at) in first {
            instants.push([due.name().into(), at.into(), id.clone(), kind.clone()]);
        }
        for name in put.unique.iter().collect::<BTreeSet<_>>() {
            take_name(on, name, put).await?;
        }
        if put.kind == RecordKind::Saga {
            match put.work {
                Some(work) => {
                    let row = [id, work.domain.uuid().into(), work.ready_at.into()];
                    // The work of a saga that an engine has in its hands is news to nobody.
                    on.work_came |= on.one(sql::QUEUE, row).await?.int(0)? == 1;
                }
                None => {
                    on.change(sql::UNQUEUE, [id]).await?;
                }
            }
        }
    }
    on.insert_rows(sql::INDEX_ROWS, indexes).await?;
    on.insert_rows(sql::DUE_ROWS, instants).await?;
    Ok(())
}

async fn take_name<B: Backend>(on: &mut Transaction<'_, B>, name: &str, put: &Put) -> Result<(), Failure> {
    let row = [Value::key(name), put.kind.name().into(), put.id.into()];
    if on.change(sql::TAKE_NAME, row).await? == 1 {
        return Ok(());
    }
    let holder = on.one(sql::HOLDER, [Value::key(name)]).await?;
    let held_by: RecordKind = kind(&holder.text(0)?)?;
    let message = format!("the name {name:?} is held by {} {}", held_by.name(), holder.id(1)?);
    Err(Failure::Refused(changed(message)))
}

async fn append<B: Backend>(on: &mut Transaction<'_, B>, entry: &JournalEntry) -> Result<(), Failure> {
    let saga = Value::from(entry.saga.uuid());
    let row = [saga.clone(), entry.seq.into(), entry.body.as_str().into()];
    if on.change(sql::APPEND, row).await? == 1 {
        return Ok(());
    }
    let last = on.one(sql::LAST_PLACE, [saga]).await?.number(0)?;
    Err(Failure::Refused(changed(format!(
        "the next place in the journal of saga {} is {}, not {}",
        entry.saga,
        last + 1,
        entry.seq
    ))))
}

async fn remember<B: Backend>(on: &mut Transaction<'_, B>, remembered: &Remembered) -> Result<(), Failure> {
    let row = [
        remembered.actor.into(),
        Value::key(&remembered.key),
        remembered.command.as_str().into(),
        remembered.result.as_str().into(),
        remembered.at.into(),
    ];
    if on.change(sql::REMEMBER, row).await? == 1 {
        return Ok(());
    }
    Err(Failure::Refused(changed("the key is remembered already".to_owned())))
}

/// Why a write met no document at the version that it expected; asks what stands there instead, 0 for nothing.
async fn conflict<B: Backend>(
    on: &mut Transaction<'_, B>,
    kind: RecordKind,
    id: Uuid,
    expected: u64,
) -> Result<Failure, sqlx::Error> {
    let row = on.optional(sql::VERSION, [kind.name().into(), id.into()]).await?;
    let now = row.map_or(Ok(0), |row| row.number(0))?;
    if now == expected && now > 0 {
        return Err(Damage::error("a version does not equal itself"));
    }
    Ok(Failure::Refused(moved(kind, id, now, expected)))
}
