//! The audit chain: checkpoints of it, exports, proofs, and whoever makes it anew.

mod chain;
mod checkpoints;
mod export;
mod proofs;

use std::sync::Arc;

use alm_core::adapter::checkpoint_file::CheckpointFile;
use alm_core::adapter::ed25519::Ed25519Signer;
use alm_core::adapter::store_memory::MemoryStore;
use alm_core::model::audit::{AuditEntry, AuditRecord};
use alm_core::model::checkpoint::{AuditCheckpoint, CheckpointKey, SignedCheckpoint};
use alm_core::model::ids::InstanceId;
use alm_core::port::checkpoint::CheckpointSigner as _;
use alm_core::port::store::{Commit, Store};
use alm_core::rules::audit_chain::TrustedCheckpoints;
use alm_core::service::checkpoints::Checkpoints;
use alm_core::testing::TestClock;
use alm_core::{Alm, Settings};
use tempfile::TempDir;

use super::world::{World, at};

fn signer(byte: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(vec![byte; 32]).unwrap()
}

/// The key of everybody who is not said to have another.
fn key() -> CheckpointKey {
    signer(7).key()
}

/// A place outside, and a folder that goes with it.
fn outside() -> (CheckpointFile, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (CheckpointFile::new(folder.path().join("checkpoints")), folder)
}

/// The service on this store, with checkpoints in this file.
async fn opened(
    store: &Arc<dyn Store>,
    clock: &Arc<TestClock>,
    file: &CheckpointFile,
    settings: Settings,
) -> Alm {
    let checkpoints = Checkpoints::new(Arc::new(signer(7)), Arc::new(file.clone()));
    let clock: Arc<TestClock> = Arc::clone(clock);
    let builder = Alm::builder(Arc::clone(store), clock).checkpoints(checkpoints).settings(settings);
    builder.open().await.unwrap()
}

async fn records(store: &Arc<dyn Store>) -> Vec<AuditRecord> {
    store.audit(1, 10_000).await.unwrap()
}

/// What somebody makes who can write to the store and knows how: other entries, every hash right.
async fn rewritten(
    records: &[AuditRecord],
    instance: InstanceId,
    change: impl Fn(u64, &mut AuditEntry),
) -> Arc<dyn Store> {
    let store = MemoryStore::new(instance);
    let mut audit = Vec::new();
    for record in records {
        let mut entry = record.entry().unwrap();
        change(record.seq, &mut entry);
        audit.push(entry);
    }
    store.commit(Commit { audit, ..Commit::default() }).await.unwrap();
    Arc::new(store)
}

/// As the service would sign it, of any record.
async fn checkpoint_of(instance: InstanceId, record: &AuditRecord, by: u8) -> SignedCheckpoint {
    let checkpoint = AuditCheckpoint::new(instance, record.seq, record.hash, at("2026-11-20T09:30:00Z"));
    let signer = signer(by);
    checkpoint.signed(signer.key(), signer.sign(&checkpoint.signed_bytes()).await.unwrap())
}

/// The same, but for this.
fn but(mut one: SignedCheckpoint, change: impl FnOnce(&mut SignedCheckpoint)) -> SignedCheckpoint {
    change(&mut one);
    one
}

fn trusted(checkpoints: impl IntoIterator<Item = SignedCheckpoint>) -> TrustedCheckpoints {
    TrustedCheckpoints::new([key()], checkpoints)
}

/// A world in which something has happened.
async fn busy() -> World {
    let world = World::new().await;
    let template = world.template(alm_core::model::template::EolAction::Review).await;
    world.submitted(template, "payroll").await;
    world
}
