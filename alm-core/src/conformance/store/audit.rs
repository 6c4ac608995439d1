//! The audit chain (section A).

use super::StoreHarness;
use super::make::{account, done, entries, entry, puts, refused};
use crate::error::ErrorKind;
use crate::model::audit::{AuditEntry, AuditRecord, ChainHash, Personal};
use crate::port::store::{Commit, Store};

/// Reads all of it and verifies each link; the subjects.
pub(super) async fn verified(store: &impl Store) -> Vec<String> {
    let mut before = (0, ChainHash::GENESIS);
    let mut subjects = Vec::new();
    loop {
        let page = store.audit(before.0 + 1, 97).await.unwrap();
        for record in &page {
            record.verify(before.0 + 1, before.1).unwrap();
            before = (record.seq, record.hash);
            subjects.push(record.entry().unwrap().subject);
        }
        if page.is_empty() {
            assert_eq!(store.audit_head().await.unwrap(), before);
            return subjects;
        }
    }
}

fn sequences(records: &[AuditRecord]) -> Vec<u64> {
    records.iter().map(|record| record.seq).collect()
}

/// Each record follows the one before, whichever commit it came with.
pub async fn the_chain_verifies_over_many_commits(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let mut expected = Vec::new();
    for number in 0..50 {
        let subjects: Vec<String> = (0..number % 4).map(|part| format!("{number}.{part}")).collect();
        done(&store, entries(subjects.iter().map(String::as_str))).await;
        expected.extend(subjects);
    }
    assert_eq!(verified(&store).await, expected);
    assert_eq!(store.audit_head().await.unwrap().0, expected.len() as u64);
}

/// The order in which the commit has them; the whole entry comes back.
pub async fn entries_of_a_commit_keep_their_order(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, entries(["b", "a", "c", "a"])).await;
    assert_eq!(verified(&store).await, ["b", "a", "c", "a"]);
    assert_eq!(store.audit(1, 1).await.unwrap()[0].entry().unwrap(), entry("b"));
}

/// The next one takes the number.
pub async fn a_refused_commit_leaves_no_gap(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, entries(["a"])).await;
    for _ in 0..3 {
        let refusal = Commit { puts: puts([account(1, 9)]).puts, ..entries(["refused"]) };
        refused(&store, refusal, ErrorKind::Conflict).await;
    }
    done(&store, entries(["b"])).await;
    assert_eq!(verified(&store).await, ["a", "b"]);
}

/// From any number on.
pub async fn records_come_in_pages(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    done(&store, entries(["a", "b", "c", "d", "e"])).await;
    assert_eq!(sequences(&store.audit(1, 2).await.unwrap()), [1, 2]);
    assert_eq!(sequences(&store.audit(0, 2).await.unwrap()), [1, 2]);
    assert_eq!(sequences(&store.audit(4, 100).await.unwrap()), [4, 5]);
    assert_eq!(store.audit(6, 100).await.unwrap(), []);
    assert_eq!(store.audit(u64::MAX, 100).await.unwrap(), []);
    assert_eq!(store.audit(1, 0).await.unwrap(), []);
}

/// Where it can be erased without breaking the chain.
pub async fn personal_text_is_kept_beside_the_chain(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let personal = Personal::new([9; 16], "Jane Doe, because \"the old one left\" ☂");
    let with = AuditEntry { personal: Some(personal.clone()), ..entry("with") };
    done(&store, Commit { audit: vec![with.clone(), entry("without")], ..Commit::default() }).await;
    assert_eq!(verified(&store).await, ["with", "without"]);
    let records = store.audit(1, 10).await.unwrap();
    assert_eq!(records[0].entry().unwrap(), with);
    assert_eq!(records[0].personal, Some(personal));
    assert!(!records[0].body.contains("Jane"));
    assert_eq!(records[1].personal, None);
}

/// A thousand at once.
pub async fn many_entries_fit_into_one_commit(harness: &impl StoreHarness) {
    let store = harness.fresh().await;
    let subjects: Vec<String> = (0..1003).map(|number| format!("subject {number}")).collect();
    done(&store, entries(subjects.iter().map(String::as_str))).await;
    assert_eq!(verified(&store).await, subjects);
}
