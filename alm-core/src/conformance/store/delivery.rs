//! Events on their way to destinations (H-6).

use super::StoreHarness;
use super::make::{
    about, at, changes, destination, done, event, events, given, in_state, queue, refused, setting_out,
    settle, waiting,
};
use crate::error::ErrorKind;
use crate::model::delivery::{Delivery, DeliveryState};
use crate::port::delivery::{DeliveryChange, DeliveryClaim};
use crate::port::store::{Commit, Store};

use DeliveryState::{Dead, Delivered, Waiting};

/// In one commit; a second that does the same is refused.
pub async fn a_routed_event_goes_from_the_outbox_to_its_destinations(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, events([5, 9])).await;
    let route =
        Commit { routed: vec![event(5).id], ..changes([queue(1, &event(5), 0), queue(2, &event(5), 0)]) };
    done(&store, route.clone()).await;
    assert_eq!(store.undelivered(10).await.unwrap(), [event(9)]);
    assert_eq!((waiting(&store, 1).await, waiting(&store, 2).await), (vec![5], vec![5]));
    refused(&store, route, ErrorKind::Conflict).await;
    // Also one that nobody wants.
    done(&store, Commit { routed: vec![event(9).id], ..Commit::default() }).await;
    assert_eq!(store.undelivered(10).await.unwrap(), []);
}

/// As it was queued first.
pub async fn an_event_is_queued_once_for_a_destination(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, changes([queue(1, &event(5), 10)])).await;
    assert_eq!(given(&store, setting_out(1, 10)).await, [5]);
    done(&store, changes([settle(1, 5, 1, Delivered, 11)])).await;
    done(&store, changes([queue(1, &event(5), 20)])).await;
    assert_eq!(waiting(&store, 1).await, []);
    assert_eq!(in_state(&store, 1, Delivered).await, [5]);
}

/// Then the others, in the order of their queue.
pub async fn the_longest_ready_is_given_first(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, changes([queue(1, &event(1), 20), queue(1, &event(2), 10), queue(1, &event(3), 20)])).await;
    assert_eq!(given(&store, setting_out(1, 9)).await, []);
    assert_eq!(given(&store, DeliveryClaim { limit: 0, ..setting_out(1, 30) }).await, []);
    assert_eq!(given(&store, DeliveryClaim { limit: 2, ..setting_out(1, 30) }).await, [2, 1]);
    assert_eq!(given(&store, setting_out(1, 30)).await, [3]);
    assert_eq!(given(&store, setting_out(2, 30)).await, []);
}

/// Until the time of whoever set out with it is over; each attempt is counted.
pub async fn one_under_way_is_left_alone_for_its_time(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, changes([queue(1, &about(5, 7, 3), 0)])).await;
    let first = store.claim_deliveries(setting_out(1, 0)).await.unwrap();
    let expected = Delivery {
        seq: first[0].seq,
        destination: destination(1),
        event: about(5, 7, 3),
        state: Waiting,
        attempts: 1,
        round: 1,
        ready_at: at(60),
        at: at(0),
        after_gap: false,
        note: None,
    };
    assert_eq!(first.len(), 1);
    assert_eq!(first[0], expected);
    assert_eq!(given(&store, setting_out(1, 59)).await, []);
    let second = store.claim_deliveries(setting_out(1, 60)).await.unwrap();
    assert_eq!(second, [Delivery { attempts: 2, round: 2, ready_at: at(120), ..expected }]);
}

/// What the first says comes too late.
pub async fn of_two_who_set_out_the_last_is_heard(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, changes([queue(1, &event(5), 0)])).await;
    assert_eq!(given(&store, setting_out(1, 0)).await, [5]);
    assert_eq!(given(&store, setting_out(1, 60)).await, [5]);
    for state in [Waiting, Delivered, Dead] {
        refused(&store, changes([settle(1, 5, 1, state, 61)]), ErrorKind::Conflict).await;
    }
    done(&store, changes([settle(1, 5, 2, Delivered, 62)])).await;
    assert_eq!(given(&store, setting_out(1, 1_000)).await, []);
    let kept = store.deliveries(destination(1), Delivered, None, 9).await.unwrap();
    assert_eq!((kept[0].attempts, kept[0].at), (2, at(62)));
}

