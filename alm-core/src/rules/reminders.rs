//! When owners are reminded (N-10 to N-15), as a pure function of dates.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

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
            // One instant only: the next would be after every end of life.
            every: SignedDuration::from_hours(24 * 365 * 1_000),
            first: 0,
            kind: ReminderKind::Available,
        });
        let repeated = rules.every_days.filter(|&n| n > 0).map(|n| Series {
            start: self.renewal_date,
            every: days(n),
            first: 1,
            kind: ReminderKind::Reminder,
        });
        let urgent =
            rules.urgent.filter(|&(hours, before)| hours > 0 && before > 0).and_then(|(hours, before)| {
                Some(Series {
                    start: self.eol.checked_sub(days(before)).ok()?,
                    every: SignedDuration::from_hours(i64::from(hours)),
                    first: 0,
                    kind: ReminderKind::Urgent,
                })
            });
        [available, repeated, urgent].into_iter().flatten()
    }

    /// Whether an instant of a series counts: before the end of life, and before reminders stop (N-14).
    fn counts(&self, at: Timestamp, first: Option<Timestamp>) -> bool {
        at < self.eol
            && match (self.rules.stop_after_days, first) {
                (Some(stop), Some(first)) => first.checked_add(days(stop)).is_ok_and(|end| at < end),
                _ => true,
            }
    }

    /// The first reminder of all.
    fn first(&self) -> Option<Timestamp> {
        self.series().filter_map(|series| series.at(series.first)).filter(|at| *at < self.eol).min()
    }

    /// The first reminder after `t`, or of all when nothing is said. Of several at one instant the most pressing.
    pub fn next_after(&self, t: Option<Timestamp>) -> Option<Reminder> {
        let first = self.first();
        self.series()
            .filter_map(|series| {
                let k = match t {
                    None => series.first,
                    Some(t) => series.last_at_or_before(t).map_or(series.first, |k| k + 1),
                };
                let at = series.at(k)?;
                self.counts(at, first).then_some(Reminder { at, kind: series.kind })
            })
            .min_by_key(|reminder| (reminder.at, std::cmp::Reverse(reminder.kind)))
    }

    /// The last reminder at or before `t`. Of several at one instant the most pressing.
    pub fn last_at_or_before(&self, t: Timestamp) -> Option<Reminder> {
        let first = self.first();
        self.series()
            .filter_map(|series| {
                let mut k = series.last_at_or_before(t)?;
                if series.kind == ReminderKind::Available {
                    k = 0;
                }
                // The last one that counts may be an earlier one: reminders stop before the end.
                let bound = self.bound(first);
                if series.at(k).is_some_and(|at| at >= bound) {
                    k = series.last_at_or_before(bound)?;
                    if series.at(k)? >= bound {
                        k -= 1;
                    }
                    if k < series.first {
                        return None;
                    }
                }
                let at = series.at(k)?;
                self.counts(at, first).then_some(Reminder { at, kind: series.kind })
            })
            .max_by_key(|reminder| (reminder.at, reminder.kind))
    }

    /// Reminders are before this instant only.
    fn bound(&self, first: Option<Timestamp>) -> Timestamp {
        let stop = self
            .rules
            .stop_after_days
            .zip(first)
            .and_then(|(stop, first)| first.checked_add(days(stop)).ok());
        stop.map_or(self.eol, |stop| stop.min(self.eol))
    }

    /// What to send at `now` when the last one sent or skipped was due at `last`: at most one, however many were missed (N-15); and when to
    /// look again.
    pub fn due(&self, last: Option<Timestamp>, now: Timestamp) -> (Option<Reminder>, Option<Timestamp>) {
        let send = self.last_at_or_before(now).filter(|reminder| last.is_none_or(|last| reminder.at > last));
        let seen = send.map(|reminder| reminder.at).max(last);
        (send, self.next_after(seen.max(Some(now))).map(|reminder| reminder.at))
    }
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
            }
            let last = instants.iter().copied().rfind(|reminder| reminder.at <= t);
            proptest::prop_assert_eq!(schedule.last_at_or_before(t), last);
            let next = instants.iter().copied().find(|reminder| reminder.at > t);
            proptest::prop_assert_eq!(schedule.next_after(Some(t)), next);
        }
    }
}
