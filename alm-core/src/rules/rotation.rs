//! When an account gets another password, and whether it may now (T-14).

use jiff::{SignedDuration, Timestamp};

use crate::model::account::{Account, AccountStatus};
use crate::model::managed::AccountKind;
use crate::model::refusal::Refusal;
use crate::model::template::{Rotation, Rotator};

/// A password that is older than this many days is nobody's plan.
const MOST_DAYS: u32 = 3_650;

/// When an account whose password was set at `changed_at` is to get another one; `None` when nobody but a person asks for it.
pub fn due(rotation: &Rotation, changed_at: Timestamp) -> Option<Timestamp> {
    let days = rotation.every_days.filter(|_| rotation.by == Rotator::Engine)?;
    changed_at
        .checked_add(SignedDuration::from_hours(24).saturating_mul(i32::try_from(days).unwrap_or(i32::MAX)))
        .ok()
}

/// The same time a day later.
pub fn tomorrow(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX)
}

/// Checks what a template says about rotation.
pub fn check(rotation: &Rotation) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if rotation.every_days.is_some_and(|days| days == 0 || days > MOST_DAYS) {
        let message = format!("a password lives from 1 to {MOST_DAYS} days");
        refusals.push(Refusal::new("T-14", "rotation.every_days", message));
    }
    if rotation.by == Rotator::Vault && rotation.every_days.is_some() {
        let message = "the vault rotates by its own schedule; say so there";
        refusals.push(Refusal::new("T-14", "rotation.by", message));
    }
    refusals
}

/// Whether an account may get another password now.
///
/// # Errors
/// T-11 for a gMSA, whose password the domain changes; L-31 while another operation is open, I-4 for a deleted account, M-1 for one whose password no
/// vault keeps.
pub fn require(account: &Account) -> Result<(), Refusal> {
    let name = &account.name;
    if account.kind == AccountKind::GroupManaged {
        let message = format!("the domain changes the password of {name} by itself");
        return Err(Refusal::new("T-11", "account", message));
    }
    if account.status == AccountStatus::Deleted {
        return Err(Refusal::new("I-4", "account", format!("{name} is deleted")));
    }
    if account.secret.is_none() {
        let message = format!("no vault keeps the password of {name}, so there is none to change");
        return Err(Refusal::new("M-1", "account", message));
    }
    if let Some(operation) = account.operation {
        let what = if operation.failed { "failed and must be retried or abandoned" } else { "must end" };
        let message =
            format!("its operation {:?} {what} before {name} gets another password", operation.kind);
        return Err(Refusal::new("L-31", "account", message));
    }
    Ok(())
}
