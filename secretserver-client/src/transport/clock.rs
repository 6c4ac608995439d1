//! Time from outside, so that tests take none.

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// A boxed future that can cross threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where the client reads time and how it waits.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Time since a fixed moment; never goes back.
    fn now(&self) -> Duration;

    /// The time of day. Only used to read a `Retry-After` that names a date.
    fn wall(&self) -> Timestamp;

    /// Waits between two attempts.
    fn sleep(&self, duration: Duration) -> BoxFuture<()>;

    /// Ends when a time limit is over. Apart from [`Clock::sleep`], so that a test may skip waits without reaching limits.
    fn timer(&self, duration: Duration) -> BoxFuture<()> {
        self.sleep(duration)
    }
}

/// The machine's clock, with tokio's timer: needs a tokio runtime with time enabled.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
