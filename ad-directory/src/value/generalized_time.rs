//! `GeneralizedTime`: how `whenCreated` and the controller's clock are written.

use std::{fmt, iter, str::FromStr};

use jiff::{Timestamp, civil, tz::TimeZone};

use super::{ParseError, text_serde};

/// An instant as LDAP writes it, such as `20261120180659.0Z` (RFC 4517, 3.3.13). Only the form with seconds and in UTC, which is the
/// only one that Active Directory sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GeneralizedTime(Timestamp);

impl GeneralizedTime {
    /// The instant.
    pub const fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl From<Timestamp> for GeneralizedTime {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

impl FromStr for GeneralizedTime {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new("GeneralizedTime", "it is not YYYYMMDDHHMMSS[.f]Z");
        let body = text.strip_suffix('Z').ok_or_else(error)?;
        let (whole, fraction) = match body.split_once(['.', ',']) {
            Some((_, "")) => return Err(error()),
            Some(parts) => parts,
            None => (body, ""),
        };
        if whole.len() != 14 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(error());
        }
        let digits = |from: usize, to: usize| {
            whole.get(from..to).and_then(|part| part.parse::<i8>().ok()).ok_or_else(error)
        };
        let year = whole.get(..4).and_then(|part| part.parse::<i16>().ok()).ok_or_else(error)?;
        // A leap second is shown as the second before it.
        let second = digits(12, 14)?.min(if digits(12, 14)? == 60 { 59 } else { i8::MAX });
        let digits_of_fraction = fraction.bytes().map(|digit| i32::from(digit - b'0'));
        let nanosecond =
            digits_of_fraction.chain(iter::repeat(0)).take(9).fold(0, |sum, digit| 10 * sum + digit);
        civil::DateTime::new(
            year,
            digits(4, 6)?,
            digits(6, 8)?,
            digits(8, 10)?,
            digits(10, 12)?,
            second,
            nanosecond,
        )
        .and_then(|time| time.to_zoned(TimeZone::UTC))
        .map(|time| Self(time.timestamp()))
        .map_err(|_| error())
    }
}

impl fmt::Display for GeneralizedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = TimeZone::UTC.to_datetime(self.0);
        write!(
            f,
            "{:04}{:02}{:02}{:02}{:02}{:02}.{}Z",
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.subsec_nanosecond() / 100_000_000
        )
    }
}

text_serde!(GeneralizedTime);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{GeneralizedTime, Timestamp};

    #[test]
    fn the_forms_that_controllers_write() {
        for text in ["20261120180659.0Z", "20261120180659.000Z", "20261120180659Z"] {
            let time: GeneralizedTime = text.parse().unwrap();
            assert_eq!(time.timestamp().to_string(), "2026-11-20T18:06:59Z");
            assert_eq!(time.to_string(), "20261120180659.0Z");
        }
    }

    #[test]
    fn others_are_refused() {
        for text in [
            "",
            "Z",
            "20261120180659",
            "20261120180659.Z",
            "20261320180659Z",
            "2026112018065Z",
            "+0261120180659Z",
            "20261120180659.xZ",
            "20261120180699Z",
        ] {
            assert!(text.parse::<GeneralizedTime>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trips_to_the_second(second in 0i64..253_000_000_000) {
            let time = GeneralizedTime::from(Timestamp::from_second(second).unwrap());
            prop_assert_eq!(time.to_string().parse::<GeneralizedTime>().unwrap(), time);
        }
    }
}