/// It comes again at its time, with what was said of it.
pub async fn a_postponed_one_comes_again(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, changes([queue(1, &event(5), 0)])).await;
    assert_eq!(given(&store, setting_out(1, 0)).await, [5]);
    let mut later = settle(1, 5, 1, Waiting, 40);
    if let DeliveryChange::Settle { note, .. } = &mut later {
        *note = Some("not there".to_owned());
    }
    done(&store, changes([later])).await;
    assert_eq!(given(&store, setting_out(1, 39)).await, []);
    let again = store.claim_deliveries(setting_out(1, 40)).await.unwrap();
    assert_eq!((again[0].attempts, again[0].round, again[0].note.as_deref()), (2, 2, Some("not there")));
}

/// Whatever the order in which they were queued; of the same version, in that order.
pub async fn events_of_an_account_go_in_the_order_of_its_versions(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let mixed = [about(3, 7, 9), about(1, 7, 4), about(2, 7, 4)];
    done(&store, changes(mixed.iter().map(|event| queue(1, event, 0)))).await;
    for (turn, expected) in [1, 2, 3].into_iter().enumerate() {
        let second = i64::try_from(turn).unwrap();
        assert_eq!(given(&store, setting_out(1, second)).await, [expected]);
        assert_eq!(given(&store, setting_out(1, second)).await, [], "under way, it holds the others back");
        done(&store, changes([settle(1, expected, 1, Delivered, second)])).await;
    }
}

/// Nor does what is about no account.
pub async fn accounts_and_destinations_do_not_hold_each_other_up(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let queued = [about(1, 7, 1), about(2, 7, 2), about(3, 8, 1), event(4), event(5)];
    done(&store, changes(queued.iter().flat_map(|event| [queue(1, event, 0), queue(2, event, 0)]))).await;
    assert_eq!(given(&store, setting_out(1, 0)).await, [1, 3, 4, 5]);
    // The first is away for long.
    done(&store, changes([settle(1, 1, 1, Waiting, 5_000)])).await;
    assert_eq!(given(&store, setting_out(1, 10)).await, []);
    assert_eq!(given(&store, setting_out(2, 10)).await, [1, 3, 4, 5]);
    done(&store, changes([settle(2, 1, 1, Delivered, 11)])).await;
    assert_eq!(given(&store, setting_out(2, 11)).await, [2]);
}

/// Then they go, and say so; others say nothing.
pub async fn a_dead_letter_holds_its_account_back_for_a_time(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let queued = [about(1, 7, 1), about(2, 7, 2), about(3, 7, 3), about(4, 8, 1)];
    done(&store, changes(queued.iter().map(|event| queue(1, event, 0)))).await;
    assert_eq!(given(&store, setting_out(1, 0)).await, [1, 4]);
    done(&store, changes([settle(1, 1, 1, Dead, 100), settle(1, 4, 1, Delivered, 5)])).await;
    assert_eq!(given(&store, setting_out(1, 99)).await, []);
    let second = store.claim_deliveries(setting_out(1, 100)).await.unwrap();
    assert_eq!(second.len(), 1, "{second:?}");
    assert_eq!((second[0].event.id, second[0].after_gap), (event(2).id, true));
    done(&store, changes([settle(1, 2, 1, Delivered, 101)])).await;
    assert!(store.claim_deliveries(setting_out(1, 101)).await.unwrap()[0].after_gap);
    assert_eq!(in_state(&store, 1, Dead).await, [1]);
}

