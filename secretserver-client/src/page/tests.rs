//! The pager against servers that behave and servers that do not.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::*;

/// A list of `total` numbers on a server that gives at most `cap` at once.
fn list(total: u32, cap: u32, calls: Arc<Mutex<Vec<(u32, u32)>>>) -> Pager<u32> {
    Pager::new("test.list", move |Ask { skip, take, .. }| {
        calls.lock().unwrap().push((skip, take));
        let given = take.min(cap).min(total.saturating_sub(skip));
        let next_skip = skip + given;
        let page = Page {
            records: (skip..next_skip).collect(),
            skip,
            take: take.min(cap),
            total,
            has_next: next_skip < total,
            next_skip,
            success: true,
            malformed: Vec::new(),
        };
        Box::pin(async move { Ok(page) })
    })
}

#[tokio::test]
async fn reads_everything_once_and_in_order() {
    for total in [0, 1, 29, 30, 31, 99, 100, 101, 250] {
        for cap in [1, 3, 30, 100, 1000] {
            for page_size in [1, 10, 100] {
                for prefetch in 1..=16 {
                    let pager = list(total, cap, Arc::default()).page_size(page_size).prefetch(prefetch);
                    let all: Vec<u32> = pager.try_collect().await.unwrap();
                    let at = format!("total {total}, cap {cap}, page size {page_size}, prefetch {prefetch}");
                    assert_eq!(all, (0..total).collect::<Vec<_>>(), "{at}");
                }
            }
        }
    }
}

#[tokio::test]
async fn is_lazy_and_fused_and_resumes() {
    let calls = Arc::<Mutex<Vec<_>>>::default();
    let mut pager = list(25, 100, Arc::clone(&calls)).page_size(10);
    assert!(calls.lock().unwrap().is_empty());
    for expected in 0..3 {
        assert_eq!(pager.next().await.unwrap().unwrap(), expected);
    }
    assert_eq!(*calls.lock().unwrap(), [(0, 10)]);
    let position = pager.position();
    let rest: Vec<u32> =
        list(25, 100, Arc::default()).page_size(10).starting_at(position).try_collect().await.unwrap();
    assert_eq!(rest, (3..25).collect::<Vec<_>>());
    let mut end = list(0, 10, Arc::default());
    assert!(end.next().await.is_none() && end.next().await.is_none());
}

#[tokio::test]
async fn prefetches_no_more_than_it_may_and_nothing_beyond_the_end() {
    let (now, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let calls = Arc::new(AtomicUsize::new(0));
    let (n, p, c) = (Arc::clone(&now), Arc::clone(&peak), Arc::clone(&calls));
    let pager = Pager::new("test.list", move |Ask { skip, take, .. }| {
        let (n, p) = (Arc::clone(&n), Arc::clone(&p));
        c.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            p.fetch_max(n.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Later pages come first.
            tokio::time::sleep(std::time::Duration::from_millis(u64::from(40 - skip / 5))).await;
            n.fetch_sub(1, Ordering::SeqCst);
            let next_skip = skip + take;
            Ok(Page {
                records: (skip..next_skip).collect(),
                skip,
                take,
                total: 100,
                has_next: next_skip < 100,
                next_skip,
                success: true,
                malformed: Vec::new(),
            })
        })
    });
    let all: Vec<u32> = pager.page_size(10).prefetch(4).try_collect().await.unwrap();
    assert_eq!(all, (0..100).collect::<Vec<_>>());
    assert_eq!((peak.load(Ordering::SeqCst), calls.load(Ordering::SeqCst)), (4, 10));
}

fn fixed(records: Vec<u32>, has_next: bool, next_skip: u32) -> Pager<u32> {
    Pager::new("test.list", move |Ask { skip, take, .. }| {
        let page = Page {
            records: records.clone(),
            skip,
            take,
            total: 1000,
            has_next,
            next_skip,
            success: true,
            malformed: Vec::new(),
        };
        Box::pin(async move { Ok(page) })
    })
}

#[tokio::test]
async fn a_list_that_does_not_advance_is_an_error_and_ends() {
    let mut pager = fixed(vec![1, 2], true, 0);
    let error = pager.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(pager.next().await.is_none());
}

/// Whoever looks whether something exists before creating it must not be told "nothing" by an answer that says something else.
#[tokio::test]
async fn what_is_no_list_is_no_empty_list() {
    for body in ["{}", r#"{"message":"no"}"#, r#"{"records":null,"total":0}"#, "[]", "null", r#"{"total":3}"#]
    {
        assert!(serde_json::from_str::<Page<u32>>(body).is_err(), "{body}");
    }
    let refused = r#"{"records":[],"total":0,"success":false,"severity":"Fatal"}"#;
    let mut pager = Pager::<u32>::new("test.list", move |_| {
        Box::pin(async move { Ok(serde_json::from_str(refused).unwrap()) })
    });
    let error = pager.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Server, Outcome::NotDone));
    assert!(pager.next().await.is_none());
}

