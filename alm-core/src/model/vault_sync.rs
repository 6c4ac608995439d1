//! Sync of a vault (S-5): how it is set, and how far it has come.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::VaultId;
use super::sync::SyncFailure;

/// How a vault is synchronized (O-8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VaultSync {
    /// How many hours lie between two syncs, 1 to 168; without it, a sync begins only when a person says so.
    pub every_hours: Option<u32>,
}

/// What a sync of a vault did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VaultSyncCounts {
    /// Accounts whose secret was looked at, or looked for.
    pub accounts: u64,
    /// Accounts that have a secret now and had none.
    pub linked: u64,
    /// Accounts of which other things depend than before.
    pub dependencies: u64,
    /// Accounts whose password the vault had changed by itself (V-8).
    pub rotated: u64,
    /// Accounts of which there is something new to report.
    pub findings: u64,
    /// Accounts that could not be looked at now: locked, their domain away, or changed meanwhile. The next sync does.
    pub later: u64,
}

/// How far the sync of a vault has come. Its key is the vault's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VaultSyncState {
    /// Which vault.
    pub vault: VaultId,
    /// When the last one came to its end.
    pub last: Option<Timestamp>,
    /// When the next one begins by itself.
    pub next_at: Option<Timestamp>,
    /// Why the last one could not be done, and since when.
    pub failed: Option<SyncFailure>,
    /// Of one that is under way, or was broken off.
    pub progress: Option<VaultSyncProgress>,
    /// What the last one did.
    pub counts: VaultSyncCounts,
}

impl VaultSyncState {
    /// Of a vault that was never synchronized.
    pub fn new(vault: VaultId) -> Self {
        Self {
            vault,
            last: None,
            next_at: None,
            failed: None,
            progress: None,
            counts: VaultSyncCounts::default(),
        }
    }
}

/// Of a sync that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VaultSyncProgress {
    /// Which run it is: another that begins takes its place.
    pub run: Uuid,
    /// When it began.
    pub begun: Timestamp,
    /// What is done so far.
    pub counts: VaultSyncCounts,
}

impl VaultSyncProgress {
    /// Nothing is done yet.
    pub fn new(run: Uuid, begun: Timestamp) -> Self {
        Self { run, begun, counts: VaultSyncCounts::default() }
    }
}
