//! When owners are reminded (N-10 to N-15), as a pure function of dates.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::refusal::Refusal;
use crate::model::template::Reminders;

/// How pressing a reminder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReminderKind {
    /// Renewing is possible from now on (N-10).
    Available,
    /// It still is (N-11).
    Reminder,
    /// The end is near (N-12).
    Urgent,
}

/// A reminder and the instant it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reminder {
    /// When it is due.
    pub at: Timestamp,
    /// How pressing it is.
    pub kind: ReminderKind,
}

/// The reminders of one cycle of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    rules: Reminders,
    renewal_date: Timestamp,
    eol: Timestamp,
}

/// Instants `start + k * every` for k from `first` on.
#[derive(Clone, Copy)]
struct Series {
    start: Timestamp,
    every: SignedDuration,
    first: i64,
    kind: ReminderKind,
}

impl Series {
    fn at(self, k: i64) -> Option<Timestamp> {
        let seconds = self.every.as_secs().checked_mul(k)?;
        self.start.checked_add(SignedDuration::from_secs(seconds)).ok()
    }

    /// The number of the last instant at or before `t`, if that is one of the series.
    fn last_at_or_before(self, t: Timestamp) -> Option<i64> {
        let elapsed = t.duration_since(self.start);
        // Rounded down: the steps are whole seconds, so that a fraction of one never matters, and whole numbers of 64 bits divide far faster.
        let seconds = elapsed.as_secs() - i64::from(elapsed.subsec_nanos() < 0);
        let k = seconds.div_euclid(self.every.as_secs().max(1));
        (k >= self.first).then_some(k)
    }
}

const fn days(n: u32) -> SignedDuration {
    SignedDuration::from_hours(n as i64 * 24)
}

impl Schedule {
    /// The reminders that `rules` give for these dates.
    pub const fn new(rules: Reminders, renewal_date: Timestamp, eol: Timestamp) -> Self {
        Self { rules, renewal_date, eol }
    }

    fn series(&self) -> impl Iterator<Item = Series> {
        let rules = self.rules;
        let available = rules.at_renewal_date.then_some(Series {
            start: self.renewal_date,
            // One instant only: the next would be after all time.
            every: SignedDuration::MAX,
            first: 0,
            kind: ReminderKind::Available,
        });
        let repeated = rules.every_days.filter(|&n| n > 0).map(|n| Series {
            start: self.renewal_date,
            every: days(n),
            first: 1,
            kind: ReminderKind::Reminder,
        });
        let urgent = rules.urgent.filter(|&(hours, _)| hours > 0).and_then(|(hours, before)| {
            Some(Series {
                start: self.eol.checked_sub(days(before)).ok()?,
                every: SignedDuration::from_hours(i64::from(hours)),
                first: 0,
                kind: ReminderKind::Urgent,
            })
        });
        [available, repeated, urgent].into_iter().flatten()
    }

    /// Reminders are before this instant only: the end of life, or that many days after the first one (N-14).
    fn bound(&self) -> Timestamp {
        let stop = self.rules.stop_after_days.and_then(|stop| {
            // If that is after the end of life, so are all others.
            let first = self.series().filter_map(|series| series.at(series.first)).min()?;
            first.checked_add(days(stop)).ok()
        });
        stop.map_or(self.eol, |stop| stop.min(self.eol))
    }

    /// The first reminder after `t`, or of all when nothing is said. Of several at one instant the most pressing.
    pub fn next_after(&self, t: Option<Timestamp>) -> Option<Reminder> {
        let bound = self.bound();
        self.series()
            .filter_map(|series| {
                let k = match t {
                    None => series.first,
                    Some(t) => series.last_at_or_before(t).map_or(series.first, |k| k + 1),
                };
                let at = series.at(k).filter(|at| *at < bound)?;
                Some(Reminder { at, kind: series.kind })
            })
            .min_by_key(|reminder| (reminder.at, std::cmp::Reverse(reminder.kind)))
    }

    /// The last reminder at or before `t`. Of several at one instant the most pressing.
    pub fn last_at_or_before(&self, t: Timestamp) -> Option<Reminder> {
        // Instants are counted in nanoseconds.
        let t = t.min(self.bound().checked_sub(SignedDuration::from_nanos(1)).ok()?);
        self.series()
            .filter_map(|series| {
                let at = series.at(series.last_at_or_before(t)?)?;
                Some(Reminder { at, kind: series.kind })
            })
            .max_by_key(|reminder| (reminder.at, reminder.kind))
    }