/// In a round of its own; what comes behind it waits for it again, and there is no gap once it is there.
pub async fn a_dead_letter_can_be_sent_again(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, changes([queue(1, &about(1, 7, 1), 0), queue(1, &about(2, 7, 2), 0)])).await;
    assert_eq!(given(&store, setting_out(1, 0)).await, [1]);
    done(&store, changes([settle(1, 1, 1, Dead, 100)])).await;
    let again = DeliveryChange::Settle {
        destination: destination(1),
        event: event(1).id,
        attempts: 1,
        state: Waiting,
        ready_at: at(10),
        at: at(10),
        round: 0,
        note: None,
    };
    done(&store, changes([again])).await;
    assert_eq!(in_state(&store, 1, Dead).await, []);
    let first = store.claim_deliveries(setting_out(1, 200)).await.unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].event.id, first[0].attempts, first[0].round), (event(1).id, 2, 1));
    done(&store, changes([settle(1, 1, 2, Delivered, 201)])).await;
    let second = store.claim_deliveries(setting_out(1, 201)).await.unwrap();
    assert_eq!((second[0].event.id, second[0].after_gap), (event(2).id, false));
}

/// Each state of each destination by itself.
pub async fn deliveries_are_listed_by_state_in_pages(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, changes([5, 3, 9, 1].map(|number| queue(1, &event(number), 0)))).await;
    done(&store, changes([queue(2, &event(3), 0)])).await;
    assert_eq!(waiting(&store, 1).await, [5, 3, 9, 1]);
    let page = store.deliveries(destination(1), Waiting, None, 2).await.unwrap();
    let rest = store.deliveries(destination(1), Waiting, Some(page[1].seq), 9).await.unwrap();
    assert_eq!((page.len(), rest.len()), (2, 2));
    assert_eq!((page[1].event.id, rest[0].event.id), (event(3).id, event(9).id));
    assert_eq!(given(&store, setting_out(1, 0)).await.len(), 4);
    done(&store, changes([settle(1, 3, 1, Dead, 1), settle(1, 9, 1, Delivered, 1)])).await;
    assert_eq!(waiting(&store, 1).await, [5, 1]);
    assert_eq!(in_state(&store, 1, Dead).await, [3]);
    assert_eq!(in_state(&store, 1, Delivered).await, [9]);
    assert_eq!(in_state(&store, 2, Dead).await, []);
}

/// By when they came into their state.
pub async fn old_deliveries_are_forgotten(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, changes([1, 2, 3, 4].map(|number| queue(1, &event(number), 0)))).await;
    assert_eq!(given(&store, setting_out(1, 0)).await.len(), 4);
    let ends = [settle(1, 1, 1, Delivered, 10), settle(1, 2, 1, Delivered, 20), settle(1, 3, 1, Dead, 10)];
    done(&store, changes(ends)).await;
    assert_eq!(store.forget_deliveries(Delivered, at(10)).await.unwrap(), 0);
    assert_eq!(store.forget_deliveries(Delivered, at(20)).await.unwrap(), 1);
    assert_eq!(in_state(&store, 1, Delivered).await, [2]);
    assert_eq!(in_state(&store, 1, Dead).await, [3]);
    assert_eq!(store.forget_deliveries(Dead, at(11)).await.unwrap(), 1);
    assert_eq!(waiting(&store, 1).await, [4]);
}

/// However many there are, one call forgets them all, and counts them.
pub async fn many_old_deliveries_are_forgotten(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let old = (0..2_100).map(|number| queue(1, &event(number), 10));
    let young = (3_000..3_003).map(|number| queue(1, &event(number), 20));
    done(&store, changes(old.chain(young))).await;
    assert_eq!(store.forget_deliveries(Delivered, at(20)).await.unwrap(), 0);
    assert_eq!(store.forget_deliveries(Waiting, at(20)).await.unwrap(), 2_100);
    assert_eq!(waiting(&store, 1).await, [3_000, 3_001, 3_002]);
    assert_eq!(store.forget_deliveries(Waiting, at(20)).await.unwrap(), 0);
}

/// The others stay.
pub async fn a_destination_can_be_forgotten(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, changes([queue(1, &event(5), 0), queue(2, &event(5), 0)])).await;
    done(&store, changes([DeliveryChange::Forget { destination: destination(1) }])).await;
    assert_eq!((waiting(&store, 1).await, waiting(&store, 2).await), (vec![], vec![5]));
}
