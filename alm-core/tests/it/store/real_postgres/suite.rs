//! The suite; and of it what many do at the same time once more, with each in a process of its own as far as the store can tell.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alm_core::Result;
use alm_core::adapter::store_postgres::PostgresStore;
use alm_core::conformance::store::{PersistentHarness, StoreHarness, concurrency};
use alm_core::model::audit::{AuditRecord, ChainHash};
use alm_core::model::delivery::{Delivery, DeliveryState};
use alm_core::model::event::Event;
use alm_core::model::ids::{DestinationId, DomainId, EventId, SagaId};
use alm_core::port::delivery::DeliveryClaim;
use alm_core::port::store::{
    Claim, Commit, Document, DueKind, JournalEntry, Lease, RecordKind, Remembered, Store, StoreMeta,
};
use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{any_time, open};

struct Postgres;

impl StoreHarness for Postgres {
    type Store = PostgresStore;

    async fn fresh(&self) -> PostgresStore {
        open(&any_time()).await
    }

    fn takes_back(&self) -> bool {
        false
    }
}

impl PersistentHarness for Postgres {
    async fn reopen(&self, store: PostgresStore) -> PostgresStore {
        let options = store.options().clone();
        drop(store);
        open(&options).await
    }
}

mod one_process {
    use super::Postgres;

    alm_core::store_suite!(persistent Postgres);
}

/// Several stores on one schema, of which each call goes to the next.
#[derive(Debug)]
struct Several {
    stores: Vec<PostgresStore>,
    next: AtomicUsize,
}

impl Several {
    fn one(&self) -> &PostgresStore {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        &self.stores[next % self.stores.len()]
    }
}

macro_rules! to_the_next {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl Store for Several {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer> {
                self.one().$name($($argument),*).await
            })+
        }
    };
}

to_the_next! {
    meta() -> StoreMeta;
    load(kind: RecordKind, id: Uuid) -> Option<Document>;
    list(kind: RecordKind, after: Option<Uuid>, limit: u32) -> Vec<Document>;
    find(kind: RecordKind, index: &str, value: &str, after: Option<Uuid>, limit: u32) -> Vec<Document>;
    count(kind: RecordKind, index: &str, value: &str) -> u64;
    holder(unique: &str) -> Option<(RecordKind, Uuid)>;
    due(due: DueKind, until: Timestamp, limit: u32) -> Vec<(RecordKind, Uuid, Timestamp)>;
    count_due(due: DueKind, until: Timestamp) -> u64;
    commit(commit: Commit) -> ();
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

struct SeveralProcesses;

impl StoreHarness for SeveralProcesses {
    type Store = Several;

    async fn fresh(&self) -> Several {
        let options = any_time();
        let mut stores = Vec::new();
        for _ in 0..4 {
            stores.push(open(&options).await);
        }
        Several { stores, next: AtomicUsize::new(0) }
    }

    fn takes_back(&self) -> bool {
        false
    }
}

/// All cases but the one that asks a store for what comes behind everything of its own.
mod several_processes {
    use super::{SeveralProcesses, concurrency};

    macro_rules! cases {
        ($($case:ident)+) => {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                concurrency::$case(&SeveralProcesses).await;
            })+
        };
    }

    cases! {
        no_delivery_is_given_to_two
        of_many_writers_one_wins_each_version
        of_many_takers_one_gets_the_name
        of_many_repeats_one_is_done
        no_work_is_claimed_by_two_engines
        the_chain_holds_under_many_writers
        nobody_sees_half_a_commit
    }
}
