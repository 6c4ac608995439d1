//! What a password must be like, and what happens to those who guess.

use std::{fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::{Dn, Error, ErrorKind, ObjectGuid, Result};

mod generator;

pub use generator::PasswordGenerator;

/// Whose password policy is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyScope {
    /// That of the domain, which holds for everybody who has no other.
    Domain,
    /// The one that holds for this account: a fine-grained one when one applies to it or to a group of it, else that of the domain.
    Account(ObjectGuid),
}

impl fmt::Display for PolicyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain => f.write_str("the domain"),
            Self::Account(guid) => guid.fmt(f),
        }
    }
}

/// Where a password policy comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicySource {
    /// The domain.
    #[default]
    Domain,
    /// A fine-grained policy, a `msDS-PasswordSettings` object of this name.
    FineGrained(Dn),
}

/// A password policy, of a domain or a fine-grained one (MS-ADTS 6.1.1.1.1 and 6.1.1.4.11.1.1). By default that of a fresh domain on Windows,
/// with a lock-out after 5 wrong passwords and without ages, so that tests need not wait a day.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PasswordPolicy {
    /// Where it comes from.
    pub source: PolicySource,
    /// The fewest characters; 7 by default.
    pub minimum_length: usize,
    /// Whether three of five kinds of characters are needed, and the names of the account are forbidden in it. On by default.
    pub complexity: bool,
    /// How many of the last passwords an account cannot change back to; 24 by default.
    pub history_length: u32,
    /// How old a password must be before its owner can change it; zero by default.
    pub minimum_age: Duration,
    /// How old a password can become; `None`, for ever, by default.
    pub maximum_age: Option<Duration>,
    /// Whether passwords are kept in a form that can be read back. Never wanted; off by default.
    pub reversible_encryption: bool,
    /// How many wrong passwords lock an account; 0 means never. 5 by default.
    pub lockout_threshold: u32,
    /// How long an account stays locked; 30 minutes by default. `None`: until somebody unlocks it.
    pub lockout_duration: Option<Duration>,
    /// How long a wrong password is remembered; 30 minutes by default.
    pub lockout_window: Duration,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            source: PolicySource::Domain,
            minimum_length: 7,
            complexity: true,
            history_length: 24,
            minimum_age: Duration::ZERO,
            maximum_age: None,
            reversible_encryption: false,
            lockout_threshold: 5,
            lockout_duration: Some(Duration::from_mins(30)),
            lockout_window: Duration::from_mins(30),
        }
    }
}

impl PasswordPolicy {
    /// With another fewest number of characters.
    #[must_use]
    pub const fn minimum_length(mut self, characters: usize) -> Self {
        self.minimum_length = characters;
        self
    }

    /// Whether it must be complex.
    #[must_use]
    pub const fn complexity(mut self, needed: bool) -> Self {
        self.complexity = needed;
        self
    }

    /// With another number of passwords that are remembered.
    #[must_use]
    pub const fn history_length(mut self, passwords: u32) -> Self {
        self.history_length = passwords;
        self
    }

    /// With an age that a password must have before its owner can change it.
    #[must_use]
    pub const fn minimum_age(mut self, age: Duration) -> Self {
        self.minimum_age = age;
        self
    }

    /// With an age after which a password must be changed.
    #[must_use]
    pub const fn maximum_age(mut self, age: Option<Duration>) -> Self {
        self.maximum_age = age;
        self
    }

    /// How many wrong passwords lock an account; 0 means never.
    #[must_use]
    pub const fn lockout_threshold(mut self, wrong: u32) -> Self {
        self.lockout_threshold = wrong;
        self
    }

    /// How long an account stays locked; wrong passwords are remembered no longer than that.
    #[must_use]
    pub fn lockout_duration(mut self, duration: Duration) -> Self {
        self.lockout_duration = Some(duration);
        self.lockout_window = self.lockout_window.min(duration);
        self
    }

