//! Events on their way to destinations (H-6).

use super::commit::conflict;
use super::{State, take};
use crate::error::Result;
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::ids::{DestinationId, EventId};
use crate::port::delivery::{DeliveryChange, DeliveryClaim};

impl State {
    /// Every delivery that the changes settle is there with as many attempts as they say.
    pub(super) fn check_deliveries(&self, changes: &[DeliveryChange], routed: &[EventId]) -> Result<()> {
        for id in routed {
            if !self.outbox.values().any(|event| event.id == *id) {
                return Err(conflict(format!("the event {id} is not in the outbox any more")));
            }
        }
        for change in changes {
            if let DeliveryChange::Settle { destination, event, attempts, .. } = change {
                let found = self.deliveries.values().find(|one| is(one, *destination, *event));
                if found.is_none_or(|one| one.attempts != *attempts) {
                    return Err(conflict(format!(
                        "the delivery of event {event} to destination {destination} does not stand at {attempts} attempts"
                    )));
                }
            }
        }
        Ok(())
    }

    pub(super) fn change_deliveries(&mut self, changes: Vec<DeliveryChange>) {
        for change in changes {
            match change {
                DeliveryChange::Queue { destination, event, at } => {
                    if self.deliveries.values().any(|one| is(one, destination, event.id)) {
                        continue;
                    }
                    self.queued += 1;
                    let delivery = Delivery {
                        seq: self.queued,
                        destination,
                        event,
                        state: DeliveryState::Waiting,
                        attempts: 0,
                        round: 0,
                        ready_at: at,
                        at,
                        after_gap: false,
                        note: None,
                    };
                    self.deliveries.insert(self.queued, delivery);
                }
                DeliveryChange::Settle { destination, event, state, ready_at, at, round, note, .. } => {
                    if let Some(one) = self.deliveries.values_mut().find(|one| is(one, destination, event)) {
                        (one.state, one.ready_at, one.at, one.note) = (state, ready_at, at, note);
                        one.round = round;
                    }
                }
                DeliveryChange::Forget { destination } => {
                    self.deliveries.retain(|_, one| one.destination != destination);
                }
            }
        }
    }

    pub(super) fn claim_deliveries(&mut self, claim: &DeliveryClaim) -> Vec<Delivery> {
        let here = || self.deliveries.values().filter(|one| one.destination == claim.destination);
        let earlier = |one: &Delivery| {
            let (account, place) = (one.event.account, place(one));
            here().filter(move |other| {
                account.is_some() && other.event.account == account && self::place(other) < place
            })
        };
        let mut ready: Vec<_> = here()
            .filter(|one| one.state == DeliveryState::Waiting && one.ready_at <= claim.now)
            .filter(|one| {
                !earlier(one).any(|other| match other.state {
                    DeliveryState::Waiting => true,
                    DeliveryState::Dead => other.ready_at > claim.now,
                    DeliveryState::Delivered => false,
                })
            })
            .map(|one| {
                let gap = earlier(one).any(|other| other.state == DeliveryState::Dead);
                (one.ready_at, one.seq, gap)
            })
            .collect();
        ready.sort_unstable();
        ready.truncate(take(claim.limit));
        let mut given = Vec::with_capacity(ready.len());
        for (_, seq, gap) in ready {
            if let Some(one) = self.deliveries.get_mut(&seq) {
                one.attempts += 1;
                one.round += 1;
                (one.ready_at, one.after_gap) = (claim.until, gap);
                given.push(one.clone());
            }
        }
        given
    }
}

fn is(one: &Delivery, destination: DestinationId, event: EventId) -> bool {
    one.destination == destination && one.event.id == event
}

/// Where it stands among the events of its account.
fn place(one: &Delivery) -> (u64, u64) {
    (one.event.account_version.unwrap_or(0), one.seq)
}
