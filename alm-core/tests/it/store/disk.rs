//! A disk that is full, and runtimes that end.

use std::time::Duration;

use alm_core::adapter::store_sqlite::{Durability, SqliteOptions, SqliteStore};
use alm_core::port::store::{Commit, RecordKind, Remove, Store as _};
use alm_core::{ErrorKind, Outcome};
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{chain, create, open};

const LIMIT: u64 = 1 << 20;

fn limited() -> SqliteOptions {
    let mut options = SqliteOptions::default();
    options.max_bytes = Some(LIMIT);
    options
}

fn long() -> String {
    "x".repeat(20_000)
}

/// Fills a store up to its limit; how many accounts are in it.
async fn filled(store: &SqliteStore) -> u128 {
    for number in 1.. {
        if let Err(error) = store.commit(create(number, long())).await {
            assert_eq!(error.kind(), ErrorKind::StoreFull, "{error}");
            assert_eq!(error.outcome(), Outcome::NotDone);
            assert!(error.to_string().contains("make room"), "{error}");
            return number - 1;
        }
    }
    unreachable!("the numbers do not end")
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_the_store_goes_on_once_there_is_room() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.alm");
    let store = SqliteStore::open(&path, limited()).await.unwrap();
    let accounts = filled(&store).await;
    assert!(accounts > 10, "{accounts}");

    // Everything that was answered is there, nothing of what was refused; again and again.
    for _ in 0..3 {
        let error = store.commit(create(accounts + 1, long())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StoreFull);
    }
    assert_eq!(store.meta().await.unwrap().commits, u64::try_from(accounts).unwrap());
    assert_eq!(chain(&store).await, (1..=accounts).collect::<Vec<_>>());
    assert_eq!(store.holder(&(accounts + 1).to_string()).await.unwrap(), None);

    // Room by removing, in the same store.
    let remove = |number| Remove { kind: RecordKind::Account, id: Uuid::from_u128(number), expected: 1 };
    let commit = Commit { removes: (1..=5).map(remove).collect(), ..Commit::default() };
    store.commit(commit).await.unwrap();
    store.commit(create(accounts + 1, long())).await.unwrap();
    store.close().await.unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() <= LIMIT);

    // Room by a larger disk.
    let store = open(&path).await.unwrap();
    for number in accounts + 2..accounts + 30 {
        store.commit(create(number, long())).await.unwrap();
    }
    assert_eq!(chain(&store).await, (1..accounts + 30).collect::<Vec<_>>());
}

/// They share a transaction with the one that does not fit, and are not refused with it.
#[tokio::test]
async fn who_fits_is_not_refused_because_of_who_does_not() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path().join("store.alm"), limited()).await.unwrap();
    let store = std::sync::Arc::new(store);
    let mut tasks = JoinSet::new();
    for number in 1..=40_u128 {
        let store = store.clone();
        let body = if number % 10 == 0 { "x".repeat(2 << 20) } else { "{}".to_owned() };
        tasks.spawn(async move {
            (number, store.commit(create(number, body)).await.map_err(|error| error.kind()))
        });
    }
    let mut fitted = Vec::new();
    for (number, outcome) in tasks.join_all().await {
        let expected = if number % 10 == 0 { Err(ErrorKind::StoreFull) } else { Ok(()) };
        assert_eq!(outcome, expected, "{number}");
        if outcome.is_ok() {
            fitted.push(number);
        }
    }
    let mut told = chain(&*store).await;
    told.sort_unstable();
    fitted.sort_unstable();
    assert_eq!(told, fitted);
}

#[test]
fn a_runtime_that_ends_midway_leaves_a_whole_store() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.alm");
    let mut options = SqliteOptions::default();
    options.durability = Durability::ProcessCrash;
    let mut next = 1_u128;
    for _ in 0..10 {
        let first = tokio::runtime::Runtime::new().unwrap();
        let (store, there) = first.block_on(async {
            let store = SqliteStore::open(&path, options).await.unwrap();
            let told = chain(&store).await;
            (std::sync::Arc::new(store), told)
        });
        // Without a gap, up to some number.
        assert_eq!(there, (1..=there.len() as u128).collect::<Vec<_>>());
        assert!(there.len() as u128 + 1 >= next, "an answered commit is gone");
        let begin = there.len() as u128 + 1;
        let (answered, answers) = std::sync::mpsc::channel();
        let writer = store.clone();
        first.spawn(async move {
            for number in begin.. {
                writer.commit(create(number, "{}".to_owned())).await.unwrap();
                answered.send(number).unwrap();
            }
        });
        next = answers.iter().take(20).last().unwrap() + 1;
        // Drops every task where it waits, the writer among them, and returns when none runs any more.
        first.shutdown_timeout(Duration::from_secs(10));
        next = answers.iter().last().map_or(next, |last| last + 1);

        let second = tokio::runtime::Runtime::new().unwrap();
        let error = second.block_on(store.commit(create(1 << 60, "{}".to_owned()))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StoreUnavailable, "{error}");
    }
    assert!(next > 200);
}
