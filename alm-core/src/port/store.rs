//! Where the instance keeps what it knows.
//!
//! A store holds documents by kind and id, finds them by the indexes that each put declares, and changes everything that a command changes
//! in one [`Commit`]: documents, journal, audit records, events, the remembered result of the command. It knows nothing of what
//! the documents mean. The suite `conformance::store` (feature `conformance`) is what every store passes.
//!
//! Instants are kept to the nanosecond, at least those of the years 1678 to 2261; those beyond may be kept as the end of that range,
//! which is on the same side of every instant that anybody compares them with.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::model::audit::{AuditEntry, AuditRecord, ChainHash};
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::event::Event;
use crate::model::ids::{DestinationId, DomainId, EngineId, EventId, InstanceId, SagaId};
use crate::port::delivery::{DeliveryChange, DeliveryClaim};

/// What kind of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the type of the model with the same name")]
pub enum RecordKind {
    Person,
    Group,
    Role,
    ApiToken,
    Template,
    TemplateVersion,
    Request,
    Delegation,
    Account,
    Domain,
    Vault,
    Saga,
    Sweep,
    Campaign,
    Review,
    MirrorEntry,
    SyncState,
    SyncFinding,
    AccountDrift,
    AccountPair,
    Publication,
    VaultSyncState,
    SecretFinding,
    Destination,
    InboxItem,
    EmailTemplate,
    AuditCursor,
}

impl RecordKind {
    /// Every kind that this version keeps.
    pub const ALL: [Self; 27] = [
        Self::Person,
        Self::Group,
        Self::Role,
        Self::ApiToken,
        Self::Template,
        Self::TemplateVersion,
        Self::Request,
        Self::Delegation,
        Self::Account,
        Self::Domain,
        Self::Vault,
        Self::Saga,
        Self::Sweep,
        Self::Campaign,
        Self::Review,
        Self::MirrorEntry,
        Self::SyncState,
        Self::SyncFinding,
        Self::AccountDrift,
        Self::AccountPair,
        Self::Publication,
        Self::VaultSyncState,
        Self::SecretFinding,
        Self::Destination,
        Self::InboxItem,
        Self::EmailTemplate,
        Self::AuditCursor,
    ];

    /// The name that stores write.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Group => "group",
            Self::Role => "role",
            Self::ApiToken => "api_token",
            Self::Template => "template",
            Self::TemplateVersion => "template_version",
            Self::Request => "request",
            Self::Delegation => "delegation",
            Self::Account => "account",
            Self::Domain => "domain",
            Self::Vault => "vault",
            Self::Saga => "saga",
            Self::Sweep => "sweep",
            Self::Campaign => "campaign",
            Self::Review => "review",
            Self::MirrorEntry => "mirror_entry",
            Self::SyncState => "sync_state",
            Self::SyncFinding => "sync_finding",
            Self::AccountDrift => "account_drift",
            Self::AccountPair => "account_pair",
            Self::Publication => "publication",
            Self::VaultSyncState => "vault_sync_state",
            Self::SecretFinding => "secret_finding",
            Self::Destination => "destination",
            Self::InboxItem => "inbox_item",
            Self::EmailTemplate => "email_template",
            Self::AuditCursor => "audit_cursor",
        }
    }
}

/// Why a document asks to be looked at at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DueKind {
    /// An account's end of life.
    EndOfLife,
    /// An account's next reminder.
    Reminder,
    /// The end of a request's time for its step.
    Escalation,
    /// When an account is to get another password.
    Rotation,
    /// When an account's next privilege is taken away.
    PrivilegeEnd,
    /// A campaign's reminder, and its end.
    Campaign,
    /// The next sync of a domain.
    Sync,
    /// The next sync of a vault.
    VaultSync,
    /// The end of a notice in an inbox.
    Notice,
}

impl DueKind {
    /// The name that stores write.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EndOfLife => "end_of_life",
            Self::Reminder => "reminder",
            Self::Escalation => "escalation",
            Self::Rotation => "rotation",
            Self::PrivilegeEnd => "privilege_end",
            Self::Campaign => "campaign",
            Self::Sync => "sync",
            Self::VaultSync => "vault_sync",
            Self::Notice => "notice",
        }
    }
}

/// A document as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate build it")]
pub struct Document {
    /// What it is.
    pub kind: RecordKind,
    /// Which.
    pub id: Uuid,
    /// 1 when it was new; one more with each put.
    pub version: u64,
    /// JSON.
    pub body: String,
}

