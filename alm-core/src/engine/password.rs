//! A new password for an account, of this engine's own random numbers.

use ad_directory::{PasswordGenerator, PasswordPolicy};
use secrecy::SecretString;

use crate::error::{Error, ErrorKind, Result};
use crate::port::entropy::Entropy;

/// 32 characters without a part of the account's name in them: about 185 bits, far beyond every domain's policy.
pub(super) fn generate(entropy: &dyn Entropy, account: &str) -> Result<SecretString> {
    let mut failed = None;
    // A display name is looked at part by part, and may be the account's name.
    let made = PasswordGenerator::new().avoiding(account, Some(account)).generate_from(
        &PasswordPolicy::default(),
        &mut |bytes| {
            entropy.fill(bytes).map_err(|error| {
                failed = Some(error);
                ad_directory::Error::new(ad_directory::ErrorKind::Storage, "passwords.generate")
            })
        },
    );
    made.map_err(|error| {
        failed.unwrap_or_else(|| Error::new(ErrorKind::Config, "passwords.generate", error.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use secrecy::ExposeSecret;

    use super::*;
    use crate::port::entropy::SystemEntropy;

    #[test]
    fn it_fits_every_domain_and_is_never_the_same() {
        let policy = PasswordPolicy::default().minimum_length(30).complexity(true);
        let passwords: BTreeSet<String> = (0..200)
            .map(|_| {
                let password = generate(&SystemEntropy::new(), "svc-web").unwrap();
                assert!(policy.check(&password, "svc-web", None).is_ok());
                password.expose_secret().to_owned()
            })
            .collect();
        assert_eq!(passwords.len(), 200);
    }

    /// Without looking, one password in a hundred would have one of these parts by chance.
    #[test]
    fn no_part_of_the_accounts_name_is_in_it() {
        let name = "abc-def-ghk-mnp-qrs-tuv-wxy-acd-bde";
        for _ in 0..3_000 {
            let password = generate(&SystemEntropy::new(), name).unwrap();
            let password = password.expose_secret().to_lowercase();
            assert!(!name.split('-').any(|part| password.contains(part)));
        }
    }

    #[derive(Debug)]
    struct Broken(fn(&mut [u8]) -> Result<()>);

    impl Entropy for Broken {
        fn fill(&self, bytes: &mut [u8]) -> Result<()> {
            (self.0)(bytes)
        }
    }

    #[test]
    fn a_source_that_fails_or_repeats_itself_makes_none() {
        let none = Broken(|_| Err(Error::new(ErrorKind::Config, "entropy.fill", "there is none")));
        assert_eq!(generate(&none, "svc-web").unwrap_err().operation(), "entropy.fill");
        let same = Broken(|bytes| {
            bytes.fill(7);
            Ok(())
        });
        assert_eq!(generate(&same, "svc-web").unwrap_err().operation(), "passwords.generate");
    }
}
