//! What becomes of an attempt (H-6).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Dispatcher;
use crate::error::Result;
use crate::model::audit::{Actor, AuditResult};
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::destination::Destination;
use crate::model::event::EventKind;
use crate::model::ids::DestinationId;
use crate::port::courier::{Fate, Undelivered};
use crate::port::delivery::DeliveryChange;
use crate::rules::delivery as rules;
use crate::service::unit::Unit;

/// So long after the last dead letter, another is an outage of its own.
const ANEW: SignedDuration = SignedDuration::from_hours(24);

impl Dispatcher {
    /// Says that nobody tried it.
    pub(super) async fn give_back(&self, delivery: &Delivery) -> Result<()> {
        let now = self.alm.0.clock.now();
        let round = delivery.round.saturating_sub(1);
        self.settle(delivery, DeliveryState::Waiting, now, round, delivery.note.clone()).await
    }

    pub(super) async fn settle(
        &self,
        delivery: &Delivery,
        state: DeliveryState,
        ready_at: Timestamp,
        round: u32,
        note: Option<String>,
    ) -> Result<()> {
        let mut unit = self.unit();
        unit.commit.deliveries.push(change(delivery, state, ready_at, unit.now, round, note));
        // Or another has set out with it meanwhile, or its destination is gone: at least once is what we promise.
        unit.settle().await.map(drop)
    }

    /// The next dead letter is news again.
    pub(super) async fn takes_again(&self, id: DestinationId) -> Result<()> {
        let mut unit = self.unit();
        let Some(mut destination) = unit.find::<Destination>(id.uuid()).await? else { return Ok(()) };
        if destination.failing_at.take().is_none() {
            return Ok(());
        }
        unit.put(&destination, format!("the destination {} takes events again", destination.name))?;
        // Or somebody changes it just now: the next that it takes says so as well.
        unit.settle().await.map(drop)
    }

    pub(super) fn unit(&self) -> Unit<'_> {
        Unit::new(&self.alm.0, "delivery.settle", Actor::System, "dispatcher")
    }

    /// Keeps why it was not taken, and until when it waits; whether it is a dead letter now.
    pub(super) async fn failed(
        &self,
        destination: &Destination,
        delivery: &Delivery,
        why: &Undelivered,
    ) -> Result<bool> {
        let mut jitter = [0];
        self.alm.0.entropy.fill(&mut jitter)?;
        let is_audit = delivery.event.kind == EventKind::AuditRecord;
        let wait = match why.fate() {
            Fate::Again => rules::wait(delivery.round, why.asked(), jitter.first().copied().unwrap_or(0)),
            Fate::Never | Fate::Gone | Fate::Partly => None,
        };
        // No audit record is given up: while these wait, the others stay in the chain.
        let wait = wait.or_else(|| (is_audit && why.fate() != Fate::Gone).then_some(rules::MOST_ASKED));
        let mut unit = self.unit();
        let known = unit.find::<Destination>(destination.id.uuid()).await?;
        let gone = why.fate() == Fate::Gone;
        if gone && known.as_ref().is_none_or(|known| known.target != destination.target) {
            // Who said so is not where its events go now.
            self.give_back(delivery).await?;
            return Ok(false);
        }
        let note = Some(shortened(why.why()));
        let now = self.alm.0.clock.now();
        if let Some(wait) = wait {
            let at = later(now, wait);
            self.settle(delivery, DeliveryState::Waiting, at, delivery.round, note).await?;
            return Ok(false);
        }
        tracing::warn!(destination = %destination.name, event = %delivery.event.id, why = %why, "a dead letter");
        let hold = later(now, rules::HOLDS);
        unit.commit.deliveries.push(change(delivery, DeliveryState::Dead, hold, now, delivery.round, note));
        let last = known.as_ref().and_then(|known| known.failing_at);
        let is_older = |age| last.is_none_or(|last| now.duration_since(last) > age);
        let is_news = is_older(ANEW);
        // Not with each of many: it costs a write of the destination.
        let is_noted = !is_older(SignedDuration::from_hours(1));
        if let Some(mut destination) = known
            && (gone || !is_noted)
        {
            destination.enabled &= !gone;
            destination.failing_at = Some(now);
            unit.put(&destination, format!("the destination {} does not take events", destination.name))?;
        }
        // Once for an outage: a destination that is away for days has one event for each of its events.
        if is_news || gone {
            let end = if gone { "wants no events any more and is disabled" } else { "does not take events" };
            let text = format!("the destination {} {end}: {}", destination.name, shortened(why.why()));
            unit.audit_as(
                "delivery.dead",
                format!("destination {}", destination.id),
                AuditResult::Failed,
                json!({ "event": delivery.event.id, "disabled": gone }),
                None,
            );
            let administrators = unit.administrators().await?;
            unit.event(EventKind::DeliveryFailed, text, administrators, |event| {
                event.destination = Some(destination.id);
            })?;
        }
        unit.settle().await
    }
}

/// What to note about what was taken, at least in part.
pub(super) fn taken(
    outcome: std::result::Result<(), Undelivered>,
) -> std::result::Result<Option<String>, Undelivered> {
    match outcome {
        Ok(()) => Ok(None),
        Err(why) if why.fate() == Fate::Partly => Ok(Some(shortened(why.why()))),
        Err(why) => Err(why),
    }
}

fn change(
    delivery: &Delivery,
    state: DeliveryState,
    ready_at: Timestamp,
    at: Timestamp,
    round: u32,
    note: Option<String>,
) -> DeliveryChange {
    DeliveryChange::Settle {
        destination: delivery.destination,
        event: delivery.event.id,
        attempts: delivery.attempts,
        state,
        ready_at,
        at,
        round,
        note,
    }
}

pub(super) fn later(now: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// One line of bounded length, whatever a courier says.
pub(super) fn shortened(why: &str) -> String {
    why.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}