/// A document to write, with everything that it can be found by. Replaces all of what the one before declared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate read it")]
pub struct Put {
    /// What it is.
    pub kind: RecordKind,
    /// Which.
    pub id: Uuid,
    /// The version it replaces; 0 when it must not exist yet.
    pub expected: u64,
    /// JSON.
    pub body: String,
    /// Values that it is found by, as (index, value). A pair that is there twice counts once.
    pub indexes: Vec<(&'static str, String)>,
    /// Instants at which it wants to be looked at; the earliest of each kind counts.
    pub due: Vec<(DueKind, Timestamp)>,
    /// Names that no two documents of the store may hold at the same time, whatever their kinds.
    pub unique: Vec<String>,
    /// For a saga that an engine has to go on with: where and from when on. `None` takes it out of the queue, and its lease ends. A saga
    /// that is in the queue already keeps its lease. Means nothing for other kinds.
    pub work: Option<Work>,
}

/// What an engine can claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate read it")]
pub struct Work {
    /// Only engines of this domain get it.
    pub domain: DomainId,
    /// Not before.
    pub ready_at: Timestamp,
}

/// A document to remove; its names become free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate read it")]
pub struct Remove {
    /// What it is.
    pub kind: RecordKind,
    /// Which.
    pub id: Uuid,
    /// The version it had when it was read; 0 fits no document.
    pub expected: u64,
}

/// A document that a commit rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate read it")]
pub struct Expect {
    /// What it is.
    pub kind: RecordKind,
    /// Which.
    pub id: Uuid,
    /// The version it had when it was read; 0 when it was not there.
    pub version: u64,
}

/// One input of a saga, in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate build it")]
pub struct JournalEntry {
    /// Of which saga.
    pub saga: SagaId,
    /// 1 for the first; no gaps.
    pub seq: u64,
    /// JSON.
    pub body: String,
}

/// The first result of a command, kept for its repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate build it")]
pub struct Remembered {
    /// Who gave the command.
    pub actor: Uuid,
    /// The key they gave with it.
    pub key: String,
    /// SHA-256 of the whole command, in hexadecimal.
    pub command: String,
    /// JSON.
    pub result: String,
    /// When.
    pub at: Timestamp,
}

/// Proof that an engine may still act on a saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate read it")]
pub struct Fence {
    /// The saga.
    pub saga: SagaId,
    /// The epoch of the lease.
    pub epoch: u64,
}

/// Everything that one command changes: all of it happens, or nothing.
///
/// The removes come first, then the puts in their order, so that a document may be in it more than once. Names are checked at the end: one
/// document may take a name that another gives up in the same commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate read it")]
pub struct Commit {
    /// If given: refused with [`ErrorKind::StaleLease`] unless the saga is in the queue and this is its newest lease. Whether it has expired
    /// or was given back does not matter here: nobody else has taken it. Checked before anything else, in an empty commit too.
    pub fence: Option<Fence>,
    /// Documents that it rests on without writing them: refused with [`ErrorKind::Conflict`] unless each is still at this version. Checked before
    /// anything is changed, in an otherwise empty commit too.
    pub expects: Vec<Expect>,
    /// Documents to write.
    pub puts: Vec<Put>,
    /// Documents to remove. The journal of a saga stays.
    pub removes: Vec<Remove>,
    /// Inputs of sagas; one that is not for the next place makes the commit fail with [`ErrorKind::Conflict`].
    pub journal: Vec<JournalEntry>,
    /// Audit entries; the store puts them into the chain in this order.
    pub audit: Vec<AuditEntry>,
    /// Events for the outbox.
    pub events: Vec<Event>,
    /// Events that leave the outbox; one that is not in it any more makes the commit fail with [`ErrorKind::Conflict`].
    pub routed: Vec<EventId>,
    /// Changes of deliveries, in this order.
    pub deliveries: Vec<DeliveryChange>,
    /// The result to remember; a key that is taken already makes the commit fail with [`ErrorKind::Conflict`].
    pub remember: Option<Remembered>,
}

impl Commit {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.puts.is_empty()
            && self.removes.is_empty()
            && self.journal.is_empty()
            && self.audit.is_empty()
            && self.events.is_empty()
            && self.routed.is_empty()
            && self.deliveries.is_empty()
            && self.remember.is_none()
    }
}

/// An engine's wish for work.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate read it")]
pub struct Claim {
    /// Who asks.
    pub engine: EngineId,
    /// For which domains.
    pub domains: Vec<DomainId>,
    /// Now. A store that has a clock of its own, shared by all engines, measures leases with that one, and gives out what is ready by both.
    pub now: Timestamp,
    /// How long the lease is to last.
    pub lease: Duration,
    /// How long after its expiry a lease is left alone: the time limit of an effect and a margin (E-5). It may be claimed when all of that
    /// has passed. This holds for leases of this engine as well, unless they are taken back: an effect of it may still be on its way.
    pub grace: Duration,
    /// Whether leases of this very engine are taken back at once, because its process was started anew and the store knows that the
    /// old one is gone. A store that several processes share cannot know that, and refuses it.
    pub take_back: bool,
    /// At most so many.
    pub limit: u32,
}

