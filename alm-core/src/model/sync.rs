//! Sync of a domain (section S): how it is set, how far it has come, and what it asks.

use std::collections::BTreeSet;

use ad_directory::ObjectGuid;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::{DomainId, PersonId};
use super::mirror::key;

/// How a domain is synchronized (O-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DomainSync {
    /// How many hours lie between two syncs, 1 to 168; without it, a sync begins only when a person says so.
    pub every_hours: Option<u32>,
    /// The directory groups whose members, through nested groups too, become users (S-3).
    pub users_of: Vec<UserSource>,
    /// Attributes that the mirror keeps beside those it needs, by LDAP name.
    pub attributes: Vec<String>,
    /// How much a sync may change without asking (S-4).
    pub limits: SyncLimits,
    /// After how many days without a sign-in a managed account counts as inactive, 14 more for what the directory does not know (S-8);
    /// never without it.
    pub dormant_days: Option<u32>,
}

impl Default for DomainSync {
    fn default() -> Self {
        Self {
            every_hours: None,
            users_of: Vec::new(),
            attributes: Vec::new(),
            limits: SyncLimits::default(),
            dormant_days: Some(90),
        }
    }
}

/// A directory group whose members become users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserSource {
    /// Its identity.
    pub group: ObjectGuid,
    /// Its name when it was chosen, for people.
    pub name: String,
    /// Whether it counts. One that is gone from the directory is disabled by the sync (S-3), and stays so until it is chosen again.
    pub enabled: bool,
}

impl UserSource {
    /// One that counts.
    pub const fn new(group: ObjectGuid, name: String) -> Self {
        Self { group, name, enabled: true }
    }
}

/// How much a sync may change without asking (S-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SyncLimits {
    /// At most so many objects gone, and so many people added, enabled or disabled …
    pub changes: u64,
    /// … or so many percent of those that there were, whichever is more.
    pub percent: u64,
}

impl SyncLimits {
    /// So many changes, or so many percent.
    pub const fn new(changes: u64, percent: u64) -> Self {
        Self { changes, percent }
    }
}

impl Default for SyncLimits {
    fn default() -> Self {
        Self { changes: 50, percent: 5 }
    }
}

/// What a sync did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SyncCounts {
    /// Objects that are new in the mirror.
    pub added: u64,
    /// Objects of which something has changed.
    pub changed: u64,
    /// Those of them that have another name or place.
    pub moved: u64,
    /// Objects that are gone.
    pub gone: u64,
    /// People who were made users.
    pub people_added: u64,
    /// People who were there and are now kept by the sync.
    pub people_linked: u64,
    /// People whose name or address was brought up to date.
    pub people_changed: u64,
    /// People who are back.
    pub people_enabled: u64,
    /// People who were disabled.
    pub people_disabled: u64,
    /// Groups of users that are gone.
    pub groups_disabled: u64,
    /// Service accounts that nobody manages, told of for the first time (S-7).
    pub external: u64,
    /// Managed accounts about which there is something new to report (S-6, S-8).
    pub drifted: u64,
}

/// How far the sync of a domain has come. Its key is the domain's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SyncState {
    /// Which domain.
    pub domain: DomainId,
    /// Where the next reading begins; everything is read without one.
    pub token: Option<String>,
    /// When the last one came to its end.
    pub last: Option<Timestamp>,
    /// When everything was last read.
    pub last_full: Option<Timestamp>,
    /// Whether the directory shows deletions to whoever reads it.
    pub sees_deletions: bool,
    /// When the next one begins by itself.
    pub next_at: Option<Timestamp>,
    /// Why the last one could not be done, and since when.
    pub failed: Option<SyncFailure>,
    /// What the last one asks, if it does (S-4).
    pub held: Option<HeldSync>,
    /// Of one that is under way, or was broken off.
    pub progress: Option<SyncProgress>,
    /// What the last one did.
    pub counts: SyncCounts,
}

impl SyncState {
    /// Of a domain that was never synchronized.
    pub fn new(domain: DomainId) -> Self {
        Self {
            domain,
            token: None,
            last: None,
            last_full: None,
            sees_deletions: true,
            next_at: None,
            failed: None,
            held: None,
            progress: None,
            counts: SyncCounts::default(),
        }
    }
}

/// Why a sync could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SyncFailure {
    /// Since when none could.
    pub since: Timestamp,
    /// What was said last.
    pub message: String,
}

impl SyncFailure {
    /// Since then, for this reason.
    pub const fn new(since: Timestamp, message: String) -> Self {
        Self { since, message }
    }
}

/// What a sync would change, which stopped before it changed anything and asks (S-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeldSync {
    /// What a person confirms: it stands for exactly these changes, and for no others.
    pub digest: String,
    /// When it first asked this.
    pub at: Timestamp,
    /// Why it asks.
    pub reasons: Vec<String>,
    /// What it would change.
    pub counts: SyncCounts,
    /// Some of it, in words.
    pub examples: Vec<String>,
}

/// Of a sync that is being applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SyncProgress {
    /// Which run it is: another that begins takes its place.
    pub run: Uuid,
    /// When it began to read.
    pub begun: Timestamp,
    /// What is done so far, by those before it that were broken off too.
    pub counts: SyncCounts,
}

impl SyncProgress {
    /// Nothing is done yet.
    pub fn new(run: Uuid, begun: Timestamp) -> Self {
        Self { run, begun, counts: SyncCounts::default() }
    }
}

/// What the sync has to do with a person (S-3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PersonSync {
    /// The domains whose groups they are a user through. Disabled when there is none any more.
    pub domains: BTreeSet<DomainId>,
    /// The domain whose sync made them: it keeps their name and address up to date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<DomainId>,
    /// Whether it was a sync that disabled them: then one enables them again when they are back.
    #[serde(default)]
    pub disabled: bool,
    /// Accounts of which a person said that they are not theirs: no sync says so again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub not: BTreeSet<ObjectGuid>,
}

/// Something that a sync could not do by itself, and reports until it is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SyncFinding {
    /// In which domain.
    pub domain: DomainId,
    /// About which object.
    pub object: ObjectGuid,
    /// About which person, if one.
    pub person: Option<PersonId>,
    /// What, in words; never personal data but names.
    pub text: String,
    /// Since when.
    pub since: Timestamp,
}

impl SyncFinding {
    /// A finding about an object.
    pub const fn new(domain: DomainId, object: ObjectGuid, text: String, since: Timestamp) -> Self {
        Self { domain, object, person: None, text, since }
    }

    /// Its key: there is one for each object.
    pub(crate) fn key(domain: DomainId, object: ObjectGuid) -> Uuid {
        key("finding", domain, object)
    }
}
