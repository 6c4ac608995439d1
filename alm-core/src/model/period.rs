//! How long an account lives.

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// A life duration that a requester chooses (T-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Period {
    /// So many days, 1 to 36 500.
    Days(u32),
    /// So many calendar years, 1 to 100.
    Years(u32),
}

impl Period {
    /// Whether it is within the limits of the variants.
    pub const fn is_valid(self) -> bool {
        match self {
            Self::Days(n) => n >= 1 && n <= 36_500,
            Self::Years(n) => n >= 1 && n <= 100,
        }
    }

    /// The end of life of an account whose life begins, or begins again, at `at`: the day of `at` in UTC at 00:00 plus this period (L-34).
    ///
    /// Years are calendar years; 29 February falls on 28 February. `None` when the result is beyond what a date can hold.
    pub fn end_from(self, at: Timestamp) -> Option<Timestamp> {
        let day = at.to_zoned(TimeZone::UTC).date();
        let span = match self {
            Self::Days(n) => Span::new().try_days(i64::from(n)).ok()?,
            Self::Years(n) => Span::new().try_years(i64::from(n)).ok()?,
        };
        let end = day.checked_add(span).ok()?;
        end.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    }

    /// The fewest days it can last, to compare with a lead time (T-12).
    pub const fn shortest_days(self) -> u32 {
        match self {
            Self::Days(n) => n,
            Self::Years(n) => n.saturating_mul(365),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(1) => f.write_str("1 day"),
            Self::Days(n) => write!(f, "{n} days"),
            Self::Years(1) => f.write_str("1 year"),
            Self::Years(n) => write!(f, "{n} years"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Period;

    #[test]
    fn l_34_counts_from_midnight_of_the_day_and_leap_days_fall_back() {
        let at = "2028-02-29T17:45:12Z".parse().unwrap();
        assert_eq!(Period::Years(1).end_from(at).unwrap().to_string(), "2029-02-28T00:00:00Z");
        assert_eq!(Period::Years(4).end_from(at).unwrap().to_string(), "2032-02-29T00:00:00Z");
        assert_eq!(Period::Days(1).end_from(at).unwrap().to_string(), "2028-03-01T00:00:00Z");
    }

    #[test]
    fn a_period_beyond_the_calendar_is_none() {
        let at = "9990-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(Period::Years(100).end_from(at), None);
    }
}
