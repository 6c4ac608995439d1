//! Several processes of the operating system. The others are this same binary, told by an environment variable to run the same test from
//! its other side.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alm_core::port::store::{RecordKind, Store as _};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::super::child::{Other, other_side, tell};
use super::super::{chain, create};
use super::{open, options};

/// Numbers of accounts: those of one writer begin here.
const EACH: u128 = 1_000_000;

/// `first`, `first + 1` and so on, eight at the same time.
async fn write(schema: &str, first: u128, count: u128) {
    let store = Arc::new(open(&options().schema(schema)).await);
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            for number in (first..first + count).skip(task).step_by(8) {
                store.commit(create(number, "{}".to_owned())).await.unwrap();
                tell(number);
            }
        });
    }
    tasks.join_all().await;
}

/// The schema, and which of the writers this is.
fn told_by_the_parent() -> Option<(String, u128)> {
    let text = other_side()?.to_str().unwrap().to_owned();
    let (schema, writer) = text.split_once(' ').unwrap();
    Some((schema.to_owned(), writer.parse().unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_append_to_one_chain() {
    if let Some((schema, writer)) = told_by_the_parent() {
        write(&schema, writer * EACH, 200).await;
        return;
    }
    let options = options();
    let store = open(&options).await;
    let test = "it::store::real_postgres::processes::several_processes_append_to_one_chain";
    let mut others: Vec<Other> =
        (1..=3).map(|writer| Other::start(test, format!("{} {writer}", options.schema).as_ref())).collect();
    write(&options.schema, 0, 200).await;
    let mut told: Vec<u128> = (0..200).collect();
    for other in &mut others {
        while let Some(number) = other.told() {
            told.push(number);
        }
        other.ended_well();
    }
    assert_eq!(told.len(), 800);
    // Every link was verified on the way.
    let mut there = chain(&store).await;
    let own: Vec<u128> = there.iter().copied().filter(|number| *number < EACH).collect();
    assert_eq!(own.len(), 200);
    // They took turns: no process had the chain to itself.
    let changes = there.windows(2).filter(|pair| pair[0] / EACH != pair[1] / EACH).count();
    assert!(changes > 20, "{changes} changes of the writer in {} records", there.len());
    there.sort_unstable();
    told.sort_unstable();
    assert_eq!(there, told);
    assert_eq!(store.meta().await.unwrap().commits, 800);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_loses_nothing_and_holds_nobody_up() {
    if let Some((schema, writer)) = told_by_the_parent() {
        write(&schema, writer * EACH, EACH).await;
        return;
    }
    let options = options();
    let store = open(&options).await;
    let test =
        "it::store::real_postgres::processes::a_process_that_is_killed_loses_nothing_and_holds_nobody_up";
    let mut told = Vec::new();
    for writer in 1..=4 {
        let mut other = Other::start(test, format!("{} {writer}", options.schema).as_ref());
        for _ in 0..20 * writer {
            told.push(other.told().expect("it goes on until it is killed"));
        }
        other.kill();
        while let Some(number) = other.told() {
            told.push(number);
        }
        let since = Instant::now();
        store.commit(create(writer, "{}".to_owned())).await.unwrap();
        assert!(since.elapsed() < Duration::from_secs(10), "it was held up for {:?}", since.elapsed());
    }
    let there = chain(&store).await;
    for number in told {
        assert!(there.contains(&number), "{number} was answered, and is gone");
    }
    for number in there {
        let account = store.load(RecordKind::Account, Uuid::from_u128(number)).await.unwrap();
        assert!(account.is_some(), "the audit record of account {number} is there, the account is not");
    }
}
