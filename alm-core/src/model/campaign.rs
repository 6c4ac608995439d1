//! Certification campaigns: whether accounts are still needed, asked of their owners by a date.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::Owner;
use super::ids::{AccountId, CampaignId, PersonId, ReviewId, SagaId, TemplateId};

/// Which accounts a campaign reviews: those that are not deleted when it is opened (C-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CampaignScope {
    /// All that name this owner. Those that a person owns through a group are the group's.
    Owner(Owner),
    /// All that were made with a template, whichever version.
    Template(TemplateId),
}

/// What becomes of an account that nobody decided about in time (C-4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unanswered {
    /// It stays as it is, and the campaign's result says so.
    #[default]
    Report,
    /// It is disabled, if it is Active.
    Disable,
}

/// A campaign. What was decided about each of its accounts is in a [`Review`] of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Campaign {
    /// Which.
    pub id: CampaignId,
    /// As shown to reviewers.
    pub name: String,
    /// Which accounts.
    pub scope: CampaignScope,
    /// How many there were.
    pub accounts: u64,
    /// Who opened it.
    pub opened_by: PersonId,
    /// When.
    pub opened_at: Timestamp,
    /// Until when accounts are reviewed, that instant not included.
    pub until: Timestamp,
    /// When those who have not decided are reminded, until they were.
    pub remind_at: Option<Timestamp>,
    /// What becomes of accounts that nobody decided about.
    pub unanswered: Unanswered,
    /// How it ended, once it did.
    pub ended: Option<CampaignEnd>,
}

/// How a campaign ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CampaignEnd {
    /// When.
    pub at: Timestamp,
    /// Who cancelled it; nobody when its time was over.
    pub cancelled_by: Option<PersonId>,
}

/// What an owner says about an account (C-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// It is still needed.
    Keep,
    /// It is not: it is deleted as [`DeleteAccount`](crate::service::accounts::DeleteAccount) does.
    Retire,
}

/// One account in one campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Review {
    /// Which.
    pub id: ReviewId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// About which account.
    pub account: AccountId,
    /// Its name when the campaign was opened.
    pub account_name: String,
    /// The campaign's end.
    pub until: Timestamp,
    /// What came of it; nothing yet while it is open.
    pub outcome: Option<ReviewOutcome>,
}

/// What came of a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReviewOutcome {
    /// What.
    pub result: ReviewResult,
    /// When.
    pub at: Timestamp,
    /// Who decided; nobody when it was the campaign's end.
    pub by: Option<PersonId>,
    /// Why, in their words; may be empty.
    pub reason: String,
    /// The operation that it began, for what was retired or disabled.
    pub saga: Option<SagaId>,
}

/// What came of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReviewResult {
    /// It is still needed.
    Kept,
    /// It is not, and its deletion has begun.
    Retired,
    /// Nobody decided; it stayed as it was.
    Unanswered,
    /// Nobody decided; disabling it has begun.
    Disabled,
    /// It was deleted for another reason.
    Gone,
    /// The campaign was cancelled.
    Cancelled,
}
