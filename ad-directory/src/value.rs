//! The values a directory speaks in, each parsed once and then known to be right.

pub(crate) mod attribute;
#[cfg(any(feature = "ldap", test))]
pub(crate) mod change_password;
pub(crate) mod dn;
pub(crate) mod encryption_types;
pub(crate) mod expires;
pub(crate) mod file_time;
pub(crate) mod filter;
pub(crate) mod fold;
pub(crate) mod generalized_time;
pub(crate) mod gmsa;
pub(crate) mod guid;
pub(crate) mod interval;
pub(crate) mod marker;
pub(crate) mod names;
pub(crate) mod object_classes;
pub(crate) mod security_descriptor;
pub(crate) mod sid;
pub(crate) mod spn;
pub(crate) mod uac;

use std::fmt;

/// A text or a number that is not what it should be.
///
/// It names the type and the rule that was broken, never the input: what somebody typed into the wrong field may be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    what: &'static str,
    why: &'static str,
}

impl ParseError {
    pub(crate) const fn new(what: &'static str, why: &'static str) -> Self {
        Self { what, why }
    }

    /// The kind of value that was expected, such as `"distinguished name"`.
    pub const fn what(&self) -> &'static str {
        self.what
    }

    /// The rule that was broken.
    pub const fn why(&self) -> &'static str {
        self.why
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a {}: {}", self.what, self.why)
    }
}

impl std::error::Error for ParseError {}

/// Serde through `Display` and `FromStr`, so that JSON holds what a person would type and reading it checks it.
macro_rules! text_serde {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> std::result::Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_serde;
