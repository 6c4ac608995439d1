//! Proofs that some records are part of a chain, for somebody who may see those records and no others (A-2).
//!
//! A proof goes from the first of the records to a checkpoint behind the last. Of the records that are not to be shown it has the content hash alone, which
//! says nothing of them: their bodies have a salt that nobody can guess. Whoever has the checkpoint and its public key computes the chain from what
//! they were given; only if all of it is what was in the chain does it end in the checkpoint's hash.
//!
//! ```text
//! {"format":"alm-audit-proof-1","instance":"…","from":17,"before":"hash of record 16",
//!  "links":[{"body":"{\"at\":…}","personal":{…}},{"content":"content hash of record 18"},…]}
//! ```
//!
//! The links are records 17, 18 and so on up to the checkpoint's, each with the hashes of [`model::audit`](crate::model::audit). A proof is as long as
//! it is from its first record to the checkpoint: choose the first checkpoint behind the last record.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::audit_chain::{AuditFault, check_signature};
use crate::model::audit::{AuditRecord, ChainFault, ChainHash, ContentHash, Personal};
use crate::model::checkpoint::{CheckpointKey, SignedCheckpoint};
use crate::model::ids::InstanceId;

const FORMAT: &str = "alm-audit-proof-1";

/// That records are part of a chain, up to a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditProof {
    format: String,
    instance: InstanceId,
    from: u64,
    before: ChainHash,
    links: Vec<Link>,
}

/// One record of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Link {
    Shown {
        body: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        personal: Option<Personal>,
    },
    Hidden {
        content: ContentHash,
    },
}

/// Which records a proof is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProofRequest {
    /// From which record to which. The proof begins with the first of them.
    pub range: RangeInclusive<u64>,
    /// Those of them that are shown; `None` for all. Of the others, and of those between the last and the checkpoint, nothing is.
    pub shown: Option<Vec<u64>>,
    /// Whether the personal text of those that are shown comes with them. Default no: it cannot be erased where the proof goes.
    pub personal: bool,
}

impl ProofRequest {
    /// All records of a range, shown without their personal text.
    pub const fn new(range: RangeInclusive<u64>) -> Self {
        Self { range, shown: None, personal: false }
    }

    /// Only these of them are shown.
    #[must_use]
    pub fn only(mut self, records: impl IntoIterator<Item = u64>) -> Self {
        self.shown = Some(records.into_iter().collect());
        self
    }

    /// With the personal text of those that are shown.
    #[must_use]
    pub const fn with_personal(mut self) -> Self {
        self.personal = true;
        self
    }

    /// Whether this record is shown.
    pub(crate) fn shows(&self, seq: u64) -> bool {
        self.range.contains(&seq) && self.shown.as_ref().is_none_or(|shown| shown.contains(&seq))
    }
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofFault {
    /// It is of another format, or its numbers make no sense.
    #[error("this is no proof of the format alm-audit-proof-1")]
    Format,
    /// It is of another instance than the checkpoint.
    #[error("the proof is of the instance {0}, and the checkpoint is not")]
    OtherInstance(InstanceId),
    /// It does not end at the checkpoint's record.
    #[error("the proof ends at audit record {end}, and the checkpoint is of record {checkpoint}")]
    OtherCheckpoint {
        /// Its last record.
        end: u64,
        /// The record of the checkpoint.
        checkpoint: u64,
    },
    /// Its records are not those that were checkpointed: one at least was altered, added, left out or put elsewhere. Which cannot be told.
    #[error("the records of the proof are not those of the checkpoint of record {checkpoint}")]
    NotInChain {
        /// The record of the checkpoint.
        checkpoint: u64,
    },
    /// The personal text of a record was altered.
    #[error(transparent)]
    Personal(ChainFault),
    /// The checkpoint is not to be trusted.
    #[error(transparent)]
    Checkpoint(AuditFault),
}

impl AuditProof {
    /// A proof from records that follow each other; the caller sees to that.
    pub(crate) fn new(instance: InstanceId, from: u64, before: ChainHash) -> Self {
        Self { format: FORMAT.to_owned(), instance, from, before, links: Vec::new() }
    }

    /// The next record, with all it says.
    pub(crate) fn show(&mut self, record: AuditRecord, personal: bool) {
        let personal = record.personal.filter(|_| personal);
        self.links.push(Link::Shown { body: record.body, personal });
    }

    /// The next record, of which nothing is shown. Whether it could be hidden: without a salt, what it says could be guessed.
    #[must_use]
    pub(crate) fn hide(&mut self, record: &AuditRecord) -> bool {
        self.links.push(Link::Hidden { content: record.content() });
        record.entry().is_ok_and(|entry| entry.salt.is_some_and(|salt| salt.len() == 32))
    }

    /// Verifies that its records are part of the chain that was checkpointed; those that are shown, in their order and with their numbers.
    ///
    /// `keys` are those that may have signed the checkpoint. What is not shown in the proof may be anything, but is what was in the chain.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub fn verify(
        &self,
        checkpoint: &SignedCheckpoint,
        keys: &[CheckpointKey],
    ) -> Result<Vec<AuditRecord>, ProofFault> {
        check_signature(checkpoint, keys).map_err(ProofFault::Checkpoint)?;
        self.reach(checkpoint)
    }

    /// The shown records, if it ends in the checkpoint, whoever signed that.
    pub(crate) fn reach(&self, checkpoint: &SignedCheckpoint) -> Result<Vec<AuditRecord>, ProofFault> {
        if self.format != FORMAT || self.from == 0 || self.links.is_empty() {
            return Err(ProofFault::Format);
        }
        if self.instance != checkpoint.instance {
            return Err(ProofFault::OtherInstance(self.instance));
        }
        let end = (self.from - 1).checked_add(self.links.len() as u64);
        let end = end.filter(|end| *end < u64::MAX).ok_or(ProofFault::Format)?;
        if end != checkpoint.seq {
            return Err(ProofFault::OtherCheckpoint { end, checkpoint: checkpoint.seq });
        }
        let mut hash = self.before;
        let mut shown = Vec::new();
        for (link, seq) in self.links.iter().zip(self.from..) {
            let prev = hash;
            match link {
                Link::Hidden { content } => hash = ChainHash::link(seq, prev, *content),
                Link::Shown { body, personal } => {
                    hash = ChainHash::link(seq, prev, ContentHash::of(body));
                    shown.push(AuditRecord::from_parts(seq, prev, hash, body.clone(), personal.clone()));
                }
            }
        }
        if hash != checkpoint.hash {
            return Err(ProofFault::NotInChain { checkpoint: checkpoint.seq });
        }
        for record in &shown {
            record.verify_personal().map_err(ProofFault::Personal)?;
        }
        Ok(shown)
    }
}
