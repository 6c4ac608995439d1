//! What a store is asked to do with events that are on their way to destinations (H-6).
//!
//! An event leaves the outbox in the commit that queues it for each destination. From then on there is one delivery for each, found by its
//! state and its time and never by a place in a list: of two commits the later may be seen first.
//!
//! Whoever sets out with a delivery claims it: its attempts rise by one and it is not given out again before a time. What becomes of it
//! is a [`DeliveryChange`] in a commit that names the number of attempts, so that of two who have set out with it only the last is heard.

use jiff::Timestamp;

use crate::model::delivery::DeliveryState;
use crate::model::event::Event;
use crate::model::ids::{DestinationId, EventId};

/// A change of deliveries, in a [`Commit`](super::store::Commit).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "stores outside this crate carry it out")]
pub enum DeliveryChange {
    /// Queues an event for a destination, to be tried at once. One that is there already stays as it is.
    Queue {
        /// Where to.
        destination: DestinationId,
        /// What.
        event: Event,
        /// Now.
        at: Timestamp,
    },
    /// Says what became of an attempt, or has a dead letter sent again.
    /// [`Conflict`](crate::ErrorKind::Conflict) unless the delivery is there with exactly so many attempts.
    Settle {
        /// Where to.
        destination: DestinationId,
        /// What.
        event: EventId,
        /// How many attempts it has.
        attempts: u32,
        /// Where it stands from now on.
        state: DeliveryState,
        /// See [`Delivery::ready_at`](crate::model::delivery::Delivery::ready_at).
        ready_at: Timestamp,
        /// Now.
        at: Timestamp,
        /// How many attempts its round has from now on.
        round: u32,
        /// Why the attempt came to nothing.
        note: Option<String>,
    },
    /// Forgets everything about a destination.
    Forget {
        /// Which.
        destination: DestinationId,
    },
}

/// A wish to set out with deliveries of one destination.
///
/// Given are those that wait, whose time has come, and whose account has no earlier one that waits or is a dead letter which still holds
/// others back. Earlier is by ([`account_version`](Event::account_version), seq); events without an account have no order. The longest
/// ready come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate read it")]
pub struct DeliveryClaim {
    /// Of which destination.
    pub destination: DestinationId,
    /// Now.
    pub now: Timestamp,
    /// Until when nobody else gets them.
    pub until: Timestamp,
    /// At most so many.
    pub limit: u32,
}
