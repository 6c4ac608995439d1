//! What can be wrong with one record in its place.

use serde::{Deserialize, Serialize};

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChainFault {
    /// Records are missing.
    #[error("audit record {expected} is missing: {found} stands in its place")]
    Gap {
        /// The one that should be there.
        expected: u64,
        /// The one that is.
        found: u64,
    },
    /// A record does not follow the one before it.
    #[error("audit record {seq} does not follow the record before it")]
    Broken {
        /// Which.
        seq: u64,
    },
    /// A record was changed.
    #[error("audit record {seq} was altered")]
    Altered {
        /// Which.
        seq: u64,
    },
    /// The personal text of a record was changed, not erased.
    #[error("the personal text of audit record {seq} was altered")]
    PersonalAltered {
        /// Which.
        seq: u64,
    },
}
