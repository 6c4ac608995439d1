//! accountExpires: when an account stops working.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::file_time::FileTime;

/// When an account stops signing in, whatever its password (`accountExpires`).
///
/// An instant, not a day: a date means a different moment in every time zone, and the tools that show a date show the day before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(
    clippy::exhaustive_enums,
    reason = "an account expires at some instant or at none; there is no third answer"
)]
#[serde(rename_all = "snake_case")]
pub enum AccountExpires {
    /// No end is set.
    #[default]
    Never,
    /// From this instant on the account is refused.
    At(Timestamp),
}

impl AccountExpires {
    /// From the stored number. 0 and the largest number both mean never (MS-ADA1, `accountExpires`); what lies beyond the year 9999
    /// becomes the last instant that can be expressed.
    pub fn from_file_time(stored: FileTime) -> Self {
        match stored {
            FileTime::ZERO | FileTime::MAX => Self::Never,
            other => Self::At(other.to_timestamp().unwrap_or(Timestamp::MAX)),
        }
    }

    /// The number to store. An instant at or before 1601 is stored as the first one after it: 0 would mean never.
    pub fn to_file_time(self) -> FileTime {
        match self {
            Self::Never => FileTime::MAX,
            Self::At(time) => FileTime::from_timestamp(time).max(FileTime::new(1)),
        }
    }

    /// The instant, if there is one.
    pub const fn instant(self) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::At(time) => Some(time),
        }
    }

    /// Whether the account is refused at `now`.
    pub fn is_past(self, now: Timestamp) -> bool {
        self.instant().is_some_and(|time| time <= now)
    }
}

impl From<Option<Timestamp>> for AccountExpires {
    fn from(time: Option<Timestamp>) -> Self {
        time.map_or(Self::Never, Self::At)
    }
}

impl fmt::Display for AccountExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::At(time) => time.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{AccountExpires, FileTime};

    #[test]
    fn two_numbers_mean_never() {
        for ticks in [0, i64::MAX] {
            assert_eq!(AccountExpires::from_file_time(FileTime::new(ticks)), AccountExpires::Never);
        }
        assert_eq!(AccountExpires::Never.to_file_time(), FileTime::MAX);
    }

    #[test]
    fn no_instant_is_ever_stored_as_never() {
        for time in
            [Timestamp::MIN, "1601-01-01T00:00:00Z".parse().unwrap(), Timestamp::UNIX_EPOCH, Timestamp::MAX]
        {
            let stored = AccountExpires::At(time).to_file_time();
            assert!(matches!(AccountExpires::from_file_time(stored), AccountExpires::At(_)), "{time}");
        }
    }

    #[test]
    fn the_instant_itself_is_past() {
        let end = AccountExpires::At(Timestamp::UNIX_EPOCH);
        assert!(end.is_past(Timestamp::UNIX_EPOCH));
        assert!(!end.is_past(Timestamp::from_second(-1).unwrap()));
        assert!(!AccountExpires::Never.is_past(Timestamp::MAX));
    }
}
