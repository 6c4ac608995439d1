//! A clock that you set.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::port::clock::Clock;

/// Tells the time that you set. Sleeping on it never ends: time limits do not strike in a test that does not want them to.
#[derive(Debug)]
pub struct TestClock(Mutex<Moment>);

#[derive(Debug)]
struct Moment {
    now: Timestamp,
    steady: Duration,
}

impl TestClock {
    /// A clock that stands at `now`.
    pub const fn new(now: Timestamp) -> Self {
        Self(Mutex::new(Moment { now, steady: Duration::ZERO }))
    }

    fn moment(&self) -> MutexGuard<'_, Moment> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets it, forward or back, as a person sets a clock: the steady one does not notice.
    pub fn set(&self, now: Timestamp) {
        self.moment().now = now;
    }

    /// Lets so much time pass. A negative one sets the clock back, which the steady one does not notice.
    pub fn advance(&self, by: SignedDuration) {
        let mut moment = self.moment();
        moment.now = moment.now.checked_add(by).unwrap_or(Timestamp::MAX);
        moment.steady = moment.steady.saturating_add(Duration::try_from(by).unwrap_or_default());
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.moment().now
    }

    fn steady(&self) -> Duration {
        self.moment().steady
    }

    /// Never ends by itself, so that a time limit never strikes; time moves when you move it.
    async fn sleep(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}
