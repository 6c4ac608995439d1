//! Checkpoints: how far the audit chain had come at an instant, signed, and kept where whoever writes to the store does not come to (A-2).
//!
//! Whoever can write to the store can make the whole chain anew, and every hash in it is right again. They cannot make a signature, and cannot
//! change what lies outside. So a chain is compared with checkpoints: what is before the last one that fits is what it was.
//!
//! # What is signed, byte by byte
//!
//! An Ed25519 signature (RFC 8032) over
//!
//! ```text
//! "alm-audit-checkpoint-1\0" ‖ instance ‖ seq ‖ hash ‖ at      23, 16, 8 (big-endian) and 32 bytes, then the UTF-8 of `at`
//! ```
//!
//! where `at` is the instant as in the checkpoint's JSON, `2026-11-20T10:00:00Z`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::{ChainHash, hex, in_hex, unhex};
use super::ids::InstanceId;

const SIGNED: &[u8] = b"alm-audit-checkpoint-1\0";

/// How far a chain had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditCheckpoint {
    /// Whose chain.
    pub instance: InstanceId,
    /// The number of the last record, and so how many there were.
    pub seq: u64,
    /// The hash of that record.
    pub hash: ChainHash,
    /// When it was seen there, by the service's clock.
    pub at: Timestamp,
}

impl AuditCheckpoint {
    /// The chain of this instance had this record as its last.
    pub const fn new(instance: InstanceId, seq: u64, hash: ChainHash, at: Timestamp) -> Self {
        Self { instance, seq, hash, at }
    }

    /// The bytes that are signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let at = self.at.to_string();
        let seq = self.seq.to_be_bytes();
        [SIGNED, self.instance.uuid().as_bytes(), &seq, self.hash.as_bytes(), at.as_bytes()].concat()
    }

    /// With a signature that somebody made.
    pub const fn signed(self, key: CheckpointKey, signature: CheckpointSignature) -> SignedCheckpoint {
        SignedCheckpoint {
            instance: self.instance,
            seq: self.seq,
            hash: self.hash,
            at: self.at,
            key,
            signature,
        }
    }
}

/// A checkpoint with its signature: one line of JSON.
///
/// What it says counts only once its signature was verified, which whoever takes checkpoints does
/// ([`TrustedCheckpoints`](crate::rules::audit_chain::TrustedCheckpoints)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SignedCheckpoint {
    /// Whose chain.
    pub instance: InstanceId,
    /// The number of the last record.
    pub seq: u64,
    /// The hash of that record.
    pub hash: ChainHash,
    /// When it was seen there.
    pub at: Timestamp,
    /// The public key of whoever signed.
    pub key: CheckpointKey,
    /// The signature.
    pub signature: CheckpointSignature,
}

impl SignedCheckpoint {
    /// What was signed.
    pub const fn checkpoint(&self) -> AuditCheckpoint {
        AuditCheckpoint { instance: self.instance, seq: self.seq, hash: self.hash, at: self.at }
    }

    /// Whether the key that it names made the signature. Whether that key is to be trusted is another question.
    pub fn is_signed(&self) -> bool {
        let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &self.key.0);
        key.verify(&self.checkpoint().signed_bytes(), &self.signature.0).is_ok()
    }
}

/// The public half of a key that signs checkpoints: 32 bytes, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CheckpointKey([u8; 32]);

/// An Ed25519 signature: 64 bytes, written as 128 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CheckpointSignature([u8; 64]);

in_hex!(CheckpointKey, 32, "64");
in_hex!(CheckpointSignature, 64, "128");

impl CheckpointKey {
    /// From its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl CheckpointSignature {
    /// From its bytes.
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }
}
