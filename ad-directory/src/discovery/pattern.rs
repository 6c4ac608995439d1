//! What service accounts are called.

use std::{fmt, str::FromStr};

use crate::{AttributeName, Filter, ParseError};

/// A name with `*` for anything: `svc*`, `*-svc`, `app_*_run`. Compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamePattern(Vec<String>);

impl NamePattern {
    /// Whether a name is like this.
    pub fn matches(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let parts: Vec<String> = self.0.iter().map(|part| part.to_lowercase()).collect();
        let [first, middle @ .., last] = parts.as_slice() else {
            return parts.first() == Some(&name);
        };
        let Some(rest) = name.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()))
        else {
            return false;
        };
        let found =
            middle.iter().try_fold(rest, |rest, part| rest.split_once(part.as_str()).map(|(_, rest)| rest));
        found.is_some()
    }

    pub(super) fn filter(&self, attribute: AttributeName) -> Filter {
        match self.0.as_slice() {
            [first, middle @ .., last] => {
                let bytes = |part: &String| (!part.is_empty()).then(|| part.clone().into_bytes());
                Filter::parts(attribute, bytes(first), middle.iter().filter_map(bytes).collect(), bytes(last))
            }
            whole => Filter::equals(attribute, whole.concat()),
        }
    }
}

impl FromStr for NamePattern {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.trim_matches('*').is_empty() {
            return Err(ParseError::new("pattern of names", "it says nothing"));
        }
        Ok(Self(text.split('*').map(ToOwned::to_owned).collect()))
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("*"))
    }
}

#[cfg(test)]
mod tests {
    use super::NamePattern;

    #[test]
    fn stars_are_anything() {
        let cases = [
            ("svc*", "SVC-payroll", true),
            ("svc*", "svc", true),
            ("svc*", "xsvc", false),
            ("*-svc", "payroll-svc", true),
            ("*-svc", "payroll-svc2", false),
            ("*service*", "MyServiceRun", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "ac", false),
            ("aa*aa", "aaa", false),
            ("exact", "EXACT", true),
            ("exact", "exactly", false),
        ];
        for (pattern, name, fits) in cases {
            let pattern: NamePattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(name), fits, "{pattern} {name}");
        }
        for text in ["", "*", "***"] {
            assert!(text.parse::<NamePattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_is_one_filter_and_its_characters_stay_values() {
        let filter = |text: &str| {
            text.parse::<NamePattern>().unwrap().filter("sAMAccountName".parse().unwrap()).to_string()
        };
        assert_eq!(filter("svc*"), "(sAMAccountName=svc*)");
        assert_eq!(filter("a*b**c"), "(sAMAccountName=a*b*c)");
        assert_eq!(filter("s)(cn=*"), r"(sAMAccountName=s\29\28cn=*)");
        assert_eq!(filter("exact"), "(sAMAccountName=exact)");
    }
}
