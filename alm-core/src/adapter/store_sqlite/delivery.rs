//! Events on their way to destinations (H-6).

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::error::{Failure, changed, unwritable};
use super::sql;
use super::value::{Columns as _, Value, json, kind, query};
use super::writer::{Change, Transaction};
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::event::Event;
use crate::model::ids::EventId;
use crate::port::delivery::{DeliveryChange, DeliveryClaim};

/// Takes events out of the outbox that must be in it.
pub(super) async fn route(on: &mut Transaction<'_>, events: &[EventId]) -> Result<(), Failure> {
    for event in events {
        if on.change(sql::DELIVERED, [event.uuid().into()]).await? == 0 {
            return Err(Failure::Refused(changed(format!(
                "the event {event} is not in the outbox any more"
            ))));
        }
    }
    Ok(())
}

pub(super) async fn change(on: &mut Transaction<'_>, change: &DeliveryChange) -> Result<(), Failure> {
    match change {
        DeliveryChange::Queue { destination, event, at } => {
            let body = serde_json::to_string(event).map_err(|error| unwritable("an event", error))?;
            let row = [
                destination.uuid().into(),
                event.id.uuid().into(),
                event.account.map_or(Value::Null, |account| account.uuid().into()),
                event.account_version.unwrap_or(0).into(),
                (*at).into(),
                body.into(),
            ];
            on.change(sql::DELIVERY_QUEUE, row).await?;
        }
        DeliveryChange::Settle { destination, event, attempts, state, ready_at, at, round, note } => {
            let row = [
                destination.uuid().into(),
                event.uuid().into(),
                Value::Int((*attempts).into()),
                state.name().into(),
                (*ready_at).into(),
                (*at).into(),
                Value::Int((*round).into()),
                note.as_deref().map_or(Value::Null, Value::from),
            ];
            if on.change(sql::DELIVERY_SETTLE, row).await? == 0 {
                return Err(Failure::Refused(changed(format!(
                    "the delivery of event {event} to destination {destination} does not stand at {attempts} attempts"
                ))));
            }
        }
        DeliveryChange::Forget { destination } => {
            on.change(sql::DELIVERY_FORGET, [destination.uuid().into()]).await?;
        }
    }
    Ok(())
}

impl Change for DeliveryClaim {
    type Answer = Vec<Delivery>;

    const OPERATION: &'static str = "store.claim_deliveries";

    async fn run(&self, on: &mut Transaction<'_>) -> Result<Vec<Delivery>, Failure> {
        let values = [self.destination.uuid().into(), self.now.into(), Value::Int(self.limit.into())];
        let ready = query(sql::DELIVERY_READY, values).fetch_all(&mut *on.connection).await?;
        let mut given = Vec::with_capacity(ready.len());
        for row in ready {
            let values = [row.number(0)?.into(), self.until.into(), Value::Int(row.int(1)?)];
            let row = query(sql::DELIVERY_CLAIM, values).fetch_one(&mut *on.connection).await?;
            given.push(read(&row)?);
        }
        Ok(given)
    }
}

/// Forgets deliveries in a state that are old.
#[derive(Debug)]
pub(super) struct ForgetDeliveries {
    pub(super) state: DeliveryState,
    pub(super) before: jiff::Timestamp,
}

impl Change for ForgetDeliveries {
    type Answer = u64;

    const OPERATION: &'static str = "store.forget_deliveries";

    async fn run(&self, on: &mut Transaction<'_>) -> Result<u64, Failure> {
        Ok(on.change(sql::DELIVERY_AGE, [self.state.name().into(), self.before.into()]).await?)
    }
}

pub(super) fn read(row: &SqliteRow) -> Result<Delivery, sqlx::Error> {
    let count = |column| row.int(column).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    Ok(Delivery {
        seq: row.number(0)?,
        destination: row.id(1)?.into(),
        event: json::<Event>(&row.text(2)?)?,
        state: kind(&row.text(3)?)?,
        attempts: count(4)?,
        round: count(5)?,
        ready_at: row.instant(6)?,
        at: row.instant(7)?,
        after_gap: row.int(8)? != 0,
        note: row.try_get(9)?,
    })
}
