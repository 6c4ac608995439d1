//! What can be set about the service.

use std::time::Duration;

use crate::rules::guard::SweepLimits;

/// What can be set about the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// How long a request to the vault whose reply never came may still be carried out: the request's time limit and some more.
    /// Default 45 s.
    pub settle: Duration,
    /// How long a vault that changes passwords may take to carry out an order; after that a person is asked. An order whose answer was lost is
    /// given again only then, and only if the vault shows that it did nothing (T-14). Default 1 hour.
    pub vault_patience: Duration,
    /// How much the sweep may change without asking (L-39).
    pub sweep: SweepLimits,
    /// How long the result of a command is remembered for its repeats. Default 30 days.
    pub remember: Duration,
    /// How many rotations of passwords one sweep begins at most, so that what depends on the accounts is not told of all in one moment.
    /// Default 50.
    pub rotations_at_once: usize,
    /// Whether a template is published by two: one who proposes it and another who approves (T-10). Default no.
    pub two_person_publishing: bool,
    /// Whether System Administrators are told when a template is published, unpublished or disabled (N-2). Default no.
    pub tell_of_templates: bool,
    /// How long the history of what was delivered is kept (H-1). Default 30 days.
    pub keep_delivered: Duration,
    /// How long dead letters are kept (H-6). Default 90 days.
    pub keep_dead: Duration,
    /// How long notices stay in inboxes, read or not (N-17). Default 90 days.
    pub keep_notices: Duration,
    /// After how many audit records the sweep makes a checkpoint, where [checkpoints](crate::service::checkpoints) are made. What is not
    /// checkpointed yet can be rewritten unnoticed; that what is checkpointed was not, each sweep looks at. Default 10,000.
    pub checkpoint_records: u64,
    /// After how long the sweep makes a checkpoint if there are new audit records, however few. Default 1 hour.
    pub checkpoint_interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(45),
            vault_patience: Duration::from_hours(1),
            sweep: SweepLimits::default(),
            remember: Duration::from_hours(30 * 24),
            rotations_at_once: 50,
            two_person_publishing: false,
            tell_of_templates: false,
            keep_delivered: Duration::from_hours(30 * 24),
            keep_dead: Duration::from_hours(90 * 24),
            keep_notices: Duration::from_hours(90 * 24),
            checkpoint_records: 10_000,
            checkpoint_interval: Duration::from_hours(1),
        }
    }
}
