//! FILETIME: how Active Directory counts time.

use std::{fmt, str::FromStr};

use jiff::Timestamp;

use super::{ParseError, text_serde};

/// 100-nanosecond steps since 1601-01-01T00:00:00Z (MS-DTYP 2.3.3), decimal on the wire.
///
/// The raw number: what 0 and [`FileTime::MAX`] mean differs from attribute to attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileTime(i64);

const TICKS_PER_SECOND: i64 = 10_000_000;
const UNIX_EPOCH_SECONDS: i64 = 11_644_473_600;

impl FileTime {
    /// The largest value; "never" in `accountExpires` and in computed expiry times.
    pub const MAX: Self = Self(i64::MAX);
    /// Zero; "never" in `accountExpires`, "must change" in `pwdLastSet`.
    pub const ZERO: Self = Self(0);

    /// From the raw count of 100-nanosecond steps.
    pub const fn new(ticks: i64) -> Self {
        Self(ticks)
    }

    /// The raw count of 100-nanosecond steps.
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// The instant, cut to 100 nanoseconds. Every `Timestamp` fits; those before 1601 are negative.
    pub fn from_timestamp(time: Timestamp) -> Self {
        let ticks = time.as_nanosecond().div_euclid(100) + i128::from(UNIX_EPOCH_SECONDS * TICKS_PER_SECOND);
        Self(i64::try_from(ticks).unwrap_or(i64::MAX))
    }

    /// The instant, or `None` beyond the year 9999, which a FILETIME can hold and a `Timestamp` cannot.
    pub fn to_timestamp(self) -> Option<Timestamp> {
        let nanoseconds = (i128::from(self.0) - i128::from(UNIX_EPOCH_SECONDS * TICKS_PER_SECOND)) * 100;
        Timestamp::from_nanosecond(nanoseconds).ok()
    }
}

impl FromStr for FileTime {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse().map(Self).map_err(|_| ParseError::new("FILETIME", "it is not a 64-bit number"))
    }
}

impl fmt::Display for FileTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_serde!(FileTime);

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::FileTime;

    #[test]
    fn the_two_epochs() {
        assert_eq!(FileTime::ZERO.to_timestamp().unwrap().to_string(), "1601-01-01T00:00:00Z");
        assert_eq!(FileTime::from_timestamp(Timestamp::UNIX_EPOCH).ticks(), 116_444_736_000_000_000);
        assert_eq!(FileTime::MAX.to_timestamp(), None);
    }

    proptest! {
        #[test]
        fn round_trips(ticks in 0i64..2_650_000_000_000_000_000) {
            let time = FileTime::new(ticks);
            prop_assert_eq!(FileTime::from_timestamp(time.to_timestamp().unwrap()), time);
            prop_assert_eq!(time.to_string().parse::<FileTime>().unwrap(), time);
        }
    }
}
