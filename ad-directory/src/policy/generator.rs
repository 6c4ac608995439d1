//! Passwords that nobody types: long, random, and without characters that their consumers break on.

use std::fmt;

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{MAXIMUM_LENGTH, PasswordPolicy, holds_a_name};
use crate::{Error, ErrorKind, Result};

// Without I, l, O, 0 and 1, which people confuse when they must read one out.
const LOWER: &str = "abcdefghijkmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ";
const DIGITS: &str = "23456789";
/// Those of the marks that mean nothing in shells, URLs, connection strings, XML, JSON, YAML, CSV and property files.
const MARKS: &str = "-_.";

/// More tries than any source of random numbers needs that is one.
const TRIES: usize = 10_000;

/// Makes passwords that a [`PasswordPolicy`] accepts.
///
/// Each is random over letters, digits and the marks `-_.`, without those that people confuse, begins with a letter, and has each of the four
/// kinds. 32 characters of it are about 185 bits. What is not allowed is thrown away as a whole, so that every allowed password is equally
/// likely.
///
/// ```
/// # use ad_directory::{PasswordGenerator, PasswordPolicy};
/// let policy = PasswordPolicy::default().minimum_length(14);
/// let password = PasswordGenerator::new().length(40).avoiding("svc-payroll", Some("Payroll Run")).generate(&policy)?;
/// assert!(policy.check(&password, "svc-payroll", Some("Payroll Run")).is_ok());
/// # Ok::<(), ad_directory::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct PasswordGenerator {
    length: usize,
    kinds: [String; 4],
    sam_account_name: String,
    display_name: Option<String>,
}

impl Default for PasswordGenerator {
    fn default() -> Self {
        Self::new()
    }
}

impl PasswordGenerator {
    /// Passwords of 32 characters.
    pub fn new() -> Self {
        Self {
            length: 32,
            kinds: [LOWER, UPPER, DIGITS, MARKS].map(ToOwned::to_owned),
            sam_account_name: String::new(),
            display_name: None,
        }
    }

    /// Passwords of another length: at least what the policy asks for, and at most 256.
    pub const fn length(mut self, characters: usize) -> Self {
        self.length = characters;
        self
    }

    /// Without the names of the account that gets it, as the complexity rules want.
    pub fn avoiding(mut self, sam_account_name: impl Into<String>, display_name: Option<&str>) -> Self {
        self.sam_account_name = sam_account_name.into();
        self.display_name = display_name.map(ToOwned::to_owned);
        self
    }

    /// With other marks than `-_.`; what is no printable ASCII mark among them is left out. None at all is allowed.
    pub fn marks(mut self, marks: &str) -> Self {
        let mut seen = String::new();
        for mark in marks.chars().filter(char::is_ascii_punctuation) {
            // Each once: a mark that is named twice must not be twice as likely.
            if !seen.contains(mark) {
                seen.push(mark);
            }
        }
        let [_, _, _, kind] = &mut self.kinds;
        *kind = seen;
        self
    }

    /// Without these characters, which the password's consumer cannot take.
    pub fn without(mut self, characters: &str) -> Self {
        for kind in &mut self.kinds {
            kind.retain(|c| !characters.contains(c));
        }
        self
    }

    /// A new password, from the random numbers of the operating system.
    ///
    /// # Errors
    /// `Invalid` when no password can be like this: too short for the policy, longer than 256, no letter to begin with, fewer than three
    /// kinds of characters where the policy wants three; `Storage` when the system gives no random numbers.
    pub fn generate(&self, policy: &PasswordPolicy) -> Result<SecretString> {
        self.generate_from(policy, &mut |bytes| {
            getrandom::fill(bytes).map_err(|_| {
                Error::new(ErrorKind::Storage, OPERATION)
                    .with_outcome(crate::Outcome::NotSent)
                    .with_reason("the system gives no random numbers")
            })
        })
    }

