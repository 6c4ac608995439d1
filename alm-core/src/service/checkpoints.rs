//! Making checkpoints of the audit chain: on demand, and by the sweep at an interval (A-2).
//!
//! ```
//! use std::sync::Arc;
//! use alm_core::Alm;
//! use alm_core::adapter::{checkpoint_file::CheckpointFile, ed25519::Ed25519Signer, store_memory::MemoryStore};
//! use alm_core::model::ids::InstanceId;
//! use alm_core::port::{checkpoint::CheckpointSigner as _, clock::SystemClock};
//! use alm_core::rules::audit_chain::TrustedCheckpoints;
//! use alm_core::service::checkpoints::Checkpoints;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (seed, outside) = (vec![7; 32], folder.path().join("checkpoints"));
//! // The seed is not in the store, and the file is where whoever writes to the store does not come to.
//! let signer = Arc::new(Ed25519Signer::from_seed(seed)?);
//! let (key, file) = (signer.key(), CheckpointFile::new(outside));
//! let store = Arc::new(MemoryStore::new(InstanceId::new(uuid::Uuid::new_v4())));
//! let alm = Alm::builder(store, Arc::new(SystemClock::new()))
//!     .checkpoints(Checkpoints::new(signer, Arc::new(file.clone())))
//!     .open()
//!     .await?;
//!
//! // From now on the sweep makes them; this one is on demand.
//! let ada = alm_core::Caller::new(alm.first_administrator("Ada", "ada@example.com").await?, "console");
//! let checkpoint = alm.checkpoint(&ada).await?;
//!
//! // Whoever audits has the public key and the file.
//! let report = alm.verify_audit_against(&TrustedCheckpoints::new([key], file.read()?)).await?;
//! assert!(report.is_intact());
//! assert_eq!(report.checkpointed, checkpoint.seq);
//! # Ok(())
//! # }
//! ```

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;
use serde_json::json;

use super::alm::Alm;
use super::audit_verify::{ChainReport, hindered};
use super::command::Caller;
use super::unit::Unit;
use crate::error::{Error, ErrorKind, Result};
use crate::model::audit::{Actor, AuditResult};
use crate::model::checkpoint::{AuditCheckpoint, CheckpointKey, SignedCheckpoint};
use crate::model::event::EventKind;
use crate::port::checkpoint::{CheckpointSigner, CheckpointSink};
use crate::rules::audit_chain::{AuditFault, ChainVerifier, TrustedCheckpoints, check_signature};

const OPERATION: &str = "audit.checkpoint";

/// Who signs checkpoints of the audit chain, and where they are kept.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    signer: Arc<dyn CheckpointSigner>,
    sink: Arc<dyn CheckpointSink>,
    keys: Vec<CheckpointKey>,
}

impl Checkpoints {
    /// Signed by this one, and kept there.
    pub fn new(signer: Arc<dyn CheckpointSigner>, sink: Arc<dyn CheckpointSink>) -> Self {
        let keys = vec![signer.key()];
        Self { signer, sink, keys }
    }

    /// The last checkpoint that is kept may be signed with this key, which was used before.
    #[must_use]
    pub fn earlier_key(mut self, key: CheckpointKey) -> Self {
        self.keys.push(key);
        self
    }
}

/// The same, with the last one that was made here.
#[derive(Debug)]
pub(super) struct Keeper {
    checkpoints: Checkpoints,
    last: Mutex<Option<SignedCheckpoint>>,
    /// Whether the administrators were told that the chain does not hold.
    told: AtomicBool,
}

impl Keeper {
    pub(super) const fn new(checkpoints: Checkpoints) -> Self {
        Self { checkpoints, last: Mutex::new(None), told: AtomicBool::new(false) }
    }
}

