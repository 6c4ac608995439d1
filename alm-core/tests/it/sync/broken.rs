//! A store whose commits break off.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use alm_core::adapter::store_memory::MemoryStore;
use alm_core::model::audit::{AuditRecord, ChainHash};
use alm_core::model::delivery::{Delivery, DeliveryState};
use alm_core::model::event::Event;
use alm_core::model::ids::{DestinationId, DomainId, EventId, SagaId};
use alm_core::port::delivery::DeliveryClaim;
use alm_core::port::store::{
    Claim, Commit, Document, DueKind, JournalEntry, Lease, RecordKind, Remembered, Store, StoreMeta,
};
use alm_core::{Error, ErrorKind, Result};
use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

#[derive(Debug)]
pub(super) struct Broken {
    inner: MemoryStore,
    /// How many commits go well; below 0 all do.
    left: AtomicI64,
    /// Whether the one that breaks is done all the same.
    late: bool,
}

impl Broken {
    pub(super) fn new(inner: MemoryStore, late: bool) -> Arc<Self> {
        Arc::new(Self { inner, left: AtomicI64::new(-1), late })
    }

    pub(super) fn after(&self, commits: i64) {
        self.left.store(commits, Ordering::SeqCst);
    }
}

macro_rules! forward {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl Store for Broken {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer> {
                self.inner.$name($($argument),*).await
            })+

            async fn commit(&self, commit: Commit) -> Result<()> {
                let left = self.left.load(Ordering::SeqCst);
                if left == 0 {
                    if self.late {
                        self.inner.commit(commit).await?;
                    }
                    return Err(Error::new(ErrorKind::StoreUnavailable, "store.commit", "broken off"));
                }
                self.left.store(left - 1, Ordering::SeqCst);
                self.inner.commit(commit).await
            }
        }
    };
}

forward! {
    meta() -> StoreMeta;
    load(kind: RecordKind, id: Uuid) -> Option<Document>;
    list(kind: RecordKind, after: Option<Uuid>, limit: u32) -> Vec<Document>;
    find(kind: RecordKind, index: &str, value: &str, after: Option<Uuid>, limit: u32) -> Vec<Document>;
    count(kind: RecordKind, index: &str, value: &str) -> u64;
    holder(unique: &str) -> Option<(RecordKind, Uuid)>;
    due(due: DueKind, until: Timestamp, limit: u32) -> Vec<(RecordKind, Uuid, Timestamp)>;
    count_due(due: DueKind, until: Timestamp) -> u64;
    claim(claim: Claim) -> Vec<Lease>;
    renew(lease: &Lease, now: Timestamp, lasting: Duration) -> Lease;
    release(lease: &Lease) -> ();
    next_ready(domains: &[DomainId]) -> Option<Timestamp>;
    journal(saga: SagaId) -> Vec<JournalEntry>;
    remembered(actor: Uuid, key: &str) -> Option<Remembered>;
    forget(before: Timestamp) -> u64;
    audit(from: u64, limit: u32) -> Vec<AuditRecord>;
    audit_head() -> (u64, ChainHash);
    undelivered(limit: u32) -> Vec<Event>;
    delivered(events: &[EventId]) -> ();
    claim_deliveries(claim: DeliveryClaim) -> Vec<Delivery>;
    deliveries(destination: DestinationId, state: DeliveryState, after: Option<u64>, limit: u32) -> Vec<Delivery>;
    forget_deliveries(state: DeliveryState, before: Timestamp) -> u64;
}
