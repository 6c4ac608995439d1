//! Intervals: how Active Directory writes lengths of time.

use std::{fmt, str::FromStr, time::Duration};

use super::{ParseError, text_serde};

/// A length of time as `maxPwdAge`, `minPwdAge` and `lockoutDuration` hold it: a negative number of 100-nanosecond steps (MS-ADA1,
/// MS-SAMR 3.1.1.4). 0 and the smallest number mean that there is none.
///
/// What "none" means differs: no password ages, or an account stays locked until somebody unlocks it.
///
/// ```
/// # use std::time::Duration;
/// # use ad_directory::Interval;
/// let day: Interval = "-864000000000".parse()?;
/// assert_eq!(day.duration(), Some(Duration::from_hours(24)));
/// assert_eq!(Interval::NONE.duration(), None);
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval(i64);

impl Interval {
    /// No length at all: `0x8000000000000000`.
    pub const NONE: Self = Self(i64::MIN);

    /// From the raw number.
    ///
    /// # Errors
    /// When it is positive.
    pub const fn new(ticks: i64) -> Result<Self, ParseError> {
        if ticks > 0 {
            return Err(ParseError::new("interval", "it is positive"));
        }
        Ok(Self(ticks))
    }

    /// The raw number: 0 or less.
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// From a length, cut to 100 nanoseconds. What is too long (29,000 years) is [`NONE`](Self::NONE).
    pub fn from_duration(duration: Duration) -> Self {
        i64::try_from(duration.as_nanos() / 100).map_or(Self::NONE, |ticks| Self(-ticks))
    }

    /// The length, or `None` when there is none: 0 and the smallest number.
    pub const fn duration(self) -> Option<Duration> {
        match self.0 {
            0 | i64::MIN => None,
            ticks => {
                let ticks = ticks.unsigned_abs();
                // Less than 10,000,000 steps of 100 ns: fits.
                #[allow(clippy::cast_possible_truncation, reason = "the rest of a division by ten million")]
                let rest = (ticks % 10_000_000) as u32 * 100;
                Some(Duration::new(ticks / 10_000_000, rest))
            }
        }
    }
}

impl FromStr for Interval {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let ticks = text.parse().map_err(|_| ParseError::new("interval", "it is not a 64-bit number"))?;
        Self::new(ticks)
    }
}

impl fmt::Display for Interval {
    /// As the directory writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_serde!(Interval);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Duration, Interval};

    #[test]
    fn none_and_nonsense() {
        for text in ["0", "-9223372036854775808"] {
            assert_eq!(text.parse::<Interval>().unwrap().duration(), None);
        }
        for text in ["", "1", "-1.5", "-9223372036854775809"] {
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
        assert_eq!(Interval::from_duration(Duration::MAX), Interval::NONE);
        assert_eq!(Interval::from_duration(Duration::from_mins(30)).ticks(), -18_000_000_000);
    }

    proptest! {
        #[test]
        fn round_trips(ticks in i64::MIN..=0) {
            let interval = Interval::new(ticks).unwrap();
            prop_assert_eq!(interval.to_string().parse::<Interval>().unwrap(), interval);
            if let Some(duration) = interval.duration() {
                prop_assert_eq!(Interval::from_duration(duration), interval);
            }
        }
    }
}
