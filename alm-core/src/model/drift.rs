//! Where a managed account is not in the directory what its record says (S-6), and whether anybody still uses it (S-8).

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{AccountId, DomainId, SecretId};

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DriftKind {
    /// It is not there any more.
    Deleted,
    /// It is enabled, and its record says that it is disabled or retired.
    Enabled,
    /// It is disabled, and its record says that it is in use.
    Disabled,
    /// It lies elsewhere.
    Moved,
    /// It is called otherwise.
    Renamed,
    /// It is in other groups.
    Groups,
    /// It has other Kerberos service names. Of a user: others than when a sync first saw it.
    ServiceNames,
    /// It ends at another time.
    Expiry,
    /// Somebody else set its password, or said that it must be changed.
    Password,
    /// Nobody has signed in with it for long (S-8).
    Inactive,
    /// The last sign-in that the directory knows is one of ours: whether anybody else uses it is unknown (S-8).
    UseUnknown,
}

impl DriftKind {
    /// Whether it is about use, and not about a difference.
    pub const fn is_about_use(self) -> bool {
        matches!(self, Self::Inactive | Self::UseUnknown)
    }

    /// The name that indexes write.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Moved => "moved",
            Self::Renamed => "renamed",
            Self::Groups => "groups",
            Self::ServiceNames => "service_names",
            Self::Expiry => "expiry",
            Self::Password => "password",
            Self::Inactive => "inactive",
            Self::UseUnknown => "use_unknown",
        }
    }
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DriftItem {
    /// What differs.
    pub kind: DriftKind,
    /// What the record says.
    pub expected: String,
    /// What the directory says.
    pub found: String,
    /// When a sync first saw it.
    pub since: Timestamp,
}

impl DriftItem {
    /// Seen for the first time.
    pub fn new(
        kind: DriftKind,
        expected: impl Into<String>,
        found: impl Into<String>,
        since: Timestamp,
    ) -> Self {
        Self { kind, expected: expected.into(), found: found.into(), since }
    }

    /// Whether it says the same, whenever it was first seen.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.kind, &self.expected, &self.found) == (other.kind, &other.expected, &other.found)
    }
}

/// Everything that the last sync had to report of a managed account. Nothing repairs it by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccountDrift {
    /// Which account.
    pub account: AccountId,
    /// Its name, for people.
    pub name: String,
    /// In which domain.
    pub domain: DomainId,
    /// What differs; what does not any more is not in it.
    pub items: Vec<DriftItem>,
    /// The service names that a user had when a sync first saw it: no record says them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_names: Option<BTreeSet<String>>,
    /// The secret whose password the directory refused while another password was reported: it is not tried again for a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedSecret>,
}

/// A secret whose password is not the account's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RefusedSecret {
    /// Which.
    pub secret: SecretId,
    /// When its password was last tried.
    pub at: Timestamp,
}

impl RefusedSecret {
    /// Tried and refused at this moment.
    pub const fn new(secret: SecretId, at: Timestamp) -> Self {
        Self { secret, at }
    }
}

impl AccountDrift {
    /// Nothing to report.
    pub const fn new(account: AccountId, name: String, domain: DomainId) -> Self {
        Self { account, name, domain, items: Vec::new(), service_names: None, refused: None }
    }
}