/// The right to act on a saga for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate build it")]
pub struct Lease {
    /// On which.
    pub saga: SagaId,
    /// Whose.
    pub engine: EngineId,
    /// Higher than that of every lease before it, of any saga.
    pub epoch: u64,
    /// Until when.
    pub until: Timestamp,
}

/// What the store says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate build it")]
pub struct StoreMeta {
    /// The instance whose store it is (O-14); made with the store.
    pub instance: InstanceId,
    /// The number of its format.
    pub format: u32,
    /// How many changes it has seen whose loss somebody has to notice: commits that were not empty, claims that gave a lease, and
    /// renewals.
    pub commits: u64,
}

/// Where the instance keeps what it knows.
///
/// Every method may be called from many tasks at once. Dropping the future of [`commit`](Store::commit) leaves open whether it
/// happened; whoever drops it has to read again.
#[async_trait]
pub trait Store: Debug + Send + Sync + 'static {
    /// What the store says of itself.
    ///
    /// # Errors
    /// [`ErrorKind::StoreUnavailable`], as every method.
    async fn meta(&self) -> Result<StoreMeta>;

    /// One document.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn load(&self, kind: RecordKind, id: Uuid) -> Result<Option<Document>>;

    /// Documents of a kind in the order of their ids, those behind `after`, at most `limit`.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn list(&self, kind: RecordKind, after: Option<Uuid>, limit: u32) -> Result<Vec<Document>>;

    /// Documents whose `index` has `value`, in the order of their ids, those behind `after`, at most `limit`.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn find(
        &self,
        kind: RecordKind,
        index: &str,
        value: &str,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Document>>;

    /// How many documents have `value` in `index`.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn count(&self, kind: RecordKind, index: &str, value: &str) -> Result<u64>;

    /// The document that holds a unique name.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn holder(&self, unique: &str) -> Result<Option<(RecordKind, Uuid)>>;

    /// Documents that asked to be looked at at or before `until`, the earliest first (of the same instant: in the order of their ids), at
    /// most `limit`.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn due(
        &self,
        due: DueKind,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RecordKind, Uuid, Timestamp)>>;

    /// How many documents asked to be looked at at or before `until`.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn count_due(&self, due: DueKind, until: Timestamp) -> Result<u64>;

    /// Changes everything in the commit, or nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when a version, a journal place or a remembered key is not as expected or a unique name is taken,
    /// [`ErrorKind::StaleLease`], [`ErrorKind::StoreFull`], [`ErrorKind::StoreUnavailable`]; the outcome says whether it may have
    /// happened all the same.
    async fn commit(&self, commit: Commit) -> Result<()>;

    /// Takes work that is ready and not under a lease, the longest ready first. Each lease has an epoch of its own.
    ///
    /// # Errors
    /// As [`meta`](Store::meta); [`ErrorKind::Config`] when leases are to be [taken back](Claim::take_back) from a store that several processes
    /// share, whether there are any or not. Nothing was claimed then.
    async fn claim(&self, claim: Claim) -> Result<Vec<Lease>>;

    /// Makes a lease last for the time `lasting` from now on. A store that has a clock of its own, shared by all engines, takes that one's now and
    /// not the caller's, as it does in [`claim`](Store::claim). Dropping the future leaves open whether it happened.
    ///
    /// # Errors
    /// [`ErrorKind::StaleLease`] when the saga has a newer one, or none any more because it was given back or the work is done. One that
    /// has expired, but that nobody else has taken, can be renewed.
    async fn renew(&self, lease: &Lease, now: Timestamp, lasting: Duration) -> Result<Lease>;

    /// Gives a lease back, so that others can claim the work at once. Giving back one that is no longer held changes nothing.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn release(&self, lease: &Lease) -> Result<()>;

    /// When the next work of these domains becomes ready, leased or not; `None` when there is none.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn next_ready(&self, domains: &[DomainId]) -> Result<Option<Timestamp>>;

    /// Waits until work may have come that nobody has a lease on, and gives the number to ask with the next time; 0 is the number to begin with,
    /// and is answered at once. Whoever asks, claims, and asks again with the number from before misses nothing that comes in between.
    ///
    /// It is a hint, which may come for nothing, and which may fail to come: wait for it with a limit, and claim then. It does not tell when
    /// work that is already there becomes ready; [`next_ready`](Store::next_ready) does. A store that can tell nothing waits for ever, as the
    /// default does.
    async fn work_changed(&self, seen: u64) -> u64 {
        let _ = seen;
        std::future::pending().await
    }

    /// The whole journal of a saga, in order.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn journal(&self, saga: SagaId) -> Result<Vec<JournalEntry>>;

    /// What was remembered of a command.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn remembered(&self, actor: Uuid, key: &str) -> Result<Option<Remembered>>;

    /// Forgets results older than `before`; how many (R-13: they are kept 30 days). A store need not do it in one step: after an error, or when the
    /// future is dropped, some may be gone. Calling it again goes on.
    ///
    /// # Errors
    /// As [`meta`](Store::meta), with the outcome [`Unknown`](crate::error::Outcome::Unknown) when some are gone.
    async fn forget(&self, before: Timestamp) -> Result<u64>;

    /// Audit records from number `from` on, in order, at most `limit`.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn audit(&self, from: u64, limit: u32) -> Result<Vec<AuditRecord>>;

    /// The number and hash of the last audit record; 0 and [`ChainHash::GENESIS`] when there is none.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn audit_head(&self) -> Result<(u64, ChainHash)>;

    /// Events that were not delivered yet, oldest first, at most `limit`.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn undelivered(&self, limit: u32) -> Result<Vec<Event>>;

    /// Marks events as delivered; those that are already, or are unknown, change nothing. A store need not keep them any longer.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn delivered(&self, events: &[EventId]) -> Result<()>;

    /// Gives out deliveries of a destination to somebody who sets out with them. Each has one attempt more than before, in its round too, is ready
    /// at [`until`](DeliveryClaim::until), and says whether it comes after a gap.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<Delivery>>;

    /// Deliveries of a destination in a state, in the order of their places, those behind `after`, at most `limit`.
    ///
    /// # Errors
    /// As [`meta`](Store::meta).
    async fn deliveries(
        &self,
        destination: DestinationId,
        state: DeliveryState,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>>;

    /// Forgets deliveries in a state, of all destinations, that came into it before `before`; how many. It need not be one step, as in
    /// [`forget`](Store::forget).
    ///
    /// # Errors
    /// As [`forget`](Store::forget).
    async fn forget_deliveries(&self, state: DeliveryState, before: Timestamp) -> Result<u64>;
}

