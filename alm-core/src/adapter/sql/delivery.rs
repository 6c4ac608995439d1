//! Events on their way to destinations (H-6).

use super::backend::Backend;
use super::failure::{Failure, changed, unwritable};
use super::statements as sql;
use super::transaction::Transaction;
use super::value::{Columns, Value, json, kind};
use super::writer::Change;
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::event::Event;
use crate::model::ids::EventId;
use crate::port::delivery::{DeliveryChange, DeliveryClaim};

/// Takes events out of the outbox that must be in it.
pub(super) async fn route<B: Backend>(
    on: &mut Transaction<'_, B>,
    events: &[EventId],
) -> Result<(), Failure> {
    for event in events {
        if on.change(sql::DELIVERED, [event.uuid().into()]).await? == 0 {
            return Err(Failure::Refused(changed(format!(
                "the event {event} is not in the outbox any more"
            ))));
        }
    }
    Ok(())
}

pub(super) async fn change<B: Backend>(
    on: &mut Transaction<'_, B>,
    change: &DeliveryChange,
) -> Result<(), Failure> {
    match change {
        DeliveryChange::Queue { destination, event, at } => {
            let body = serde_json::to_string(event).map_err(|error| unwritable("an event", error))?;
            let row = [
                destination.uuid().into(),
                event.id.uuid().into(),
                event.account.map_or(Value::Id(None), |account| account.uuid().into()),
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
                note.as_deref().map_or(Value::Text(None), Value::from),
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

impl<B: Backend> Change<B> for DeliveryClaim {
    type Answer = Vec<Delivery>;

    const OPERATION: &'static str = "store.claim_deliveries";

    async fn run(&self, on: &mut Transaction<'_, B>) -> Result<Vec<Delivery>, Failure> {
        let values = [self.destination.uuid().into(), self.now.into(), Value::Int(self.limit.into())];
        let ready = on.all(sql::DELIVERY_READY, values).await?;
        let mut given = Vec::with_capacity(ready.len());
        for row in ready {
            let values = [row.number(0)?.into(), self.until.into(), Value::Int(row.int(1)?)];
            let row = on.one(sql::DELIVERY_CLAIM, values).await?;
            given.push(read(&row)?);
        }
        Ok(given)
    }
}

/// Forgets a page of deliveries in a state that are old.
#[derive(Debug)]
pub(super) struct ForgetDeliveries {
    pub(super) state: DeliveryState,
    pub(super) before: jiff::Timestamp,
}

impl<B: Backend> Change<B> for ForgetDeliveries {
    type Answer = u64;

    const OPERATION: &'static str = "store.forget_deliveries";

    async fn run(&self, on: &mut Transaction<'_, B>) -> Result<u64, Failure> {
        Ok(on.change(sql::DELIVERY_AGE, [self.state.name().into(), self.before.into()]).await?)
    }
}

pub(super) fn read(row: &impl Columns) -> Result<Delivery, sqlx::Error> {
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
        note: row.maybe_text(9)?,
    })
}
