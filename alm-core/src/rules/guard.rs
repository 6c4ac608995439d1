//! What must be asked before a sweep changes much (L-39).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::refusal::Refusal;

/// How much a sweep may change without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SweepLimits {
    /// At most so many accounts …
    pub accounts: u64,
    /// … or so many percent of the Active ones, whichever is more.
    pub percent: u64,
    /// At most so many hours of clock after the last one.
    pub hours: i64,
    /// At most so many seconds between our clock and another that is known.
    pub skew_seconds: i64,
}

impl Default for SweepLimits {
    fn default() -> Self {
        Self { accounts: 50, percent: 5, hours: 25, skew_seconds: 300 }
    }
}

/// What a sweep is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sweep {
    /// How many accounts it would change.
    pub changes: u64,
    /// How many are Active.
    pub active: u64,
    /// When the last one ran to its end.
    pub last: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
    /// What other clocks say at this moment: of the database, of domain controllers.
    pub clocks: Vec<(String, Timestamp)>,
}

impl Sweep {
    /// A sweep that knows of no other clock.
    pub const fn new(changes: u64, active: u64, last: Option<Timestamp>, now: Timestamp) -> Self {
        Self { changes, active, last, now, clocks: Vec::new() }
    }
}

/// Every reason to stop and ask first.
pub fn check(sweep: &Sweep, limits: &SweepLimits) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if sweep.changes > limits.accounts && sweep.changes > sweep.active.saturating_mul(limits.percent) / 100 {
        refusals.push(Refusal::new(
            "L-39",
            "sweep",
            format!(
                "would change {} accounts of {} active ones; without asking it may change {} or {} %",
                sweep.changes, sweep.active, limits.accounts, limits.percent
            ),
        ));
    }
    if let Some(last) = sweep.last {
        let since = sweep.now.duration_since(last);
        if since > SignedDuration::from_hours(limits.hours) {
            refusals.push(Refusal::new(
                "L-39",
                "sweep",
                format!("runs {} hours after the last one, more than {}", since.as_hours(), limits.hours),
            ));
        }
        if since < -SignedDuration::from_secs(limits.skew_seconds) {
            refusals.push(Refusal::new("L-39", "sweep", format!("its clock went back behind {last}")));
        }
    }
    for (name, time) in &sweep.clocks {
        let skew = sweep.now.duration_since(*time).abs();
        if skew > SignedDuration::from_secs(limits.skew_seconds) {
            refusals.push(Refusal::new(
                "L-39",
                "sweep",
                format!("its clock is {} seconds away from that of {name}", skew.as_secs()),
            ));
        }
    }
    refusals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_39_asks_for_many_for_late_and_for_a_wrong_clock() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let limits = SweepLimits::default();
        let hour = SignedDuration::from_hours(1);
        assert_eq!(check(&Sweep::new(50, 60, Some(now - hour), now), &limits), []);
        assert_eq!(check(&Sweep::new(51, 60, Some(now - hour), now), &limits).len(), 1);
        assert_eq!(check(&Sweep::new(51, 10_000, Some(now - hour), now), &limits), []);
        assert_eq!(check(&Sweep::new(0, 60, Some(now - hour * 26), now), &limits).len(), 1);
        assert_eq!(check(&Sweep::new(0, 60, Some(now + hour), now), &limits).len(), 1);
        let mut skewed = Sweep::new(0, 60, None, now);
        skewed.clocks.push(("dc1".into(), now + hour));
        assert_eq!(check(&skewed, &limits).len(), 1);
    }

    #[test]
    fn l_39_it_asks_beyond_its_limits_and_not_at_them() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let limits = SweepLimits::default();
        let second = SignedDuration::from_secs(1);
        for (changes, active, expected) in [(60, 1_200, 0), (61, 1_200, 1), (50, 0, 0), (51, 0, 1)] {
            let reasons = check(&Sweep::new(changes, active, None, now), &limits).len();
            assert_eq!(reasons, expected, "{changes} of {active}");
        }
        let hours = SignedDuration::from_hours(25);
        let skew = SignedDuration::from_mins(5);
        for (last, expected) in [
            (now - hours, 0),
            (now - hours - second, 1),
            (now - second, 0),
            (now, 0),
            (now + skew, 0),
            (now + skew + second, 1),
        ] {
            assert_eq!(check(&Sweep::new(0, 60, Some(last), now), &limits).len(), expected, "{last}");
        }
        for (other, expected) in
            [(now - skew, 0), (now + skew, 0), (now - skew - second, 1), (now + skew + second, 1)]
        {
            let mut sweep = Sweep::new(0, 60, None, now);
            sweep.clocks.push(("dc1".into(), other));
            assert_eq!(check(&sweep, &limits).len(), expected, "{other}");
        }
    }
}
