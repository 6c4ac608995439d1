//! Stand-ins for tests: a clock that you set, a vault in memory that misbehaves on demand.
//!
//! Not covered by the promise of compatibility: what they answer may change in any release.

mod clock;
mod vault;

pub use self::clock::TestClock;
pub use self::vault::{MemoryVault, StoredSecret, VaultFault};
