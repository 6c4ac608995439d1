//! Managed accounts (O-7).

use std::collections::{BTreeMap, BTreeSet};

use ad_directory::{Dn, ObjectGuid};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::{
    AccountId, DomainId, GroupId, PairId, PersonId, RequestId, SagaId, SecretId, TemplateId,
    TemplateVersionId, VaultId,
};
use super::managed::AccountKind;
use super::period::Period;
use super::secret_link::Dependency;
use super::template::{EolAction, VaultPlace};

/// An owner of an account: a person, or all members of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Owner {
    /// One person.
    Person(PersonId),
    /// Everybody in a group, while both are enabled (P-4).
    Group(GroupId),
}

/// What an account is, as its record says (section L).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AccountStatus {
    /// In use.
    Active,
    /// Disabled in the directory.
    Disabled,
    /// The directory lets nobody sign in with it any more, because its time is over. Not the same as disabled (L-3).
    Expired,
    /// Retired for good (I-4); erased or not, see [`Account::erased_at`].
    Deleted,
}

impl AccountStatus {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Active, Self::Disabled, Self::Expired, Self::Deleted];
}

/// What an operation does to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OperationKind {
    /// Make it.
    Provision,
    /// Disable it.
    Disable,
    /// Enable it.
    Enable,
    /// Give it a new end of life.
    Renew,
    /// See that the directory lets it expire.
    Expire,
    /// Retire it.
    Delete,
    /// Remove what is left of it.
    Erase,
    /// Give it another password.
    Rotate,
    /// Have it join directory groups or leave them.
    Privilege,
    /// Take it over as it is.
    Adopt,
    /// Bring it under another template, or another version of its own.
    Migrate,
    /// Make it in the directory what its record says, as [`doctor`](crate::Alm::doctor) proposed and a person said.
    Correct,
    /// Clear away what a saga left.
    Clean,
}

/// The second secret of a rotation, which holds the new password until the account's own secret does (section X).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PendingSecret {
    /// Where it is.
    pub place: VaultPlace,
    /// Its name, fixed before it is made, so that it can be found again.
    pub name: String,
    /// The vault's own identifier, once it is known.
    pub secret: Option<SecretId>,
}

impl PendingSecret {
    /// One that is yet to be made.
    pub const fn new(place: VaultPlace, name: String) -> Self {
        Self { place, name, secret: None }
    }
}

/// When a privilege is taken away again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PrivilegeEnd {
    /// The directory group.
    pub group: Dn,
    /// When the account leaves it.
    pub at: Timestamp,
}

impl PrivilegeEnd {
    /// The account leaves this group at that instant.
    pub const fn new(group: Dn, at: Timestamp) -> Self {
        Self { group, at }
    }
}

/// An operation that is under way, or stopped and waiting for a person (L-31).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenOperation {
    /// Its saga.
    pub saga: SagaId,
    /// What it does.
    pub kind: OperationKind,
    /// Whether it is parked: it failed and waits for Retry or Abandon.
    pub failed: bool,
}

/// What remains to be remembered of the reminders of this cycle (N-15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReminderState {
    /// When the last one was due, of those that were sent or skipped.
    pub last: Option<Timestamp>,
    /// When the next one is due.
    pub next: Option<Timestamp>,
    /// How often the account was renewed: a new cycle starts the reminders anew.
    pub cycle: u32,
}

/// A managed account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Account {
    /// Which.
    pub id: AccountId,
    /// Its sAMAccountName (NM-3); that of a gMSA ends with a `$`.
    pub name: String,
    /// Its name in its container, where that is not the same as of those that are made here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_name: Option<String>,
    /// What kind of account it is.
    #[serde(default)]
    pub kind: AccountKind,
    /// In which domain.
    pub domain: DomainId,
    /// What it is.
    pub status: AccountStatus,
    /// Who answers for it; never empty (I-6).
    pub owners: BTreeSet<Owner>,
    /// Its template.
    pub template: TemplateId,
    /// The version it is pinned to (T-9).
    pub template_version: TemplateVersionId,
    /// The life duration it was given.
    pub period: Period,
    /// From when on it can be renewed.
    pub renewal_date: Timestamp,
    /// Its end of life: an instant at 00:00 UTC (L-34).
    pub eol: Timestamp,
    /// An earlier end of life, while an operation is giving it to the account: reminders and the clock go by it from the beginning (L-37).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_by: Option<Timestamp>,
    /// What happens then.
    pub eol_action: EolAction,
    /// Whether the clock has already carried out the end of life of this cycle.
    pub eol_done: bool,
    /// What it is for.
    pub description: String,
    /// Where it was made, and where enabling brings it back to.
    pub ou: Dn,
    /// Where disabled and retired accounts of it go.
    pub retirement_ou: Option<Dn>,
    /// Words that people sort it by (O-7), as they were written.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// The directory groups it belongs to: first those of its template, then as requests changed them.
    pub groups: Vec<Dn>,
    /// Those of them that it leaves again, and when. Neither renewing nor enabling changes that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privilege_ends: Vec<PrivilegeEnd>,
    /// The attributes that it was given, by LDAP name; what somebody changed in the directory since is not known here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Its identity in the directory, whatever it is called.
    pub object_guid: ObjectGuid,
    /// In which vault its credential is; in none for a gMSA.
    pub vault: Option<VaultId>,
    /// The vault's own identifier of the secret, if there is one.
    pub secret: Option<String>,
    /// What signs in with it, as its vault told at the last sync (S-5); the first 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    /// The Kerberos service names that it was given; one account at a time has each (T-11).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_principal_names: Vec<String>,
    /// When its password was set last, as far as we know. The domain changes that of a gMSA without telling.
    pub password_changed_at: Timestamp,
    /// When its template wants another password for it (T-14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotates_at: Option<Timestamp>,
    /// What a rotation made and has not removed yet; after one that was given up halfway, the directory may have the password in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingSecret>,
    /// The two accounts that take turns, if it is one of them (BG-1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<PairId>,
    /// What is under way on it.
    pub operation: Option<OpenOperation>,
    /// The renewal that is open, if one is.
    pub renewal: Option<RequestId>,
    /// What was reminded of.
    pub reminders: ReminderState,
    /// Every saga that may have left its marker on it (I-3).
    pub sagas: Vec<SagaId>,
    /// When we last signed in with it ourselves, to prove its password: a sign-in that one of them explains says nothing of its use (S-8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binds: Vec<Timestamp>,
    /// When it became Active.
    pub provisioned_at: Timestamp,
    /// When it was erased, once it was.
    pub erased_at: Option<Timestamp>,
}

impl Account {
    /// When the clock ends it: at its end of life, or at the earlier one that it is being given (L-37).
    pub fn ends_at(&self) -> Timestamp {
        self.ends_by.map_or(self.eol, |earlier| earlier.min(self.eol))
    }
}

/// The instant from which an account that ends at `eol` can be renewed: so many days of 24 hours before.
pub fn renewal_date(eol: Timestamp, lead_days: u32) -> Timestamp {
    let lead = Span::new().hours(i64::from(lead_days).saturating_mul(24).min(876_000));
    eol.checked_sub(lead).unwrap_or(Timestamp::MIN)
}
