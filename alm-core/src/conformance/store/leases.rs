//! Who may act on a saga (E-5).

use std::time::Duration;

use super::StoreHarness;
use super::make::{at, claim, claimed, domain, done, engine, one, put, puts, ready, remove, removes, saga};
use crate::error::ErrorKind;
use crate::port::store::{Claim, Lease, Put, RecordKind, Store, Work};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn stale(store: &impl Store, lease: &Lease) {
    let error = store.renew(lease, at(0), seconds(999)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StaleLease, "{error}");
}

/// At its instant, not before.
pub async fn only_ready_work_is_claimed(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 10)])).await;
    assert_eq!(claimed(&store, claim(1, 9)).await, []);
    let lease = one(&store, claim(1, 10)).await;
    assert_eq!((lease.saga, lease.engine, lease.until), (saga(1), engine(1), at(70)));
    assert!(lease.epoch > 0);
}

/// An engine that names no domain gets nothing; one that names a domain twice gets its work once.
pub async fn only_work_of_the_domains_is_claimed(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let of = |number, domain_number| Put {
        work: Some(Work { domain: domain(domain_number), ready_at: at(0) }),
        ..put(RecordKind::Saga, number, 0)
    };
    done(&store, puts([of(1, 1), of(2, 2), of(3, 3), of(4, 1)])).await;
    assert_eq!(claimed(&store, Claim { domains: vec![], ..claim(1, 0) }).await, []);
    assert_eq!(claimed(&store, Claim { domains: vec![domain(9)], ..claim(1, 0) }).await, []);
    let domains = vec![domain(3), domain(1), domain(3)];
    assert_eq!(claimed(&store, Claim { domains, ..claim(1, 0) }).await, [1, 3, 4]);
    assert_eq!(claimed(&store, Claim { domains: vec![domain(2)], ..claim(1, 0) }).await, [2]);
}

/// Over all domains together.
pub async fn the_longest_ready_comes_first(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let of = |number, domain_number, second| Put {
        work: Some(Work { domain: domain(domain_number), ready_at: at(second) }),
        ..put(RecordKind::Saga, number, 0)
    };
    done(&store, puts([of(1, 1, 40), of(2, 2, 30), of(3, 1, 20), of(4, 2, 10)])).await;
    let both = Claim { domains: vec![domain(1), domain(2)], ..claim(1, 100) };
    assert_eq!(claimed(&store, Claim { limit: 3, ..both.clone() }).await, [4, 3, 2]);
    assert_eq!(claimed(&store, both).await, [1]);
}

/// Nor is the rest touched.
pub async fn no_more_than_the_limit_is_claimed(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts((1..=5).map(|number| ready(number, 0, 0)))).await;
    assert_eq!(claimed(&store, Claim { limit: 0, ..claim(1, 0) }).await, []);
    assert_eq!(claimed(&store, Claim { limit: 2, ..claim(1, 0) }).await, [1, 2]);
    assert_eq!(claimed(&store, Claim { limit: 2, ..claim(2, 0) }).await, [3, 4]);
    assert_eq!(claimed(&store, Claim { limit: u32::MAX, ..claim(3, 0) }).await, [5]);
}

/// Neither by another engine nor by the same.
pub async fn claimed_work_is_not_claimed_again(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0)])).await;
    one(&store, claim(1, 0)).await;
    assert_eq!(claimed(&store, claim(2, 1)).await, []);
    assert_eq!(claimed(&store, claim(1, 1)).await, []);
}

/// Leases of 60 seconds with a grace of 30 are over after 90.
pub async fn a_lease_is_left_alone_until_its_grace_is_over(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0)])).await;
    let first = one(&store, claim(1, 0)).await;
    for second in [59, 60, 61, 89] {
        assert_eq!(claimed(&store, claim(2, second)).await, [], "after {second} seconds");
    }
    let second = one(&store, claim(2, 90)).await;
    assert_eq!((second.engine, second.until), (engine(2), at(150)));
    assert!(second.epoch > first.epoch);
    stale(&store, &first).await;
}

/// An effect of the same engine may still be on its way.
pub async fn an_own_lease_is_left_alone_as_well(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0)])).await;
    one(&store, claim(1, 0)).await;
    assert_eq!(claimed(&store, claim(1, 89)).await, []);
    assert_eq!(claimed(&store, claim(1, 90)).await, [1]);
}

