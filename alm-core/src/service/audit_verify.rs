//! Verifying the audit chain in the store, by itself and against checkpoints from outside (A-2, I-8).

use serde::Serialize;

use super::alm::Alm;
use crate::error::{Error, ErrorKind, Result};
use crate::model::audit::{ChainFault, ChainHash};
use crate::rules::audit_chain::{AuditFault, ChainVerifier, TrustedCheckpoints};

/// How many audit records are read at a time.
const BATCH: u32 = 1_000;

/// How far an audit chain holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChainReport {
    /// How many records were verified.
    pub records: u64,
    /// The hash of the last one.
    pub head: ChainHash,
    /// The record of the last checkpoint that fits: up to there, the chain is what it was when that was signed. 0 when there is none, and then the chain
    /// holds in itself at most.
    pub checkpointed: u64,
    /// What is wrong first.
    pub fault: Option<AuditFault>,
}

impl ChainReport {
    /// Whether the whole chain holds.
    pub const fn is_intact(&self) -> bool {
        self.fault.is_none()
    }
}

impl Alm {
    /// Verifies the whole audit chain in itself, record by record. Whoever writes to the store can make a chain that holds in itself:
    /// [`verify_audit_against`](Alm::verify_audit_against) checkpoints finds that. Needs no permission: it tells nothing but that it holds.
    ///
    /// # Errors
    /// Those of the store. A chain that does not hold is no error, but in the report.
    pub async fn verify_audit(&self) -> Result<ChainReport> {
        self.verify_audit_against(&TrustedCheckpoints::none()).await
    }

    /// Verifies the whole audit chain, record by record, and holds it against checkpoints that were kept outside: that it is broken, rewritten
    /// before a checkpoint, or cut short, or that a checkpoint is not what was signed. Needs no permission.
    ///
    /// # Errors
    /// Those of the store. A chain that does not hold is no error, but in the report.
    pub async fn verify_audit_against(&self, trusted: &TrustedCheckpoints) -> Result<ChainReport> {
        let mut verifier = match ChainVerifier::new(self.instance(), trusted) {
            Ok(verifier) => verifier,
            Err(fault) => {
                let (records, head) = (0, ChainHash::GENESIS);
                return Ok(ChainReport { records, head, checkpointed: 0, fault: Some(fault) });
            }
        };
        let fault = self.verify_on(&mut verifier).await?.and_then(|()| verifier.end()).err();
        Ok(ChainReport {
            records: verifier.seq(),
            head: verifier.hash(),
            checkpointed: verifier.checkpointed().unwrap_or(0),
            fault,
        })
    }

    /// Verifies what is behind the last record of the verifier, up to the head of the chain at this moment.
    pub(super) async fn verify_on(&self, verifier: &mut ChainVerifier) -> Result<Result<(), AuditFault>> {
        let store = &self.0.store;
        let (count, head) = store.audit_head().await?;
        while verifier.seq() < count {
            let batch = store.audit(verifier.seq() + 1, BATCH).await?;
            if batch.is_empty() {
                break;
            }
            for record in batch.iter().take_while(|record| record.seq <= count) {
                if let Err(fault) = verifier.add(record) {
                    return Ok(Err(fault));
                }
            }
            // All that came is of later numbers: a gap up to the head.
            if batch.first().is_some_and(|record| record.seq > count) {
                break;
            }
        }
        Ok(if verifier.seq() != count {
            Err(AuditFault::Head { end: verifier.seq(), head: count })
        } else if verifier.hash() == head {
            Ok(())
        } else {
            Err(ChainFault::Altered { seq: count }.into())
        })
    }
}

/// A fault that hinders something else than verification.
pub(super) fn hindered(operation: &'static str, fault: AuditFault) -> Error {
    let (kind, advice) = match fault {
        AuditFault::UnknownKey { .. } | AuditFault::OtherInstance { .. } => (
            ErrorKind::Config,
            "name the keys that were used before, and give each instance a place of its own for checkpoints",
        ),
        _ => (
            ErrorKind::StoreCorrupt,
            "find out who can write to the store, and verify it against all checkpoints that are outside; if a backup was restored on purpose, begin \
             a new place for checkpoints and keep the old one",
        ),
    };
    Error::new(kind, operation, fault.to_string()).with_advice(advice)
}