impl Alm {
    /// Makes a checkpoint of the audit chain as it is, and returns it once it is kept outside. Needs audit Read, and is audited.
    ///
    /// What was added since the last checkpoint is verified first: a chain that does not go on from there is not signed. With no checkpoint yet, that is
    /// the whole chain. Dropping the future leaves open whether one was made; one more does no harm.
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied); [`Config`](ErrorKind::Config) when none can be made here, or the last one is not signed with a known key;
    /// [`StoreCorrupt`](ErrorKind::StoreCorrupt) when the chain does not hold or does not go on from the last checkpoint; those of the signer, the
    /// place outside and the store. After an error of the store, the checkpoint may be kept outside without an audit record of it.
    pub async fn checkpoint(&self, caller: &Caller) -> Result<SignedCheckpoint> {
        let unit = self.audit_reader(OPERATION, caller).await?;
        let keeper = self.0.checkpoints.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Config, OPERATION, "nobody is there to sign checkpoints")
                .with_advice("give the service checkpoints when it is opened")
        })?;
        let last = self.last_checkpoint(keeper).await?;
        let verifier = self.verifier_behind(last).await?;
        self.make_checkpoint(keeper, unit, verifier).await
    }

    /// Makes one if its time has come. That the last one still fits is looked at each time.
    pub(super) async fn checkpoint_due(&self) -> Result<Option<SignedCheckpoint>> {
        let Some(keeper) = &self.0.checkpoints else { return Ok(None) };
        let unit = Unit::new(&self.0, OPERATION, Actor::Clock, "clock");
        let last = self.last_checkpoint(keeper).await?;
        let verifier = self.verifier_behind(last).await?;
        let (head, _) = self.0.store.audit_head().await?;
        let settings = &self.0.settings;
        let is_due = last.is_none_or(|last| {
            let interval =
                SignedDuration::try_from(settings.checkpoint_interval).unwrap_or(SignedDuration::MAX);
            let is_old = unit.now.duration_since(last.at) >= interval;
            let new = head.saturating_sub(last.seq);
            // The record of the last checkpoint itself is no reason for another.
            new > 1 && (is_old || new >= settings.checkpoint_records)
        });
        if is_due { self.make_checkpoint(keeper, unit, verifier).await.map(Some) } else { Ok(None) }
    }

    /// Tells the administrators that the chain does not hold: once, until it does again or the program is started anew.
    pub(super) async fn tell_of_broken_chain(&self, error: &Error) -> Result<()> {
        let Some(keeper) = self.0.checkpoints.as_ref().filter(|_| error.kind() == ErrorKind::StoreCorrupt)
        else {
            return Ok(());
        };
        if keeper.told.load(Ordering::SeqCst) {
            return Ok(());
        }
        let text = error.to_string();
        let mut unit = Unit::new(&self.0, OPERATION, Actor::Clock, "clock");
        let administrators = unit.administrators().await?;
        let facts = json!({ "fault": text });
        unit.audit_as(OPERATION, "audit chain", AuditResult::Failed, facts, None);
        unit.event(EventKind::AuditChainBroken, text, administrators, |_| ())?;
        self.0.store.commit(unit.commit).await?;
        keeper.told.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Verifies the chain against the last checkpoint that is known here; in itself alone where there is none, or the place outside is away.
    pub(super) async fn verify_audit_against_last(&self) -> Result<ChainReport> {
        let Some(keeper) = &self.0.checkpoints else { return self.verify_audit().await };
        let last = self.last_checkpoint(keeper).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the audit chain is held against no checkpoint");
            None
        });
        let trusted = TrustedCheckpoints::new(keeper.checkpoints.keys.iter().copied(), last);
        self.verify_audit_against(&trusted).await
    }

    /// The last one that is known, certainly of this instance and signed with a known key.
    async fn last_checkpoint(&self, keeper: &Keeper) -> Result<Option<SignedCheckpoint>> {
        let known = *keeper.last.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_some() {
            return Ok(known);
        }
        let Some(last) = keeper.checkpoints.sink.last(self.instance()).await? else { return Ok(None) };
        if last.instance != self.instance() {
            let fault = AuditFault::OtherInstance { checkpoint: last.seq, instance: last.instance };
            return Err(hindered(OPERATION, fault));
        }
        check_signature(&last, &keeper.checkpoints.keys).map_err(|fault| hindered(OPERATION, fault))?;
        *keeper.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        Ok(Some(last))
    }

    async fn make_checkpoint(
        &self,
        keeper: &Keeper,
        mut unit: Unit<'_>,
        mut verifier: ChainVerifier,
    ) -> Result<SignedCheckpoint> {
        self.verify_on(&mut verifier).await?.map_err(|fault| hindered(OPERATION, fault))?;

        let signer = &keeper.checkpoints.signer;
        let checkpoint = AuditCheckpoint::new(self.instance(), verifier.seq(), verifier.hash(), unit.now);
        let signature = signer.sign(&checkpoint.signed_bytes()).await?;
        let made = checkpoint.signed(signer.key(), signature);
        if !made.is_signed() {
            let message = format!("the signer makes no signatures of its key {}", signer.key());
            return Err(Error::new(ErrorKind::Config, OPERATION, message));
        }
        // Outside first: a record of a checkpoint that is nowhere would be a lie, one without a record is only one more.
        keeper.checkpoints.sink.append(&made).await?;
        keeper.told.store(false, Ordering::SeqCst);
        *keeper.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        let facts = json!({ "seq": made.seq, "hash": made.hash, "key": made.key });
        unit.audit(OPERATION, "audit chain", facts);
        self.0.store.commit(unit.commit).await?;
        Ok(made)
    }

    /// Stands behind the record of a checkpoint, if that is still the one that was checkpointed.
    async fn verifier_behind(&self, last: Option<SignedCheckpoint>) -> Result<ChainVerifier> {
        let none = TrustedCheckpoints::none();
        let failed = |fault| hindered(OPERATION, fault);
        let Some(last) = last else { return ChainVerifier::new(self.instance(), &none).map_err(failed) };
        let (head, _) = self.0.store.audit_head().await?;
        let (checkpoint, at) = (last.seq, last.at);
        if head < checkpoint {
            return Err(failed(AuditFault::CutShort { end: head, checkpoint, at }));
        }
        let stands = self.0.store.audit(checkpoint, 1).await?;
        let is_same = stands
            .first()
            .is_some_and(|record| record.hash == last.hash && record.verify(checkpoint, record.prev).is_ok());
        if checkpoint > 0 && !is_same {
            return Err(failed(AuditFault::Rewritten { after: 0, checkpoint, at }));
        }
        ChainVerifier::behind(checkpoint, last.hash, self.instance(), &none).map_err(failed)
    }
}