    /// A new password, from another source: `fill` fills the slice with random bytes.
    ///
    /// # Errors
    /// As [`generate`](Self::generate), whatever `fill` fails with, and `Invalid` when what it fills in is not random.
    pub fn generate_from(
        &self,
        policy: &PasswordPolicy,
        fill: &mut dyn FnMut(&mut [u8]) -> Result<()>,
    ) -> Result<SecretString> {
        let refuse =
            |reason: &'static str| Err(Error::new(ErrorKind::Invalid, OPERATION).with_reason(reason));
        let kinds: Vec<&str> =
            self.kinds.iter().map(String::as_str).filter(|kind| !kind.is_empty()).collect();
        let all = Zeroizing::new(kinds.concat().into_bytes());
        if self.length < policy.minimum_length.max(kinds.len()) {
            return refuse("the password would be shorter than the policy allows");
        }
        if self.length > MAXIMUM_LENGTH {
            return refuse("a password has at most 256 characters");
        }
        if all.len() < 10 || !all.iter().any(u8::is_ascii_alphabetic) {
            return refuse("too few characters are left to make a password of");
        }
        if policy.complexity && kinds.len() < 3 {
            return refuse("the policy wants three kinds of characters");
        }
        for _ in 0..TRIES {
            let mut password = Zeroizing::new(String::with_capacity(self.length));
            while password.len() < self.length {
                password.push(char::from(pick(&all, fill)?));
            }
            let whole = kinds.iter().all(|kind| password.contains(|c| kind.contains(c)));
            let display_name = self.display_name.as_deref();
            if whole
                && password.starts_with(|c: char| c.is_ascii_alphabetic())
                && !holds_a_name(&password, &self.sam_account_name, display_name)
                && policy.fault(&password, &self.sam_account_name, display_name).is_none()
            {
                return Ok(SecretString::from(password.as_str()));
            }
        }
        refuse("the source of random numbers does not give any that will do")
    }
}

const OPERATION: &str = "policy.generate";

/// One of `from`, each equally likely: a byte above the largest multiple would favour the first ones, and is thrown away.
fn pick(from: &[u8], fill: &mut dyn FnMut(&mut [u8]) -> Result<()>) -> Result<u8> {
    let limit = 256 - 256 % from.len().max(1);
    for _ in 0..TRIES {
        let mut byte = Zeroizing::new([0_u8; 1]);
        fill(&mut *byte)?;
        let [value] = *byte;
        if usize::from(value) < limit
            && let Some(picked) = from.get(usize::from(value) % from.len().max(1))
        {
            return Ok(*picked);
        }
    }
    Err(Error::new(ErrorKind::Invalid, OPERATION).with_reason("the source of random numbers is stuck"))
}

impl fmt::Debug for PasswordGenerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordGenerator").field("length", &self.length).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::{PasswordGenerator, PasswordPolicy};

    proptest! {
        #[test]
        fn what_is_made_meets_the_policy_it_was_made_for(
            minimum in 1_usize..30,
            more in 0_usize..200,
            complexity: bool,
            name in "[a-zA-Z$-]{1,12}",
            display in prop::option::of("[a-zA-Z]{1,4}[ ._-][a-zA-Z]{1,8}"),
        ) {
            let policy = PasswordPolicy::default().minimum_length(minimum).complexity(complexity);
            let generator = PasswordGenerator::new().length((minimum + more).clamp(4, 256)).avoiding(&name, display.as_deref());
            let password = generator.generate(&policy).unwrap();
            prop_assert!(policy.check(&password, &name, display.as_deref()).is_ok());
            let password = password.expose_secret();
            prop_assert!(password.starts_with(|c: char| c.is_ascii_alphabetic()));
            prop_assert!(password.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)));
            prop_assert!(!password.contains(['I', 'l', 'O', '0', '1']));
        }

        #[test]
        fn what_a_consumer_cannot_take_is_not_in_it(without in "[a-zA-Z0-9._-]{0,40}") {
            match PasswordGenerator::new().without(&without).generate(&PasswordPolicy::default()) {
                Ok(password) => prop_assert!(!password.expose_secret().contains(|c| without.contains(c))),
                Err(error) => prop_assert_eq!(error.kind(), crate::ErrorKind::Invalid),
            }
        }
    }

    #[test]
    fn every_character_is_about_as_likely_and_none_comes_twice() {
        let policy = PasswordPolicy::default();
        let mut counts = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for _ in 0..500 {
            let password = PasswordGenerator::new().generate(&policy).unwrap();
            assert!(seen.insert(password.expose_secret().to_owned()));
            // The first is a letter by rule.
            for c in password.expose_secret().chars().skip(1) {
                *counts.entry(c).or_insert(0_u32) += 1;
            }
        }
        // 60 characters, 15,500 draws: 258 each. Throwing away what lacks a kind makes the three marks a little more likely.
        assert_eq!(counts.len(), 60);
        for (c, count) in counts {
            assert!((150..450).contains(&count), "{c}: {count}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let policy = PasswordPolicy::default().minimum_length(20);
        let refused = |generator: PasswordGenerator| generator.generate(&policy).unwrap_err().kind();
        for generator in [
            PasswordGenerator::new().length(19),
            PasswordGenerator::new().length(257),
            PasswordGenerator::new().without("abcdefghijkmnopqrstuvwxyz23456789").marks(""),
            PasswordGenerator::new().without("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"),
        ] {
            assert_eq!(refused(generator), crate::ErrorKind::Invalid);
        }
        let stuck = PasswordGenerator::new().generate_from(&policy, &mut |bytes| {
            bytes.fill(0);
            Ok(())
        });
        assert_eq!(stuck.unwrap_err().kind(), crate::ErrorKind::Invalid);
    }
}
