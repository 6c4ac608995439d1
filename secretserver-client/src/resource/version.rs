//! `GET /v1/version`: `{version}` as the schema says, or `{model:{version}}` as servers answer.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::request::{DecodeError, Endpoint, Method, Path, Reply};

/// A version such as `11.2.000002`, compared number by number.
///
/// ```
/// use secretserver_client::resource::version::Version;
/// let version: Version = "10.2.000018".parse().unwrap();
/// assert!(version < "10.10.000001".parse().unwrap());
/// assert_eq!(version, "10.2.18".parse().unwrap());
/// ```
#[derive(Clone, Debug)]
pub struct Version {
    text: String,
    parts: Vec<u32>,
}

/// The text is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no version")]
pub struct InvalidVersion(());

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let text = text.trim();
        let parts: Option<Vec<u32>> = text
            .split('.')
            .map(|part| {
                Some(part).filter(|p| p.bytes().all(|b| b.is_ascii_digit())).and_then(|p| p.parse().ok())
            })
            .collect();
        parts.map(|parts| Self { text: text.to_owned(), parts }).ok_or(InvalidVersion(()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        // Parts that are not written count as 0.
        let length = self.parts.len().max(other.parts.len());
        let padded = |v: &'_ Self| {
            v.parts.iter().copied().chain(std::iter::repeat(0)).take(length).collect::<Vec<_>>()
        };
        padded(self).cmp(&padded(other))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Asks for the server's version.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the operation has no arguments")]
pub struct GetVersion;

impl Endpoint for GetVersion {
    const OPERATION: &'static str = "system.version";
    const METHOD: Method = Method::Get;
    type Response = Version;

    fn path(&self) -> Path {
        Path::api("v1/version")
    }

    fn decode(&self, reply: &Reply) -> Result<Version, DecodeError> {
        #[derive(Deserialize)]
        struct Answer {
            version: Option<Version>,
            model: Option<Model>,
        }
        #[derive(Deserialize)]
        struct Model {
            version: Version,
        }
        let answer: Answer = reply.json()?;
        answer
            .model
            .map(|m| m.version)
            .or(answer.version)
            .ok_or(DecodeError::new("an answer without a version"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_numbers_and_not_texts() {
        let v = |t: &str| t.parse::<Version>().unwrap();
        assert!(v("10.2.000018") < v("10.10.000000"));
        assert!(v("9.9") < v("10"));
        assert!(v("11.7") == v("11.7.000000"));
        for bad in ["", "11.", "11.x", "-1", "11..2", "99999999999"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }

    #[test]
    fn reads_both_shapes() {
        for body in [r#"{"version":"11.2.000002"}"#, r#"{"model":{"version":"11.2.000002"}}"#] {
            let reply = Reply {
                status: http::StatusCode::OK,
                headers: http::HeaderMap::new(),
                body: zeroize::Zeroizing::new(body.as_bytes().to_vec()),
            };
            assert_eq!(GetVersion.decode(&reply).unwrap().to_string(), "11.2.000002");
        }
    }
}
