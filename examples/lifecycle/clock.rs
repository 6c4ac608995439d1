//! The story's clock: the machine's, and so much ahead of it (or behind).
//!
//! Time runs as it does outside, so that limits and leases mean what they say; between two chapters the story puts the clock forward. How far it
//! is ahead is kept beside the state file, so that a run that goes on does not fall back in time.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use alm_core::port::clock::Clock;
use jiff::{SignedDuration, Timestamp};

use crate::fault::Fault;

#[derive(Debug)]
pub struct StoryClock {
    ahead: Mutex<SignedDuration>,
    file: Option<PathBuf>,
}

impl StoryClock {
    /// Goes on where `file` says, or begins `ahead` of the machine's clock.
    pub fn open(file: Option<PathBuf>, ahead: SignedDuration) -> Result<Self, Fault> {
        let kept = match &file {
            Some(path) if path.exists() => Some(read(path)?),
            _ => None,
        };
        let clock = Self { ahead: Mutex::new(kept.unwrap_or(ahead)), file };
        if kept.is_none() {
            clock.keep(ahead)?;
        }
        Ok(clock)
    }

    /// Puts the clock forward to `at`; one that is there already stays.
    pub fn forward_to(&self, at: Timestamp) -> Result<bool, Fault> {
        let by = at.duration_since(self.now());
        if by <= SignedDuration::ZERO {
            return Ok(false);
        }
        let ahead = *self.lock() + by;
        // Kept first: a run that goes on must never be behind what the state file already saw.
        self.keep(ahead)?;
        *self.lock() = ahead;
        Ok(true)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, SignedDuration> {
        self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn keep(&self, ahead: SignedDuration) -> Result<(), Fault> {
        let Some(path) = &self.file else { return Ok(()) };
        let temporary = path.with_extension("clock-new");
        std::fs::write(&temporary, format!("{}\n", ahead.as_secs()))
            .and_then(|()| std::fs::rename(&temporary, path))
            .map_err(|error| Fault::new(format!("cannot write {}: {error}", path.display())))
    }
}

fn read(path: &Path) -> Result<SignedDuration, Fault> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Fault::new(format!("cannot read {}: {error}", path.display())))?;
    let seconds = text.trim().parse().map_err(|_| {
        Fault::new(format!(
            "{} holds no number of seconds; remove it together with the state file",
            path.display()
        ))
    })?;
    Ok(SignedDuration::from_secs(seconds))
}

#[async_trait::async_trait]
impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp::now().checked_add(*self.lock()).unwrap_or(Timestamp::MAX)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