/// Whoever knows that its old process is gone need not wait.
pub async fn own_leases_are_taken_back(harness: &impl StoreHarness) {
    if !harness.takes_back() {
        return;
    }
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0), ready(2, 0, 0)])).await;
    let old = store.claim(claim(1, 0)).await.unwrap();
    let new = store.claim(Claim { take_back: true, ..claim(1, 1) }).await.unwrap();
    assert_eq!(new.len(), 2);
    for (old, new) in old.iter().zip(&new) {
        assert_eq!((new.saga, new.until), (old.saga, at(61)));
        assert!(new.epoch > old.epoch);
        stale(&store, old).await;
    }
}

/// Only its own.
pub async fn leases_of_others_are_not_taken_back(harness: &impl StoreHarness) {
    if !harness.takes_back() {
        return;
    }
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0)])).await;
    one(&store, claim(1, 0)).await;
    assert_eq!(claimed(&store, Claim { take_back: true, ..claim(2, 89) }).await, []);
    assert_eq!(claimed(&store, Claim { take_back: true, ..claim(2, 90) }).await, [1]);
}

/// By a store that several processes share: one of them would take work out of the hands of another of the same name.
pub async fn what_cannot_be_taken_back_is_refused(harness: &impl StoreHarness) {
    if harness.takes_back() {
        return;
    }
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0), ready(2, 0, 0)])).await;
    let held = one(&store, Claim { limit: 1, ..claim(1, 0) }).await;
    // Whether there is anything of its own or not: it is no matter of chance.
    for asks in [claim(1, 1), claim(2, 1), claim(1, 90), Claim { domains: vec![], ..claim(1, 1) }] {
        let error = store.claim(Claim { take_back: true, ..asks }).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert_eq!(error.outcome(), crate::Outcome::NotDone, "{error}");
        assert!(error.advice().is_some_and(|advice| advice.contains("take_back")), "{error}");
        assert!(!error.is_transient(), "an engine would go on asking: {error}");
    }
    // Nothing was given out, nothing taken away.
    store.renew(&held, at(2), seconds(60)).await.unwrap();
    assert_eq!(claimed(&store, claim(1, 3)).await, [2]);
}

/// Over all sagas, and though a saga leaves the queue or goes altogether in between.
pub async fn epochs_only_rise(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let mut highest = 0;
    let mut rises = |leases: &[Lease]| {
        assert!(!leases.is_empty());
        for lease in leases {
            assert!(lease.epoch > highest, "{} after {highest}", lease.epoch);
            highest = lease.epoch;
        }
    };
    done(&store, puts((1..=5).map(|number| ready(number, 0, 0)))).await;
    rises(&store.claim(claim(1, 0)).await.unwrap());
    done(&store, puts([put(RecordKind::Saga, 1, 1)])).await;
    done(&store, puts([ready(1, 2, 0)])).await;
    rises(&store.claim(claim(1, 0)).await.unwrap());
    done(&store, removes([remove(RecordKind::Saga, 2, 1)])).await;
    done(&store, puts([ready(2, 0, 0)])).await;
    rises(&store.claim(claim(2, 0)).await.unwrap());
    rises(&store.claim(claim(3, 1000)).await.unwrap());
}

/// Its epoch stays; others wait for the new end.
pub async fn a_lease_can_be_renewed(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0)])).await;
    let lease = one(&store, claim(1, 0)).await;
    let renewed = store.renew(&lease, at(300), seconds(200)).await.unwrap();
    assert_eq!(renewed, Lease { until: at(500), ..lease });
    assert_eq!(claimed(&store, claim(2, 529)).await, []);
    // The one from before the renewal is the same lease, expired or not.
    store.renew(&lease, at(0), seconds(100)).await.unwrap();
    store.renew(&renewed, at(0), seconds(110)).await.unwrap();
    assert_eq!(claimed(&store, claim(2, 139)).await, []);
    assert_eq!(claimed(&store, claim(2, 140)).await, [1]);
}

/// Taken over, given back, of another engine, never given, or of work that is done.
pub async fn a_stale_lease_cannot_be_renewed(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0), ready(2, 0, 500)])).await;
    let lease = one(&store, claim(1, 0)).await;
    stale(&store, &Lease { epoch: lease.epoch + 1, ..lease }).await;
    stale(&store, &Lease { engine: engine(2), ..lease }).await;
    stale(&store, &Lease { saga: saga(2), ..lease }).await;
    stale(&store, &Lease { saga: saga(2), epoch: 0, ..lease }).await;
    stale(&store, &Lease { saga: saga(3), ..lease }).await;
    store.release(&lease).await.unwrap();
    stale(&store, &lease).await;
    let lease = one(&store, claim(1, 0)).await;
    done(&store, puts([put(RecordKind::Saga, 1, 1)])).await;
    stale(&store, &lease).await;
}

