//! Events on their way to one destination (H-6).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::Event;
use super::ids::DestinationId;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryState {
    /// To be tried, at its time.
    Waiting,
    /// Taken by the destination.
    Delivered,
    /// A dead letter: tried often enough, or refused for good. A person may have it sent again.
    Dead,
}

impl DeliveryState {
    /// The name that stores write.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// One event on its way to one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate build it")]
pub struct Delivery {
    /// Its place in the store's list of deliveries, by which pages go on. Later ones have higher numbers.
    pub seq: u64,
    /// Where to.
    pub destination: DestinationId,
    /// What. Its id is the same with every attempt and at every destination.
    pub event: Event,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often anybody has set out with it.
    pub attempts: u32,
    /// How often since it was queued, or sent again by a person.
    pub round: u32,
    /// Of one that waits: not before then; whoever sets out with it moves this on by the time that they may take. Of a dead one: until then it
    /// holds later events of its account back.
    pub ready_at: Timestamp,
    /// When it was queued, postponed or ended, whichever was last.
    pub at: Timestamp,
    /// Whether, when it set out last, an earlier event of its account was a dead letter here: the receiver has a gap.
    pub after_gap: bool,
    /// Why the last attempt came to nothing. Never a secret.
    pub note: Option<String>,
}