#[test]
fn what_a_page_does_not_say_follows_from_how_many_there_are() {
    let page: Page<u32> = serde_json::from_str(r#"{"records":[1,2],"skip":4,"total":7}"#).unwrap();
    assert_eq!((page.has_next, page.next_skip, page.success), (true, 6, true));
    let page: Page<u32> = serde_json::from_str(r#"{"records":[1,2],"skip":5,"total":7}"#).unwrap();
    assert!(!page.has_next);
    let said = r#"{"records":[1,2],"skip":4,"total":7,"hasNext":false,"nextSkip":0}"#;
    assert!(!serde_json::from_str::<Page<u32>>(said).unwrap().has_next);
}

#[tokio::test]
async fn an_empty_page_ends_the_list_whatever_the_server_claims() {
    assert!(fixed(Vec::new(), true, 50).next().await.is_none());
}

#[tokio::test]
async fn skips_nothing_when_the_server_claims_more_than_it_gave() {
    // It gives 3 at once, and claims 10.
    let pager = Pager::new("test.list", |Ask { skip, take, .. }| {
        let end = (skip + 3).min(20);
        let page = Page {
            records: (skip..end).collect(),
            skip,
            take,
            total: 20,
            has_next: skip + 3 < 20,
            next_skip: skip + take,
            success: true,
            malformed: Vec::new(),
        };
        Box::pin(async move { Ok(page) })
    });
    let all: Vec<u32> = pager.page_size(10).prefetch(3).try_collect().await.unwrap();
    assert_eq!(all, (0..20).collect::<Vec<_>>());
}

/// A list that grows or shrinks while it is read: nothing that was there all the time is lost or doubled.
#[tokio::test]
async fn a_total_that_changes_loses_nothing() {
    for (first, later) in [(100_u32, 135_u32), (100, 64), (100, 0), (5, 300)] {
        for cap in [7, 30] {
            for prefetch in 1..=16 {
                let calls = Arc::new(AtomicUsize::new(0));
                let pager = Pager::new("test.list", move |Ask { skip, take, .. }| {
                    let total = if calls.fetch_add(1, Ordering::SeqCst) == 0 { first } else { later };
                    let end = skip.saturating_add(take.min(cap)).min(total).max(skip.min(total));
                    let page = Page {
                        records: (skip.min(end)..end).collect(),
                        skip,
                        take,
                        total,
                        has_next: end < total,
                        next_skip: end,
                        success: true,
                        malformed: Vec::new(),
                    };
                    Box::pin(async move { Ok(page) })
                });
                let all: Vec<u32> = pager.page_size(10).prefetch(prefetch).try_collect().await.unwrap();
                // The first page is as long as it was then; whether more follow is what the server said last.
                let page = first.min(10).min(cap);
                let expected = if first > page { later.max(page) } else { first };
                assert_eq!(
                    all,
                    (0..expected).collect::<Vec<_>>(),
                    "{first} then {later}, cap {cap}, prefetch {prefetch}"
                );
            }
        }
    }
}

#[tokio::test]
async fn every_position_can_be_resumed_from() {
    for stop in 0..=60_u32 {
        let mut pager = list(60, 7, Arc::default()).page_size(10).prefetch(4);
        let mut seen = Vec::new();
        while seen.len() < stop as usize {
            seen.push(pager.next().await.unwrap().unwrap());
        }
        let rest = list(60, 30, Arc::default()).page_size(20).prefetch(3).starting_at(pager.position());
        seen.extend(rest.try_collect::<Vec<_>>().await.unwrap());
        assert_eq!(seen, (0..60).collect::<Vec<_>>(), "stopped after {stop}");
    }
}

#[tokio::test]
async fn an_error_in_the_middle_keeps_the_position_for_another_try() {
    let list = |failing: bool| {
        Pager::new("test.list", move |Ask { skip, take, .. }| {
            Box::pin(async move {
                if failing && skip >= 20 {
                    return Err(Error::new(ErrorKind::Timeout, Outcome::Unknown, "test.list"));
                }
                let next_skip = (skip + take).min(50);
                Ok(Page {
                    records: (skip..next_skip).collect(),
                    skip,
                    take,
                    total: 50,
                    has_next: next_skip < 50,
                    next_skip,
                    success: true,
                    malformed: Vec::new(),
                })
            })
        })
        .page_size(10)
        .prefetch(8)
    };
    let mut broken = list(true);
    let mut seen: Vec<u32> = Vec::new();
    let error = loop {
        match broken.next().await.unwrap() {
            Ok(entry) => seen.push(entry),
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), broken.position(), seen.len()), (ErrorKind::Timeout, 20, 20));
    seen.extend(list(false).starting_at(broken.position()).try_collect::<Vec<_>>().await.unwrap());
    assert_eq!(seen, (0..50).collect::<Vec<_>>());
}
