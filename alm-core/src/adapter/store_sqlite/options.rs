//! What can be chosen about a store in a file.

use std::time::Duration;

/// What can be chosen about a [`SqliteStore`](super::SqliteStore).
///
/// ```
/// use alm_core::adapter::store_sqlite::{Durability, SqliteOptions};
///
/// let mut options = SqliteOptions::default();
/// assert_eq!(options.durability, Durability::PowerLoss);
/// options.readers = 8;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// What a commit survives. Default: a power loss.
    pub durability: Durability,
    /// How long [`open`](super::SqliteStore::open) waits for another process to let go of the file, and every operation for a lock that a
    /// foreign program (a backup, a shell) holds. Changes that wait for the same lock fail together when that is over. Default: 5 seconds.
    pub busy_timeout: Duration,
    /// How many reads may run at the same time, at least 1. Default: 4.
    pub readers: u32,
    /// How large the file may grow, in bytes; commits that need more fail with [`StoreFull`](crate::ErrorKind::StoreFull). The log beside
    /// it, some megabytes, is not counted. Default: no limit but the disk's.
    pub max_bytes: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            durability: Durability::PowerLoss,
            busy_timeout: Duration::from_secs(5),
            readers: 4,
            max_bytes: None,
        }
    }
}

/// What a commit survives once it has been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// The machine losing power: every commit waits for the disk.
    PowerLoss,
    /// The process being killed, but of a machine that loses power the last commits may be gone (never half of one). Effects on the
    /// directory and the vault may then have happened of which the journal knows nothing: for tests and imports only.
    ProcessCrash,
}
