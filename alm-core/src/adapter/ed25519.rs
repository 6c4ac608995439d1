//! Signing checkpoints with a key that the program holds.

use std::fmt;

use async_trait::async_trait;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use secrecy::{ExposeSecret as _, SecretSlice};

use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::{CheckpointKey, CheckpointSignature};
use crate::port::checkpoint::CheckpointSigner;

const OPERATION: &str = "checkpoint.key";

/// An Ed25519 key in this program's memory. Its `Debug` shows the public half.
///
/// The seed is erased from memory when this is dropped. While a signature is made there is another copy, in the cryptographic library, which does
/// not erase it; where that counts, sign elsewhere and implement [`CheckpointSigner`].
///
/// ```
/// use alm_core::adapter::ed25519::Ed25519Signer;
///
/// // 32 bytes that nobody can guess, such as `openssl rand 32` writes, kept where the store's administrators do not come to.
/// let seed: Vec<u8> = (0..32).collect();
/// let signer = Ed25519Signer::from_seed(seed)?;
/// assert_eq!(format!("{signer:?}"), "Ed25519Signer(03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8)");
/// # Ok::<(), alm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Ed25519Signer {
    seed: SecretSlice<u8>,
    key: CheckpointKey,
}

impl Ed25519Signer {
    /// The key of this seed, of 32 random bytes (RFC 8032, 5.1.5).
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it has another length.
    pub fn from_seed(seed: impl Into<SecretSlice<u8>>) -> Result<Self> {
        let seed = seed.into();
        let key = CheckpointKey::new(public(&pair(&seed)?)?);
        Ok(Self { seed, key })
    }
}

fn pair(seed: &SecretSlice<u8>) -> Result<Ed25519KeyPair> {
    let seed = seed.expose_secret();
    Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| {
        let message = format!("the seed of the checkpoint key has {} bytes, 32 are needed", seed.len());
        Error::new(ErrorKind::Config, OPERATION, message).with_advice("make one with `openssl rand 32`")
    })
}

fn public(pair: &Ed25519KeyPair) -> Result<[u8; 32]> {
    pair.public_key().as_ref().try_into().map_err(|_| unfit())
}

fn unfit() -> Error {
    Error::new(ErrorKind::Config, OPERATION, "the key is none of Ed25519")
}

#[async_trait]
impl CheckpointSigner for Ed25519Signer {
    fn key(&self) -> CheckpointKey {
        self.key
    }

    async fn sign(&self, bytes: &[u8]) -> Result<CheckpointSignature> {
        let signature = pair(&self.seed)?.sign(bytes);
        Ok(CheckpointSignature::new(signature.as_ref().try_into().map_err(|_| unfit())?))
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519Signer({})", self.key)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// RFC 8032, 7.1, tests 1 and 2.
    #[test]
    fn a_2_keys_and_signatures_are_those_of_the_standard() {
        for (seed, key, bytes, signature) in [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                &b""[..],
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                &[0x72],
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        ] {
            let seed = crate::model::audit::unhex::<32>(seed).unwrap().to_vec();
            let signer = Ed25519Signer::from_seed(seed).unwrap();
            assert_eq!(signer.key().to_string(), key);
            let made = signer.sign(bytes).now_or_never().unwrap().unwrap();
            assert_eq!(made.to_string(), signature);
        }
    }

    #[test]
    fn a_2_a_seed_of_another_length_is_refused_and_none_is_shown() {
        for length in [0, 31, 33, 64] {
            let error = Ed25519Signer::from_seed(vec![0xab; length]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(
                error.to_string().contains(&format!("has {length} bytes"))
                    && !error.to_string().contains("171")
            );
        }
        let signer = Ed25519Signer::from_seed(vec![0xab; 32]).unwrap();
        assert!(!format!("{signer:?}").contains("abab") && !format!("{signer:?}").contains("171"));
    }
}
