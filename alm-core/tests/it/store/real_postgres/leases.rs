//! Leases go by the database's clock, whatever the engines' clocks say.

use std::time::Duration;

use alm_core::ErrorKind;
use alm_core::port::store::Store as _;
use jiff::SignedDuration;

use super::{claim, in_seconds, open, options, ready};

const HOUR: i64 = 3600;

#[tokio::test]
async fn a_wrong_clock_neither_takes_nor_keeps_a_lease() {
    let options = options();
    let (slow, fast) = (open(&options).await, open(&options).await);
    slow.commit(ready(1, 0, in_seconds(-2 * HOUR))).await.unwrap();
    let minute = Duration::from_mins(1);

    // An hour behind: the lease ends by the database's clock.
    let lease = slow.claim(claim(1, in_seconds(-HOUR), minute)).await.unwrap().remove(0);
    let left = lease.until.duration_since(in_seconds(0));
    assert!(left > SignedDuration::from_secs(50) && left <= SignedDuration::from_secs(60), "{left}");

    // An hour ahead: the lease is not over.
    assert_eq!(fast.claim(claim(2, in_seconds(HOUR), minute)).await.unwrap(), []);
    let renewed = slow.renew(&lease, in_seconds(-HOUR), Duration::from_mins(2)).await.unwrap();
    let left = renewed.until.duration_since(in_seconds(0));
    assert!(left > SignedDuration::from_secs(110) && left <= SignedDuration::from_secs(120), "{left}");

    // What is not ready by the database's clock is not, though the engine's is past it; nor what is not ready by the engine's: the service
    // would find that its time has not come, and give it back at once.
    slow.commit(ready(2, 0, in_seconds(HOUR / 2))).await.unwrap();
    slow.commit(ready(3, 0, in_seconds(-HOUR / 2))).await.unwrap();
    assert_eq!(slow.claim(claim(1, in_seconds(-HOUR), minute)).await.unwrap(), []);
    let given = fast.claim(claim(2, in_seconds(HOUR), minute)).await.unwrap();
    assert_eq!(given.iter().map(|lease| lease.saga.uuid().as_u128()).collect::<Vec<_>>(), [3]);
}

#[tokio::test]
async fn a_lease_that_is_over_goes_to_another_process_and_its_holder_is_refused() {
    let options = options();
    let (first, second) = (open(&options).await, open(&options).await);
    first.commit(ready(1, 0, in_seconds(-1))).await.unwrap();
    let lease = first.claim(claim(1, in_seconds(0), Duration::from_millis(300))).await.unwrap().remove(0);
    let other = loop {
        let claimed = second.claim(claim(2, in_seconds(0), Duration::from_mins(1))).await.unwrap();
        if let Some(lease) = claimed.first() {
            break *lease;
        }
        // Its holder may renew it as long as nobody has taken it, but does not.
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(other.epoch > lease.epoch);
    let late = first.renew(&lease, in_seconds(0), Duration::from_mins(1)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::StaleLease);
    let mut commit = ready(1, 1, in_seconds(0));
    commit.fence = Some(alm_core::port::store::Fence { saga: lease.saga, epoch: lease.epoch });
    assert_eq!(first.commit(commit).await.unwrap_err().kind(), ErrorKind::StaleLease);
}
