//! The systems that accounts live in: domains and vaults (O-8, O-9).

use ad_directory::Dn;
use serde::{Deserialize, Serialize};

use super::ids::{DomainId, VaultId};
use super::sync::DomainSync;
use super::vault_sync::VaultSync;

/// A domain whose accounts are managed (O-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Domain {
    /// Which.
    pub id: DomainId,
    /// Its DNS name, such as `corp.example.com`: the suffix of user principal names.
    pub name: String,
    /// Its naming context.
    pub base: Dn,
    /// A disabled domain gets no work.
    pub enabled: bool,
    /// When it is synchronized, and which of its groups are users.
    #[serde(default)]
    pub sync: DomainSync,
}

impl Domain {
    /// An enabled domain.
    pub fn new(id: DomainId, name: impl Into<String>, base: Dn) -> Self {
        Self { id, name: name.into(), base, enabled: true, sync: DomainSync::default() }
    }
}

/// A vault that keeps credentials (O-8). How to sign in to it is known to the engines alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Vault {
    /// Which.
    pub id: VaultId,
    /// As shown to others.
    pub name: String,
    /// Where it is, for people.
    pub url: String,
    /// When it is synchronized (S-5).
    #[serde(default)]
    pub sync: VaultSync,
}

impl Vault {
    /// A vault.
    pub fn new(id: VaultId, name: impl Into<String>, url: impl Into<String>) -> Self {
        Self { id, name: name.into(), url: url.into(), sync: VaultSync { every_hours: None } }
    }
}
