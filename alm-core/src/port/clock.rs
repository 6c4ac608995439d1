//! Time.

use std::fmt::Debug;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;

/// Tells the time and waits. Given to service and engine, so that a test can let a year pass in a moment.
#[async_trait]
pub trait Clock: Debug + Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;

    /// The time since some moment in this process, by a clock that nobody sets: what leases are measured with (E-5).
    fn steady(&self) -> Duration {
        static BEGINNING: OnceLock<Instant> = OnceLock::new();
        BEGINNING.get_or_init(Instant::now).elapsed()
    }

    /// Waits. Dropping the future ends the wait.
    async fn sleep(&self, duration: Duration);
}

/// The machine's own clock.
#[cfg(feature = "tokio")]
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

#[cfg(feature = "tokio")]
impl SystemClock {
    /// The machine's own clock.
    pub const fn new() -> Self {
        Self
    }
}

#[cfg(feature = "tokio")]
#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
