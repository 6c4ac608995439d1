//! API tokens (O-11): what a program signs in with instead of a person.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::audit::hex;
use super::ids::{ApiTokenId, PersonId};
use super::people::Permission;

/// What tokens begin with, so that people and scanners of code recognize one.
const PREFIX: &str = "alm_";

/// A token's text: what a program keeps and shows to sign in. It never reaches the service or its store: those get its [fingerprint](Self::fingerprint).
#[derive(Clone, Debug)]
pub struct ApiTokenSecret(SecretString);

impl ApiTokenSecret {
    /// A token out of 32 random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        let bytes = zeroize::Zeroizing::new(bytes);
        let digits = zeroize::Zeroizing::new(hex(bytes.as_slice()));
        Self(SecretString::from(format!("{PREFIX}{}", digits.as_str())))
    }

    /// A token that somebody showed. `None` when it cannot be one.
    pub fn parse(text: &SecretString) -> Option<Self> {
        let digits = text.expose_secret().strip_prefix(PREFIX)?;
        let right =
            digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        right.then(|| Self(text.clone()))
    }

    /// The text, to hand to the program that is to use it. It cannot be had again.
    pub const fn secret(&self) -> &SecretString {
        &self.0
    }

    /// What the service keeps of it. The token has 256 random bits, so a plain hash cannot be turned back by guessing.
    pub fn fingerprint(&self) -> TokenFingerprint {
        TokenFingerprint(hex(&Sha256::digest(self.0.expose_secret().as_bytes())))
    }
}

/// SHA-256 of a token's text, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenFingerprint(String);

impl fmt::Display for TokenFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A token as the service knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApiToken {
    /// Which.
    pub id: ApiTokenId,
    /// On whose behalf its program acts; the token is theirs.
    pub owner: PersonId,
    /// What it is for.
    pub description: String,
    /// By which it is recognized.
    pub fingerprint: TokenFingerprint,
    /// What its program may do, as far as the owner may at that moment.
    pub permissions: BTreeSet<Permission>,
    /// A disabled token opens nothing.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
}

impl ApiToken {
    /// A token that is enabled.
    pub fn new(
        id: ApiTokenId,
        owner: PersonId,
        fingerprint: TokenFingerprint,
        permissions: BTreeSet<Permission>,
        created_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        let description = String::new();
        Self { id, owner, description, fingerprint, permissions, enabled: true, created_at, expires_at }
    }

    /// Whether it opens anything at an instant.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.enabled && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_itself_to_nobody_and_is_recognized() {
        let token = ApiTokenSecret::from_random([0xab; 32]);
        assert!(!format!("{token:?}").contains("abab"));
        let shown = ApiTokenSecret::parse(token.secret()).unwrap();
        assert_eq!(shown.fingerprint(), token.fingerprint());
        assert!(!token.fingerprint().to_string().contains("abab"));
        for text in ["", "alm_", "alm_abc", &format!("alm_{}", "AB".repeat(32)), &"ab".repeat(34)] {
            assert!(ApiTokenSecret::parse(&SecretString::from(text)).is_none(), "{text}");
        }
    }
}
