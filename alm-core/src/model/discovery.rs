//! Accounts that are in a directory and nobody manages yet (M-1).

use ad_directory::{AccountExpires, Dn, ObjectGuid};
use serde::{Deserialize, Serialize};

use super::ids::DomainId;
use super::managed::AccountKind;

/// What to look for, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DiscoveryOrder {
    /// In which domain.
    pub domain: DomainId,
    /// Below which of its OUs; below its root when none is named.
    pub below: Vec<Dn>,
    /// What kind of accounts.
    pub kind: AccountKind,
    /// Every user there is, and not only those that look like service accounts. gMSAs always do.
    pub everything: bool,
    /// How many are told of at most; there may be more then. 1,000 by default.
    pub limit: u32,
}

impl DiscoveryOrder {
    /// Users of a domain that look like service accounts.
    pub const fn new(domain: DomainId) -> Self {
        Self { domain, below: Vec::new(), kind: AccountKind::User, everything: false, limit: 1_000 }
    }

    /// Below this OU, and the others that are named.
    #[must_use]
    pub fn below(mut self, ou: Dn) -> Self {
        self.below.push(ou);
        self
    }

    /// Accounts of another kind.
    #[must_use]
    pub const fn kind(mut self, kind: AccountKind) -> Self {
        self.kind = kind;
        self
    }

    /// Every user there is.
    #[must_use]
    pub const fn everything(mut self) -> Self {
        self.everything = true;
        self
    }
}

/// An account that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Discovered {
    /// Its identity.
    pub guid: ObjectGuid,
    /// Its sAMAccountName.
    pub name: String,
    /// Where it is.
    pub dn: Dn,
    /// What kind of account it is.
    pub kind: AccountKind,
    /// Whether it may sign in.
    pub enabled: bool,
    /// When it stops working.
    pub expires: AccountExpires,
    /// Its description.
    pub description: Option<String>,
    /// The groups it is a direct member of.
    pub groups: Vec<Dn>,
    /// Why it may be a service account, in words, the most telling first; none when everything was asked for.
    pub reasons: Vec<String>,
    /// How much they say together, 0 to 100: what to look at first.
    pub score: u8,
    /// Why it cannot be adopted, if it is known already: the directory protects it, or somebody's marker is on it.
    pub obstacle: Option<String>,
}

impl Discovered {
    /// An enabled account of which nothing else is known.
    pub const fn new(guid: ObjectGuid, name: String, dn: Dn, kind: AccountKind) -> Self {
        Self {
            guid,
            name,
            dn,
            kind,
            enabled: true,
            expires: AccountExpires::Never,
            description: None,
            groups: Vec::new(),
            reasons: Vec::new(),
            score: 0,
            obstacle: None,
        }
    }
}