/// Without any grace: its holder says that nothing is on its way.
pub async fn a_released_lease_is_free_at_once(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0)])).await;
    let first = one(&store, claim(1, 0)).await;
    store.release(&first).await.unwrap();
    let second = one(&store, claim(2, 0)).await;
    assert!(second.epoch > first.epoch);
}

/// It is somebody else's by now.
pub async fn releasing_a_stale_lease_changes_nothing(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0)])).await;
    let first = one(&store, claim(1, 0)).await;
    store.release(&first).await.unwrap();
    store.release(&first).await.unwrap();
    let second = one(&store, claim(2, 0)).await;
    store.release(&first).await.unwrap();
    store.release(&Lease { saga: saga(9), ..first }).await.unwrap();
    assert_eq!(claimed(&store, claim(3, 1)).await, []);
    store.renew(&second, at(0), seconds(100)).await.unwrap();
}

/// To another instant or another domain; the holder goes on.
pub async fn a_put_moves_the_work_and_keeps_the_lease(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0)])).await;
    let lease = one(&store, claim(1, 0)).await;
    done(&store, puts([ready(1, 1, 10)])).await;
    assert_eq!(claimed(&store, claim(2, 10)).await, []);
    let lease = store.renew(&lease, at(0), seconds(20)).await.unwrap();
    let work = Some(Work { domain: domain(2), ready_at: at(200) });
    done(&store, puts([Put { work, ..put(RecordKind::Saga, 1, 2) }])).await;
    store.release(&lease).await.unwrap();
    assert_eq!(claimed(&store, claim(2, 300)).await, []);
    let other = Claim { domains: vec![domain(2)], ..claim(2, 199) };
    assert_eq!(claimed(&store, other.clone()).await, []);
    assert_eq!(claimed(&store, Claim { now: at(200), ..other }).await, [1]);
}

/// Of the domains asked for, leased or not.
pub async fn the_next_ready_is_the_earliest(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 30), ready(2, 0, 20)])).await;
    let other = Some(Work { domain: domain(2), ready_at: at(10) });
    done(&store, puts([Put { work: other, ..put(RecordKind::Saga, 3, 0) }])).await;
    let next = async |domains: &[u128]| {
        let domains: Vec<_> = domains.iter().map(|number| domain(*number)).collect();
        store.next_ready(&domains).await.unwrap()
    };
    assert_eq!(next(&[1]).await, Some(at(20)));
    assert_eq!(next(&[1, 2]).await, Some(at(10)));
    assert_eq!(next(&[2, 1, 3]).await, Some(at(10)));
    assert_eq!(next(&[3]).await, None);
    assert_eq!(next(&[]).await, None);
    one(&store, claim(1, 20)).await;
    assert_eq!(next(&[1]).await, Some(at(20)));
    done(&store, puts([put(RecordKind::Saga, 2, 1)])).await;
    assert_eq!(next(&[1]).await, Some(at(30)));
    done(&store, removes([remove(RecordKind::Saga, 1, 1)])).await;
    assert_eq!(next(&[1]).await, None);
}

/// A lease that never ends does not; a grace that never ends is never over.
pub async fn endless_times_are_not_an_error(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ready(1, 0, 0), ready(2, 0, 1)])).await;
    let endless = Claim { lease: Duration::MAX, limit: 1, ..claim(1, 0) };
    let lease = one(&store, endless).await;
    assert!(lease.until > at(1_000_000_000));
    store.renew(&lease, at(0), Duration::MAX).await.unwrap();
    assert_eq!(claimed(&store, claim(2, 1_000_000_000)).await, [2]);
    let patient = Claim { grace: Duration::MAX, ..claim(3, 2_000_000_000) };
    assert_eq!(claimed(&store, patient).await, []);
    store.release(&lease).await.unwrap();
    assert_eq!(claimed(&store, claim(3, 0)).await, [1]);
}

/// Only sagas are worked on.
pub async fn work_of_other_kinds_means_nothing(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let account = Put { kind: RecordKind::Account, ..ready(1, 0, 0) };
    done(&store, puts([account, ready(2, 0, 0)])).await;
    assert_eq!(claimed(&store, claim(1, 0)).await, [2]);
    assert_eq!(store.next_ready(&[domain(1)]).await.unwrap(), Some(at(0)));
    // Nor does an account end the work of the saga that happens to have its id.
    done(&store, puts([put(RecordKind::Account, 2, 0)])).await;
    done(&store, removes([remove(RecordKind::Account, 2, 1)])).await;
    assert_eq!(claimed(&store, claim(1, 90)).await, [2]);
}
