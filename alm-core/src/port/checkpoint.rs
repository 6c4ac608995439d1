//! Who signs checkpoints of the audit chain, and where they are kept.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::Result;
use crate::model::checkpoint::{CheckpointKey, CheckpointSignature, SignedCheckpoint};
use crate::model::ids::InstanceId;

/// Signs checkpoints, with an Ed25519 key that is not in the database: [`Ed25519Signer`](crate::adapter::ed25519::Ed25519Signer), a hardware module,
/// a key service.
#[async_trait]
pub trait CheckpointSigner: Debug + Send + Sync + 'static {
    /// The public half of the key.
    fn key(&self) -> CheckpointKey;

    /// The signature of these bytes: RFC 8032, Ed25519 without a context and not of a hash.
    ///
    /// # Errors
    /// When it cannot sign now; it is asked again.
    async fn sign(&self, bytes: &[u8]) -> Result<CheckpointSignature>;
}

/// A place outside, to which checkpoints are added and from which none can be taken by whoever writes to the store:
/// [`CheckpointFile`](crate::adapter::checkpoint_file::CheckpointFile) on another host's disk, a bucket whose objects are kept, a log collector.
#[async_trait]
pub trait CheckpointSink: Debug + Send + Sync + 'static {
    /// Keeps a checkpoint for good, behind those that are there. The same one may come twice.
    ///
    /// # Errors
    /// When it is not certain that it is kept; another one is given soon.
    async fn append(&self, checkpoint: &SignedCheckpoint) -> Result<()>;

    /// The last checkpoint of an instance that was kept, as it is there; `None` when there is none, or the place cannot be read. With it, the
    /// service makes no further one of a chain that was rewritten while it was not running.
    ///
    /// # Errors
    /// When the place should be readable and is not.
    async fn last(&self, instance: InstanceId) -> Result<Option<SignedCheckpoint>>;
}
