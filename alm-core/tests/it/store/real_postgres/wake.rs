//! Engines that wait are woken (LISTEN and NOTIFY).

use std::time::Duration;

use alm_core::adapter::store_postgres::PostgresStore;
use alm_core::port::store::{Commit, Fence, Store as _};
use tokio::time::timeout;

use super::super::create;
use super::{claim, in_seconds, open, options, ready};

const SOON: Duration = Duration::from_secs(10);
/// Long enough for what is on its way to come.
const QUIET: Duration = Duration::from_millis(400);

/// Asked until nothing more comes: the first answers say that it began to listen.
async fn settled(store: &PostgresStore) -> u64 {
    let mut seen = store.work_changed(0).await;
    while let Ok(next) = timeout(QUIET, store.work_changed(seen)).await {
        seen = next;
    }
    seen
}

#[tokio::test]
async fn work_of_another_process_wakes_who_waits_and_nothing_else_does() {
    let options = options();
    let (waiting, other) = (open(&options).await, open(&options).await);
    let stranger = open(&super::options()).await;
    let mut seen = settled(&waiting).await;

    // New work, of this process and of another.
    for (number, store) in [(1, &other), (2, &waiting)] {
        store.commit(ready(number, 0, in_seconds(-1))).await.unwrap();
        seen = timeout(SOON, waiting.work_changed(seen)).await.expect("new work wakes");
    }

    // Work that somebody has, documents that are no work, and work of another instance wake nobody.
    let leases = other.claim(claim(7, in_seconds(0), Duration::from_mins(1))).await.unwrap();
    assert_eq!(leases.len(), 2);
    let fence = Some(Fence { saga: leases[0].saga, epoch: leases[0].epoch });
    other.commit(Commit { fence, ..ready(1, 1, in_seconds(0)) }).await.unwrap();
    other.commit(create(1, "{}".to_owned())).await.unwrap();
    stranger.commit(ready(1, 0, in_seconds(-1))).await.unwrap();
    // What was refused, neither.
    other.commit(ready(2, 9, in_seconds(0))).await.unwrap_err();
    timeout(QUIET, waiting.work_changed(seen)).await.expect_err("nobody has to look");

    // Work that is given back does, if it is ready.
    other.release(&leases[1]).await.unwrap();
    seen = timeout(SOON, waiting.work_changed(seen)).await.expect("work that is free wakes");
    let fence = Some(Fence { saga: leases[0].saga, epoch: leases[0].epoch });
    other.commit(Commit { fence, ..ready(1, 2, in_seconds(3600)) }).await.unwrap();
    other.release(&leases[0]).await.unwrap();
    timeout(QUIET, waiting.work_changed(seen)).await.expect_err("it is not ready for an hour");
}
