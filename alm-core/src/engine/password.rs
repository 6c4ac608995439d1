//! Passwords that people never type: long, from four classes, without characters that tools and shells stumble over.

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::error::Result;
use crate::port::entropy::Entropy;

const LENGTH: usize = 32;
const LOWER: &[u8] = b"abcdefghijkmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const DIGITS: &[u8] = b"23456789";
const MARKS: &[u8] = b"-_.+=,:@#";

/// Active Directory refuses a password with a part of the account's name in it that has so many characters (MS-SAMR, `DOMAIN_PASSWORD_COMPLEX`).
const PART: usize = 3;

/// A new password of 32 characters, each class at least once and no part of the account's name in it. About 190 bits of randomness, far beyond
/// every domain's policy.
pub(super) fn generate(entropy: &dyn Entropy, account: &str) -> Result<SecretString> {
    let account = account.to_lowercase();
    let parts = || {
        let split = account.split([',', '.', '-', '_', ' ', '#', '\t']);
        split.chain([account.as_str()]).filter(|part| part.chars().count() >= PART)
    };
    let classes = [LOWER, UPPER, DIGITS, MARKS];
    let all: Zeroizing<Vec<u8>> = Zeroizing::new(classes.concat());
    loop {
        let mut password = Zeroizing::new(String::with_capacity(LENGTH));
        while password.len() < LENGTH {
            password.push(char::from(pick(entropy, &all)?));
        }
        // Rejecting keeps every allowed password equally likely; filling classes in would not.
        let folded = Zeroizing::new(password.to_lowercase());
        if classes.iter().all(|class| password.bytes().any(|byte| class.contains(&byte)))
            && !parts().any(|part| folded.contains(part))
        {
            return Ok(SecretString::from(password.as_str()));
        }
    }
}

/// One of `from`, each equally likely.
fn pick(entropy: &dyn Entropy, from: &[u8]) -> Result<u8> {
    let limit = 256 - 256 % from.len();
    loop {
        let mut byte = Zeroizing::new([0_u8; 1]);
        entropy.fill(&mut *byte)?;
        let [value] = *byte;
        // Values above the largest multiple would favour the first ones.
        if usize::from(value) < limit
            && let Some(&picked) = from.get(usize::from(value) % from.len())
        {
            return Ok(picked);
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::port::entropy::SystemEntropy;

    #[test]
    fn has_every_class_and_is_never_the_same() {
        let passwords: Vec<SecretString> =
            (0..200).map(|_| generate(&SystemEntropy::new(), "svc-web").unwrap()).collect();
        for password in &passwords {
            let password = password.expose_secret();
            assert_eq!(password.len(), LENGTH);
            for class in [LOWER, UPPER, DIGITS, MARKS] {
                assert!(password.bytes().any(|byte| class.contains(&byte)));
            }
        }
        let distinct: std::collections::BTreeSet<&str> =
            passwords.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(distinct.len(), passwords.len());
    }

    /// Of these few characters, one password in three would have it by chance.
    #[test]
    fn no_part_of_the_accounts_name_is_in_it() {
        #[derive(Debug)]
        struct Few(std::sync::Mutex<Box<dyn Entropy>>);
        impl Entropy for Few {
            fn fill(&self, bytes: &mut [u8]) -> Result<()> {
                self.0.lock().unwrap().fill(bytes)?;
                // The first letters of each class only: `a` and `b`, `A` and `B`, `2` and `3`, `-` and `_`.
                for byte in bytes {
                    *byte = [0, 1, 25, 26, 49, 50, 57, 58][usize::from(*byte % 8)];
                }
                Ok(())
            }
        }
        let few = Few(std::sync::Mutex::new(Box::new(SystemEntropy::new())));
        let free = (0..100).filter(|_| {
            let password = generate(&few, "nothing").unwrap();
            password.expose_secret().to_lowercase().contains("aba")
        });
        assert!(free.count() > 20, "it happens by chance");
        for _ in 0..100 {
            let password = generate(&few, "x-aba.y").unwrap();
            assert!(!password.expose_secret().to_lowercase().contains("aba"));
        }
    }
}
