//! Documents and their versions.

use super::StoreHarness;
use super::make::{account, done, id, numbers, put, puts, refused, remove, removes, version};
use crate::error::ErrorKind;
use crate::model::audit::ChainHash;
use crate::port::store::{Commit, Document, DueKind, Put, RecordKind, Store as _};

/// A new store holds nothing, and says so everywhere.
pub async fn a_new_store_is_empty(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let meta = store.meta().await.unwrap();
    assert_eq!(meta.commits, 0);
    assert_eq!(meta, store.meta().await.unwrap());
    assert_eq!(store.load(RecordKind::Account, id(1)).await.unwrap(), None);
    assert_eq!(store.list(RecordKind::Account, None, 10).await.unwrap(), []);
    assert_eq!(store.find(RecordKind::Account, "a", "b", None, 10).await.unwrap(), []);
    assert_eq!(store.count(RecordKind::Account, "a", "b").await.unwrap(), 0);
    assert_eq!(store.holder("a").await.unwrap(), None);
    assert_eq!(store.due(DueKind::EndOfLife, jiff::Timestamp::MAX, 10).await.unwrap(), []);
    assert_eq!(store.journal(super::make::saga(1)).await.unwrap(), []);
    assert_eq!(store.remembered(id(1), "a").await.unwrap(), None);
    assert_eq!(store.audit_head().await.unwrap(), (0, ChainHash::GENESIS));
    assert_eq!(store.audit(1, 10).await.unwrap(), []);
    assert_eq!(store.undelivered(10).await.unwrap(), []);
    assert_eq!(store.next_ready(&[super::make::domain(1)]).await.unwrap(), None);
}

/// What is written is read; the same id names another document in another kind.
pub async fn a_document_is_read_as_it_was_written(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let person = Put { body: "\"person\"".to_owned(), ..put(RecordKind::Person, 1, 0) };
    done(&store, puts([account(1, 0), person])).await;
    let read = store.load(RecordKind::Person, id(1)).await.unwrap();
    let expected =
        Document { kind: RecordKind::Person, id: id(1), version: 1, body: "\"person\"".to_owned() };
    assert_eq!(read, Some(expected));
    assert_eq!(store.load(RecordKind::Account, id(1)).await.unwrap().unwrap().body, account(1, 0).body);
    assert_eq!(store.load(RecordKind::Group, id(1)).await.unwrap(), None);
}

/// The first is version 1, and each put makes it one more.
pub async fn versions_rise_by_one(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    for expected in 0..5 {
        done(&store, puts([account(1, expected)])).await;
        let read = store.load(RecordKind::Account, id(1)).await.unwrap().unwrap();
        assert_eq!((read.version, read.body), (expected + 1, account(1, expected).body));
    }
}

/// Version 0 means that there is none.
pub async fn a_new_document_must_not_exist_yet(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([account(1, 0)])).await;
    refused(&store, puts([account(1, 0)]), ErrorKind::Conflict).await;
    assert_eq!(version(&store, RecordKind::Account, 1).await, Some(1));
}

/// Who read an older version has to read again.
pub async fn a_stale_version_is_a_conflict(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([account(1, 0)])).await;
    done(&store, puts([account(1, 1)])).await;
    for expected in [1, 3, u64::MAX] {
        refused(&store, puts([account(1, expected)]), ErrorKind::Conflict).await;
    }
    let read = store.load(RecordKind::Account, id(1)).await.unwrap().unwrap();
    assert_eq!((read.version, read.body), (2, account(1, 1).body));
}

/// A put that replaces does not make one.
pub async fn a_missing_document_cannot_be_replaced(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    refused(&store, puts([account(1, 3)]), ErrorKind::Conflict).await;
    assert_eq!(version(&store, RecordKind::Account, 1).await, None);
}

/// After a remove the versions begin at 1 again.
pub async fn a_removed_document_is_gone_and_begins_anew(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([account(1, 0), account(2, 0)])).await;
    done(&store, puts([account(1, 1)])).await;
    done(&store, removes([remove(RecordKind::Account, 1, 2)])).await;
    assert_eq!(version(&store, RecordKind::Account, 1).await, None);
    assert_eq!(version(&store, RecordKind::Account, 2).await, Some(1));
    done(&store, puts([account(1, 0)])).await;
    assert_eq!(version(&store, RecordKind::Account, 1).await, Some(1));
}

/// A remove is as careful as a put; there is nothing to remove where nothing is.
pub async fn a_remove_needs_the_right_version(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([account(1, 0)])).await;
    for (number, expected) in [(1, 0), (1, 2), (2, 0), (2, 1)] {
        let commit = removes([remove(RecordKind::Account, number, expected)]);
        refused(&store, commit, ErrorKind::Conflict).await;
    }
    refused(&store, removes([remove(RecordKind::Person, 1, 1)]), ErrorKind::Conflict).await;
    assert_eq!(version(&store, RecordKind::Account, 1).await, Some(1));
}

