//! What a saga is told: the entries of its journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::effect::EffectResult;
use crate::model::ids::{EngineId, PersonId};

/// One entry of a saga's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "input")]
#[non_exhaustive]
pub enum Input {
    /// An engine is about to run the effect that is next. What it does from here on may happen even if nothing more is heard.
    Started {
        /// The effect's name, to check a journal by.
        effect: String,
        /// Who.
        engine: EngineId,
        /// Under which lease.
        epoch: u64,
        /// When.
        at: Timestamp,
    },
    /// The effect ended.
    Finished {
        /// How.
        result: EffectResult,
        /// When.
        at: Timestamp,
    },
    /// A person wants it undone.
    Cancel {
        /// Who.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
    /// A person wants a parked saga to try again (L-31).
    Retry {
        /// Who.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
    /// A person gives a parked saga up (L-31).
    Abandon {
        /// Who.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
}

impl Input {
    /// When.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Started { at, .. }
            | Self::Finished { at, .. }
            | Self::Cancel { at, .. }
            | Self::Retry { at, .. }
            | Self::Abandon { at, .. } => *at,
        }
    }
}
