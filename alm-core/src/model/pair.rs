//! Two accounts that take turns, so that a new password never breaks who signs in with one of them (blue/green).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::{AccountId, PairId};

/// Two accounts of which one is in use and the other rests (BG-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccountPair {
    /// Which.
    pub id: PairId,
    /// As shown to people.
    pub name: String,
    /// The one that is to be signed in with.
    pub current: AccountId,
    /// The one that rests.
    pub resting: AccountId,
    /// For how many hours after a switch the one that was left keeps its password, so that consumers can follow (BG-3).
    pub overlap_hours: u32,
    /// When they changed places last; at first, when the pair was made.
    pub switched_at: Timestamp,
    /// Until when the one that rests keeps the password with which it was left (BG-3).
    pub untouched_until: Timestamp,
    /// Why they cannot change places although it is time, if they cannot (BG-4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

impl AccountPair {
    /// A pair that begins at an instant, of which nothing is known from before.
    pub fn new(
        id: PairId,
        name: impl Into<String>,
        current: AccountId,
        resting: AccountId,
        overlap_hours: u32,
        now: Timestamp,
    ) -> Self {
        let name = name.into();
        let untouched_until = overlap(now, overlap_hours);
        Self { id, name, current, resting, overlap_hours, switched_at: now, untouched_until, held: None }
    }

    /// The other one of the two.
    pub fn other(&self, account: AccountId) -> AccountId {
        if self.current == account { self.resting } else { self.current }
    }

    /// Lets them change places.
    pub fn switch(&mut self, now: Timestamp) {
        std::mem::swap(&mut self.current, &mut self.resting);
        self.switched_at = now;
        self.untouched_until = overlap(now, self.overlap_hours);
        self.held = None;
    }
}

fn overlap(now: Timestamp, hours: u32) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(i64::from(hours))).unwrap_or(Timestamp::MAX)
}