/// Pages follow each other without a gap or a repeat.
pub async fn documents_are_listed_by_id_in_pages(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    // Not in their order, and so far apart that the order of all sixteen bytes matters.
    let all = [3, 1 << 64, 2, 1 << 120, 7, 1 << 8, 5];
    done(&store, puts(all.map(|number| account(number, 0)))).await;
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    assert_eq!(numbers(&store.list(RecordKind::Account, None, 100).await.unwrap()), sorted);
    assert_eq!(store.list(RecordKind::Account, None, 0).await.unwrap(), []);
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = store.list(RecordKind::Account, after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        paged.extend(numbers(&page));
    }
    assert_eq!(paged, sorted);
    // Where a page ends there need not be a document any more.
    assert_eq!(numbers(&store.list(RecordKind::Account, Some(id(4)), 2).await.unwrap()), [5, 7]);
}

/// Kinds are lists of their own.
pub async fn lists_know_only_their_kind(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([put(RecordKind::Person, 1, 0), account(2, 0), put(RecordKind::Sweep, 3, 0)])).await;
    assert_eq!(numbers(&store.list(RecordKind::Person, None, 10).await.unwrap()), [1]);
    assert_eq!(numbers(&store.list(RecordKind::Account, None, 10).await.unwrap()), [2]);
    assert_eq!(numbers(&store.list(RecordKind::Sweep, None, 10).await.unwrap()), [3]);
    assert_eq!(store.list(RecordKind::Group, None, 10).await.unwrap(), []);
}

/// The first and the last of all ids are no special cases.
pub async fn the_lowest_and_the_highest_id_are_listed(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([account(0, 0), account(u128::MAX, 0)])).await;
    assert_eq!(numbers(&store.list(RecordKind::Account, None, 10).await.unwrap()), [0, u128::MAX]);
    assert_eq!(numbers(&store.list(RecordKind::Account, Some(id(0)), 10).await.unwrap()), [u128::MAX]);
    assert_eq!(store.list(RecordKind::Account, Some(id(u128::MAX)), 10).await.unwrap(), []);
}

/// Each put raises the version; what the last declares counts.
pub async fn a_document_may_be_put_twice_in_a_commit(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let first =
        Put { indexes: vec![("a", "first".to_owned())], unique: vec!["first".to_owned()], ..account(1, 0) };
    let second =
        Put { indexes: vec![("a", "second".to_owned())], unique: vec!["second".to_owned()], ..account(1, 1) };
    let other = Put { unique: vec!["first".to_owned()], ..account(2, 0) };
    done(&store, puts([first, other, second.clone()])).await;
    let read = store.load(RecordKind::Account, id(1)).await.unwrap().unwrap();
    assert_eq!((read.version, read.body), (2, second.body));
    assert_eq!(store.count(RecordKind::Account, "a", "first").await.unwrap(), 0);
    assert_eq!(store.count(RecordKind::Account, "a", "second").await.unwrap(), 1);
    assert_eq!(store.holder("first").await.unwrap(), Some((RecordKind::Account, id(2))));
    assert_eq!(store.holder("second").await.unwrap(), Some((RecordKind::Account, id(1))));
    refused(&store, puts([account(1, 2), account(1, 2)]), ErrorKind::Conflict).await;
    assert_eq!(version(&store, RecordKind::Account, 1).await, Some(2));
}

/// Removes come first.
pub async fn a_document_may_be_removed_and_put_in_a_commit(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, puts([account(1, 0)])).await;
    done(&store, puts([account(1, 1)])).await;
    let commit = Commit { removes: vec![remove(RecordKind::Account, 1, 2)], ..puts([account(1, 0)]) };
    done(&store, commit).await;
    assert_eq!(version(&store, RecordKind::Account, 1).await, Some(1));
}

/// Bodies can be long.
pub async fn a_megabyte_is_kept(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let body = format!("\"{}\"", "0123456789abcdef".repeat(1 << 16));
    done(&store, puts([Put { body: body.clone(), ..account(1, 0) }])).await;
    let read = store.load(RecordKind::Account, id(1)).await.unwrap().unwrap();
    assert!(read.body == body, "{} of {} bytes came back, or others", read.body.len(), body.len());
}

/// Nothing in a text is special.
pub async fn any_text_is_kept(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let texts =
        ["", "'; DROP TABLE record; --", "%_\\\"", "Ünïcødé 名前 🗝️ \u{202e}", "a\r\n\tb", "e\u{301}"];
    for (number, text) in (1..).zip(texts) {
        let put = Put {
            body: text.to_owned(),
            indexes: vec![("text", text.to_owned())],
            unique: vec![text.to_owned()],
            ..account(number, 0)
        };
        done(&store, puts([put])).await;
    }
    for (number, text) in (1..).zip(texts) {
        assert_eq!(store.load(RecordKind::Account, id(number)).await.unwrap().unwrap().body, text);
        let found = store.find(RecordKind::Account, "text", text, None, 10).await.unwrap();
        assert_eq!(numbers(&found), [number], "{text:?}");
        assert_eq!(store.holder(text).await.unwrap(), Some((RecordKind::Account, id(number))));
    }
}
