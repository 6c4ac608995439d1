//! Whether an audit chain holds: in itself, and against checkpoints that were kept outside.
//!
//! A chain that holds in itself was made by somebody who could write to the store, and no more is known. What comes before a checkpoint that fits is what
//! was there when it was signed.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::audit::{AuditRecord, ChainFault, ChainHash};
use crate::model::checkpoint::{AuditCheckpoint, CheckpointKey, SignedCheckpoint};
use crate::model::ids::InstanceId;

/// Checkpoints from outside, and the keys that may have signed them.
///
/// Take both from where the store's administrators cannot change them: that is all their worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedCheckpoints {
    keys: Vec<CheckpointKey>,
    checkpoints: Vec<SignedCheckpoint>,
}

impl TrustedCheckpoints {
    /// None: a chain is held against itself alone.
    pub fn none() -> Self {
        Self::default()
    }

    /// Those signed with one of these keys. One that is signed with another, or wrongly, makes the verification fail.
    pub fn new(
        keys: impl IntoIterator<Item = CheckpointKey>,
        checkpoints: impl IntoIterator<Item = SignedCheckpoint>,
    ) -> Self {
        Self { keys: keys.into_iter().collect(), checkpoints: checkpoints.into_iter().collect() }
    }

    /// What they say of an instance, in the order of the chain, once every signature is right.
    fn of(&self, instance: InstanceId) -> Result<VecDeque<AuditCheckpoint>, AuditFault> {
        for one in &self.checkpoints {
            check_signature(one, &self.keys)?;
            if one.instance != instance {
                return Err(AuditFault::OtherInstance { checkpoint: one.seq, instance: one.instance });
            }
        }
        let mut all: Vec<_> = self.checkpoints.iter().map(SignedCheckpoint::checkpoint).collect();
        all.sort_by_key(|one| one.seq);
        Ok(all.into())
    }
}

/// Whether one of these keys signed it.
pub(crate) fn check_signature(one: &SignedCheckpoint, keys: &[CheckpointKey]) -> Result<(), AuditFault> {
    if !keys.contains(&one.key) {
        return Err(AuditFault::UnknownKey { checkpoint: one.seq, key: one.key });
    }
    if !one.is_signed() {
        return Err(AuditFault::Signature { checkpoint: one.seq });
    }
    Ok(())
}

/// What is wrong with a chain, or with a checkpoint that it is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditFault {
    /// It holds in itself up to there, but it is another one than was checkpointed: it was made anew.
    #[error(
        "the audit chain was rewritten: its record {checkpoint} is not the one that was checkpointed at {at}; what was changed is behind record {after}"
    )]
    Rewritten {
        /// The record of the last checkpoint that fits; 0 when none does. Up to there, nothing was changed.
        after: u64,
        /// The record of the first checkpoint that does not.
        checkpoint: u64,
        /// When that one was made.
        at: Timestamp,
    },
    /// Its end is gone, or a backup was restored.
    #[error(
        "the audit chain was cut short: it ends at record {end}, and record {checkpoint} was checkpointed at {at}"
    )]
    CutShort {
        /// Its last record.
        end: u64,
        /// The record of the first checkpoint beyond.
        checkpoint: u64,
        /// When that one was made.
        at: Timestamp,
    },
    /// It does not end where its store says.
    #[error("the audit chain ends at record {end} where {head} records are said to be")]
    Head {
        /// The last record that was read.
        end: u64,
        /// The last that there should be.
        head: u64,
    },
    /// A checkpoint was not made by the key that it names, or was changed.
    #[error("the signature of the checkpoint of record {checkpoint} is wrong")]
    Signature {
        /// The record it is about.
        checkpoint: u64,
    },
    /// A checkpoint is signed with a key that is not trusted.
    #[error("the checkpoint of record {checkpoint} is signed with the key {key}, which is not trusted")]
    UnknownKey {
        /// The record it is about.
        checkpoint: u64,
        /// The key.
        key: CheckpointKey,
    },
    /// A checkpoint is of another instance.
    #[error("the checkpoint of record {checkpoint} is of another instance, {instance}")]
    OtherInstance {
        /// The record it is about.
        checkpoint: u64,
        /// Whose it is.
        instance: InstanceId,
    },
    /// It does not hold in itself, from this record on.
    #[error(transparent)]
    #[serde(untagged)]
    Chain(ChainFault),
}

impl From<ChainFault> for AuditFault {
    fn from(fault: ChainFault) -> Self {
        Self::Chain(fault)
    }
}

/// Verifies records one after the other, in constant memory.
#[derive(Clone, Debug)]
pub struct ChainVerifier {
    seq: u64,
    hash: ChainHash,
    checkpointed: Option<u64>,
    waiting: VecDeque<AuditCheckpoint>,
}

impl ChainVerifier {
    /// A whole chain, from record 1.
    ///
    /// # Errors
    /// What is wrong with a checkpoint.
    pub fn new(instance: InstanceId, trusted: &TrustedCheckpoints) -> Result<Self, AuditFault> {
        Self::behind(0, ChainHash::GENESIS, instance, trusted)
    }

    /// The part of a chain behind record `seq`, whose hash is `hash`.
    ///
    /// # Errors
    /// What is wrong with a checkpoint; [`AuditFault::Rewritten`] when there is one of record `seq` with another hash.
    pub fn behind(
        seq: u64,
        hash: ChainHash,
        instance: InstanceId,
        trusted: &TrustedCheckpoints,
    ) -> Result<Self, AuditFault> {
        let mut waiting = trusted.of(instance)?;
        waiting.retain(|one| one.seq >= seq);
        let mut verifier = Self { seq, hash, checkpointed: None, waiting };
        verifier.compare()?;
        Ok(verifier)
    }

    /// The next record.
    ///
    /// # Errors
    /// What is wrong with it. The verifier stays where it was before.
    pub fn add(&mut self, record: &AuditRecord) -> Result<(), AuditFault> {
        record.verify(self.seq + 1, self.hash)?;
        let before = (self.seq, self.hash);
        (self.seq, self.hash) = (record.seq, record.hash);
        self.compare().inspect_err(|_| (self.seq, self.hash) = before)
    }

    /// Holds the last record against the checkpoints of it.
    fn compare(&mut self) -> Result<(), AuditFault> {
        while let Some(one) = self.waiting.front().filter(|one| one.seq == self.seq) {
            if one.hash != self.hash {
                let after = self.checkpointed.unwrap_or(0);
                return Err(AuditFault::Rewritten { after, checkpoint: one.seq, at: one.at });
            }
            self.checkpointed = Some(one.seq);
            self.waiting.pop_front();
        }
        Ok(())
    }

    /// The last record that was verified; 0 for none.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Its hash.
    pub const fn hash(&self) -> ChainHash {
        self.hash
    }

    /// The record of the last checkpoint that fits: up to there, the chain is what it was when that was signed. `None` when there is none.
    pub const fn checkpointed(&self) -> Option<u64> {
        self.checkpointed
    }

    /// Whether the chain may end here.
    ///
    /// # Errors
    /// [`AuditFault::CutShort`] when there is a checkpoint of a later record.
    pub fn end(&self) -> Result<(), AuditFault> {
        match self.waiting.front() {
            None => Ok(()),
            Some(one) => Err(AuditFault::CutShort { end: self.seq, checkpoint: one.seq, at: one.at }),
        }
    }
}
