//! The attempts at one effect: what is known of those before, and when the next may start.

use jiff::{SignedDuration, Timestamp};

use super::effect::EffectResult;
use crate::error::Outcome;

/// The longest pause between two attempts.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(300);

/// What is known of the attempts at the effect that is next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attempt {
    /// When one was started whose end is not known.
    started: Option<Timestamp>,
    /// When the last one was started or ended that may have done something, or may still.
    doubt_since: Option<Timestamp>,
    /// How many failed in a row, and when and why the last one did.
    failures: u32,
    failed: Option<(Timestamp, String)>,
}

impl Attempt {
    /// One is started.
    pub(super) fn start(&mut self, at: Timestamp) {
        if let Some(before) = self.started {
            // Nobody heard how that one ended.
            self.leave_doubt(before);
        }
        self.started = Some(at);
    }

    /// One has failed in a way that allows another.
    pub(super) fn fail(&mut self, at: Timestamp, outcome: Outcome, message: &str) {
        if matches!(outcome, Outcome::Unknown | Outcome::Done) {
            self.leave_doubt(at);
        }
        self.started = None;
        self.failures = self.failures.saturating_add(1);
        self.failed = Some((at, message.to_owned()));
    }

    fn leave_doubt(&mut self, at: Timestamp) {
        self.doubt_since = self.doubt_since.max(Some(at));
    }

    /// A person wants it tried again at once.
    pub(super) fn forgive(&mut self) {
        self.failures = 0;
        self.failed = None;
    }

    /// Whether one is under way, or was when its engine died.
    pub(super) const fn is_started(&self) -> bool {
        self.started.is_some()
    }

    /// Whether an attempt before may have done something that nobody saw.
    pub(super) const fn in_doubt(&self) -> bool {
        self.doubt_since.is_some() || self.started.is_some()
    }

    /// The one under way has ended, and everybody knows how.
    pub(super) const fn end(&mut self) {
        self.started = None;
    }

    /// Since when something may have been done, or may still be, that nobody saw.
    pub(super) fn doubt_since(&self) -> Option<Timestamp> {
        self.started.max(self.doubt_since)
    }

    /// How many failed in a row.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Before when the next may not start, and why.
    pub(super) fn not_before(&self) -> Option<(Timestamp, String)> {
        self.failed.as_ref().map(|(at, message)| {
            let seconds = 1_i64.checked_shl(self.failures.saturating_sub(1).min(16)).unwrap_or(i64::MAX);
            (later(*at, SignedDuration::from_secs(seconds).min(LONGEST_PAUSE)), message.clone())
        })
    }
}

/// The later of a pause and the instant at which a doubt has settled: until then what was asked before may still be carried out.
pub(super) fn settled(
    pause: Option<(Timestamp, String)>,
    doubt: Option<Timestamp>,
    settle: SignedDuration,
) -> Option<(Timestamp, String)> {
    let doubt =
        doubt.map(|since| (later(since, settle), "an earlier attempt may still be carried out".to_owned()));
    match (pause, doubt) {
        (Some(pause), Some(doubt)) => Some(if doubt.0 > pause.0 { doubt } else { pause }),
        (pause, doubt) => pause.or(doubt),
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The end of an attempt in the terms of a saga.
pub(super) fn describe(result: &EffectResult) -> &'static str {
    match result {
        EffectResult::Done(_) => "finished: done",
        EffectResult::Refused { .. } => "finished: refused",
        EffectResult::Failed { .. } => "finished: failed",
    }
}
