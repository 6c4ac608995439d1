//! The names an account signs in with.

use std::{cmp::Ordering, fmt, hash, str::FromStr, sync::Arc};

use super::{ParseError, fold, text_serde};

/// What `sAMAccountName` may not hold (Microsoft, "Naming conventions in Active Directory").
const FORBIDDEN: &[char] = &['"', '/', '\\', '[', ']', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@'];

fn check(text: &str, what: &'static str, limit: usize) -> Result<(), ParseError> {
    let error = |why| Err(ParseError::new(what, why));
    if text.is_empty() {
        return error("it is empty");
    }
    if text.chars().count() > limit {
        return error("it is too long");
    }
    if text.contains(FORBIDDEN) {
        return error(r#"it holds one of " / \ [ ] : ; | = , + * ? < > @"#);
    }
    if text.chars().any(char::is_control) {
        return error("it holds a control character");
    }
    if text.ends_with('.') {
        return error("it ends with a dot");
    }
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return error("it begins or ends with a space");
    }
    Ok(())
}

/// Equality, order and hash without regard to case, as the directory compares.
macro_rules! caseless {
    ($type:ty) => {
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                fold::eq(&self.0, &other.0)
            }
        }

        impl Eq for $type {}

        impl hash::Hash for $type {
            fn hash<H: hash::Hasher>(&self, state: &mut H) {
                fold::hash(&self.0, state);
            }
        }

        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                fold::cmp(&self.0, &other.0)
            }
        }

        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $type {
            /// The name as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_serde!($type);
    };
}

/// The pre-Windows-2000 sign-in name of an account.
///
/// At most 20 characters, or 15 and a `$` for a managed service account (rule NM-1); none of `" / \ [ ] : ; | = , + * ? < > @`, no control
/// character, no dot at the end, no space at either end. Unique in a domain among users, computers and groups. Names that differ in case
/// are equal.
///
/// ```
/// # use ad_directory::SamAccountName;
/// let name: SamAccountName = "svc-payroll".parse()?;
/// assert_eq!(name, "SVC-Payroll".parse()?);
/// assert!("svc-payroll@corp".parse::<SamAccountName>().is_err());
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SamAccountName(Arc<str>);

caseless!(SamAccountName);

impl SamAccountName {
    /// A name that the directory holds already, which may be older than the rules.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.into())
    }
}

impl FromStr for SamAccountName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        check(text, "sAMAccountName", if text.ends_with('$') { 16 } else { 20 })?;
        Ok(Self(text.into()))
    }
}

/// The `sAMAccountName` of a group: the same characters as an account's, and up to 256 of them.
#[derive(Clone, Debug)]
pub struct GroupName(Arc<str>);

caseless!(GroupName);

impl GroupName {
    /// A name that the directory holds already, which may be older than the rules.
    #[cfg_attr(
        not(feature = "ldap"),
        allow(dead_code, reason = "only the LDAP backend reads what others wrote")
    )]
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.into())
    }
}

impl FromStr for GroupName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        check(text, "group name", 256)?;
        Ok(Self(text.into()))
    }
}

/// The sign-in name in the form `name@suffix` (`userPrincipalName`). Unique in the forest.
#[derive(Clone, Debug)]
pub struct UserPrincipalName(Arc<str>);

caseless!(UserPrincipalName);

impl UserPrincipalName {
    /// The part before the `@`.
    pub fn name(&self) -> &str {
        self.0.split_once('@').map_or("", |(name, _)| name)
    }

    /// The part after the `@`.
    pub fn suffix(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, suffix)| suffix)
    }

    /// A name that the directory holds already, which may be older than the rules.
    #[cfg_attr(
        not(feature = "ldap"),
        allow(dead_code, reason = "only the LDAP backend reads what others wrote")
    )]
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.into())
    }
}

impl FromStr for UserPrincipalName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = |why| Err(ParseError::new("userPrincipalName", why));
        let Some((name, suffix)) = text.split_once('@') else {
            return error("it has no @");
        };
        if name.is_empty() || suffix.is_empty() {
            return error("a side of the @ is empty");
        }
        if text.chars().count() > 256 {
            return error("it is longer than 256 characters");
        }
        if name.contains(FORBIDDEN) || name.contains(char::is_whitespace) || name.contains(char::is_control) {
            return error("the part before the @ holds a character that is not allowed");
        }
        let labels = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if !suffix.chars().all(labels) || suffix.split('.').any(str::is_empty) {
            return error("the part after the @ is not a domain name");
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::{GroupName, SamAccountName, UserPrincipalName};

    #[test]
    fn lengths() {
        assert!("a".repeat(20).parse::<SamAccountName>().is_ok());
        assert!("a".repeat(21).parse::<SamAccountName>().is_err());
        assert!(format!("{}$", "a".repeat(15)).parse::<SamAccountName>().is_ok());
        assert!(format!("{}$", "a".repeat(16)).parse::<SamAccountName>().is_err());
        assert!("a".repeat(256).parse::<GroupName>().is_ok());
    }

    #[test]
    fn characters() {
        for c in "\"/\\[]:;|=,+*?<>@\n\0".chars() {
            assert!(format!("a{c}b").parse::<SamAccountName>().is_err(), "{c:?}");
        }
        for text in ["", "a.", " a", "a "] {
            assert!(text.parse::<SamAccountName>().is_err(), "{text:?}");
        }
        assert!("svc_a-b.c".parse::<SamAccountName>().is_ok());
    }

    #[test]
    fn principal_names() {
        let name: UserPrincipalName = "svc@corp.example".parse().unwrap();
        assert_eq!((name.name(), name.suffix()), ("svc", "corp.example"));
        assert_eq!(name, "SVC@Corp.Example".parse().unwrap());
        for text in ["", "svc", "@a", "a@", "a b@c", "a@b@c", "a@b..c", "a@b c", "a*@b"] {
            assert!(text.parse::<UserPrincipalName>().is_err(), "{text:?}");
        }
    }
}
