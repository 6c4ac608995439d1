//! Events that wait for their delivery.

use super::StoreHarness;
use super::make::{done, event, events};
use crate::model::event::Event;
use crate::model::ids::EventId;
use crate::port::store::Store;

fn ids(numbers: &[u128]) -> Vec<EventId> {
    numbers.iter().map(|number| event(*number).id).collect()
}

async fn waiting(store: &impl Store, limit: u32) -> Vec<u128> {
    let events: Vec<Event> = store.undelivered(limit).await.unwrap();
    events.iter().map(|event| event.id.uuid().as_u128()).collect()
}

/// That of the commits, then that within each; their ids do not matter.
pub async fn events_come_in_their_order(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, events([5, 9, 1])).await;
    done(&store, events([7, 2])).await;
    assert_eq!(waiting(&store, 100).await, [5, 9, 1, 7, 2]);
    assert_eq!(waiting(&store, 2).await, [5, 9]);
    assert_eq!(waiting(&store, 0).await, []);
    assert_eq!(store.undelivered(1).await.unwrap(), [event(5)]);
}

/// The others stay in their order, and later ones come behind them.
pub async fn delivered_events_do_not_come_again(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, events(1..=5)).await;
    store.delivered(&ids(&[2, 5])).await.unwrap();
    assert_eq!(waiting(&store, 100).await, [1, 3, 4]);
    done(&store, events([6])).await;
    assert_eq!(waiting(&store, 100).await, [1, 3, 4, 6]);
    store.delivered(&ids(&[1, 3, 4, 6])).await.unwrap();
    assert_eq!(waiting(&store, 100).await, []);
}

/// Deliveries are at least once, so their reports are too.
pub async fn delivering_twice_or_the_unknown_changes_nothing(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, events([1, 2])).await;
    store.delivered(&ids(&[1])).await.unwrap();
    store.delivered(&ids(&[1, 1, 77])).await.unwrap();
    store.delivered(&[]).await.unwrap();
    assert_eq!(waiting(&store, 100).await, [2]);
}
