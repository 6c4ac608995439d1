//! Names that only one document may hold.

use super::StoreHarness;
use super::make::{account, done, id, named, put, puts, refused, remove, removes, unwieldy, version};
use crate::error::ErrorKind;
use crate::port::store::{Commit, Put, RecordKind, Store as _};

const HOLDS: fn(u128) -> Option<(RecordKind, uuid::Uuid)> = |number| Some((RecordKind::Account, id(number)));

/// The second to ask does not get it.
pub async fn a_name_is_held_once(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([named(1, 0, "svc-backup")])).await;
    refused(&store, puts([named(2, 0, "svc-backup")]), ErrorKind::Conflict).await;
    assert_eq!(store.holder("svc-backup").await.unwrap(), HOLDS(1));
    assert_eq!(version(&store, RecordKind::Account, 2).await, None);
}

/// Whatever kind it is, and even with the same id.
pub async fn a_name_is_held_across_kinds(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([named(1, 0, "svc-backup")])).await;
    for number in [1, 2] {
        let request = Put { unique: vec!["svc-backup".to_owned()], ..put(RecordKind::Request, number, 0) };
        refused(&store, puts([request]), ErrorKind::Conflict).await;
    }
    assert_eq!(store.holder("svc-backup").await.unwrap(), HOLDS(1));
}

/// A removed document holds nothing.
pub async fn a_removed_document_gives_up_its_names(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([named(1, 0, "svc-backup")])).await;
    done(&store, removes([remove(RecordKind::Account, 1, 1)])).await;
    assert_eq!(store.holder("svc-backup").await.unwrap(), None);
    done(&store, puts([named(2, 0, "svc-backup")])).await;
    assert_eq!(store.holder("svc-backup").await.unwrap(), HOLDS(2));
}

/// A put declares all names that the document goes on holding.
pub async fn a_put_without_the_name_gives_it_up(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let both = Put { unique: vec!["a".to_owned(), "b".to_owned()], ..account(1, 0) };
    done(&store, puts([both])).await;
    done(&store, puts([named(1, 1, "b")])).await;
    assert_eq!(store.holder("a").await.unwrap(), None);
    assert_eq!(store.holder("b").await.unwrap(), HOLDS(1));
    done(&store, puts([named(2, 0, "a")])).await;
    assert_eq!(store.holder("a").await.unwrap(), HOLDS(2));
}

/// A document is no stranger to itself; naming a name twice is naming it once.
pub async fn a_document_keeps_its_own_name(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    for expected in 0..3 {
        let twice = Put { unique: vec!["a".to_owned(), "a".to_owned()], ..account(1, expected) };
        done(&store, puts([twice])).await;
        assert_eq!(store.holder("a").await.unwrap(), HOLDS(1));
    }
}

/// Names are checked when everything has been given up.
pub async fn names_can_be_exchanged_in_one_commit(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([named(1, 0, "a"), named(2, 0, "b")])).await;
    done(&store, puts([named(1, 1, "b"), named(2, 1, "a")])).await;
    assert_eq!(store.holder("a").await.unwrap(), HOLDS(2));
    assert_eq!(store.holder("b").await.unwrap(), HOLDS(1));
}

/// From a document that goes, or from one that stays, in either order.
pub async fn a_name_can_be_handed_on_in_one_commit(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([named(1, 0, "a")])).await;
    done(&store, puts([named(2, 0, "a"), account(1, 1)])).await;
    assert_eq!(store.holder("a").await.unwrap(), HOLDS(2));
    done(&store, puts([account(2, 1), named(3, 0, "a")])).await;
    assert_eq!(store.holder("a").await.unwrap(), HOLDS(3));
    let commit = Commit { removes: vec![remove(RecordKind::Account, 3, 1)], ..puts([named(4, 0, "a")]) };
    done(&store, commit).await;
    assert_eq!(store.holder("a").await.unwrap(), HOLDS(4));
}

/// Not even when both are new.
pub async fn two_documents_of_one_commit_cannot_take_one_name(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    refused(&store, puts([named(1, 0, "a"), named(2, 0, "a")]), ErrorKind::Conflict).await;
    assert_eq!(store.holder("a").await.unwrap(), None);
    assert_eq!(version(&store, RecordKind::Account, 1).await, None);
}

/// Who wants to fold case does it before.
pub async fn names_are_compared_exactly(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    for (number, name) in (1..).zip(["svc", "SVC", "svc ", "svc%", "sv\u{10d}", "svc\u{30c}"]) {
        done(&store, puts([named(number, 0, name)])).await;
        assert_eq!(store.holder(name).await.unwrap(), HOLDS(number));
    }
}

/// However long they are, and whatever is in them.
pub async fn long_names_are_compared_to_their_end(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let names = unwieldy();
    for (number, name) in (1..).zip(&names) {
        assert_eq!(store.holder(name).await.unwrap(), None, "{number}");
        done(&store, puts([named(number, 0, name)])).await;
    }
    for (number, name) in (1..).zip(&names) {
        assert_eq!(store.holder(name).await.unwrap(), HOLDS(number));
        refused(&store, puts([named(99, 0, name)]), ErrorKind::Conflict).await;
    }
}
