//! The marker: whose work an account is.

use std::{fmt, str::FromStr};

use super::{ParseError, text_serde};

/// A short text on an account that says which piece of work made it or changed it last.
///
/// It makes changes repeatable: creating looks for it, and a change that carries "the marker must be this" is refused by the server in the
/// same request once somebody else has put another one there. 1 to 512 printable ASCII characters without spaces. It is no secret.
/// Directories compare it without regard to case, so markers should not differ in case alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Marker(String);

impl Marker {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a directory takes the two for the same.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl FromStr for Marker {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() || text.len() > 512 {
            return Err(ParseError::new("marker", "it must have 1 to 512 characters"));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ParseError::new("marker", "only printable ASCII without spaces is allowed"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_serde!(Marker);

#[cfg(test)]
mod tests {
    use super::Marker;

    #[test]
    fn only_printable_ascii_of_a_sane_length() {
        assert!("alm:1:Ab+/=".parse::<Marker>().is_ok());
        assert!("x".repeat(512).parse::<Marker>().is_ok());
        for text in ["", "a b", "a\n", "ä", &"x".repeat(513)] {
            assert!(text.parse::<Marker>().is_err(), "{text}");
        }
    }
}
