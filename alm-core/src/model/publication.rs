//! How publishing a template ended, and why (T-12).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{PersonId, PublicationId, TemplateId, TemplateVersionId};
use super::refusal::Refusal;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PublicationStep {
    /// To publish, where that takes one person.
    Publish,
    /// To have another publish it (T-10).
    Propose,
    /// To publish what another proposed (T-10).
    Approve,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PublicationOutcome {
    /// New requests use it from then on.
    Published,
    /// Nothing stands against it; it waits for the second person.
    Proposed,
    /// Rules forbid it; the findings say which.
    Refused,
    /// Vault or domain could not be asked, so nobody knows.
    NotChecked,
}

/// One thing that stood against publishing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PublicationFinding {
    /// The id of the rule, such as `V-5`.
    pub rule: String,
    /// What it is about: a part of the template, or the template as a whole.
    pub field: String,
    /// Why.
    pub message: String,
}

impl From<&Refusal> for PublicationFinding {
    fn from(refusal: &Refusal) -> Self {
        Self {
            rule: refusal.rule().to_owned(),
            field: refusal.field().to_owned(),
            message: refusal.message().to_owned(),
        }
    }
}

/// One attempt to publish a template, kept whether it succeeded or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Publication {
    /// Which. Those of a later millisecond have higher ids.
    pub id: PublicationId,
    /// Of which template.
    pub template: TemplateId,
    /// Its name then.
    pub name: String,
    /// What was asked for.
    pub step: PublicationStep,
    /// By whom.
    pub asked_by: PersonId,
    /// When.
    pub asked_at: Timestamp,
    /// The number of the version that it became, or would have.
    pub number: u32,
    /// The SHA-256 of the draft as JSON, in hexadecimal: two attempts with the same were about the same draft.
    pub draft: Option<String>,
    /// How it ended.
    pub outcome: PublicationOutcome,
    /// The version that it became.
    pub version: Option<TemplateVersionId>,
    /// Everything that stood against it, all at once.
    pub findings: Vec<PublicationFinding>,
    /// Why vault or domain could not be asked.
    pub obstacle: Option<String>,
}
