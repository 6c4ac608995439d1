//! Audit records for destinations that want each (H-5).
//!
//! The chain is its own queue: it has no gaps, is in the order of its commits and keeps everything. So a destination gets a few records ahead of
//! what it has taken, and a cursor says how far it was told. The commit that queues records moves the cursor on: each is queued once, whoever
//! else does the same at that moment.

use jiff::Timestamp;

use super::alm::Alm;
use super::unit::Unit;
use crate::error::Result;
use crate::model::audit::{Actor, AuditCursor, AuditRecord, AuditResult, Audited};
use crate::model::delivery::DeliveryState;
use crate::model::destination::Destination;
use crate::model::event::{Event, EventKind};
use crate::model::ids::DestinationId;
use crate::port::delivery::DeliveryChange;

const OPERATION: &str = "audit.feed";

/// While so many deliveries wait, nothing is added: what cannot be delivered stays in the chain.
const ENOUGH: u32 = 16;
/// How many records are queued at a time.
const AHEAD: u32 = 128;

/// Begins a feed where one is wanted and there is none, and ends one that is wanted no longer. It begins with what is committed from now on.
pub(super) async fn keep(unit: &mut Unit<'_>, destination: &Destination) -> Result<()> {
    if !destination.wants_audit() {
        return end(unit, destination.id).await;
    }
    if unit.find::<AuditCursor>(destination.id.uuid()).await?.is_some() {
        return Ok(());
    }
    let (queued, _) = unit.alm.store.audit_head().await?;
    let cursor = AuditCursor { destination: destination.id, queued };
    unit.put(&cursor, format!("tell {} of every audit record from now on", destination.name))
}

/// Ends a feed, if there is one. What is queued goes all the same.
pub(super) async fn end(unit: &mut Unit<'_>, destination: DestinationId) -> Result<()> {
    if let Some(cursor) = unit.find::<AuditCursor>(destination.uuid()).await? {
        unit.remove(&cursor, "end its audit records");
    }
    Ok(())
}

/// Queues the next records for a destination that wants them and has taken nearly all before.
pub(super) async fn feed(alm: &Alm, destination: &Destination) -> Result<()> {
    if !destination.wants_audit() {
        return Ok(());
    }
    let store = &alm.0.store;
    let waiting = store.deliveries(destination.id, DeliveryState::Waiting, None, ENOUGH).await?;
    if waiting.len() >= ENOUGH as usize {
        return Ok(());
    }
    let mut unit = Unit::new(&alm.0, OPERATION, Actor::System, "dispatcher");
    let Some(mut cursor) = unit.find::<AuditCursor>(destination.id.uuid()).await? else { return Ok(()) };
    let records = store.audit(cursor.queued + 1, AHEAD).await?;
    let Some(last) = records.last() else { return Ok(()) };
    cursor.queued = last.seq;
    unit.put(&cursor, "tell of audit records")?;
    for record in &records {
        let (event, at) = (event(record, unit.now), unit.now);
        unit.commit.deliveries.push(DeliveryChange::Queue { destination: destination.id, event, at });
    }
    // Or another dispatcher was quicker, or the feed was ended.
    unit.settle().await.map(drop)
}

fn event(record: &AuditRecord, now: Timestamp) -> Event {
    let Ok(told) = record.told() else {
        // By a newer version, or damaged: that it is there is told, and it holds nothing up.
        let text = format!("audit record {} ({}) cannot be read by this version", record.seq, record.hash);
        return Event::new(record.event_id(), now, EventKind::AuditRecord, text);
    };
    let mut event = Event::new(record.event_id(), told.entry.at, EventKind::AuditRecord, text(&told));
    event.audit = Some(Box::new(told));
    event
}

fn text(told: &Audited) -> String {
    let entry = &told.entry;
    let who = match entry.actor {
        Actor::Person(id) => format!("person {id}"),
        Actor::Clock => "the clock".to_owned(),
        Actor::System => "the system".to_owned(),
    };
    let how = match entry.result {
        AuditResult::Done => "was done",
        AuditResult::Intended => "is about to be done",
        AuditResult::Refused => "was refused",
        AuditResult::Failed => "failed or has an unknown outcome",
    };
    format!("{} by {who} on {} {how}", entry.action, entry.subject)
}
