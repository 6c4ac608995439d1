//! A password that can be compared and not read.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Error, ErrorKind, Result};

/// Enough that a file which got lost is not read at a glance, and few enough that a test suite does not notice.
const ROUNDS: u32 = 1000;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PasswordHash {
    salt: [u8; 16],
    digest: [u8; 32],
}

impl PasswordHash {
    pub(super) fn new(password: &SecretString, operation: &'static str) -> Result<Self> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| {
            Error::new(ErrorKind::Storage, operation).with_reason("the system gives no random numbers")
        })?;
        Ok(Self { salt, digest: digest(salt, password) })
    }

    pub(super) fn fits(&self, password: &SecretString) -> bool {
        digest(self.salt, password).ct_eq(&self.digest).into()
    }
}

fn digest(salt: [u8; 16], password: &SecretString) -> [u8; 32] {
    let mut digest: [u8; 32] =
        Sha256::new().chain_update(salt).chain_update(password.expose_secret()).finalize().into();
    for _ in 0..ROUNDS {
        digest = Sha256::new().chain_update(digest).chain_update(salt).finalize().into();
    }
    digest
}
