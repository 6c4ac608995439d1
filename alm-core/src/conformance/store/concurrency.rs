//! Many at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::StoreHarness;
use super::audit::verified;
use super::make::{
    about, account, at, changes, claim, done, entries, entry, event, fenced, id, input, inputs, named, puts,
    queue, ready, result, saga, setting_out, settle, version, waiting,
};
use crate::error::ErrorKind;
use crate::model::delivery::DeliveryState;
use crate::port::delivery::DeliveryClaim;
use crate::port::store::{Claim, Commit, Put, RecordKind, Store};

/// How many tasks there are at the same time.
const TASKS: u128 = 32;

/// Thirty-two read a document and write it, again and again: no version is written twice and none is left out.
pub async fn of_many_writers_one_wins_each_version(harness: &impl StoreHarness) {
    let store = Arc::new(harness.fresh().await);
    done(&*store, puts([account(1, 0)])).await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = store.clone();
        tasks.spawn(async move {
            let mut won = Vec::new();
            while won.len() < 5 {
                let now = version(&*store, RecordKind::Account, 1).await.unwrap();
                let subject = format!("{now} by {task}");
                let commit = Commit { puts: vec![account(1, now)], ..entries([subject.as_str()]) };
                match store.commit(commit).await {
                    Ok(()) => won.push(now),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
                }
            }
            won
        });
    }
    let mut won: Vec<u64> = tasks.join_all().await.into_iter().flatten().collect();
    won.sort_unstable();
    let all = 5 * u64::try_from(TASKS).unwrap();
    assert_eq!(won, (1..=all).collect::<Vec<_>>());
    assert_eq!(version(&*store, RecordKind::Account, 1).await, Some(all + 1));
    // The chain tells the same story, in the same order.
    let told = verified(&*store).await;
    let versions: Vec<String> =
        told.iter().map(|subject| subject.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(versions, (1..=all).map(|version| version.to_string()).collect::<Vec<_>>());
}

/// The others learn that they did not.
pub async fn of_many_takers_one_gets_the_name(harness: &impl StoreHarness) {
    let store = Arc::new(harness.fresh().await);
    let mut tasks = JoinSet::new();
    for number in 1..=TASKS {
        let store = store.clone();
        tasks.spawn(
            async move { store.commit(puts([named(number, 0, "svc")])).await.is_ok().then_some(number) },
        );
    }
    let winners: Vec<u128> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(store.holder("svc").await.unwrap(), Some((RecordKind::Account, id(winners[0]))));
    assert_eq!(store.list(RecordKind::Account, None, 100).await.unwrap().len(), 1);
}

/// Commits under the same key, with audit records that are linked before the key turns out to be taken, beside commits that are fine:
/// those that are refused leave no trace in the chain.
pub async fn of_many_repeats_one_is_done(harness: &impl StoreHarness) {
    let store = Arc::new(harness.fresh().await);
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = store.clone();
        tasks.spawn(async move {
            let mut done = Vec::new();
            for round in 0..10 {
                let subject = format!("{task} {round}");
                let key = if task % 2 == 0 { format!("shared {round}") } else { subject.clone() };
                let remember = Some(result(1, &key, 0));
                match store.commit(Commit { remember, ..entries([subject.as_str()]) }).await {
                    Ok(()) => done.push(subject),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
                }
            }
            done
        });
    }
    let done: BTreeSet<String> = tasks.join_all().await.into_iter().flatten().collect();
    // Sixteen tasks with keys of their own, and for each round one of those that share.
    assert_eq!(done.len(), 16 * 10 + 10);
    let told = verified(&*store).await;
    assert_eq!(told.len(), done.len());
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), done);
}

/// Each saga goes to one engine, and all sagas go to some.
pub async fn no_work_is_claimed_by_two_engines(harness: &impl StoreHarness) {
    let store = Arc::new(harness.fresh().await);
    done(&*store, puts((1..=200).map(|number| ready(number, 0, 0)))).await;
    let mut tasks = JoinSet::new();
    for number in 1..=8 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let leases = store.claim(Claim { limit: 7, ..claim(number, 1) }).await.unwrap();
                if leases.is_empty() {
                    return mine;
                }
                for lease in &leases {
                    store
                        .commit(fenced(lease, inputs([input(lease.saga.uuid().as_u128(), 1)])))
                        .await
                        .unwrap();
                }
                mine.extend(leases);
            }
        });
    }
    let leases: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(leases.len(), 200);
    assert_eq!(leases.iter().map(|lease| lease.saga).collect::<BTreeSet<_>>().len(), 200);
    assert_eq!(leases.iter().map(|lease| lease.epoch).collect::<BTreeSet<_>>().len(), 200);
}

