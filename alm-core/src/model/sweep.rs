//! What the sweep remembers between two runs (L-39).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The one record of the sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SweepState {
    /// When the last one ran to its end.
    pub last: Option<Timestamp>,
    /// Whether it stopped and asks, so that it asks once and not at every tick.
    pub asked: bool,
}

impl SweepState {
    /// The key of the one record.
    pub const ID: Uuid = Uuid::from_u128(0x0003_0000_0000_0000_0001);
}
