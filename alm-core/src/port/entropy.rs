//! Randomness.

use std::fmt::Debug;

use jiff::Timestamp;
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};

/// Where identifiers, salts and passwords come from. A test gives one that repeats itself.
pub trait Entropy: Debug + Send + Sync + 'static {
    /// Fills `bytes` with bytes that nobody can guess.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the machine has no source of randomness.
    fn fill(&self, bytes: &mut [u8]) -> Result<()>;

    /// A new identifier that sorts by `now` (UUID version 7).
    ///
    /// # Errors
    /// As [`fill`](Entropy::fill).
    fn id(&self, now: Timestamp) -> Result<Uuid> {
        let mut random = [0; 10];
        self.fill(&mut random)?;
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemEntropy;

impl SystemEntropy {
    /// The operating system's randomness.
    pub const fn new() -> Self {
        Self
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        getrandom::fill(bytes).map_err(|error| {
            Error::new(ErrorKind::Config, "entropy.fill", "the operating system gives no random bytes")
                .with_source(std::io::Error::other(error.to_string()))
        })
    }
}
