//! A store in memory: for tests, and the measure of the others, because it is short enough to be read against the contract.

mod commit;
mod delivery;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::error::Result;
use crate::model::audit::{AuditRecord, ChainHash};
use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::event::Event;
use crate::model::ids::{DestinationId, DomainId, EventId, InstanceId, SagaId};
use crate::port::delivery::DeliveryClaim;
use crate::port::store::{
    Claim, Commit, Document, DueKind, JournalEntry, Lease, RecordKind, Remembered, Store, StoreMeta,
};
use work::Queued;

/// The number of the format; there is only one, as nothing outlives the process.
const FORMAT: u32 = 1;

/// A store whose contents are gone when it is dropped.
///
/// Every method finishes the first time it is polled, so dropping its future midway is not possible: it either was polled and
/// happened, or was not and did not.
///
/// ```
/// use alm_core::adapter::store_memory::MemoryStore;
/// use alm_core::model::ids::InstanceId;
/// use alm_core::port::store::Store;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> alm_core::Result<()> {
/// let instance = InstanceId::new(uuid::Uuid::from_u128(7));
/// let store = MemoryStore::new(instance);
/// assert_eq!(store.meta().await?.instance, instance);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    instance: InstanceId,
    state: Mutex<State>,
}

/// A kind and an id name a document.
type Key = (RecordKind, Uuid);

#[derive(Debug, Default)]
struct State {
    documents: BTreeMap<Key, Held>,
    /// By kind, index and value.
    indexes: HashMap<(RecordKind, String, String), BTreeSet<Uuid>>,
    due: BTreeSet<(DueKind, Timestamp, Uuid, RecordKind)>,
    names: HashMap<String, Key>,
    work: BTreeMap<SagaId, Queued>,
    journal: HashMap<SagaId, Vec<String>>,
    audit: Vec<AuditRecord>,
    /// Undelivered ones, by the order in which they came.
    outbox: BTreeMap<u64, Event>,
    events: u64,
    /// By their places.
    deliveries: BTreeMap<u64, Delivery>,
    queued: u64,
    remembered: HashMap<(Uuid, String), Remembered>,
    epoch: u64,
    commits: u64,
}

/// A document with what it is found by, so that this can be taken back when it changes.
#[derive(Debug)]
struct Held {
    version: u64,
    body: String,
    indexes: BTreeSet<(&'static str, String)>,
    due: BTreeMap<DueKind, Timestamp>,
    names: BTreeSet<String>,
}

impl Held {
    fn document(&self, (kind, id): Key) -> Document {
        Document { kind, id, version: self.version, body: self.body.clone() }
    }
}

impl MemoryStore {
    /// An empty store for an instance.
    pub fn new(instance: InstanceId) -> Self {
        Self { instance, state: Mutex::default() }
    }

