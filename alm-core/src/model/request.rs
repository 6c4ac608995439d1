//! Requests and the votes on them (section R).

use std::collections::{BTreeMap, BTreeSet};

use ad_directory::Dn;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::Owner;
use super::ids::{AccountId, DelegationId, DomainId, PersonId, RequestId, SagaId, TemplateVersionId};
use super::managed::PasswordReader;
use super::period::Period;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum RequestKind {
    /// A new account.
    New,
    /// A new end of life for an account (R-9, option Su).
    Renewal {
        /// Of which account.
        account: AccountId,
        /// Whether a disabled account is to be enabled as well; the approvers see it.
        enable: bool,
    },
    /// Another privilege for an account, or one less; which, is in [`Request::privilege`].
    Privilege {
        /// Of which account.
        account: AccountId,
    },
}

/// What becomes of a privilege: the membership of an account in a directory group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PrivilegeChange {
    /// The directory group.
    pub group: Dn,
    /// Whether the account joins it or leaves it.
    pub joins: bool,
    /// When it is taken away again; only for one that joins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl PrivilegeChange {
    /// The account joins the group.
    pub const fn join(group: Dn) -> Self {
        Self { group, joins: true, until: None }
    }

    /// The account leaves the group.
    pub const fn leave(group: Dn) -> Self {
        Self { group, joins: false, until: None }
    }
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequestStatus {
    /// Being written; can be edited and deleted.
    Draft,
    /// Waiting for votes.
    Submitted,
    /// Taken back by the requester.
    Withdrawn,
    /// Denied by an approver.
    Rejected,
    /// Approved, and waiting for an engine or in its hands.
    Queued,
    /// Done.
    Provisioned,
    /// It could not be done; it keeps what failed and can be retried or abandoned.
    ProvisioningFailed,
    /// Given up after a failure.
    Abandoned,
}

impl RequestStatus {
    /// Whether the request still may lead to something, and so holds its name (NM-2).
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Submitted | Self::Queued)
    }
}

/// One person's vote in one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Vote {
    /// Index of the step.
    pub step: usize,
    /// Whose.
    pub person: PersonId,
    /// The approver whose place the person took, who had delegated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// Yes, or no with the reason that the requester sees.
    pub decision: Decision,
}

/// Yes or no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// Yes.
    Approve,
    /// No, and why.
    Deny {
        /// Shown to the requester.
        reason: String,
    },
}

/// An approver lets another vote in their place for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Delegation {
    /// Which.
    pub id: DelegationId,
    /// Whose votes.
    pub from: PersonId,
    /// Who casts them.
    pub to: PersonId,
    /// From when on.
    pub since: Timestamp,
    /// Until when, that instant not included.
    pub until: Timestamp,
}

impl Delegation {
    /// Whether it holds at an instant.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.since <= now && now < self.until
    }
}

/// What the requester fills in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestForm {
    /// The name without the template's prefix (NM-1).
    pub name: String,
    /// One of the template's periods.
    pub period: Period,
    /// Why; required.
    pub justification: String,
    /// What the account is for; ends in its description.
    pub description: String,
    /// One of the template's OUs, or below one; the first of them when not said.
    pub ou: Option<Dn>,
    /// The vault's own identifier of the folder for the credential: the template's, or one below it where the template allows that; the
    /// template's when not said (T-2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// For a gMSA: the Kerberos service names of its services, such as `HTTP/web.corp.example` (T-11).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_principal_names: Vec<String>,
    /// For a gMSA: who may retrieve its password beside those that the template names, where it allows that (T-11).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<PasswordReader>,
    /// Owners beside the requester, who is always the first.
    pub owners: BTreeSet<Owner>,
    /// The requester agrees to the template's terms, if there are any (T-1).
    pub agrees_to_terms: bool,
    /// Values of the template's attributes, by LDAP name; one that is not said has the template's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

impl RequestForm {
    /// A form with what is always required.
    pub fn new(name: impl Into<String>, period: Period, justification: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            period,
            justification: justification.into(),
            description: String::new(),
            ou: None,
            folder: None,
            service_principal_names: Vec::new(),
            readers: Vec::new(),
            attributes: BTreeMap::new(),
            owners: BTreeSet::new(),
            agrees_to_terms: false,
        }
    }
}

/// The terms that a requester agreed to: which text, of which version (T-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgreedTerms {
    /// SHA-256 of the text, in hexadecimal.
    pub sha256: String,
    /// When.
    pub at: Timestamp,
}

/// A request for a new account, or for a longer life of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Request {
    /// Which.
    pub id: RequestId,
    /// For what.
    pub kind: RequestKind,
    /// Who asks.
    pub requester: PersonId,
    /// The template version that it is pinned to; for a draft, the one it was begun with (T-9).
    pub template: TemplateVersionId,
    /// The domain of the template.
    pub domain: DomainId,
    /// Prefix and name together (NM-1), as it will be in the directory.
    pub account_name: String,
    /// What the requester filled in.
    pub form: RequestForm,
    /// What is asked for by a [`RequestKind::Privilege`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privilege: Option<PrivilegeChange>,
    /// Where it stands.
    pub status: RequestStatus,
    /// The step that is being voted on.
    pub step: usize,
    /// When the step goes to the administrators as well, if it has a time limit and has not gone yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalates_at: Option<Timestamp>,
    /// Whether administrators may vote in the step, because its time was over.
    #[serde(default)]
    pub escalated: bool,
    /// All votes so far, of all steps.
    pub votes: Vec<Vote>,
    /// The terms agreed to, if there were any.
    pub terms: Option<AgreedTerms>,
    /// The account that it made or renews.
    pub account: Option<AccountId>,
    /// The saga that carries it out.
    pub saga: Option<SagaId>,
    /// The end of life that the approval gave, computed once (L-34).
    pub eol: Option<Timestamp>,
    /// What failed and why, for [`RequestStatus::ProvisioningFailed`].
    pub failure: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was submitted.
    pub submitted_at: Option<Timestamp>,
}