    /// An account stays locked until somebody unlocks it.
    #[must_use]
    pub const fn locked_until_unlocked(mut self) -> Self {
        self.lockout_duration = None;
        self
    }

    /// Whether a password meets the length and the complexity it asks for, with the reason when not. Nobody is asked; the history is known
    /// to the directory only.
    ///
    /// `sam_account_name` may not be in the password when it has three characters or more, and neither may a word of three characters or
    /// more of `display_name` (Microsoft, "Password must meet complexity requirements").
    ///
    /// # Errors
    /// `PasswordPolicy`, with the outcome `NotSent`.
    pub fn check(
        &self,
        password: &SecretString,
        sam_account_name: &str,
        display_name: Option<&str>,
    ) -> Result<()> {
        let fault = self.fault(password.expose_secret(), sam_account_name, display_name);
        fault.map_or(Ok(()), |fault| {
            Err(Error::new(ErrorKind::PasswordPolicy, "policy.check")
                .with_outcome(crate::Outcome::NotSent)
                .with_reason(fault))
        })
    }

    /// What is wrong with a password.
    pub(crate) fn fault(
        &self,
        password: &str,
        sam_account_name: &str,
        display_name: Option<&str>,
    ) -> Option<&'static str> {
        // Windows counts UTF-16 units; a character outside of the first plane is two of them.
        let length = password.encode_utf16().count();
        if length < self.minimum_length {
            return Some("the password is shorter than the policy allows");
        }
        if length > MAXIMUM_LENGTH {
            return Some("the password is longer than the 256 characters that Windows takes");
        }
        if !self.complexity {
            return None;
        }
        if kinds(password) < 3 {
            return Some("the password has fewer than three kinds of characters");
        }
        holds_a_name(password, sam_account_name, display_name)
            .then_some("the password holds a name of the account")
    }
}

/// What a password can have at most (`UNICODE_STRING` of MS-SAMR 2.2.6.21: 512 bytes).
const MAXIMUM_LENGTH: usize = 256;

/// How many of the five kinds of characters are in it.
fn kinds(password: &str) -> usize {
    let kinds: [fn(char) -> bool; 5] = [
        char::is_uppercase,
        char::is_lowercase,
        |c| c.is_ascii_digit(),
        |c| c.is_ascii() && !c.is_ascii_alphanumeric(),
        |c| c.is_alphabetic() && !c.is_uppercase() && !c.is_lowercase(),
    ];
    kinds.iter().filter(|kind| password.contains(**kind)).count()
}

fn holds_a_name(password: &str, sam_account_name: &str, display_name: Option<&str>) -> bool {
    let folded = Zeroizing::new(password.to_lowercase());
    let words = display_name.unwrap_or_default().split([',', '.', '-', '_', ' ', '#', '\t']);
    words
        .chain([sam_account_name])
        .any(|word| word.chars().count() >= 3 && folded.contains(&word.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::PasswordPolicy;

    fn accepted(password: &str) -> bool {
        PasswordPolicy::default().check(&password.into(), "svc-app", Some("Payroll Run")).is_ok()
    }

    #[test]
    fn three_kinds_and_no_names() {
        assert!(accepted("Abcdef1"));
        assert!(accepted("abcdef1!"));
        assert!(!accepted("Abcde1"));
        assert!(!accepted("abcdefg1"));
        assert!(!accepted("Xx1-SVC-app"));
        assert!(!accepted("Xx1-payroll"));
        assert!(!accepted(&format!("Aa1{}", "x".repeat(254))));
        let lenient = PasswordPolicy::default().complexity(false).minimum_length(1);
        assert!(lenient.check(&"a".into(), "a", None).is_ok());
    }

    #[test]
    fn a_refused_password_is_not_in_the_error() {
        let error = PasswordPolicy::default().check(&"canary7".into(), "x", None).unwrap_err();
        assert_eq!(error.outcome(), crate::Outcome::NotSent);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