/// Eight set out at the same time, again and again, and each event is with one of them; those of an account in their order.
pub async fn no_delivery_is_given_to_two(harness: &impl StoreHarness) {
    let store = Arc::new(harness.fresh().await);
    let queued = (0..200_u64).map(|number| about(number.into(), u128::from(number % 20) + 1, number));
    done(&*store, changes(queued.map(|event| queue(1, &event, 0)))).await;
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (store, told) = (store.clone(), told.clone());
        tasks.spawn(async move {
            // Nothing may be ready only because others are under way with all of it.
            while !waiting(&*store, 1).await.is_empty() {
                for one in
                    store.claim_deliveries(DeliveryClaim { limit: 7, ..setting_out(1, 1) }).await.unwrap()
                {
                    assert_eq!(one.attempts, 1, "it was given out before");
                    told.lock().unwrap().push((one.event.account, one.event.account_version));
                    let number = one.event.id.uuid().as_u128();
                    done(&*store, changes([settle(1, number, 1, DeliveryState::Delivered, 2)])).await;
                }
            }
        });
    }
    tasks.join_all().await;
    let told = told.lock().unwrap().clone();
    assert_eq!(told.len(), 200);
    for number in 1..=20 {
        let account = about(0, number, 0).account;
        let versions: Vec<_> =
            told.iter().filter(|(of, _)| *of == account).map(|(_, version)| *version).collect();
        assert!(versions.len() == 10 && versions.is_sorted(), "{versions:?}");
    }
}

/// No record is lost, none is out of place, and those of one task stay in its order.
pub async fn the_chain_holds_under_many_writers(harness: &impl StoreHarness) {
    let store = Arc::new(harness.fresh().await);
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = store.clone();
        tasks.spawn(async move {
            for round in 0..20 {
                let subjects = [format!("{task} {round} a"), format!("{task} {round} b")];
                done(&*store, entries(subjects.iter().map(String::as_str))).await;
            }
        });
    }
    tasks.join_all().await;
    let told = verified(&*store).await;
    assert_eq!(told.len(), 32 * 20 * 2);
    for pair in told.chunks(2) {
        assert_eq!(pair[0].strip_suffix('a'), pair[1].strip_suffix('b'), "a commit was torn apart");
    }
    for task in 0..TASKS {
        let own: Vec<&String> =
            told.iter().filter(|subject| subject.starts_with(&format!("{task} "))).collect();
        let expected: Vec<String> =
            (0..20).flat_map(|round| [format!("{task} {round} a"), format!("{task} {round} b")]).collect();
        assert_eq!(own, expected.iter().collect::<Vec<_>>());
    }
}

/// Two documents that are always put together are never seen apart in one answer.
pub async fn nobody_sees_half_a_commit(harness: &impl StoreHarness) {
    let store = Arc::new(harness.fresh().await);
    done(&*store, puts([account(1, 0), account(2, 0)])).await;
    let writer = store.clone();
    let writing = tokio::spawn(async move {
        for expected in 1..200 {
            done(&*writer, puts([account(1, expected), account(2, expected)])).await;
        }
    });
    let mut seen = 0;
    while !writing.is_finished() {
        let both = store.list(RecordKind::Account, None, 10).await.unwrap();
        assert_eq!(both[0].version, both[1].version);
        assert!(both[0].version >= seen, "an older version came back");
        seen = both[0].version;
    }
    writing.await.unwrap();
    // Who was answered reads what was answered.
    assert_eq!(version(&*store, RecordKind::Account, 2).await, Some(200));
}

/// Commits are dropped after ever more polls. Each is there as a whole or not at all, and the store goes on.
pub async fn a_dropped_commit_happens_whole_or_not_at_all(harness: &impl StoreHarness) {
    let store = Arc::new(harness.fresh().await);
    let mut tasks = JoinSet::new();
    for number in 1..=200_u64 {
        let store = store.clone();
        tasks.spawn(async move {
            let large = Put {
                indexes: vec![("all", "yes".to_owned())],
                ..named(number.into(), 0, &number.to_string())
            };
            let commit = Commit {
                puts: vec![large],
                journal: vec![input(number.into(), 1)],
                audit: vec![entry(&number.to_string())],
                events: vec![event(number.into())],
                remember: Some(result(number.into(), "key", 0)),
                ..Commit::default()
            };
            let patience = std::time::Duration::from_micros(number * 20);
            let _unknown = tokio::time::timeout(patience, store.commit(commit)).await;
        });
    }
    tasks.join_all().await;
    // A change of the same store that comes behind all that are still under way.
    done(&*store, entries(["last"])).await;
    let mut expected = BTreeSet::from(["last".to_owned()]);
    for number in 1..=200 {
        let there = version(&*store, RecordKind::Account, number).await.is_some();
        assert_eq!(store.holder(&number.to_string()).await.unwrap().is_some(), there);
        assert_eq!(store.journal(saga(number)).await.unwrap().len(), usize::from(there));
        assert_eq!(store.remembered(id(number), "key").await.unwrap().is_some(), there);
        if there {
            expected.insert(number.to_string());
        }
    }
    assert_eq!(verified(&*store).await.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!(store.undelivered(1000).await.unwrap().len(), expected.len() - 1);
    let indexed = store.count(RecordKind::Account, "all", "yes").await.unwrap();
    assert_eq!(indexed, expected.len() as u64 - 1);
    assert_eq!(store.forget(at(1)).await.unwrap(), indexed);
}
