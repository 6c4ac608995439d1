//! How long to wait before the next attempt: decorrelated jitter, so that many clients do not come back at the same moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The shortest wait.
const SHORTEST: Duration = Duration::from_millis(100);
/// The longest wait, unless the server asks for more.
const LONGEST: Duration = Duration::from_secs(10);

/// Random numbers for jitter: fast, seedable and not for secrets (`SplitMix64`).
#[derive(Debug)]
pub(crate) struct Jitter(AtomicU64);

impl Jitter {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Seeded by the operating system; by a constant if it has no randomness to give, which jitter can bear.
    pub(crate) fn from_system() -> Self {
        Self::from_seed(getrandom::u64().unwrap_or(0x5eed))
    }

    fn next(&self) -> u64 {
        let state =
            self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A duration in `low..=high`.
    pub(crate) fn between(&self, low: Duration, high: Duration) -> Duration {
        let low_ms = u64::try_from(low.as_millis()).unwrap_or(u64::MAX);
        let high_ms = u64::try_from(high.as_millis()).unwrap_or(u64::MAX).max(low_ms);
        let span = high_ms.saturating_sub(low_ms).saturating_add(1);
        Duration::from_millis(low_ms.saturating_add(self.next().checked_rem(span).unwrap_or(0)))
    }
}

/// The wait after one of length `previous` (zero before the first).
pub(crate) fn next_wait(jitter: &Jitter, previous: Duration) -> Duration {
    jitter.between(SHORTEST, previous.max(SHORTEST).saturating_mul(3)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_within_bounds_and_spreads() {
        let jitter = Jitter::from_seed(7);
        let mut previous = Duration::ZERO;
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let wait = next_wait(&jitter, previous);
            assert!((SHORTEST..=LONGEST).contains(&wait), "{wait:?}");
            seen.insert(wait);
            previous = wait;
        }
        assert!(seen.len() > 20, "only {} different waits", seen.len());
    }

    #[test]
    fn the_same_seed_gives_the_same_waits() {
        let waits = |seed| {
            (0..5)
                .map(|_| 0)
                .scan(Jitter::from_seed(seed), |j, _| Some(next_wait(j, SHORTEST)))
                .collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }
}
