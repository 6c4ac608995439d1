//! A saga as it is kept, and the machine that its journal drives.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::effect::{Effect, Reason};
use super::plan::Plan;
use crate::model::account::{AccountStatus, PrivilegeEnd};
use crate::model::ids::{AccountId, DomainId, RequestId, SagaId};
use crate::model::migration::Migration;
use crate::model::period::Period;
use crate::model::request::PrivilegeChange;

/// A saga, without its journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SagaRecord {
    /// Which.
    pub id: SagaId,
    /// The account it makes or changes.
    pub account: AccountId,
    /// The account's name, for people.
    pub account_name: String,
    /// The request it carries out, if it does.
    pub request: Option<RequestId>,
    /// Whose engines go on with it.
    pub domain: DomainId,
    /// What it was begun with.
    pub plan: Plan,
    /// Sagas whose markers the account may carry (I-3), this one included.
    pub known_sagas: Vec<SagaId>,
    /// How long its journal is.
    pub inputs: u64,
    /// Where it stands.
    pub status: SagaStatus,
    /// When it was begun.
    pub created_at: Timestamp,
    /// From when on an engine may go on with it.
    pub ready_at: Timestamp,
    /// Things that a person should know about it.
    pub findings: Vec<String>,
    /// What becomes of the record when everything is done.
    pub then: Completion,
    /// When it began to prove a password by signing in with it (S-8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binds: Vec<Timestamp>,
}

/// What becomes of the account's record when a saga ends with [`Ending::Done`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "then")]
#[non_exhaustive]
pub enum Completion {
    /// The account comes to be, Active, with this end of life.
    Provision {
        /// Computed once, when the request was approved (L-34, L-37).
        eol: Timestamp,
    },
    /// It gets this status.
    Become {
        /// Which.
        status: AccountStatus,
    },
    /// It gets a new end of life, and this status.
    Renew {
        /// The new end.
        eol: Timestamp,
        /// The life duration that it comes from.
        period: Period,
        /// The status it has then.
        status: AccountStatus,
    },
    /// Nothing of it is left outside.
    Erase,
    /// It was deleted in the directory by somebody else: it is Deleted, and erased.
    WrittenOff,
    /// What a saga left is cleared away; no record changes.
    Cleaned,
    /// It has another password.
    Rotated,
    /// It has joined a group or left one, as a request asked.
    Privilege {
        /// Which.
        change: PrivilegeChange,
    },
    /// It has left groups whose time was over.
    PrivilegesEnded {
        /// Which, and when their time was over.
        ends: Vec<PrivilegeEnd>,
    },
    /// It is managed, as it was found.
    Adopt,
    /// It is under another template, or another version of its own.
    Migrate {
        /// What becomes of its record.
        migration: Box<Migration>,
    },
}

/// Where a saga stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SagaStatus {
    /// An engine has it or can claim it.
    Running,
    /// It goes on later by itself; why it waits.
    Waiting {
        /// Why.
        why: String,
    },
    /// It stopped and waits for Retry or Abandon.
    Parked {
        /// Why.
        finding: String,
    },
    /// It is over.
    Ended {
        /// How.
        ending: Ending,
    },
}

impl SagaStatus {
    /// Whether an engine goes on with it by itself.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Running | Self::Waiting { .. })
    }
}

/// How a saga ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "end")]
#[non_exhaustive]
pub enum Ending {
    /// Everything was done.
    Done,
    /// Something refused; what had been done was undone.
    Compensated {
        /// What refused.
        reason: Reason,
        /// In words.
        message: String,
    },
    /// A person cancelled it; what had been done was undone.
    Cancelled,
    /// A person gave it up as it was.
    Abandoned,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "one at a time, handed over once")]
pub enum Next {
    /// Run this effect.
    Run {
        /// Which.
        effect: Effect,
        /// Not before this instant, and why.
        not_before: Option<(Timestamp, String)>,
    },
    /// Stop and ask a person.
    Park {
        /// About what.
        finding: String,
    },
    /// It is over.
    End(Ending),
}

/// An input that does not fit the state: the journal is damaged, or two wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal has {input} where {state} was expected")]
#[non_exhaustive]
pub struct Misfit {
    /// What was there.
    pub input: String,
    /// What could have been.
    pub state: String,
}

impl Misfit {
    pub(super) fn new(input: impl Into<String>, state: impl Into<String>) -> Self {
        Self { input: input.into(), state: state.into() }
    }
}
