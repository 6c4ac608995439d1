//! What a command would do.

use crate::error::Refusal;

/// What a command would do if it were given now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// What it would change, in words, in order.
    pub changes: Vec<String>,
    /// Which events it would raise.
    pub events: Vec<String>,
    /// Why it would be refused; then nothing would change.
    pub refusals: Vec<Refusal>,
}

impl Plan {
    /// Whether it would be carried out.
    pub fn is_allowed(&self) -> bool {
        self.refusals.is_empty()
    }
}
