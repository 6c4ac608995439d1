//! All of a commit happens, or nothing.

use super::StoreHarness;
use super::make::{
    account, at, claim, done, entry, event, fence, fenced, id, input, inputs, named, one, puts, queue, ready,
    refused, remove, result, saga, settle, version, waiting,
};
use crate::error::ErrorKind;
use crate::model::audit::ChainHash;
use crate::model::delivery::DeliveryState;
use crate::port::store::{Commit, DueKind, Expect, Fence, Put, RecordKind, Store};

/// Before it, documents 1 (which holds the name "taken") and 2 have to be there at version 1.
fn full() -> Commit {
    let found = Put {
        indexes: vec![("owner", "jane".to_owned())],
        due: vec![(DueKind::EndOfLife, at(10))],
        unique: vec!["new".to_owned()],
        ..account(3, 0)
    };
    Commit {
        fence: None,
        expects: vec![Expect { kind: RecordKind::Account, id: id(2), version: 1 }],
        puts: vec![account(1, 1), found, ready(4, 0, 5)],
        removes: vec![remove(RecordKind::Account, 2, 1)],
        journal: vec![input(4, 1), input(4, 2)],
        audit: vec![entry("full")],
        events: vec![event(1)],
        routed: Vec::new(),
        deliveries: vec![queue(1, &event(9), 0)],
        remember: Some(result(1, "key", 0)),
    }
}

async fn prepared<H: StoreHarness>(harness: &H) -> H::Store {
    let store = harness.fresh().await;
    done(&store, puts([named(1, 0, "taken"), account(2, 0)])).await;
    store
}

/// Nothing of [`full`] can be seen anywhere.
async fn untouched(store: &impl Store) {
    assert_eq!(version(store, RecordKind::Account, 1).await, Some(1));
    assert_eq!(version(store, RecordKind::Account, 2).await, Some(1));
    assert_eq!(version(store, RecordKind::Account, 3).await, None);
    assert_eq!(version(store, RecordKind::Saga, 4).await, None);
    assert_eq!(store.holder("taken").await.unwrap(), Some((RecordKind::Account, id(1))));
    assert_eq!(store.holder("new").await.unwrap(), None);
    assert_eq!(store.count(RecordKind::Account, "owner", "jane").await.unwrap(), 0);
    assert_eq!(store.count_due(DueKind::EndOfLife, at(100)).await.unwrap(), 0);
    assert_eq!(store.next_ready(&[super::make::domain(1)]).await.unwrap(), None);
    assert_eq!(store.claim(claim(1, 100)).await.unwrap(), []);
    assert_eq!(store.journal(saga(4)).await.unwrap(), []);
    assert_eq!(store.audit_head().await.unwrap(), (0, ChainHash::GENESIS));
    assert_eq!(store.audit(1, 10).await.unwrap(), []);
    assert_eq!(store.undelivered(10).await.unwrap(), []);
    assert_eq!(waiting(store, 1).await, []);
    assert_eq!(store.remembered(id(1), "key").await.unwrap(), None);
    assert_eq!(store.meta().await.unwrap().commits, 1);
}

/// It is not counted either.
pub async fn an_empty_commit_changes_nothing(harness: &impl StoreHarness) {
    let store = prepared(harness).await;
    done(&store, Commit::default()).await;
    untouched(&store).await;
}

/// Commits, claims that gave a lease and renewals, nothing else.
pub async fn commits_are_counted(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([account(1, 0), ready(2, 0, 0)])).await;
    done(&store, inputs([input(2, 1)])).await;
    assert_eq!(store.meta().await.unwrap().commits, 2);
    let lease = one(&store, claim(1, 0)).await;
    assert_eq!(store.meta().await.unwrap().commits, 3);
    assert_eq!(store.claim(claim(1, 0)).await.unwrap(), []);
    store.renew(&lease, at(0), std::time::Duration::from_secs(500)).await.unwrap();
    assert_eq!(store.meta().await.unwrap().commits, 4);
    store.release(&lease).await.unwrap();
    store.forget(at(0)).await.unwrap();
    store.delivered(&[]).await.unwrap();
    refused(&store, puts([account(1, 0)]), ErrorKind::Conflict).await;
    assert_eq!(store.meta().await.unwrap().commits, 4);
}

