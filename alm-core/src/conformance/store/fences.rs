//! Commits that only the holder of a saga may make (E-5, I-10).

use super::StoreHarness;
use super::make::{
    account, claim, done, fence, fenced, input, inputs, one, put, puts, ready, refused, remove, removes,
    saga, version,
};
use crate::error::ErrorKind::StaleLease;
use crate::port::store::{Commit, Fence, Lease, RecordKind, Store as _};

async fn leased<H: StoreHarness>(harness: &H) -> (H::Store, Lease) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0)])).await;
    let lease = one(&store, claim(1, 0)).await;
    (store, lease)
}

/// As often as its holder likes.
pub async fn the_newest_passes(harness: &impl StoreHarness) {
    let (store, lease) = leased(harness).await;
    for seq in 1..4 {
        done(&store, fenced(&lease, inputs([input(1, seq)]))).await;
    }
    done(&store, fenced(&lease, puts([ready(1, 1, 5)]))).await;
    done(&store, fenced(&lease, puts([account(1, 0)]))).await;
}

/// As long as nobody else has taken the saga.
pub async fn an_expired_or_released_one_passes(harness: &impl StoreHarness) {
    let (store, lease) = leased(harness).await;
    // Nothing tells a store the time but claims.
    assert_eq!(store.claim(claim(2, 89)).await.unwrap(), []);
    done(&store, fenced(&lease, puts([account(1, 0)]))).await;
    store.release(&lease).await.unwrap();
    done(&store, fenced(&lease, puts([account(1, 1)]))).await;
}

/// From the moment that another has it.
pub async fn an_older_one_is_stale(harness: &impl StoreHarness) {
    let (store, old) = leased(harness).await;
    let new = one(&store, claim(2, 90)).await;
    refused(&store, fenced(&old, inputs([input(1, 1)])), StaleLease).await;
    assert_eq!(store.journal(saga(1)).await.unwrap(), []);
    done(&store, fenced(&new, inputs([input(1, 1)]))).await;
    store.release(&new).await.unwrap();
    refused(&store, fenced(&old, inputs([input(1, 2)])), StaleLease).await;
}

/// An epoch belongs to one saga; one that is yet to come to none.
pub async fn one_of_another_saga_is_stale(harness: &impl StoreHarness) {
    let (store, lease) = leased(harness).await;
    done(&store, puts([ready(2, 0, 0)])).await;
    let other = one(&store, claim(1, 0)).await;
    let crossed = Fence { epoch: other.epoch, ..fence(&lease) };
    refused(&store, Commit { fence: Some(crossed), ..puts([account(1, 0)]) }, StaleLease).await;
    let future = Fence { epoch: u64::MAX, ..fence(&lease) };
    refused(&store, Commit { fence: Some(future), ..puts([account(1, 0)]) }, StaleLease).await;
}

/// Of a saga that nobody claimed, or that there is not.
pub async fn without_a_lease_it_is_stale(harness: &impl StoreHarness) {
    let (store, _) = leased(harness).await;
    done(&store, puts([ready(2, 0, 0), put(RecordKind::Saga, 3, 0)])).await;
    for number in [2, 3, 4] {
        for epoch in [0, 1] {
            let fence = Some(Fence { saga: saga(number), epoch });
            refused(&store, Commit { fence, ..puts([account(1, 0)]) }, StaleLease).await;
        }
    }
}

/// And stays stale when the saga comes back into the queue.
pub async fn work_that_is_done_makes_it_stale(harness: &impl StoreHarness) {
    let (store, lease) = leased(harness).await;
    done(&store, puts([put(RecordKind::Saga, 1, 1)])).await;
    refused(&store, fenced(&lease, puts([account(1, 0)])), StaleLease).await;
    done(&store, puts([ready(1, 2, 0)])).await;
    refused(&store, fenced(&lease, puts([account(1, 0)])), StaleLease).await;
    refused(
        &store,
        Commit { fence: Some(Fence { saga: saga(1), epoch: 0 }), ..puts([account(1, 0)]) },
        StaleLease,
    )
    .await;
}

/// The same when it is removed.
pub async fn a_removed_saga_makes_it_stale(harness: &impl StoreHarness) {
    let (store, lease) = leased(harness).await;
    done(&store, removes([remove(RecordKind::Saga, 1, 1)])).await;
    refused(&store, fenced(&lease, puts([account(1, 0)])), StaleLease).await;
    done(&store, puts([ready(1, 0, 0)])).await;
    refused(&store, fenced(&lease, puts([account(1, 0)])), StaleLease).await;
}

/// Which makes it a way to ask whether one still holds.
pub async fn an_empty_commit_is_fenced_too(harness: &impl StoreHarness) {
    let (store, old) = leased(harness).await;
    done(&store, fenced(&old, Commit::default())).await;
    let new = one(&store, claim(2, 90)).await;
    refused(&store, fenced(&old, Commit::default()), StaleLease).await;
    done(&store, fenced(&new, Commit::default())).await;
}

/// The fence is about what was there before the commit.
pub async fn a_commit_may_end_its_own_work(harness: &impl StoreHarness) {
    let (store, lease) = leased(harness).await;
    let last = Commit { journal: vec![input(1, 1)], ..puts([put(RecordKind::Saga, 1, 1)]) };
    done(&store, fenced(&lease, last)).await;
    assert_eq!(version(&store, RecordKind::Saga, 1).await, Some(2));
    assert_eq!(store.claim(claim(2, 500)).await.unwrap(), []);
    refused(&store, fenced(&lease, Commit::default()), StaleLease).await;
}
