//! Names of LDAP attributes.

use std::{cmp::Ordering, fmt, hash, str::FromStr};

use super::{ParseError, text_serde};

/// The name of an attribute, such as `department` (RFC 4512, `descr`): a letter, then letters, digits and hyphens.
///
/// Options (`;range=…`) are not part of it. Two names that differ in case are the same name.
///
/// ```
/// # use ad_directory::AttributeName;
/// let name: AttributeName = "extensionAttribute1".parse()?;
/// assert_eq!(name, "EXTENSIONATTRIBUTE1".parse()?);
/// assert!("cn)(objectClass=*".parse::<AttributeName>().is_err());
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AttributeName(String);

impl AttributeName {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AttributeName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = |why| Err(ParseError::new("attribute name", why));
        if text.len() > 128 {
            return error("it is longer than 128 characters");
        }
        if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return error("it must begin with a letter");
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return error("only letters, digits and hyphens are allowed");
        }
        Ok(Self(text.to_owned()))
    }
}

impl PartialEq for AttributeName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for AttributeName {}

impl hash::Hash for AttributeName {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

impl Ord for AttributeName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.to_ascii_lowercase().cmp(&other.0.to_ascii_lowercase())
    }
}

impl PartialOrd for AttributeName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_serde!(AttributeName);