/// Every part of it.
pub async fn a_commit_does_all_of_it(harness: &impl StoreHarness) {
    let store = prepared(harness).await;
    done(&store, full()).await;
    assert_eq!(version(&store, RecordKind::Account, 1).await, Some(2));
    assert_eq!(version(&store, RecordKind::Account, 2).await, None);
    assert_eq!(store.holder("taken").await.unwrap(), None);
    assert_eq!(store.holder("new").await.unwrap(), Some((RecordKind::Account, id(3))));
    assert_eq!(store.count(RecordKind::Account, "owner", "jane").await.unwrap(), 1);
    assert_eq!(store.count_due(DueKind::EndOfLife, at(100)).await.unwrap(), 1);
    assert_eq!(store.next_ready(&[super::make::domain(1)]).await.unwrap(), Some(at(5)));
    assert_eq!(store.journal(saga(4)).await.unwrap(), [input(4, 1), input(4, 2)]);
    assert_eq!(store.audit(1, 10).await.unwrap()[0].entry().unwrap(), entry("full"));
    assert_eq!(store.undelivered(10).await.unwrap(), [event(1)]);
    assert_eq!(waiting(&store, 1).await, [9]);
    assert_eq!(store.remembered(id(1), "key").await.unwrap(), Some(result(1, "key", 0)));
    assert_eq!(store.meta().await.unwrap().commits, 2);
}

/// [`full`] with one part that does not fit.
async fn spoiled(harness: &impl StoreHarness, kind: ErrorKind, spoil: impl FnOnce(&mut Commit)) {
    let store = prepared(harness).await;
    let mut commit = full();
    spoil(&mut commit);
    refused(&store, commit, kind).await;
    untouched(&store).await;
}

/// The fence is checked first.
pub async fn a_stale_fence_leaves_nothing(harness: &impl StoreHarness) {
    let fence = Fence { saga: saga(4), epoch: 1 };
    spoiled(harness, ErrorKind::StaleLease, |commit| commit.fence = Some(fence)).await;
}

/// Though the documents before it were in order.
pub async fn a_wrong_version_leaves_nothing(harness: &impl StoreHarness) {
    spoiled(harness, ErrorKind::Conflict, |commit| commit.puts.push(account(5, 1))).await;
}

/// Though the removes before it were in order.
pub async fn a_wrong_remove_leaves_nothing(harness: &impl StoreHarness) {
    let wrong = remove(RecordKind::Account, 1, 7);
    spoiled(harness, ErrorKind::Conflict, |commit| commit.removes.push(wrong)).await;
}

/// A name that a document outside the commit holds.
pub async fn a_taken_name_leaves_nothing(harness: &impl StoreHarness) {
    // Document 1 is put in it; as it then keeps the name, document 5 cannot have it.
    spoiled(harness, ErrorKind::Conflict, |commit| {
        commit.puts[0] = named(1, 1, "taken");
        commit.puts.push(named(5, 0, "taken"));
    })
    .await;
    spoiled(harness, ErrorKind::Conflict, |commit| commit.puts[0] = named(5, 0, "taken")).await;
}

/// The last of several inputs.
pub async fn a_taken_journal_place_leaves_nothing(harness: &impl StoreHarness) {
    spoiled(harness, ErrorKind::Conflict, |commit| commit.journal.push(input(4, 2))).await;
}

/// One that another has routed already.
pub async fn an_event_that_is_gone_leaves_nothing(harness: &impl StoreHarness) {
    let gone = event(77).id;
    spoiled(harness, ErrorKind::Conflict, |commit| commit.routed.push(gone)).await;
}

/// Somebody else has set out with it, or there is none.
pub async fn a_delivery_at_another_attempt_leaves_nothing(harness: &impl StoreHarness) {
    let settled = settle(1, 77, 1, DeliveryState::Delivered, 0);
    spoiled(harness, ErrorKind::Conflict, |commit| commit.deliveries.push(settled)).await;
}

/// The key of a command that was given already.
pub async fn a_taken_key_leaves_nothing(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let first = Commit { remember: Some(result(1, "key", 0)), ..puts([named(1, 0, "taken"), account(2, 0)]) };
    done(&store, first).await;
    let mut again = full();
    again.remember = Some(result(1, "key", 7));
    refused(&store, again, ErrorKind::Conflict).await;
    assert_eq!(store.remembered(id(1), "key").await.unwrap(), Some(result(1, "key", 0)));
    let other = Commit { remember: Some(result(1, "key 2", 0)), ..full() };
    store.claim(claim(1, 100)).await.unwrap();
    done(&store, Commit { fence: None, ..other }).await;
    // Had anything been left of the refused one, this one would have met it.
    assert_eq!(store.audit_head().await.unwrap().0, 1);
    assert_eq!(version(&store, RecordKind::Account, 3).await, Some(1));
}

