//! Finding documents by what they declare.

use super::StoreHarness;
use super::make::{account, done, id, numbers, put, puts, remove, removes, unwieldy};
use crate::port::store::{Put, RecordKind, Store};

fn indexed(number: u128, expected: u64, pairs: &[(&'static str, &str)]) -> Put {
    let indexes = pairs.iter().map(|(index, value)| (*index, (*value).to_owned())).collect();
    Put { indexes, ..account(number, expected) }
}

async fn found(store: &impl Store, index: &str, value: &str) -> Vec<u128> {
    let found = numbers(&store.find(RecordKind::Account, index, value, None, 1000).await.unwrap());
    let counted = store.count(RecordKind::Account, index, value).await.unwrap();
    assert_eq!(counted, found.len() as u64, "the count of {index} = {value} differs from what is found");
    found
}

/// By the value of the index, in the order of ids.
pub async fn documents_are_found_by_index(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let all = [
        indexed(3, 0, &[("owner", "jane"), ("state", "active")]),
        indexed(1, 0, &[("owner", "jane")]),
        indexed(2, 0, &[("owner", "john"), ("state", "active")]),
    ];
    done(&store, puts(all)).await;
    assert_eq!(found(&store, "owner", "jane").await, [1, 3]);
    assert_eq!(found(&store, "owner", "john").await, [2]);
    assert_eq!(found(&store, "state", "active").await, [2, 3]);
    assert_eq!(found(&store, "state", "jane").await, []);
    assert_eq!(found(&store, "unknown", "jane").await, []);
    let document = store.find(RecordKind::Account, "owner", "john", None, 1).await.unwrap().remove(0);
    assert_eq!(Some(document), store.load(RecordKind::Account, id(2)).await.unwrap());
}

/// What an older version declared finds nothing any more.
pub async fn a_put_replaces_the_indexes(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([indexed(1, 0, &[("owner", "jane"), ("state", "active")])])).await;
    done(&store, puts([indexed(1, 1, &[("owner", "john"), ("state", "active")])])).await;
    assert_eq!(found(&store, "owner", "jane").await, []);
    assert_eq!(found(&store, "owner", "john").await, [1]);
    assert_eq!(found(&store, "state", "active").await, [1]);
    done(&store, puts([account(1, 2)])).await;
    assert_eq!(found(&store, "owner", "john").await, []);
}

/// A removed document is found by nothing.
pub async fn a_remove_takes_the_indexes_along(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([1, 2].map(|number| indexed(number, 0, &[("owner", "jane")])))).await;
    done(&store, removes([remove(RecordKind::Account, 1, 1)])).await;
    assert_eq!(found(&store, "owner", "jane").await, [2]);
}

/// Pages follow each other without a gap or a repeat.
pub async fn found_documents_come_in_pages(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(
        &store,
        puts(
            (1..=20).map(|number| {
                indexed(number, 0, &[("parity", if number % 2 == 0 { "even" } else { "odd" })])
            }),
        ),
    )
    .await;
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = store.find(RecordKind::Account, "parity", "even", after, 4).await.unwrap();
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        paged.extend(numbers(&page));
    }
    assert_eq!(paged, (1..=10).map(|number| number * 2).collect::<Vec<_>>());
    assert_eq!(store.find(RecordKind::Account, "parity", "even", None, 0).await.unwrap(), []);
}

/// Byte by byte: no case is folded, nothing is trimmed, nothing is a pattern.
pub async fn values_are_compared_exactly(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([indexed(1, 0, &[("name", "Jane")])])).await;
    for other in ["jane", "Jane ", " Jane", "J%", "J_ne", "*", ""] {
        assert_eq!(found(&store, "name", other).await, [], "{other:?}");
    }
    assert_eq!(found(&store, "Name", "Jane").await, []);
    assert_eq!(found(&store, "name", "Jane").await, [1]);
}

/// Two kinds may use the same name for an index.
pub async fn an_index_belongs_to_its_kind(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let pair = vec![("owner", "jane".to_owned())];
    let request = Put { indexes: pair, ..put(RecordKind::Request, 2, 0) };
    done(&store, puts([indexed(1, 0, &[("owner", "jane")]), request])).await;
    assert_eq!(found(&store, "owner", "jane").await, [1]);
    let requests = store.find(RecordKind::Request, "owner", "jane", None, 10).await.unwrap();
    assert_eq!(numbers(&requests), [2]);
}

/// A document is in a list once.
pub async fn a_pair_that_is_there_twice_counts_once(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([indexed(1, 0, &[("owner", "jane"), ("owner", "john"), ("owner", "jane")])])).await;
    assert_eq!(found(&store, "owner", "jane").await, [1]);
    assert_eq!(found(&store, "owner", "john").await, [1]);
}

/// Several hundred, of several documents in one commit.
pub async fn a_document_may_have_many_indexes(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let many = |number: u128, expected| Put {
        indexes: (0..301).map(|value| ("many", format!("{number} {value}"))).collect(),
        ..account(number, expected)
    };
    done(&store, puts([many(1, 0), many(2, 0)])).await;
    done(&store, puts([many(2, 1)])).await;
    for value in 0..301 {
        assert_eq!(found(&store, "many", &format!("1 {value}")).await, [1]);
        assert_eq!(found(&store, "many", &format!("2 {value}")).await, [2]);
    }
}

/// However long they are, and whatever is in them.
pub async fn long_values_are_compared_to_their_end(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let values = unwieldy();
    for (number, value) in (1..).zip(&values) {
        done(&store, puts([indexed(number, 0, &[("text", value)])])).await;
    }
    for (number, value) in (1..).zip(&values) {
        assert_eq!(found(&store, "text", value).await, [number]);
        assert_eq!(store.count(RecordKind::Account, "text", value).await.unwrap(), 1);
    }
}
