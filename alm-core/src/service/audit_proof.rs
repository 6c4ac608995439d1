//! Proving to somebody without access to the store that records are part of the audit chain ([the format](crate::rules::audit_proof)).

use serde_json::json;

use super::alm::Alm;
use super::audit_export::missing;
use super::command::Caller;
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::checkpoint::SignedCheckpoint;
use crate::rules::audit_proof::{AuditProof, ProofRequest};

const OPERATION: &str = "audit.prove";

/// How many audit records are read at a time.
const BATCH: u32 = 1_000;

/// From the first record to the checkpoint, since each is a part of the proof: some 10 MB of text, with most of them hidden.
const LONGEST: u64 = 100_000;

impl Alm {
    /// Proves that records are part of the audit chain as it was checkpointed. Needs audit Read, and is audited.
    ///
    /// Name the first checkpoint behind the last record: the proof has something of every record up to there. Whoever gets the proof
    /// [verifies](AuditProof::verify) it with the checkpoint and its public key, and sees the records that are shown and nothing of any other.
    ///
    /// Dropping the future leaves open whether it was audited; nothing was given out.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use alm_core::adapter::{checkpoint_file::CheckpointFile, ed25519::Ed25519Signer, store_memory::MemoryStore};
    /// # use alm_core::{Alm, Caller, model::ids::InstanceId, port::clock::SystemClock, service::checkpoints::Checkpoints};
    /// use alm_core::port::checkpoint::CheckpointSigner as _;
    /// use alm_core::rules::audit_proof::{AuditProof, ProofRequest};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let signer = Arc::new(Ed25519Signer::from_seed(vec![7; 32])?);
    /// # let key = signer.key();
    /// # let file = Arc::new(CheckpointFile::new(folder.path().join("checkpoints")));
    /// # let store = Arc::new(MemoryStore::new(InstanceId::new(uuid::Uuid::new_v4())));
    /// # let alm = Alm::builder(store, Arc::new(SystemClock::new())).checkpoints(Checkpoints::new(signer, file)).open().await?;
    /// # let ada = Caller::new(alm.first_administrator("Ada", "ada@example.com").await?, "console");
    /// let checkpoint = alm.checkpoint(&ada).await?;
    /// let proof = alm.prove_audit(&ada, &ProofRequest::new(1..=2).only([2]), &checkpoint).await?;
    /// let sent = serde_json::to_string(&proof)?;
    ///
    /// // Elsewhere.
    /// let proof: AuditProof = serde_json::from_str(&sent)?;
    /// let shown = proof.verify(&checkpoint, &[key])?;
    /// assert_eq!(shown.len(), 1);
    /// assert_eq!(shown[0].entry()?.action, "person.create");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied), which is audited; [`Refused`](ErrorKind::Refused) for records that are not before the checkpoint, a checkpoint of
    /// another instance or one too far away; [`StoreCorrupt`](ErrorKind::StoreCorrupt) when the chain is not the one that was checkpointed, or a
    /// record has no salt to hide it with; those of the store. Whether the checkpoint's signature is right is not asked here.
    pub async fn prove_audit(
        &self,
        caller: &Caller,
        request: &ProofRequest,
        checkpoint: &SignedCheckpoint,
    ) -> Result<AuditProof> {
        let mut unit = self.audit_reader(OPERATION, caller).await?;
        let (from, to) = (*request.range.start(), *request.range.end());
        if checkpoint.instance != self.instance() {
            let message = format!("is of another instance, {}", checkpoint.instance);
            return unit.refuse(Refusal::new("A-2", "checkpoint", message));
        }
        if from == 0 || from > to || to > checkpoint.seq {
            let message =
                format!("{from} to {to} is not between record 1 and the checkpoint's, {}", checkpoint.seq);
            return unit.refuse(Refusal::new("A-2", "range", message));
        }
        if checkpoint.seq - from >= LONGEST {
            let message =
                format!("is of record {}, more than {LONGEST} behind record {from}", checkpoint.seq);
            return unit.refuse(Refusal::new("A-2", "checkpoint", message));
        }
        let shown = request.shown.as_ref();
        let facts = json!({
            "from": from, "to": to, "checkpoint": checkpoint.seq, "personal": request.personal,
            "shown": shown.map_or_else(|| json!("all"), |records| json!(records)),
        });
        unit.audit(OPERATION, "audit chain", facts);
        self.0.store.commit(unit.commit).await?;

        let before = self.hash_before(OPERATION, from).await?;
        let mut proof = AuditProof::new(self.instance(), from, before);
        let mut next = from;
        while next <= checkpoint.seq {
            let batch = self.0.store.audit(next, BATCH).await?;
            if batch.is_empty() {
                return Err(missing(OPERATION, next));
            }
            for record in batch.into_iter().take_while(|record| record.seq <= checkpoint.seq) {
                if record.seq != next {
                    return Err(missing(OPERATION, next));
                }
                next += 1;
                if request.shows(record.seq) {
                    proof.show(record, request.personal);
                } else if !proof.hide(&record) {
                    let message = format!("audit record {} has no salt and cannot be hidden", record.seq);
                    return Err(Error::new(ErrorKind::StoreCorrupt, OPERATION, message)
                        .with_advice("name a checkpoint before it, or show it"));
                }
            }
        }
        // Nobody is given what does not convince.
        match proof.reach(checkpoint) {
            Ok(_) => Ok(proof),
            Err(fault) => Err(Error::new(ErrorKind::StoreCorrupt, OPERATION, fault.to_string()).with_advice(
                "the chain is not the one that was checkpointed: verify it against all checkpoints",
            )),
        }
    }
}
