//! The stores: all of them by the suite, the one in a file by what only files can suffer, the one in PostgreSQL by what only servers can.

mod child;
mod disk;
mod foreign;
mod real_postgres;
mod suite;

use std::path::Path;
use std::time::Duration;

use alm_core::Result;
use alm_core::adapter::store_sqlite::{SqliteOptions, SqliteStore};
use alm_core::model::audit::{Actor, AuditEntry, AuditResult, ChainHash};
use alm_core::port::store::{Commit, Put, RecordKind, Store};
use uuid::Uuid;

async fn open(path: &Path) -> Result<SqliteStore> {
    SqliteStore::open(path, SqliteOptions::default()).await
}

/// Without waiting for another process.
async fn open_now(path: &Path) -> Result<SqliteStore> {
    let mut options = SqliteOptions::default();
    options.busy_timeout = Duration::ZERO;
    SqliteStore::open(path, options).await
}

fn account(number: u128, expected: u64, body: String) -> Put {
    let (indexes, due, unique) = (Vec::new(), Vec::new(), vec![number.to_string()]);
    Put {
        kind: RecordKind::Account,
        id: Uuid::from_u128(number),
        expected,
        body,
        indexes,
        due,
        unique,
        work: None,
    }
}

fn entry(subject: u128) -> AuditEntry {
    // There is no constructor: entries come from the service, or from text.
    serde_json::from_value(serde_json::json!({
        "at": "2026-11-20T10:00:00Z",
        "actor": Actor::System,
        "source": "test",
        "action": "test.done",
        "subject": subject.to_string(),
        "result": AuditResult::Done,
        "facts": {},
        "personal": null,
    }))
    .unwrap()
}

/// A new account, and the audit record of it.
fn create(number: u128, body: String) -> Commit {
    Commit { puts: vec![account(number, 0, body)], audit: vec![entry(number)], ..Commit::default() }
}

/// The subjects of the whole chain, every link of which is verified.
async fn chain(store: &impl Store) -> Vec<u128> {
    let (mut seq, mut prev) = (0, ChainHash::GENESIS);
    let mut subjects = Vec::new();
    loop {
        let page = store.audit(seq + 1, 500).await.unwrap();
        for record in &page {
            record.verify(seq + 1, prev).unwrap();
            (seq, prev) = (record.seq, record.hash);
            subjects.push(record.entry().unwrap().subject.parse().unwrap());
        }
        if page.is_empty() {
            return subjects;
        }
    }
}
