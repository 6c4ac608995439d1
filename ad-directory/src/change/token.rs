//! How far a reader of changes has come.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ChangeSource;
use crate::{Controller, Dn, Error, ErrorKind, ParseError, Result, value::text_serde};

/// How far a reader of changes has come. Store it as text ([`Display`](fmt::Display) and [`FromStr`], or serde), once the changes that
/// came with it are applied; what is in it is nobody's business. It holds no secret.
///
/// It belongs to one domain, one question (kinds, attributes, place) and one way of finding changes, and says so when it is handed to
/// another: `Invalid` for another domain, `ResyncNeeded` otherwise.
#[derive(Clone, PartialEq, Eq)]
pub struct ChangeToken(Box<Content>);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) domain: Dn,
    /// The domain's own identity: another one may have its name.
    pub(crate) domain_id: Uuid,
    pub(crate) question: String,
    /// Who gave it.
    pub(crate) controller: Controller,
    pub(crate) position: Position,
    /// Given in the middle of a reading from the beginning.
    pub(crate) is_full: bool,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Position {
    DirSync {
        #[serde(with = "cookies")]
        cookie: Vec<u8>,
        /// Only what the account that signs in may see.
        limited: bool,
    },
    UpdateNumbers(u64),
    Log(u64),
}

/// Changed when an older token can no longer be read.
const PREFIX: &str = "adct1.";

/// More than any cookie needs: it grows with the number of controllers.
const MAX_LENGTH: usize = 1 << 20;

impl ChangeToken {
    pub(crate) fn new(content: Content) -> Self {
        Self(Box::new(content))
    }

    pub(crate) const fn content(&self) -> &Content {
        &self.0
    }

    /// How the changes were found that it was given with.
    pub fn source(&self) -> ChangeSource {
        match self.0.position {
            Position::DirSync { .. } => ChangeSource::DirSync,
            Position::UpdateNumbers(_) => ChangeSource::UpdateNumbers,
            Position::Log(_) => ChangeSource::Log,
        }
    }

    /// The controller that gave it.
    pub const fn controller(&self) -> &Controller {
        &self.0.controller
    }

    /// Whether it fits the domain and the question.
    pub(crate) fn check(&self, domain: &Dn, domain_id: Uuid, question: &str) -> Result<()> {
        if self.0.domain_id != domain_id {
            return Err(Error::new(ErrorKind::Invalid, "changes.list")
                .with_subject(domain)
                .with_reason(format!("the token is of another domain, {}", self.0.domain)));
        }
        if self.0.question != question {
            return Err(resync("the token was given for other kinds, attributes or another place"));
        }
        Ok(())
    }
}

/// The token is of no use any more.
pub(crate) fn resync(reason: &'static str) -> Error {
    Error::new(ErrorKind::ResyncNeeded, "changes.list").with_reason(reason)
}

impl fmt::Display for ChangeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(&self.0).map_err(|_| fmt::Error)?;
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for ChangeToken {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = |why| ParseError::new("change token", why);
        if text.len() > MAX_LENGTH {
            return Err(error("it is too long"));
        }
        let body = text.trim().strip_prefix(PREFIX);
        let body = body
            .ok_or_else(|| error("it does not begin as one, or a newer version of this library gave it"))?;
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| error("it is damaged"))?;
        serde_json::from_slice(&json).map(Self::new).map_err(|_| error("it is damaged"))
    }
}

text_serde!(ChangeToken);

impl fmt::Debug for ChangeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeToken")
            .field("domain", &self.0.domain)
            .field("controller", &self.0.controller.host)
            .field("source", &self.source())
            .finish_non_exhaustive()
    }
}

/// Cookies in JSON.
mod cookies {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text).map_err(|_| D::Error::custom("not a cookie"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::{ChangeToken, Content, Position};
    use crate::{Controller, ErrorKind};

    fn token(position: Position) -> ChangeToken {
        ChangeToken::new(Content {
            domain: "DC=corp,DC=example".parse().unwrap(),
            domain_id: Uuid::from_u128(1),
            question: "q".to_owned(),
            controller: Controller::new("dc1.corp.example"),
            position,
            is_full: false,
        })
    }

    #[test]
    fn it_says_when_it_does_not_fit() {
        let token = token(Position::Log(3));
        let domain = "DC=corp,DC=example".parse().unwrap();
        token.check(&domain, Uuid::from_u128(1), "q").unwrap();
        let other = token.check(&domain, Uuid::from_u128(2), "q").unwrap_err();
        assert_eq!(other.kind(), ErrorKind::Invalid);
        let other = token.check(&domain, Uuid::from_u128(1), "r").unwrap_err();
        assert_eq!(other.kind(), ErrorKind::ResyncNeeded);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let whole = token(Position::Log(3)).to_string();
        let cut: String = whole.chars().take(whole.len() - 3).collect();
        for text in ["", "adct1.", "adct2.e30", "adct1.e30", "adct1.***", &cut] {
            assert!(text.parse::<ChangeToken>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(cookie: Vec<u8>, limited: bool, number: u64) {
            for position in [Position::DirSync { cookie, limited }, Position::UpdateNumbers(number), Position::Log(number)] {
                let token = token(position);
                prop_assert_eq!(token.to_string().parse::<ChangeToken>().unwrap(), token.clone());
                let json = serde_json::to_string(&token).unwrap();
                prop_assert_eq!(serde_json::from_str::<ChangeToken>(&json).unwrap(), token);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _any = text.parse::<ChangeToken>();
            let _any = format!("adct1.{text}").parse::<ChangeToken>();
        }
    }
}