/// A type of the model that is kept as a document.
pub trait Stored: Serialize + DeserializeOwned + Send + Sync {
    /// Its kind.
    const KIND: RecordKind;

    /// Its id.
    fn id(&self) -> Uuid;

    /// What it is found by.
    fn indexes(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// When it wants to be looked at.
    fn due(&self) -> Vec<(DueKind, Timestamp)> {
        Vec::new()
    }

    /// The names it holds.
    fn unique(&self) -> Vec<String> {
        Vec::new()
    }

    /// What an engine can claim of it.
    fn work(&self) -> Option<Work> {
        None
    }

    /// The document to write in the place of version `expected`.
    ///
    /// # Errors
    /// [`ErrorKind::StoreCorrupt`] when it cannot be written as JSON.
    fn put(&self, expected: u64) -> Result<Put> {
        Ok(Put {
            kind: Self::KIND,
            id: self.id(),
            expected,
            body: serde_json::to_string(self).map_err(|error| {
                Error::new(
                    ErrorKind::StoreCorrupt,
                    "store.put",
                    format!("a {} cannot be written", Self::KIND.name()),
                )
                .with_source(error)
            })?,
            indexes: self.indexes(),
            due: self.due(),
            unique: self.unique(),
            work: self.work(),
        })
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`ErrorKind::StoreCorrupt`] when it is not such a document.
    fn read(document: &Document) -> Result<Self> {
        serde_json::from_str(&document.body).map_err(|error| {
            // Not the JSON error itself: its text may quote what it found.
            Error::new(
                ErrorKind::StoreCorrupt,
                "store.read",
                format!(
                    "{} {} cannot be read: line {}, column {}",
                    document.kind.name(),
                    document.id,
                    error.line(),
                    error.column()
                ),
            )
            .with_advice("the store is damaged or of another version; do not go on with it")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_record_is_in_the_list_once() {
        let names: std::collections::BTreeSet<_> = RecordKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), RecordKind::ALL.len());
        // One for each line of the list of names, which the compiler holds complete.
        let list = include_str!("store.rs").split("impl DueKind").next().unwrap();
        let lines =
            list.lines().filter(|line| line.starts_with("            Self::") && line.contains(" => \""));
        assert_eq!(lines.count(), RecordKind::ALL.len());
    }
}
