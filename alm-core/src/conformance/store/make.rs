//! What the cases are made of.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::error::ErrorKind;
use crate::model::audit::{Actor, AuditEntry, AuditResult, hex};
use crate::model::delivery::DeliveryState;
use crate::model::event::{Event, EventKind};
use crate::model::ids::{AccountId, DestinationId, DomainId, EngineId, EventId, SagaId};
use crate::port::delivery::{DeliveryChange, DeliveryClaim};
use crate::port::store::{
    Claim, Commit, Document, Fence, JournalEntry, Lease, Put, RecordKind, Remembered, Remove, Store, Work,
};

pub(super) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(super) fn saga(number: u128) -> SagaId {
    SagaId::new(id(number))
}

pub(super) fn domain(number: u128) -> DomainId {
    DomainId::new(id(number))
}

pub(super) fn engine(number: u128) -> EngineId {
    EngineId::new(id(number))
}

/// So many seconds after a moment of 2026.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// A document that nothing finds but its id.
pub(super) fn put(kind: RecordKind, number: u128, expected: u64) -> Put {
    Put {
        kind,
        id: id(number),
        expected,
        body: format!("{{\"number\":{number},\"after\":{expected}}}"),
        indexes: Vec::new(),
        due: Vec::new(),
        unique: Vec::new(),
        work: None,
    }
}

pub(super) fn account(number: u128, expected: u64) -> Put {
    put(RecordKind::Account, number, expected)
}

pub(super) fn named(number: u128, expected: u64, name: &str) -> Put {
    Put { unique: vec![name.to_owned()], ..account(number, expected) }
}

/// A saga in the queue of domain 1.
pub(super) fn ready(number: u128, expected: u64, second: i64) -> Put {
    let work = Some(Work { domain: domain(1), ready_at: at(second) });
    Put { work, ..put(RecordKind::Saga, number, expected) }
}

pub(super) fn remove(kind: RecordKind, number: u128, expected: u64) -> Remove {
    Remove { kind, id: id(number), expected }
}

pub(super) fn puts(puts: impl IntoIterator<Item = Put>) -> Commit {
    Commit { puts: puts.into_iter().collect(), ..Commit::default() }
}

pub(super) fn removes(removes: impl IntoIterator<Item = Remove>) -> Commit {
    Commit { removes: removes.into_iter().collect(), ..Commit::default() }
}

pub(super) fn input(number: u128, seq: u64) -> JournalEntry {
    JournalEntry { saga: saga(number), seq, body: format!("\"input {seq}\"") }
}

pub(super) fn inputs(entries: impl IntoIterator<Item = JournalEntry>) -> Commit {
    Commit { journal: entries.into_iter().collect(), ..Commit::default() }
}

pub(super) fn result(actor: u128, key: &str, second: i64) -> Remembered {
    Remembered {
        actor: id(actor),
        key: key.to_owned(),
        command: "c0ffee".to_owned(),
        result: format!("\"first of {key}\""),
        at: at(second),
    }
}

pub(super) fn entry(subject: &str) -> AuditEntry {
    AuditEntry {
        at: at(0),
        actor: Actor::System,
        source: "suite".to_owned(),
        action: "suite.done".to_owned(),
        subject: subject.to_owned(),
        result: AuditResult::Done,
        facts: serde_json::json!({ "before": 1, "after": 2 }),
        personal: None,
        salt: Some("5a".repeat(16)),
    }
}

pub(super) fn entries(subjects: impl IntoIterator<Item = impl AsRef<str>>) -> Commit {
    Commit {
        audit: subjects.into_iter().map(|subject| entry(subject.as_ref())).collect(),
        ..Commit::default()
    }
}

pub(super) fn event(number: u128) -> Event {
    Event {
        id: EventId::new(id(number)),
        at: at(0),
        kind: EventKind::AccountProvisioned,
        text: format!("event {number}"),
        account: None,
        account_version: None,
        request: None,
        template: None,
        saga: Some(saga(number)),
        destination: None,
        to: std::collections::BTreeSet::default(),
        audit: None,
    }
}

pub(super) fn events(numbers: impl IntoIterator<Item = u128>) -> Commit {
    Commit { events: numbers.into_iter().map(event).collect(), ..Commit::default() }
}

/// Engine `number` asks for work of domain 1: leases of 60 seconds, with a grace of 30.
pub(super) fn claim(number: u128, second: i64) -> Claim {
    Claim {
        engine: engine(number),
        domains: vec![domain(1)],
        now: at(second),
        lease: Duration::from_mins(1),
        grace: Duration::from_secs(30),
        take_back: false,
        limit: 10,
    }
}

