//! First results of commands.

use futures_util::future::join_all;

use super::StoreHarness;
use super::make::{at, done, id, refused, result, unwieldy};
use crate::error::ErrorKind;
use crate::port::store::{Commit, Remembered, Store as _};

fn remember(remembered: Remembered) -> Commit {
    Commit { remember: Some(remembered), ..Commit::default() }
}

/// With everything that was given.
pub async fn a_result_is_remembered(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let at = "2026-11-20T10:00:00.123456789Z".parse().unwrap();
    let first = Remembered { at, ..result(1, "schlüssel 🗝️", 0) };
    done(&store, remember(first.clone())).await;
    assert_eq!(store.remembered(id(1), "schlüssel 🗝️").await.unwrap(), Some(first));
    assert_eq!(store.remembered(id(1), "schlussel 🗝️").await.unwrap(), None);
    assert_eq!(store.remembered(id(2), "schlüssel 🗝️").await.unwrap(), None);
}

/// Two people may use the same key.
pub async fn a_key_is_taken_once_for_each_actor(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, remember(result(1, "key", 0))).await;
    done(&store, remember(result(2, "key", 1))).await;
    done(&store, remember(result(1, "KEY", 2))).await;
    refused(&store, remember(result(1, "key", 3)), ErrorKind::Conflict).await;
    assert_eq!(store.remembered(id(1), "key").await.unwrap(), Some(result(1, "key", 0)));
    assert_eq!(store.remembered(id(2), "key").await.unwrap(), Some(result(2, "key", 1)));
}

/// However long they are, and whatever is in them.
pub async fn long_keys_are_compared_to_their_end(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let keys = unwieldy();
    // What was said of one is not its key once more.
    let of = |second, key: &str| Remembered { result: format!("\"{second}\""), ..result(1, key, second) };
    for (second, key) in (0..).zip(&keys) {
        done(&store, remember(of(second, key))).await;
    }
    for (second, key) in (0..).zip(&keys) {
        assert_eq!(store.remembered(id(1), key).await.unwrap(), Some(of(second, key)));
        refused(&store, remember(of(second, key)), ErrorKind::Conflict).await;
    }
}

/// Those from before the instant, not those of it; their keys can be used again.
pub async fn older_results_are_forgotten(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    for (key, second) in [("a", 1), ("b", 2), ("c", 3)] {
        done(&store, remember(result(1, key, second))).await;
    }
    assert_eq!(store.forget(at(1)).await.unwrap(), 0);
    assert_eq!(store.forget(at(3)).await.unwrap(), 2);
    assert_eq!(store.remembered(id(1), "a").await.unwrap(), None);
    assert_eq!(store.remembered(id(1), "b").await.unwrap(), None);
    assert_eq!(store.remembered(id(1), "c").await.unwrap(), Some(result(1, "c", 3)));
    done(&store, remember(result(1, "a", 9))).await;
    assert_eq!(store.remembered(id(1), "a").await.unwrap(), Some(result(1, "a", 9)));
}

/// However many there are, one call forgets them all, and counts them.
pub async fn many_results_are_forgotten(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let keys: Vec<String> = (0..2_103).map(|number| format!("key {number}")).collect();
    // The last three are young.
    let second = |place: usize| if place < 2_100 { 10 } else { 20 };
    let commits = keys.iter().enumerate().map(|(place, key)| remember(result(1, key, second(place))));
    join_all(commits.map(|commit| done(&store, commit))).await;
    assert_eq!(store.forget(at(20)).await.unwrap(), 2_100);
    for (place, key) in keys.iter().enumerate() {
        let there = store.remembered(id(1), key).await.unwrap();
        assert_eq!(there.is_some(), place >= 2_100, "{key}");
    }
    assert_eq!(store.forget(at(20)).await.unwrap(), 0);
}