    /// A panic under the lock would have to come from a change that was checked before; what is there is whole then, too.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A limit as what iterators take.
fn take(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[async_trait]
impl Store for MemoryStore {
    async fn meta(&self) -> Result<StoreMeta> {
        Ok(StoreMeta { instance: self.instance, format: FORMAT, commits: self.state().commits })
    }

    async fn load(&self, kind: RecordKind, id: Uuid) -> Result<Option<Document>> {
        Ok(self.state().documents.get(&(kind, id)).map(|held| held.document((kind, id))))
    }

    async fn list(&self, kind: RecordKind, after: Option<Uuid>, limit: u32) -> Result<Vec<Document>> {
        Ok(self
            .state()
            .documents
            .range((kind, after.unwrap_or(Uuid::nil()))..=(kind, Uuid::max()))
            .filter(|((_, id), _)| after.is_none_or(|after| *id > after))
            .take(take(limit))
            .map(|(key, held)| held.document(*key))
            .collect())
    }

    async fn find(
        &self,
        kind: RecordKind,
        index: &str,
        value: &str,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Document>> {
        let state = self.state();
        let ids = state.indexes.get(&(kind, index.to_owned(), value.to_owned()));
        Ok(ids
            .into_iter()
            .flatten()
            .filter(|id| after.is_none_or(|after| **id > after))
            .filter_map(|id| Some(state.documents.get(&(kind, *id))?.document((kind, *id))))
            .take(take(limit))
            .collect())
    }

    async fn count(&self, kind: RecordKind, index: &str, value: &str) -> Result<u64> {
        let state = self.state();
        let ids = state.indexes.get(&(kind, index.to_owned(), value.to_owned()));
        Ok(ids.map_or(0, |ids| ids.len() as u64))
    }

    async fn holder(&self, unique: &str) -> Result<Option<(RecordKind, Uuid)>> {
        Ok(self.state().names.get(unique).copied())
    }

    async fn due(
        &self,
        due: DueKind,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RecordKind, Uuid, Timestamp)>> {
        Ok(self
            .state()
            .due_until(due, until)
            .take(take(limit))
            .map(|(_, at, id, kind)| (*kind, *id, *at))
            .collect())
    }

    async fn count_due(&self, due: DueKind, until: Timestamp) -> Result<u64> {
        Ok(self.state().due_until(due, until).count() as u64)
    }

    async fn commit(&self, commit: Commit) -> Result<()> {
        self.state().commit(commit)
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Lease>> {
        Ok(self.state().claim(&claim))
    }

    async fn renew(&self, lease: &Lease, now: Timestamp, lasting: Duration) -> Result<Lease> {
        self.state().renew(lease, now, lasting)
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.state().release(lease);
        Ok(())
    }

    async fn next_ready(&self, domains: &[DomainId]) -> Result<Option<Timestamp>> {
        Ok(self
            .state()
            .work
            .values()
            .filter(|queued| domains.contains(&queued.work.domain))
            .map(|queued| queued.work.ready_at)
            .min())
    }

    async fn journal(&self, saga: SagaId) -> Result<Vec<JournalEntry>> {
        let state = self.state();
        Ok((1..)
            .zip(state.journal.get(&saga).into_iter().flatten())
            .map(|(seq, body)| JournalEntry { saga, seq, body: body.clone() })
            .collect())
    }

    async fn remembered(&self, actor: Uuid, key: &str) -> Result<Option<Remembered>> {
        Ok(self.state().remembered.get(&(actor, key.to_owned())).cloned())
    }

    async fn forget(&self, before: Timestamp) -> Result<u64> {
        let mut state = self.state();
        let had = state.remembered.len();
        state.remembered.retain(|_, remembered| remembered.at >= before);
        Ok((had - state.remembered.len()) as u64)
    }

    async fn audit(&self, from: u64, limit: u32) -> Result<Vec<AuditRecord>> {
        let skip = usize::try_from(from.saturating_sub(1)).unwrap_or(usize::MAX);
        Ok(self.state().audit.iter().skip(skip).take(take(limit)).cloned().collect())
    }

    async fn audit_head(&self) -> Result<(u64, ChainHash)> {
        Ok(self.state().audit_head())
    }

    async fn undelivered(&self, limit: u32) -> Result<Vec<Event>> {
        Ok(self.state().outbox.values().take(take(limit)).cloned().collect())
    }

    async fn delivered(&self, events: &[EventId]) -> Result<()> {
        self.state().outbox.retain(|_, event| !events.contains(&event.id));
        Ok(())
    }

    async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<Delivery>> {
        Ok(self.state().claim_deliveries(&claim))
    }

    async fn deliveries(
        &self,
        destination: DestinationId,
        state: DeliveryState,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>> {
        Ok(self
            .state()
            .deliveries
            .range(after.map_or(0, |after| after.saturating_add(1))..)
            .map(|(_, delivery)| delivery)
            .filter(|delivery| delivery.destination == destination && delivery.state == state)
            .take(take(limit))
            .cloned()
            .collect())
    }

    async fn forget_deliveries(&self, state: DeliveryState, before: Timestamp) -> Result<u64> {
        let deliveries = &mut self.state().deliveries;
        let had = deliveries.len();
        deliveries.retain(|_, delivery| delivery.state != state || delivery.at >= before);
        Ok((had - deliveries.len()) as u64)
    }
}

impl State {
    fn due_until(
        &self,
        due: DueKind,
        until: Timestamp,
    ) -> impl Iterator<Item = &(DueKind, Timestamp, Uuid, RecordKind)> {
        self.due
            .range((due, Timestamp::MIN, Uuid::nil(), RecordKind::Person)..)
            .take_while(move |(kind, at, _, _)| *kind == due && *at <= until)
    }

    fn audit_head(&self) -> (u64, ChainHash) {
        self.audit.last().map_or((0, ChainHash::GENESIS), |last| (last.seq, last.hash))
    }
}