/// A commit may rest on documents that it does not write: all of them as they were, or nothing happens. They are not changed by it.
pub async fn what_a_commit_rests_on_must_be_as_it_was(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([account(1, 0), account(2, 0)])).await;
    done(&store, puts([account(1, 1)])).await;
    let on = |number, version| Expect { kind: RecordKind::Account, id: id(number), version };
    let resting = |expects: &[Expect]| Commit { expects: expects.to_vec(), ..puts([account(3, 0)]) };
    for wrong in [
        vec![on(1, 1)],
        vec![on(1, 3)],
        vec![on(1, 0)],
        vec![on(4, 1)],
        vec![on(1, 2), on(2, 2)],
        // Of another kind there is none.
        vec![Expect { kind: RecordKind::Person, ..on(1, 2) }],
    ] {
        refused(&store, resting(&wrong), ErrorKind::Conflict).await;
        refused(&store, Commit { expects: wrong, ..Commit::default() }, ErrorKind::Conflict).await;
        assert_eq!(version(&store, RecordKind::Account, 3).await, None);
    }
    done(&store, resting(&[on(1, 2), on(2, 1), on(3, 0), on(4, 0)])).await;
    assert_eq!(version(&store, RecordKind::Account, 1).await, Some(2));
    // As it was before the commit, whatever the commit does to it.
    let removes = vec![remove(RecordKind::Account, 1, 2)];
    done(&store, Commit { expects: vec![on(1, 2)], removes, ..Commit::default() }).await;
    assert_eq!(version(&store, RecordKind::Account, 1).await, None);
}

/// However many, each of them counts, wherever it stands: one that is at another version, one that is missing, one that should be.
pub async fn a_commit_may_rest_on_many_documents(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let on = |number, version| Expect { kind: RecordKind::Account, id: id(number), version };
    done(&store, puts((1..=150).map(|number| account(number, 0)))).await;
    done(&store, puts((1..=150).filter(|number| number % 3 == 0).map(|number| account(number, 1)))).await;
    // Every other one is not there, and must not be.
    let right = |place: u128| match place / 2 + 1 {
        _ if place % 2 == 1 => on(1_000 + place, 0),
        number if number % 3 == 0 => on(number, 2),
        number => on(number, 1),
    };
    let mut made = 0;
    for count in [1_u128, 2, 3, 5, 17, 63, 64, 65, 129, 300] {
        let all: Vec<Expect> = (0..count).map(right).collect();
        for place in [0, count / 2, count - 1] {
            let mut expects = all.clone();
            let wrong = expects.get_mut(usize::try_from(place).unwrap()).unwrap();
            wrong.version += 1;
            let (version, name) = (wrong.version, wrong.id.to_string());
            let error = store
                .commit(Commit { expects, ..puts([account(2_000, 0)]) })
                .await
                .expect_err("one is wrong");
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
            let text = error.to_string();
            assert!(text.contains(&name) && text.contains(&version.to_string()), "it names the one: {text}");
        }
        // The same twice is no fault.
        let expects = all.iter().chain(&all).copied().collect();
        done(&store, Commit { expects, ..puts([account(2_000, made)]) }).await;
        made += 1;
    }
    assert_eq!(version(&store, RecordKind::Account, 2_000).await, Some(made));
}

/// The same commit is fine once its one fault is gone.
pub async fn a_refused_commit_leaves_the_store_usable(harness: &impl StoreHarness) {
    let store = prepared(harness).await;
    for _ in 0..20 {
        refused(&store, Commit { puts: vec![account(3, 0), account(1, 5)], ..full() }, ErrorKind::Conflict)
            .await;
    }
    untouched(&store).await;
    done(&store, full()).await;
    let lease = one(&store, claim(1, 10)).await;
    let stale = Fence { epoch: lease.epoch + 1, ..fence(&lease) };
    refused(&store, Commit { fence: Some(stale), ..puts([account(9, 0)]) }, ErrorKind::StaleLease).await;
    done(&store, fenced(&lease, puts([account(9, 0)]))).await;
}
