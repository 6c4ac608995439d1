//! What a password must be like, and what happens to those who guess.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::world::StoredAccount;
use crate::{Error, ErrorKind};

/// What a password that somebody gives is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Right,
    Wrong,
    /// Nobody looked at it: there were too many wrong ones.
    Locked,
}

/// The password policy of a [`MemoryDirectory`](super::MemoryDirectory). By default that of a fresh domain, with a lock-out after 5.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PasswordPolicy {
    /// The fewest characters; 7 by default.
    pub minimum_length: usize,
    /// Whether three of five kinds of characters are needed, and the names of the account are forbidden in it. On by default.
    pub complexity: bool,
    /// How many wrong passwords lock an account; 0 means never. 5 by default.
    pub lockout_threshold: u32,
    /// How long an account stays locked, and how long a wrong password is remembered. 30 minutes by default.
    pub lockout_duration: Duration,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_length: 7,
            complexity: true,
            lockout_threshold: 5,
            lockout_duration: Duration::from_mins(30),
        }
    }
}

impl PasswordPolicy {
    /// The default policy with another fewest number of characters.
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

    /// How many wrong passwords lock an account; 0 means never.
    #[must_use]
    pub const fn lockout_threshold(mut self, wrong: u32) -> Self {
        self.lockout_threshold = wrong;
        self
    }

    /// How long an account stays locked.
    #[must_use]
    pub const fn lockout_duration(mut self, duration: Duration) -> Self {
        self.lockout_duration = duration;
        self
    }

    /// What a password says of whoever gives it. Wrong ones are counted in `stored`.
    pub(super) fn judge(
        &self,
        stored: &mut StoredAccount,
        password: &SecretString,
        now: Timestamp,
    ) -> Judgement {
        let recent = |then: Option<Timestamp>| {
            then.is_some_and(|then| now.duration_since(then).unsigned_abs() < self.lockout_duration)
        };
        if recent(stored.locked_at) {
            return Judgement::Locked;
        }
        if stored.password.as_ref().is_some_and(|hash| hash.fits(password)) {
            return Judgement::Right;
        }
        let before = if recent(stored.last_wrong) { stored.wrong_passwords } else { 0 };
        stored.wrong_passwords = before + 1;
        stored.last_wrong = Some(now);
        let locks = self.lockout_threshold > 0 && stored.wrong_passwords >= self.lockout_threshold;
        stored.locked_at = locks.then_some(now);
        Judgement::Wrong
    }

    /// `sam_account_name` and `display_name` are what may not be in it (Microsoft, "Password must meet complexity requirements").
    pub(super) fn check(
        &self,
        password: &SecretString,
        sam_account_name: &str,
        display_name: Option<&str>,
        operation: &'static str,
    ) -> Result<(), Error> {
        let password = password.expose_secret();
        let refuse = |why| Err(refusal(operation).with_reason(why));
        if password.chars().count() < self.minimum_length {
            return refuse("the password is shorter than the policy allows");
        }
        if !self.complexity {
            return Ok(());
        }
        let kinds: [fn(char) -> bool; 5] = [
            char::is_uppercase,
            char::is_lowercase,
            |c| c.is_ascii_digit(),
            |c| c.is_ascii() && !c.is_ascii_alphanumeric(),
            |c| c.is_alphabetic() && !c.is_uppercase() && !c.is_lowercase(),
        ];
        if kinds.iter().filter(|kind| password.contains(**kind)).count() < 3 {
            return refuse("the password has fewer than three kinds of characters");
        }
        let folded = zeroize::Zeroizing::new(password.to_lowercase());
        let display_parts = display_name.unwrap_or_default().split([',', '.', '-', '_', ' ', '#', '\t']);
        if display_parts
            .chain([sam_account_name])
            .any(|part| part.chars().count() >= 3 && folded.contains(&part.to_lowercase()))
        {
            return refuse("the password holds a name of the account");
        }
        Ok(())
    }
}

/// As Windows answers: 53, and the code that says what it is about.
pub(super) fn refusal(operation: &'static str) -> Error {
    Error::new(ErrorKind::PasswordPolicy, operation).with_codes(Some(53), Some(0x52d), None)
}

#[cfg(test)]
mod tests {
    use super::PasswordPolicy;

    fn accepted(password: &str) -> bool {
        PasswordPolicy::default().check(&password.into(), "svc-app", Some("Payroll Run"), "t").is_ok()
    }

    #[test]
    fn three_kinds_and_no_names() {
        assert!(accepted("Abcdef1"));
        assert!(accepted("abcdef1!"));
        assert!(!accepted("Abcde1"));
        assert!(!accepted("abcdefg1"));
        assert!(!accepted("Xx1-SVC-app"));
        assert!(!accepted("Xx1-payroll"));
        assert!(
            PasswordPolicy::default()
                .complexity(false)
                .minimum_length(1)
                .check(&"a".into(), "a", None, "t")
                .is_ok()
        );
    }
}
