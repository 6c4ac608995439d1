//! From the outbox to those who want to be told.

use super::alm::Alm;
use super::destinations::{self, Known};
use super::inbox;
use crate::error::{ErrorKind, Result};
use crate::model::destination::Destination;
use crate::model::event::Event;
use crate::port::delivery::DeliveryChange;
use crate::port::sink::EventSink;
use crate::port::store::{Commit, Expect, Stored as _};

/// How many events are taken at a time.
const BATCH: u32 = 100;
/// How many races with other processes are lost before the rest is left to them, or to the next time.
const RACES: u32 = 16;

impl Alm {
    /// Gives every event that was not delivered yet to `sink`, oldest first; how many. Stops at the first that the sink does not take.
    ///
    /// For a program that tells one place, at its own pace. Each event that the sink took goes on into the inbox and to the destinations there are. A
    /// program with several destinations registers its sink with a [`Dispatcher`](super::Dispatcher) and does not call this: an
    /// event that a dispatcher has taken does not come here any more.
    ///
    /// Dropping the future in the middle delivers the event under way again next time.
    ///
    /// # Errors
    /// The sink's, and those of the store.
    pub async fn deliver(&self, sink: &dyn EventSink) -> Result<u64> {
        let mut count = 0;
        loop {
            let events = self.store().undelivered(BATCH).await?;
            if events.is_empty() {
                return Ok(count);
            }
            for event in &events {
                sink.deliver(event).await?;
                let one = std::slice::from_ref(event);
                // Lost races are with other processes, or with somebody who changes a destination.
                for _ in 0..RACES {
                    let destinations = destinations::all(self).await?;
                    if self.route(one, &destinations).await? > 0 {
                        break;
                    }
                }
                count += 1;
            }
        }
    }

    /// Takes everything out of the outbox: into the inbox, and into the queues of those who want it; how many.
    pub(super) async fn route_all(&self) -> Result<u64> {
        let (mut count, mut lost) = (0, 0);
        loop {
            // First the events: a destination that was there before an event was is seen.
            let events = self.store().undelivered(BATCH).await?;
            if events.is_empty() {
                return Ok(count);
            }
            let destinations = destinations::all(self).await?;
            match self.route(&events, &destinations).await? {
                // Another process was quicker with some of them, or somebody has changed a destination.
                0 if lost == RACES => return Ok(count),
                0 => lost += 1,
                routed => count += routed,
            }
        }
    }

    /// In one commit, so that each event goes to all of them, once; how many. None when another process was quicker, or a destination is not any
    /// more what was read.
    async fn route(&self, events: &[Event], destinations: &[Known]) -> Result<u64> {
        let at = self.0.clock.now();
        let mut commit =
            Commit { routed: events.iter().map(|event| event.id).collect(), ..Commit::default() };
        for Known { destination, version } in destinations {
            let wanted = events.iter().filter(|event| destination.wants(event));
            let queued = wanted.map(|event| DeliveryChange::Queue {
                destination: destination.id,
                event: event.clone(),
                at,
            });
            let before = commit.deliveries.len();
            commit.deliveries.extend(queued);
            if commit.deliveries.len() > before {
                // Whoever removes it takes along what waits for it; nothing may come after that.
                commit.expects.push(Expect {
                    kind: Destination::KIND,
                    id: destination.id.uuid(),
                    version: *version,
                });
            }
        }
        inbox::fill(self, &mut commit, events).await?;
        match self.0.store.commit(commit).await {
            Ok(()) => Ok(events.len() as u64),
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(0),
            Err(error) => Err(error),
        }
    }
}

#[cfg(all(test, feature = "tokio"))]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::adapter::store_memory::MemoryStore;
    use crate::model::delivery::DeliveryState;
    use crate::model::destination::Target;
    use crate::model::event::EventKind;
    use crate::model::ids::{DestinationId, EventId, InstanceId};
    use crate::port::clock::SystemClock;
    use crate::port::store::Store;

    #[tokio::test]
    async fn h_6_nothing_waits_for_a_destination_that_was_removed_while_it_was_queued() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(InstanceId::new(Uuid::from_u128(1))));
        let alm = Alm::builder(Arc::clone(&store), Arc::new(SystemClock::new())).open().await.unwrap();
        let id = EventId::new(Uuid::from_u128(2));
        let event = Event::new(id, Timestamp::UNIX_EPOCH, EventKind::Test, "x");
        store.commit(Commit { events: vec![event], ..Commit::default() }).await.unwrap();
        // As somebody has read it who was then overtaken.
        let destination = Destination::new(DestinationId::new(Uuid::from_u128(3)), "x", Target::Program);
        let (removed, events) = (destination.id, store.undelivered(9).await.unwrap());
        assert_eq!(alm.route(&events, &[Known { destination, version: 1 }]).await.unwrap(), 0);
        assert!(store.deliveries(removed, DeliveryState::Waiting, None, 9).await.unwrap().is_empty());
        assert_eq!((alm.route_all().await.unwrap(), store.undelivered(9).await.unwrap().len()), (1, 0));
    }
}
