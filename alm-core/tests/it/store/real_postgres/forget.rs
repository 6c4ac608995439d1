//! Much is deleted in pages, so that nobody is held up by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alm_core::model::delivery::DeliveryState;
use alm_core::port::store::Store as _;
use alm_core::{ErrorKind, Outcome};
use jiff::Timestamp;

use super::super::{chain, create};
use super::server::administer;
use super::{open, options};

const MANY: u64 = 100_000;

/// Others write while it goes on, each held up by no more than a page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_write_while_much_is_forgotten() {
    let options = options();
    let (store, other) = (Arc::new(open(&options).await), open(&options).await);
    let schema = &options.schema;
    administer(&format!(
        "INSERT INTO {schema}.remembered SELECT gen_random_uuid(), 'key', '', '', n FROM generate_series(1, {MANY}) AS n;
         INSERT INTO {schema}.delivery (destination, event, account, version, state, ready_at, at, attempts, round, after_gap, body)
            SELECT gen_random_uuid(), gen_random_uuid(), NULL, 0, 'delivered', 0, n, 1, 1, 0, '{{}}' FROM generate_series(1, {MANY}) AS n"
    ));
    let left = |table: &str| administer(&format!("SELECT count(*) FROM {schema}.{table}"));
    let over = Arc::new(AtomicBool::new(false));
    let forgetting = {
        let (store, over) = (store.clone(), over.clone());
        tokio::spawn(async move {
            // All but the newest one.
            let before = Timestamp::from_nanosecond(MANY.into()).unwrap();
            let results = store.forget(before).await.unwrap();
            let deliveries = store.forget_deliveries(DeliveryState::Delivered, before).await.unwrap();
            over.store(true, Ordering::Relaxed);
            (results, deliveries)
        })
    };
    // Of this process and of another.
    let (mut written, mut longest) = (0, Duration::ZERO);
    while !over.load(Ordering::Relaxed) {
        for store in [&*store, &other] {
            written += 1;
            let since = Instant::now();
            store.commit(create(written, "{}".to_owned())).await.unwrap();
            longest = longest.max(since.elapsed());
        }
    }
    assert_eq!(forgetting.await.unwrap(), (MANY - 1, MANY - 1));
    assert_eq!((left("remembered"), left("delivery")), ("1".to_owned(), "1".to_owned()));
    assert_eq!(chain(&*store).await.len() as u128, written);
    println!("{written} commits meanwhile, the slowest in {longest:?}");
    assert!(written >= 100, "{written} commits while 200 pages were deleted");
}

/// Pages that went stay gone, and the error does not say otherwise; the next call goes on.
#[tokio::test]
async fn a_failure_half_way_is_no_failure_of_all() {
    let options = options();
    let store = open(&options).await;
    let schema = &options.schema;
    administer(&format!(
        "INSERT INTO {schema}.remembered SELECT gen_random_uuid(), 'key', '', '', n FROM generate_series(1, 2500) AS n;
         CREATE FUNCTION {schema}.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
         CREATE TRIGGER no BEFORE DELETE ON {schema}.remembered FOR EACH ROW WHEN (old.at = 1500) EXECUTE FUNCTION {schema}.no()"
    ));
    let left = || administer(&format!("SELECT count(*) FROM {schema}.remembered"));
    let before = Timestamp::from_nanosecond(2_501).unwrap();
    let error = store.forget(before).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::StoreUnavailable, Outcome::Unknown), "{error}");
    assert_eq!(left(), "1500");
    let error = store.forget(before).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::StoreUnavailable, Outcome::NotDone), "{error}");
    assert_eq!(left(), "1500");
    administer(&format!("DROP TRIGGER no ON {schema}.remembered"));
    assert_eq!(store.forget(before).await.unwrap(), 1500);
}
