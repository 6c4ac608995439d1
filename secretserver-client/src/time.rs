//! The server's dates, with all their oddities, in one place.
//!
//! Seen on real servers: `2022-06-01T08:31:15.275Z` when a user is created and `2022-06-01T08:09:39` when the same user is read, so a
//! missing zone means UTC; fractions of 0 to 7 digits; `0001-01-01T00:00:00`, `null` and an empty text for "never".

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer};

/// Reads a date of the server. `Ok(None)` means "never".
pub(crate) fn parse(text: &str) -> Result<Option<Timestamp>, InvalidDate> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("null") || text.starts_with("0001-01-01") {
        return Ok(None);
    }
    let at = if let Ok(at) = text.parse::<Timestamp>() {
        at
    } else {
        let local: DateTime = text.parse().map_err(|_| InvalidDate)?;
        local.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| InvalidDate)?.timestamp()
    };
    // In whatever form it is written: the first day of its calendar is the server's word for never.
    Ok(Some(at).filter(|at| *at >= FIRST))
}

/// 0001-01-02T00:00:00Z, in seconds.
const FIRST: Timestamp = Timestamp::constant(-62_135_510_400, 0);

/// The text is no date. It is not quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date")]
pub(crate) struct InvalidDate;

/// Reads a date that may be missing. For `#[serde(default, deserialize_with)]`.
pub(crate) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    match Option::<String>::deserialize(from)? {
        None => Ok(None),
        Some(text) => parse(&text).map_err(serde::de::Error::custom),
    }
}

/// Reads the date of an HTTP header, in the one form that RFC 9110 5.6.7 lets servers send (`Sun, 06 Nov 1994 08:49:37 GMT`).
pub(crate) fn parse_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        let at = |text: &str| parse(text).unwrap().map(|t| t.to_string());
        for (text, expected) in [
            ("2022-06-01T08:31:15.275Z", Some("2022-06-01T08:31:15.275Z")),
            ("2022-06-01T08:09:39", Some("2022-06-01T08:09:39Z")),
            ("2020-11-03T16:20:34.917", Some("2020-11-03T16:20:34.917Z")),
            ("2020-11-03T16:20:34.9171234", Some("2020-11-03T16:20:34.9171234Z")),
            ("2020-11-03T16:20:34+02:00", Some("2020-11-03T14:20:34Z")),
            ("0001-01-01T00:00:00", None),
            ("0001-01-01T00:00:00Z", None),
            ("00010101T00", None),
            ("0001-01-02T00:00:00+02:00", None),
            ("0001-01-02", Some("0001-01-02T00:00:00Z")),
            ("null", None),
            ("", None),
        ] {
            assert_eq!(at(text).as_deref(), expected, "{text}");
        }
        assert_eq!(parse("yesterday"), Err(InvalidDate));
    }

    #[test]
    fn reads_http_dates() {
        assert_eq!(
            parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").map(|t| t.to_string()).as_deref(),
            Some("1994-11-06T08:49:37Z")
        );
        assert_eq!(parse_http_date("soon"), None);
    }
}
