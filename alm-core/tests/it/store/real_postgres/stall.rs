//! A server that answers nobody for a while: who waits is told so in time, all at once, and nothing of what was given up is done later.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alm_core::adapter::store_postgres::PostgresStore;
use alm_core::port::store::{RecordKind, Store as _};
use alm_core::{Error, ErrorKind, Outcome};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::super::{chain, create};
use super::server::{Held, OwnServer};
use super::{open, options};

/// How long a statement may take here.
const LIMIT: Duration = Duration::from_secs(1);
/// How much longer than that an answer may take, on a machine that has other things to do.
const LITTLE: Duration = Duration::from_secs(3);
/// So many that the writer takes them in seven goes, and that not all have a place in its queue.
const CALLERS: u128 = 400;

/// It says what was not done, where, and what may help.
fn told(error: &Error, what: &str) {
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::StoreUnavailable, Outcome::NotDone), "{error}");
    assert!(error.to_string().contains(what), "{error}");
    assert!(error.is_transient() && error.advice().is_some(), "{error}");
}

/// Many commits at the same time; how long the last of them had to wait for its error.
async fn all_told(store: &Arc<PostgresStore>, first: u128, what: &'static str) -> Duration {
    let since = Instant::now();
    let mut callers = JoinSet::new();
    for number in first..first + CALLERS {
        let store = store.clone();
        callers.spawn(async move {
            let error = store.commit(create(number, "{}".to_owned())).await.unwrap_err();
            told(&error, what);
        });
    }
    assert_eq!(callers.join_all().await.len() as u128, CALLERS);
    since.elapsed()
}

/// What all who write hold, one after the other.
const WRITERS: &str =
    "SELECT pg_advisory_xact_lock(1095519555, CAST(CAST(CAST('{}.meta' AS regclass) AS oid) AS integer))";

/// While another session holds `lock` of the store's schema.
async fn nobody_waits_twice(lock: &str) {
    let mut options = options();
    options.statement_timeout = LIMIT;
    let store = Arc::new(open(&options).await);
    store.commit(create(1, "{}".to_owned())).await.unwrap();
    let held = Held::take(&lock.replace("{}", &options.schema));

    // The first alone, then many beside each other.
    for round in 1..=2 {
        let took = all_told(&store, 1_000 * round, "took too long").await;
        assert!(took >= LIMIT && took < LIMIT + LITTLE, "{took:?}");
    }
    // One who gives up before its change was begun, while another waits; and one who comes while others wait is answered with them.
    let waiting = {
        let store = store.clone();
        tokio::spawn(async move { store.commit(create(3_000, "{}".to_owned())).await })
    };
    sleep(LIMIT / 4).await;
    timeout(LIMIT / 4, store.commit(create(3_001, "{}".to_owned()))).await.expect_err("it waits");
    let since = Instant::now();
    told(&store.commit(create(3_002, "{}".to_owned())).await.unwrap_err(), "took too long");
    assert!(since.elapsed() < LIMIT + LITTLE, "{:?}", since.elapsed());
    told(&waiting.await.unwrap().unwrap_err(), "took too long");

    // One who waits when the lock goes is served, and so is whoever comes then.
    let waiting = {
        let store = store.clone();
        tokio::spawn(async move { store.commit(create(2, "{}".to_owned())).await })
    };
    sleep(LIMIT / 4).await;
    drop(held);
    waiting.await.unwrap().unwrap();
    store.commit(create(3, "{}".to_owned())).await.unwrap();
    assert_eq!(chain(&*store).await, [1, 2, 3]);
    assert!(store.load(RecordKind::Account, Uuid::from_u128(3)).await.unwrap().is_some());
}

/// As another process that stands still in the middle of a change would hold it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lock_of_the_writers_is_waited_for_once_by_all() {
    nobody_waits_twice(WRITERS).await;
}

/// Alone, and beside one who waits on: in one thread they all stand in the queue before the writer looks.
#[tokio::test]
async fn who_gives_up_before_the_lock_comes_changes_nothing() {
    let options = options();
    let store = open(&options).await;
    let soon = Duration::from_millis(300);
    let gives_up = async |number| timeout(soon, store.commit(create(number, "{}".to_owned()))).await.is_err();

    let held = Held::take(&WRITERS.replace("{}", &options.schema));
    assert!(gives_up(1_000).await);
    drop(held);
    store.commit(create(1, "{}".to_owned())).await.unwrap();

    let held = Held::take(&WRITERS.replace("{}", &options.schema));
    let release = async {
        sleep(2 * soon).await;
        drop(held);
    };
    let waits = store.commit(create(2, "{}".to_owned()));
    let (one, waited, other, ()) = tokio::join!(gives_up(1_001), waits, gives_up(1_002), release);
    waited.unwrap();
    assert!(one && other);
    assert_eq!(chain(&store).await, [1, 2]);
}

/// As somebody who changes the table by hand would: BEGIN works, and what comes after it waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_a_table_is_waited_for_once_by_all() {
    nobody_waits_twice("LOCK TABLE {}.record IN ACCESS EXCLUSIVE MODE").await;
}

/// Sends a signal to a process of a server that this test has for itself.
fn signal(name: &str, process: &str) {
    assert!(Command::new("kill").args([name, process]).status().unwrap().success());
}

/// Lets it go on, so that its server can be stopped.
struct Stopped(String);

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("-CONT", &self.0);
    }
}

/// Nothing is refused and no connection ends: only the time tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_falls_silent_is_left_for_another() {
    let server = OwnServer::start();
    let mut options = server.options();
    options.statement_timeout = LIMIT;
    let store = Arc::new(open(&options).await);
    store.commit(create(1, "{}".to_owned())).await.unwrap();
    let writer = "SELECT pid FROM pg_stat_activity WHERE application_name = 'alm-core' AND query = 'COMMIT'";
    let process = server.administer(writer);
    assert!(process.parse::<u32>().is_ok(), "one session has committed last: {process:?}");
    signal("-STOP", &process);
    let stopped = Stopped(process);

    // The server would give a statement up by itself, and gets five seconds more to say so.
    let took = all_told(&store, 1_000, "cannot be reached").await;
    assert!(took >= LIMIT && took < LIMIT + Duration::from_secs(5) + LITTLE, "{took:?}");
    store.commit(create(2, "{}".to_owned())).await.unwrap();
    drop(stopped);
    // What it was sent before it was left ends with it.
    store.commit(create(3, "{}".to_owned())).await.unwrap();
    sleep(Duration::from_millis(200)).await;
    assert_eq!(chain(&*store).await, [1, 2, 3]);
}