    /// What to send at `now` when the last one sent or skipped was due at `last`: at most one, however many were missed (N-15); and when to
    /// look again.
    pub fn due(&self, last: Option<Timestamp>, now: Timestamp) -> (Option<Reminder>, Option<Timestamp>) {
        let send = self.last_at_or_before(now).filter(|reminder| last.is_none_or(|last| reminder.at > last));
        let seen = send.map(|reminder| reminder.at).max(last);
        (send, self.next_after(seen.max(Some(now))).map(|reminder| reminder.at))
    }
}

/// What a template says of reminders that could only be meant otherwise: none is asked for by saying nothing, not by a zero.
pub fn check(reminders: &Reminders) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if reminders.every_days == Some(0) {
        let message = "every 0 days is never; leave it out for none";
        refusals.push(Refusal::new("N-11", "reminders", message));
    }
    if reminders.urgent.is_some_and(|(hours, days)| hours == 0 || days == 0) {
        let message = "urgent ones need an hour between them and a day before the end, or more; leave them out for none";
        refusals.push(Refusal::new("N-12", "reminders", message));
    }
    if reminders.stop_after_days == Some(0) {
        let message = "0 days after the first one would stop all of them; leave it out to stop none";
        refusals.push(Refusal::new("N-14", "reminders", message));
    }
    refusals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn schedule(rules: Reminders) -> Schedule {
        Schedule::new(rules, at("2026-03-01T00:00:00Z"), at("2026-03-16T00:00:00Z"))
    }

    fn all(schedule: &Schedule) -> Vec<(String, ReminderKind)> {
        let mut seen = Vec::new();
        let mut t = None;
        while let Some(reminder) = schedule.next_after(t) {
            seen.push((reminder.at.to_string(), reminder.kind));
            t = Some(reminder.at);
            assert!(seen.len() < 100, "{seen:?}");
        }
        seen
    }

    #[test]
    fn n_10_to_n_12_in_order() {
        let schedule = schedule(Reminders {
            at_renewal_date: true,
            every_days: Some(7),
            urgent: Some((24, 2)),
            include_administrators: false,
            stop_after_days: None,
        });
        assert_eq!(
            all(&schedule),
            [
                ("2026-03-01T00:00:00Z".to_owned(), ReminderKind::Available),
                ("2026-03-08T00:00:00Z".to_owned(), ReminderKind::Reminder),
                ("2026-03-14T00:00:00Z".to_owned(), ReminderKind::Urgent),
                // The 15th is both; the more pressing one is said.
                ("2026-03-15T00:00:00Z".to_owned(), ReminderKind::Urgent),
            ]
        );
    }

    #[test]
    fn n_14_stopping_stops_urgent_ones_too() {
        let schedule = schedule(Reminders { stop_after_days: Some(8), ..Reminders::default() });
        let seen = all(&schedule);
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert_eq!(
            schedule.last_at_or_before(at("2026-03-15T12:00:00Z")).unwrap().at,
            at("2026-03-08T00:00:00Z")
        );
    }

    #[test]
    fn n_15_after_a_time_of_being_down_there_is_one_catch_up() {
        let schedule = schedule(Reminders::default());
        let (send, next) = schedule.due(None, at("2026-03-14T05:00:00Z"));
        assert_eq!(send.unwrap().kind, ReminderKind::Urgent);
        assert_eq!(send.unwrap().at, at("2026-03-14T00:00:00Z"));
        assert_eq!(next, Some(at("2026-03-15T00:00:00Z")));
        let (again, _) = schedule.due(Some(send.unwrap().at), at("2026-03-14T06:00:00Z"));
        assert_eq!(again, None);
    }

    #[test]
    fn none_after_the_end() {
        let schedule = schedule(Reminders::default());
        assert_eq!(schedule.due(Some(at("2026-03-15T00:00:00Z")), at("2026-04-01T00:00:00Z")), (None, None));
    }

    #[test]
    fn n_15_what_was_sent_before_does_not_keep_back_what_is_due_now() {
        let schedule = schedule(Reminders::default());
        let (send, next) = schedule.due(Some(at("2026-03-01T00:00:00Z")), at("2026-03-08T00:00:00Z"));
        assert_eq!(send.unwrap().at, at("2026-03-08T00:00:00Z"));
        assert_eq!(next, Some(at("2026-03-13T00:00:00Z")));
    }

    #[test]
    fn n_10_n_12_an_instant_is_not_there_a_moment_before_it() {
        let moment = SignedDuration::from_millis(500);
        let first = at("2026-03-01T00:00:00Z");
        for (at_renewal_date, urgent) in [(true, None), (false, Some((24, 15)))] {
            let rules = Reminders { at_renewal_date, urgent, every_days: None, ..Reminders::default() };
            let schedule = schedule(rules);
            assert_eq!(schedule.last_at_or_before(first - moment), None);
            assert_eq!(schedule.next_after(Some(first - moment)).unwrap().at, first);
            for later in [first, first + moment] {
                assert_eq!(schedule.last_at_or_before(later).unwrap().at, first);
                assert_ne!(schedule.next_after(Some(later)).map(|next| next.at), Some(first));
            }
        }
    }

    #[test]
    fn n_10_renewing_becomes_possible_once_however_long_the_lead_is() {
        let eol = at("2126-03-16T00:00:00Z");
        let rules = Reminders { every_days: None, urgent: None, ..Reminders::default() };
        let schedule = Schedule::new(rules, at("2026-03-01T00:00:00Z"), eol);
        assert_eq!(all(&schedule).len(), 1);
        assert_eq!(schedule.last_at_or_before(eol).unwrap().at, at("2026-03-01T00:00:00Z"));
    }

    #[test]
    fn n_11_n_12_every_0_days_or_hours_is_never() {
        let never = Reminders { every_days: None, urgent: None, ..Reminders::default() };
        let zero = Reminders { every_days: Some(0), urgent: Some((0, 2)), ..never };
        for rules in [zero, Reminders { urgent: Some((24, 0)), ..never }] {
            assert_eq!(all(&schedule(rules)), all(&schedule(never)), "{rules:?}");
            let (late, only) = (at("2026-03-15T12:00:00Z"), at("2026-03-01T00:00:00Z"));
            assert_eq!(schedule(rules).last_at_or_before(late).unwrap().at, only, "{rules:?}");
        }
    }

    #[test]
    fn n_14_a_stop_after_all_time_stops_nothing() {
        let schedule_of = |stop_after_days| schedule(Reminders { stop_after_days, ..Reminders::default() });
        assert_eq!(all(&schedule_of(Some(u32::MAX))), all(&schedule_of(None)));
        assert_eq!(all(&schedule_of(Some(0))), []);
    }

    #[test]
    fn n_14_the_time_to_stop_is_exact() {
        let schedule = schedule(Reminders { stop_after_days: Some(7), urgent: None, ..Reminders::default() });
        let first = at("2026-03-01T00:00:00Z");
        assert_eq!(all(&schedule).len(), 1, "the one after a week would be at that very instant");
        assert_eq!(schedule.last_at_or_before(at("2026-03-15T00:00:00Z")).unwrap().at, first);
    }

    proptest::proptest! {
        #[test]
        fn the_two_directions_agree(
            every in proptest::option::of(1_u32..20),
            urgent in proptest::option::of((1_u32..48, 1_u32..20)),
            stop in proptest::option::of(1_u32..20),
            first in proptest::bool::ANY,
            hour in 0_i64..500,
        ) {
            let schedule = schedule(Reminders {
                at_renewal_date: first,
                every_days: every,
                urgent,
                include_administrators: false,
                stop_after_days: stop,
            });
            let t = at("2026-02-27T00:00:00Z") + SignedDuration::from_hours(hour);
            let mut instants = Vec::new();
            let mut cursor = None;
            while let Some(reminder) = schedule.next_after(cursor) {
                instants.push(reminder);
                cursor = Some(reminder.at);
                proptest::prop_assert!(instants.len() < 1_000, "an hour apart at least, for fifteen days");
            }
            let last = instants.iter().copied().rfind(|reminder| reminder.at <= t);
            proptest::prop_assert_eq!(schedule.last_at_or_before(t), last);
            let next = instants.iter().copied().find(|reminder| reminder.at > t);
            proptest::prop_assert_eq!(schedule.next_after(Some(t)), next);
        }
    }

    #[test]
    fn n_11_n_12_n_14_a_zero_is_no_way_to_say_none() {
        let check = |every, urgent, stop| {
            let said = Reminders { every_days: every, urgent, stop_after_days: stop, ..Reminders::default() };
            check(&said).iter().map(Refusal::rule).collect::<Vec<_>>()
        };
        assert_eq!(check(Some(1), Some((1, 1)), Some(1)), [""; 0]);
        assert_eq!(check(None, None, None), [""; 0]);
        assert_eq!(check(Some(0), Some((0, 1)), Some(0)), ["N-11", "N-12", "N-14"]);
        assert_eq!(check(None, Some((1, 0)), None), ["N-12"]);
    }
}
