//! What is there after the store was dropped and opened anew.

use super::PersistentHarness;
use super::audit::verified;
use super::make::{
    account, at, claim, domain, done, engine, entries, event, fenced, given, id, input, one, puts, queue,
    ready, refused, result, saga, setting_out,
};
use crate::error::ErrorKind;
use crate::port::delivery::DeliveryClaim;
use crate::port::store::{Claim, Commit, DueKind, Put, RecordKind, Store as _};

/// Everything that was answered.
pub async fn everything_is_there_after_opening_anew(harness: &impl PersistentHarness) {
    let store = harness.fresh().await;
    let full = Put {
        indexes: vec![("owner", "jane".to_owned())],
        due: vec![(DueKind::Reminder, at(10))],
        unique: vec!["svc".to_owned()],
        ..account(1, 0)
    };
    let commit = Commit {
        puts: vec![full, ready(2, 0, 5)],
        journal: vec![input(2, 1)],
        events: vec![event(1), event(2)],
        deliveries: vec![queue(1, &event(3), 0), queue(1, &event(4), 0)],
        remember: Some(result(1, "key", 0)),
        ..entries(["a", "b"])
    };
    done(&store, commit).await;
    assert_eq!(given(&store, DeliveryClaim { limit: 1, ..setting_out(1, 0) }).await, [3]);
    store.delivered(&[event(1).id]).await.unwrap();
    let meta = store.meta().await.unwrap();
    let document = store.load(RecordKind::Account, id(1)).await.unwrap();

    let store = harness.reopen(store).await;
    assert_eq!(store.meta().await.unwrap(), meta);
    assert_eq!(store.load(RecordKind::Account, id(1)).await.unwrap(), document);
    assert_eq!(store.count(RecordKind::Account, "owner", "jane").await.unwrap(), 1);
    assert_eq!(
        store.due(DueKind::Reminder, at(10), 9).await.unwrap(),
        [(RecordKind::Account, id(1), at(10))]
    );
    assert_eq!(store.holder("svc").await.unwrap(), Some((RecordKind::Account, id(1))));
    assert_eq!(store.next_ready(&[domain(1)]).await.unwrap(), Some(at(5)));
    assert_eq!(store.journal(saga(2)).await.unwrap(), [input(2, 1)]);
    assert_eq!(store.undelivered(9).await.unwrap(), [event(2)]);
    assert_eq!(given(&store, setting_out(1, 59)).await, [4]);
    assert_eq!(given(&store, setting_out(1, 60)).await, [3]);
    assert_eq!(store.remembered(id(1), "key").await.unwrap(), Some(result(1, "key", 0)));
    assert_eq!(verified(&store).await, ["a", "b"]);
}

/// A lease outlives the process; the engine that comes back has the work again, under a higher epoch: at once where it may take it back, else
/// when the lease and its grace are over.
pub async fn leases_and_epochs_are_there_after_opening_anew(harness: &impl PersistentHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0)])).await;
    let old = one(&store, claim(1, 0)).await;
    let store = harness.reopen(store).await;
    assert_eq!(store.claim(claim(2, 89)).await.unwrap(), []);
    assert_eq!(store.claim(claim(1, 1)).await.unwrap(), []);
    done(&store, fenced(&old, puts([account(1, 0)]))).await;
    let take_back = harness.takes_back();
    let new = one(&store, Claim { take_back, ..claim(1, if take_back { 1 } else { 90 }) }).await;
    assert!(new.epoch > old.epoch);
    assert_eq!(new.engine, engine(1));
    refused(&store, fenced(&old, puts([account(1, 1)])), ErrorKind::StaleLease).await;
}

/// The next record follows the last one.
pub async fn the_chain_goes_on_after_opening_anew(harness: &impl PersistentHarness) {
    let mut store = harness.fresh().await;
    let mut expected = Vec::new();
    for round in 0..4 {
        let subject = format!("round {round}");
        done(&store, entries([subject.as_str()])).await;
        expected.push(subject);
        store = harness.reopen(store).await;
    }
    assert_eq!(verified(&store).await, expected);
}
