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

/// A new password of 32 characters, each class at least once. About 190 bits of randomness, far beyond every domain's policy.
pub(super) fn generate(entropy: &dyn Entropy) -> Result<SecretString> {
    let classes = [LOWER, UPPER, DIGITS, MARKS];
    let all: Zeroizing<Vec<u8>> = Zeroizing::new(classes.concat());
    loop {
        let mut password = Zeroizing::new(String::with_capacity(LENGTH));
        while password.len() < LENGTH {
            password.push(char::from(pick(entropy, &all)?));
        }
        // Rejecting keeps every allowed password equally likely; filling classes in would not.
        if classes.iter().all(|class| password.bytes().any(|byte| class.contains(&byte))) {
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
            (0..200).map(|_| generate(&SystemEntropy::new()).unwrap()).collect();
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
}
