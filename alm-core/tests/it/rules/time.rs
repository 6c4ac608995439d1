//! Dates: leap days, the ends of years, a clock that goes back, and UTC everywhere.

use std::collections::BTreeSet;

use ad_directory::{AccountExpires, FileTime};
use alm_core::model::account::AccountStatus;
use alm_core::model::event::EventKind;
use alm_core::model::period::Period;
use alm_core::model::template::{EolAction, Reminders};
use alm_core::port::store::RecordKind;
use alm_core::rules::lifecycle::Phase;
use alm_core::rules::reminders::Schedule;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::Value;

use super::proves;
use crate::it::world::{World, at};

/// Days since 1970-01-01 of a date of the Gregorian calendar, counted year by year: slow, and not the way the code counts.
fn days_before_year(year: i64) -> i64 {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum()
}

fn is_leap(year: i64) -> bool {
    days_before_year(year + 1) - days_before_year(year) == 366
}

fn day_number(year: i64, month: usize, day: i64) -> i64 {
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days_before_year(year) + lengths[..month - 1].iter().sum::<i64>() + day - 1
}

fn midnight(day: i64) -> Timestamp {
    Timestamp::from_second(day * 86_400).unwrap()
}

fn days() -> impl Strategy<Value = (i64, usize, i64)> {
    // Half of them where something can go wrong.
    prop_oneof![
        (1970_i64..2400, 1_usize..=12, 1_i64..=28),
        (1970_i64..2400).prop_map(|year| if is_leap(year) { (year, 2, 29) } else { (year, 2, 28) }),
        (1970_i64..2400).prop_map(|year| (year, 12, 31)),
        (1970_i64..2400).prop_map(|year| (year, 1, 1)),
        (1970_i64..2400).prop_map(|year| (year, 3, 1)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// L-34: from the day of the commit, 00:00 UTC; so many days are so many days, and years are calendar years.
    #[test]
    fn l_34_an_end_is_at_midnight_utc_and_the_day_is_the_right_one(
        (year, month, day) in days(),
        second in 0_i64..86_400,
        nanosecond in 0_i32..1_000_000_000,
        n in 1_u32..=100,
        in_days in 1_u32..=36_500,
    ) {
        let _proof = proves(&["L-34"]);
        let today = day_number(year, month, day);
        let now = Timestamp::new(today * 86_400 + second, nanosecond).unwrap();
        let end = Period::Days(in_days).end_from(now).unwrap();
        prop_assert_eq!(end, midnight(today + i64::from(in_days)));
        let end = Period::Years(n).end_from(now).unwrap();
        let then = year + i64::from(n);
        let on = if (month, day) == (2, 29) && !is_leap(then) { 28 } else { day };
        prop_assert_eq!(end, midnight(day_number(then, month, on)));
        // Whoever renews later never ends earlier.
        let later = now + SignedDuration::from_secs(1);
        prop_assert!(Period::Years(n).end_from(later).unwrap() >= end);
        prop_assert!(Period::Days(in_days).end_from(later) >= Period::Days(in_days).end_from(now));
        // T-12 compares with the fewest days a period can last.
        prop_assert!(end.duration_since(midnight(today)).as_hours() / 24 >= i64::from(Period::Years(n).shortest_days()));
    }

    /// L-38: what the directory holds is that very instant, and both zeros mean never.
    #[test]
    fn l_38_an_end_survives_the_directorys_form((year, month, day) in days()) {
        let _proof = proves(&["L-38"]);
        let eol = midnight(day_number(year, month, day));
        let expires = AccountExpires::At(eol);
        let ticks = expires.to_file_time();
        // 11 644 473 600 seconds lie between 1601 and 1970.
        prop_assert_eq!(ticks, FileTime::new((eol.as_second() + 11_644_473_600) * 10_000_000));
        prop_assert_eq!(AccountExpires::from_file_time(ticks), expires);
        prop_assert_eq!(AccountExpires::from_file_time(FileTime::new(0)), AccountExpires::Never);
        prop_assert_eq!(AccountExpires::from_file_time(FileTime::new(i64::MAX)), AccountExpires::Never);
    }

    /// The phases come one after the other, whatever the two dates are.
    #[test]
    fn l_35_time_goes_through_the_phases_in_order(renewal in -500_i64..500, eol in -500_i64..500, t in -600_i64..600, step in 0_i64..600) {
        let day = |n: i64| midnight(20_000 + n);
        let phase = |t| Phase::at(day(t), day(renewal), day(eol));
        prop_assert!(phase(t) <= phase(t + step));
    }

    /// N-10 to N-15 over leap days and year ends: never before the renewal date or from the end on, in order, and each once, whatever the clock does.
    #[test]
    fn n_15_however_the_clock_jumps_each_reminder_comes_once_and_in_order(
        (year, month, day) in days(),
        lead in 1_i64..60,
        every in proptest::option::of(1_u32..10),
        urgent in proptest::option::of((1_u32..30, 1_u32..10)),
        stop in proptest::option::of(1_u32..30),
        jumps in proptest::collection::vec(-200_i64..400, 1..60),
    ) {
        let _proof = proves(&["N-10", "N-11", "N-12", "N-14", "N-15"]);
        let eol = midnight(day_number(year, month, day) + 800);
        let renewal_date = eol - SignedDuration::from_hours(24 * lead);
        let mut rules = Reminders::default();
        (rules.every_days, rules.urgent, rules.stop_after_days) = (every, urgent, stop);
        let schedule = Schedule::new(rules, renewal_date, eol);
        let mut now = renewal_date - SignedDuration::from_hours(100);
        let (mut last, mut sent) = (None, Vec::new());
        for jump in jumps {
            now += SignedDuration::from_hours(jump);
            let (send, next) = schedule.due(last, now);
            if let Some(reminder) = send {
                prop_assert!(reminder.at <= now && reminder.at < eol);
                prop_assert!(last.is_none_or(|last| last < reminder.at), "again or out of order");
                let urgent_from = urgent.map(|(_, before)| eol - SignedDuration::from_hours(24 * i64::from(before)));
                prop_assert!(reminder.at >= urgent_from.map_or(renewal_date, |from| from.min(renewal_date)));
                sent.push(reminder);
                last = Some(reminder.at);
            }
            prop_assert!(next.is_none_or(|next| last.is_none_or(|last| next > last) && next < eol));
            let again = schedule.due(last, now);
            prop_assert_eq!(again.0, None, "a second look says nothing");
        }
        if let (Some(stop), Some(first)) = (stop, sent.first()) {
            // N-14 counts from the first there would have been, which is not after the first that was sent.
            let end = first.at + SignedDuration::from_hours(24 * i64::from(stop));
            prop_assert!(sent.iter().all(|reminder| reminder.at < end));
        }
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the clock does, forward or back: an end of life comes once, what ended stays ended, and nothing is told twice.
    #[test]
    fn l_35_i_4_n_15_a_clock_that_goes_back_brings_nothing_back(
        action in proptest::sample::select(EolAction::ALL.to_vec()),
        jumps in proptest::collection::vec(-60_i64..60, 2..10),
    ) {
        block_on(async {
            let world = World::new().await;
            let template = world.template(action).await;
            let id = world.provisioned(template, "payroll").await;
            let eol = world.view(id).await.account.eol;
            let mut now = eol;
            let mut ended = false;
            for jump in jumps {
                now += SignedDuration::from_hours(12 * jump);
                world.clock.set(now);
                world.sweep().await;
                world.run_until_quiet().await;
                now = alm_core::port::clock::Clock::now(world.clock.as_ref());
                ended |= now >= eol;
                let account = world.view(id).await.account;
                let expected = match (ended, action) {
                    (false, _) | (true, EolAction::Review) => AccountStatus::Active,
                    (true, EolAction::Disable) => AccountStatus::Disabled,
                    (true, EolAction::Expire) => AccountStatus::Expired,
                    (true, _) => AccountStatus::Deleted,
                };
                assert_eq!((account.status, account.eol), (expected, eol), "at {now}");
            }
            let told = world.events(EventKind::EndOfLife).await;
            assert_eq!(told.len(), usize::from(ended));
            let events = world.store.undelivered(10_000).await.unwrap();
            let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
            assert_eq!(ids.len(), events.len(), "N-15");
        });
    }
}

/// Every text in it that is an instant.
fn instants(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text)
            if text.len() >= 19 && text.as_bytes()[10] == b'T' && text.as_bytes()[4] == b'-' =>
        {
            found.push(text.clone());
        }
        Value::Array(all) => all.iter().for_each(|value| instants(value, found)),
        Value::Object(all) => all.values().for_each(|value| instants(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn everything_is_stored_in_utc() {
    let world = World::new().await;
    world.clock.set(at("2026-10-25T01:30:00Z"));
    let template = world.template(EolAction::Expire).await;
    world.provisioned(template, "payroll").await;
    world.advance_days(80);
    world.sweep().await;
    let mut found = Vec::new();
    for kind in [
        RecordKind::Account,
        RecordKind::Request,
        RecordKind::Saga,
        RecordKind::TemplateVersion,
        RecordKind::Sweep,
    ] {
        for document in world.store.list(kind, None, 1_000).await.unwrap() {
            instants(&serde_json::from_str(&document.body).unwrap(), &mut found);
        }
    }
    for record in world.store.audit(1, 10_000).await.unwrap() {
        instants(&serde_json::from_str(&record.body).unwrap(), &mut found);
    }
    for event in world.store.undelivered(10_000).await.unwrap() {
        instants(&serde_json::to_value(&event).unwrap(), &mut found);
    }
    assert!(found.len() > 50, "{}", found.len());
    assert!(found.iter().all(|text| text.ends_with('Z') && text.parse::<Timestamp>().is_ok()), "{found:?}");
}
