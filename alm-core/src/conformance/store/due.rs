//! Documents that want to be looked at.

use jiff::Timestamp;

use super::StoreHarness;
use super::make::{account, at, done, id, put, puts, remove, removes};
use crate::port::store::{DueKind, Put, RecordKind, Store};

fn ending(number: u128, expected: u64, second: i64) -> Put {
    Put { due: vec![(DueKind::EndOfLife, at(second))], ..account(number, expected) }
}

async fn due(store: &impl Store, until: i64) -> Vec<(u128, i64)> {
    let found = store.due(DueKind::EndOfLife, at(until), 100).await.unwrap();
    let counted = store.count_due(DueKind::EndOfLife, at(until)).await.unwrap();
    assert_eq!(counted, found.len() as u64, "the count differs from what is found");
    found.iter().map(|(_, id, when)| (id.as_u128(), when.as_second() - at(0).as_second())).collect()
}

/// The earliest first, of the same instant by id, and no more than asked for.
pub async fn the_earliest_come_first(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ending(1, 0, 30), ending(4, 0, 10), ending(2, 0, 20), ending(3, 0, 10)])).await;
    assert_eq!(due(&store, 100).await, [(3, 10), (4, 10), (2, 20), (1, 30)]);
    let first = store.due(DueKind::EndOfLife, at(100), 2).await.unwrap();
    assert_eq!(first, [(RecordKind::Account, id(3), at(10)), (RecordKind::Account, id(4), at(10))]);
    assert_eq!(store.due(DueKind::EndOfLife, at(100), 0).await.unwrap(), []);
}

/// At or before.
pub async fn the_instant_itself_counts(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ending(1, 0, 10), ending(2, 0, -10)])).await;
    assert_eq!(due(&store, 9).await, [(2, -10)]);
    assert_eq!(due(&store, 10).await, [(2, -10), (1, 10)]);
    assert_eq!(due(&store, -11).await, []);
}

/// One kind of due does not show in the other; several kinds of document may share one.
pub async fn kinds_are_apart(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let both = Put { due: vec![(DueKind::Reminder, at(5)), (DueKind::EndOfLife, at(10))], ..account(1, 0) };
    let request = Put { due: vec![(DueKind::Reminder, at(6))], ..put(RecordKind::Request, 1, 0) };
    done(&store, puts([both, request])).await;
    let reminders = store.due(DueKind::Reminder, at(100), 10).await.unwrap();
    assert_eq!(reminders, [(RecordKind::Account, id(1), at(5)), (RecordKind::Request, id(1), at(6))]);
    assert_eq!(due(&store, 100).await, [(1, 10)]);
}

/// What an older version asked for is forgotten.
pub async fn a_put_replaces_the_instants(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ending(1, 0, 10)])).await;
    done(&store, puts([ending(1, 1, 20)])).await;
    assert_eq!(due(&store, 100).await, [(1, 20)]);
    done(&store, puts([account(1, 2)])).await;
    assert_eq!(due(&store, 100).await, []);
}

/// A removed document wants nothing.
pub async fn a_remove_takes_the_instants_along(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([ending(1, 0, 10), ending(2, 0, 10)])).await;
    done(&store, removes([remove(RecordKind::Account, 1, 1)])).await;
    assert_eq!(due(&store, 100).await, [(2, 10)]);
}

/// A document is in the list of a kind once.
pub async fn the_earliest_of_a_kind_counts(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let instants = [20, 10, 30].map(|second| (DueKind::EndOfLife, at(second))).to_vec();
    done(&store, puts([Put { due: instants, ..account(1, 0) }])).await;
    assert_eq!(due(&store, 100).await, [(1, 10)]);
    done(&store, puts([account(1, 1)])).await;
    assert_eq!(due(&store, 100).await, []);
}

/// Neither cut nor rounded; instants far away stay on their side.
pub async fn instants_are_kept_to_the_nanosecond(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let exact: Timestamp = "2026-11-20T10:00:00.123456789Z".parse().unwrap();
    let just_before: Timestamp = "2026-11-20T10:00:00.123456788Z".parse().unwrap();
    let instant = |number, at| Put { due: vec![(DueKind::EndOfLife, at)], ..account(number, 0) };
    done(&store, puts([instant(1, exact), instant(2, Timestamp::MAX), instant(3, Timestamp::MIN)])).await;
    let due = store.due(DueKind::EndOfLife, exact, 10).await.unwrap();
    assert_eq!(due.len(), 2);
    assert_eq!((due[0].1, due[1]), (id(3), (RecordKind::Account, id(1), exact)));
    assert_eq!(store.count_due(DueKind::EndOfLife, just_before).await.unwrap(), 1);
    assert_eq!(store.count_due(DueKind::EndOfLife, Timestamp::MAX).await.unwrap(), 3);
}
