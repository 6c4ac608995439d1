//! Text that can be erased, and what the chain holds of it instead.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hash::hex;

/// Personal text with the salt that binds it to the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Personal {
    /// Sixteen random bytes in hexadecimal; without it a short text could be guessed from the commitment.
    pub salt: String,
    /// The text.
    pub text: String,
}

impl Personal {
    /// Text with a salt that nobody can guess.
    pub fn new(salt: [u8; 16], text: impl Into<String>) -> Self {
        Self { salt: hex(&salt), text: text.into() }
    }

    /// What the chain holds of it.
    pub fn commitment(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.salt.as_bytes());
        hasher.update(b":");
        hasher.update(self.text.as_bytes());
        hex(&hasher.finalize())
    }
}