pub(super) fn fence(lease: &Lease) -> Fence {
    Fence { saga: lease.saga, epoch: lease.epoch }
}

/// A commit that only a holder of the lease may make.
pub(super) fn fenced(lease: &Lease, commit: Commit) -> Commit {
    Commit { fence: Some(fence(lease)), ..commit }
}

pub(super) async fn done(store: &impl Store, commit: Commit) {
    store.commit(commit).await.expect("the commit is in order");
}

pub(super) async fn refused(store: &impl Store, commit: Commit, kind: ErrorKind) {
    let error = store.commit(commit).await.expect_err("the commit is not in order");
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.outcome(), crate::Outcome::NotDone, "{error}");
    assert!(!error.to_string().contains('\n'), "an error is one line: {error}");
}

pub(super) async fn version(store: &impl Store, kind: RecordKind, number: u128) -> Option<u64> {
    store.load(kind, id(number)).await.unwrap().map(|document| document.version)
}

pub(super) fn numbers(documents: &[Document]) -> Vec<u128> {
    documents.iter().map(|document| document.id.as_u128()).collect()
}

/// The sagas of these leases, in their order.
pub(super) async fn claimed(store: &impl Store, claim: Claim) -> Vec<u128> {
    let leases = store.claim(claim).await.unwrap();
    leases.iter().map(|lease| lease.saga.uuid().as_u128()).collect()
}

/// The one lease that this claim gives.
pub(super) async fn one(store: &impl Store, claim: Claim) -> Lease {
    let leases = store.claim(claim).await.unwrap();
    assert_eq!(leases.len(), 1, "{leases:?}");
    leases[0]
}

pub(super) fn destination(number: u128) -> DestinationId {
    DestinationId::new(id(number))
}

/// An event of account `account` at a version of its record.
pub(super) fn about(number: u128, account: u128, version: u64) -> Event {
    Event { account: Some(AccountId::new(id(account))), account_version: Some(version), ..event(number) }
}

/// Queues an event for a destination.
pub(super) fn queue(number: u128, event: &Event, second: i64) -> DeliveryChange {
    DeliveryChange::Queue { destination: destination(number), event: event.clone(), at: at(second) }
}

/// Says what became of an attempt with an event; it is ready, or ended, at that second.
pub(super) fn settle(
    number: u128,
    event: u128,
    attempts: u32,
    state: DeliveryState,
    second: i64,
) -> DeliveryChange {
    DeliveryChange::Settle {
        destination: destination(number),
        event: EventId::new(id(event)),
        attempts,
        state,
        ready_at: at(second),
        at: at(second),
        round: attempts,
        note: None,
    }
}

pub(super) fn changes(changes: impl IntoIterator<Item = DeliveryChange>) -> Commit {
    Commit { deliveries: changes.into_iter().collect(), ..Commit::default() }
}

/// Sets out with what is ready for a destination at that second, for a minute.
pub(super) fn setting_out(number: u128, second: i64) -> DeliveryClaim {
    DeliveryClaim { destination: destination(number), now: at(second), until: at(second + 60), limit: 100 }
}

/// The events with which somebody sets out.
pub(super) async fn given(store: &impl Store, claim: DeliveryClaim) -> Vec<u128> {
    let deliveries = store.claim_deliveries(claim).await.unwrap();
    deliveries.iter().map(|delivery| delivery.event.id.uuid().as_u128()).collect()
}

pub(super) async fn in_state(store: &impl Store, number: u128, state: DeliveryState) -> Vec<u128> {
    let deliveries = store.deliveries(destination(number), state, None, 1_000).await.unwrap();
    deliveries.iter().map(|delivery| delivery.event.id.uuid().as_u128()).collect()
}

pub(super) async fn waiting(store: &impl Store, number: u128) -> Vec<u128> {
    in_state(store, number, DeliveryState::Waiting).await
}

/// Long texts that nothing can shorten and that differ only at their ends; and some with a character that ends texts elsewhere.
pub(super) fn unwieldy() -> Vec<String> {
    let long = hex(&(0_u64..300)
        .flat_map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes())
        .collect::<Vec<_>>());
    vec![
        format!("{long}a"),
        format!("{long}b"),
        long.clone(),
        long.repeat(20),
        "a\0b".to_owned(),
        "a\0c".to_owned(),
        "a".to_owned(),
        "\u{1}a".to_owned(),
    ]
}
