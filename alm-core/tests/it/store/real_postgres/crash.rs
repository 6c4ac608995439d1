//! A server that is killed under load and started again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alm_core::adapter::store_postgres::PostgresStore;
use alm_core::port::store::{RecordKind, Store as _};
use alm_core::{ErrorKind, Outcome};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::super::{chain, create};
use super::server::OwnServer;
use super::{in_seconds, open, ready};

/// What became of the accounts that a writer began with.
#[derive(Default)]
struct Told {
    done: Vec<u128>,
    not_done: Vec<u128>,
    unknown: Vec<u128>,
}

async fn write(store: Arc<PostgresStore>, first: u128, stop: Arc<AtomicBool>) -> Told {
    let mut told = Told::default();
    for number in first.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        match store.commit(create(number, "{}".to_owned())).await {
            Ok(()) => told.done.push(number),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::StoreUnavailable, "{error}");
                let text = error.to_string();
                assert!(text.contains("the database alm on 127.0.0.1:") && text.contains('('), "{text}");
                match error.outcome() {
                    Outcome::NotDone => told.not_done.push(number),
                    Outcome::Unknown => told.unknown.push(number),
                    other => panic!("{other:?}: {error}"),
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_loses_nothing_that_was_answered() {
    let server = OwnServer::start();
    let options = server.options();
    let stop = Arc::new(AtomicBool::new(false));
    let stores = [Arc::new(open(&options).await), Arc::new(open(&options).await)];
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let store = stores[writer % 2].clone();
        writers.spawn(write(store, writer as u128 * 1_000_000 + 1, stop.clone()));
    }
    let mut seen = stores[0].work_changed(0).await;
    for round in 0..4 {
        sleep(Duration::from_millis(700)).await;
        let server = &server;
        tokio::task::block_in_place(|| server.kill());
        sleep(Duration::from_millis(200 * round)).await;
        tokio::task::block_in_place(|| server.restart());
        // It recovers by itself, reading and writing.
        let since = Instant::now();
        let before = stores[0].audit_head().await.unwrap().0;
        while stores[0].audit_head().await.unwrap().0 < before + 20 {
            assert!(since.elapsed() < Duration::from_secs(30), "nothing is written any more");
            sleep(Duration::from_millis(10)).await;
        }
        // And it listens again.
        let number = u128::from(round) + 1;
        while timeout(Duration::from_millis(1500), stores[0].work_changed(seen)).await.is_ok_and(|now| {
            seen = now;
            true
        }) {}
        stores[1].commit(ready(number, 0, in_seconds(-1))).await.unwrap();
        seen = timeout(Duration::from_secs(10), stores[0].work_changed(seen)).await.expect("it listens");
    }
    stop.store(true, Ordering::Relaxed);
    let mut told = Told::default();
    for one in writers.join_all().await {
        told.done.extend(one.done);
        told.not_done.extend(one.not_done);
        told.unknown.extend(one.unknown);
    }

    let records = chain(&*stores[0]).await;
    let there: BTreeSet<u128> = records.iter().copied().collect();
    assert_eq!(there.len(), records.len(), "an account was made twice");
    for number in &told.done {
        assert!(there.contains(number), "{number} was answered, and is gone");
    }
    for number in &told.not_done {
        assert!(!there.contains(number), "{number} was said not to be done, and is there");
    }
    assert!(there.iter().all(|number| told.done.contains(number) || told.unknown.contains(number)));
    let mut accounts = BTreeSet::new();
    let mut after = None;
    loop {
        let page = stores[1].list(RecordKind::Account, after, 500).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        accounts.extend(page.iter().map(|account| account.id.as_u128()));
    }
    assert_eq!(accounts, there);
    println!(
        "{} done, {} not done, {} unknown of which {} are there",
        told.done.len(),
        told.not_done.len(),
        told.unknown.len(),
        told.unknown.iter().filter(|number| there.contains(number)).count()
    );
    // Whether a kill meets a COMMIT on its way is chance.
    assert!(told.done.len() > 100 && !told.not_done.is_empty());
}

/// While nobody uses it: the next who does notices nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_cut_off_while_idle_are_made_anew_unnoticed() {
    let server = OwnServer::start();
    let store = Arc::new(open(&server.options()).await);
    for number in 1..=3_u128 {
        // As many readers as there are.
        let mut reads = JoinSet::new();
        for _ in 0..20 {
            let store = store.clone();
            reads.spawn(async move { store.audit_head().await.unwrap() });
        }
        reads.join_all().await;
        let again = &server;
        tokio::task::block_in_place(|| again.restart());
        if number % 2 == 0 {
            store.meta().await.unwrap();
        }
        store.commit(create(number, "{}".to_owned())).await.unwrap();
        store.meta().await.unwrap();
    }
    assert_eq!(chain(&*store).await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stays_away_is_named() {
    let server = OwnServer::start();
    let mut options = server.options();
    options.connect_timeout = Duration::from_secs(1);
    let store = open(&options).await;
    tokio::task::block_in_place(|| server.kill());
    for error in [
        store.commit(create(1, "{}".to_owned())).await.unwrap_err(),
        store.meta().await.unwrap_err(),
        store.claim(super::claim(1, in_seconds(0), Duration::from_mins(1))).await.unwrap_err(),
    ] {
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::StoreUnavailable, Outcome::NotDone),
            "{error}"
        );
        assert!(error.to_string().contains("127.0.0.1") && error.is_transient(), "{error}");
    }
    let error = PostgresStore::open(options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable);
}

#[test]
fn a_runtime_that_ends_ends_the_store_and_says_so() {
    let options = super::options();
    let first = tokio::runtime::Runtime::new().unwrap();
    let store = Arc::new(first.block_on(open(&options)));
    let writer = store.clone();
    let (answered, answers) = std::sync::mpsc::channel();
    first.spawn(async move {
        writer.work_changed(0).await;
        for number in 1.. {
            writer.commit(create(number, "{}".to_owned())).await.unwrap();
            answered.send(number).unwrap();
        }
    });
    assert_eq!(answers.iter().take(20).last(), Some(20));
    first.shutdown_timeout(Duration::from_secs(10));
    let last = answers.iter().last().unwrap_or(20);

    let second = tokio::runtime::Runtime::new().unwrap();
    let error = second.block_on(store.commit(create(1 << 60, "{}".to_owned()))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable, "{error}");
    drop(store);
    let there = second.block_on(async { chain(&open(&options).await).await });
    assert_eq!(there, (1..=there.len() as u128).collect::<Vec<_>>());
    assert!(there.len() as u128 >= last, "an answered commit is gone");
}
