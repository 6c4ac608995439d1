//! When a delivery is tried again, and for how long it holds others back (H-6).

use std::time::Duration;

/// How long to wait after the first failed attempt, the second, and so on: about three days in all, as Standard Webhooks advise.
const WAITS: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// How many attempts there are before a delivery is a dead letter.
pub const ATTEMPTS: usize = WAITS.len() + 1;

/// How long a dead letter holds later events of its account back.
pub const HOLDS: Duration = Duration::from_hours(1);

/// The longest that a receiver can ask to be left alone for.
pub const MOST_ASKED: Duration = Duration::from_hours(24);

/// How long to wait after `round` failed attempts; `None` when that was the last. At least as long as the receiver asked for, but no longer than a
/// day; otherwise up to a tenth longer by `jitter`, so that many that failed together do not come back together.
pub fn wait(round: u32, asked: Option<Duration>, jitter: u8) -> Option<Duration> {
    let index = usize::try_from(round).ok()?.checked_sub(1)?;
    let wait = *WAITS.get(index)?;
    let later = wait / 10 * u32::from(jitter) / 255;
    let asked = asked.unwrap_or_default().min(MOST_ASKED);
    Some((wait + later).max(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h_6_waits_grow_for_about_three_days_and_end() {
        let waits: Vec<_> = (1..=9).map(|round| wait(round, None, 0).unwrap()).collect();
        assert!(waits.is_sorted() && waits[0] == Duration::from_secs(5));
        let days = waits.iter().sum::<Duration>().as_secs_f64() / 86_400.0;
        assert!((3.0..3.5).contains(&days), "{days}");
        let last = u32::try_from(ATTEMPTS).unwrap();
        assert_eq!((wait(last - 1, None, 0), wait(last, None, 0)), (Some(Duration::from_hours(24)), None));
        assert_eq!((wait(0, None, 0), wait(u32::MAX, None, 0)), (None, None));
    }

    #[test]
    fn a_receiver_may_ask_for_more_and_not_for_ever() {
        assert_eq!(wait(1, Some(Duration::from_secs(90)), 255), Some(Duration::from_secs(90)));
        assert_eq!(wait(1, Some(Duration::from_secs(1)), 0), Some(Duration::from_secs(5)));
        assert_eq!(wait(1, Some(Duration::MAX), 0), Some(Duration::from_hours(24)));
        assert_eq!(wait(1, None, 255), Some(Duration::from_millis(5_500)));
        assert_eq!(wait(2, None, 51), Some(Duration::from_secs(306)));
    }
}
