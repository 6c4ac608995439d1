//! The link between an account and its secret (O-7, S-5): what a vault tells of a secret, what is looked for, and what a sign-in proves.

use std::fmt;

use ad_directory::ObjectGuid;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{AccountId, DomainId, SecretId, VaultId};
use super::template::VaultPlace;

/// Something that signs in with an account, as its vault tells it (O-7): a Windows service, a scheduled task, an application pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Dependency {
    /// What it is called, such as the name of the service.
    pub name: String,
    /// On which machine, where the vault says so.
    pub machine: String,
    /// What sort of thing it is, in the vault's words.
    pub kind: String,
    /// Whether the vault tells it of a new password.
    pub enabled: bool,
    /// How telling it went last.
    pub last: DependencyResult,
}

impl Dependency {
    /// One that the vault tells, and has not told yet.
    pub fn new(name: impl Into<String>, machine: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            machine: machine.into(),
            kind: kind.into(),
            enabled: true,
            last: DependencyResult::NotRun,
        }
    }
}

/// How telling a dependency of a new password went last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DependencyResult {
    /// It has the new password.
    Succeeded,
    /// It has not.
    Failed,
    /// It was never told, or the vault does not say.
    #[default]
    NotRun,
}

/// How a secret stands in its vault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretState {
    /// It is there.
    Active,
    /// It was deactivated.
    Inactive,
    /// It is not there, or we may not see it; vaults do not tell the two apart.
    Gone,
    /// The vault was reached and did not tell; in its words.
    Unclear(String),
}

/// What a vault tells of one secret. Nothing of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretView {
    /// How it stands.
    pub state: SecretState,
    /// What depends on it; nothing when the vault did not tell, which is not the same as none.
    pub dependencies: Option<Vec<Dependency>>,
}

impl SecretView {
    /// A secret of whose dependencies nothing was told.
    pub const fn new(state: SecretState) -> Self {
        Self { state, dependencies: None }
    }

    /// With everything that depends on it.
    #[must_use]
    pub fn dependencies(mut self, dependencies: Vec<Dependency>) -> Self {
        self.dependencies = Some(dependencies);
        self
    }
}

/// Whose password a secret is thought to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretOwner {
    /// In which domain.
    pub domain: DomainId,
    /// That one's DNS name.
    pub domain_name: String,
    /// The object.
    pub object: ObjectGuid,
    /// Its sAMAccountName.
    pub name: String,
}

impl SecretOwner {
    /// An account of a domain.
    pub fn new(
        domain: DomainId,
        domain_name: impl Into<String>,
        object: ObjectGuid,
        name: impl Into<String>,
    ) -> Self {
        Self { domain, domain_name: domain_name.into(), object, name: name.into() }
    }
}

/// A search for the secret of an account that has none (S-5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretSearch {
    /// Where: the folder of its template, and those below it where requesters may choose one.
    pub place: VaultPlace,
    /// Whose.
    pub owner: SecretOwner,
    /// A secret whose password was refused not long ago: it is found, and not tried again. Every wrong sign-in brings a lock-out nearer.
    pub but_not: Option<SecretId>,
}

impl SecretSearch {
    /// Looks there for the secret of this account.
    pub const fn new(place: VaultPlace, owner: SecretOwner) -> Self {
        Self { place, owner, but_not: None }
    }

    /// Does not try the password of this one.
    #[must_use]
    pub fn but_not(mut self, secret: Option<SecretId>) -> Self {
        self.but_not = secret;
        self
    }
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretMatch {
    /// None matches.
    None,
    /// Exactly one does; whether its password is the account's.
    One(SecretId, SecretProof),
    /// Several do, of which these were looked at. None of their passwords was tried.
    Several(Vec<SecretId>),
    /// One matches, and its password may not be read.
    Unreadable(SecretId, String),
    /// The vault was reached and could not look there; in its words.
    Unclear(String),
}

/// What a sign-in with the password of a secret said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretProof {
    /// It is the account's.
    Right,
    /// It is not.
    Wrong,
    /// Nothing: the account is locked (775), restricted, or not there. Why, in words.
    Later(String),
    /// It was not tried, as [asked](SecretSearch::but_not).
    Untried,
}

/// A secret that somebody names for an account, to be looked at and tried (S-5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretClaim {
    /// In which vault.
    pub vault: VaultId,
    /// Which.
    pub secret: SecretId,
    /// Where it has to be; anywhere when not said.
    pub place: Option<VaultPlace>,
    /// Whose.
    pub owner: SecretOwner,
}

impl SecretClaim {
    /// This secret, wherever it is.
    pub const fn new(vault: VaultId, secret: SecretId, owner: SecretOwner) -> Self {
        Self { vault, secret, place: None, owner }
    }

    /// In the folder of this place, or below it where requesters may choose a folder.
    #[must_use]
    pub fn within(mut self, place: VaultPlace) -> Self {
        self.place = Some(place);
        self
    }
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimVerdict {
    /// It was looked at, and its password tried once.
    Tried(SecretProof),
    /// It is in another folder; nothing was tried.
    Elsewhere,
    /// It cannot be used as it stands; nothing was tried.
    Unusable(SecretState),
}

/// What is wrong between an account and its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SecretFindingKind {
    /// Its secret is not there, or may not be seen any more.
    Gone,
    /// Its secret was deactivated.
    Inactive,
    /// The vault does not tell how its secret stands, or which one it is.
    Unclear,
    /// It has none, and several match.
    Ambiguous,
    /// It has none, and the password of the one that matches is not the account's.
    Unproved,
    /// It has none, and the one that matches may not be read.
    Unreadable,
    /// It has none, and the one that matches is another account's.
    Taken,
}

impl fmt::Display for SecretFindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "gone",
            Self::Inactive => "inactive",
            Self::Unclear => "unclear",
            Self::Ambiguous => "ambiguous",
            Self::Unproved => "unproved",
            Self::Unreadable => "unreadable",
            Self::Taken => "taken",
        })
    }
}

/// Something between an account and its secret that a person has to look at: kept while it is so, told once. One for each account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SecretFinding {
    /// Which account.
    pub account: AccountId,
    /// Its name, for people.
    pub name: String,
    /// In which vault.
    pub vault: VaultId,
    /// What.
    pub kind: SecretFindingKind,
    /// The same in words.
    pub text: String,
    /// About which secret, if one.
    pub secret: Option<SecretId>,
    /// Since when.
    pub since: Timestamp,
    /// When its password was last tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Timestamp>,
}

impl SecretFinding {
    /// A finding about an account.
    pub fn new(
        account: AccountId,
        name: impl Into<String>,
        vault: VaultId,
        kind: SecretFindingKind,
        text: impl Into<String>,
        since: Timestamp,
    ) -> Self {
        Self { account, name: name.into(), vault, kind, text: text.into(), secret: None, since, tried: None }
    }

    /// About this secret.
    #[must_use]
    pub fn about(mut self, secret: SecretId) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Whether it says the same, whenever it was first seen.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.vault, self.kind, &self.text, &self.secret)
            == (other.vault, other.kind, &other.text, &other.secret)
    }
}
