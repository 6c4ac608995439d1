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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::OperationKind;
    use crate::rules::fixture::{HOUR, account, now, operation};

    fn every(by: Rotator, days: Option<u32>) -> Rotation {
        Rotation { by, every_days: days, ..Rotation::default() }
    }

    #[test]
    fn t_14_a_password_lives_from_one_day_to_ten_years() {
        for (days, fits) in [(0, false), (1, true), (3_650, true), (3_651, false)] {
            assert_eq!(check(&every(Rotator::Engine, Some(days))).is_empty(), fits, "{days}");
        }
        assert_eq!(check(&every(Rotator::Vault, None)), []);
        assert_eq!(check(&every(Rotator::Vault, Some(30))).len(), 1);
        let leaves = Rotation { when_owner_leaves: true, ..every(Rotator::Vault, None) };
        assert_eq!(check(&leaves), [], "then the vault is asked");
    }

    #[test]
    fn t_14_the_clock_asks_for_what_the_engine_rotates() {
        let at = now();
        assert_eq!(due(&every(Rotator::Engine, Some(30)), at), Some(at + HOUR * (30 * 24)));
        assert_eq!(due(&every(Rotator::Engine, None), at), None);
        assert_eq!(due(&every(Rotator::Vault, Some(30)), at), None);
        assert_eq!(due(&every(Rotator::Engine, Some(u32::MAX)), at), None, "beyond the calendar");
        assert_eq!(tomorrow(at), at + HOUR * 24);
        assert_eq!(tomorrow(Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn t_14_who_may_not_get_another_password_is_told_why() {
        let with = |change: fn(&mut Account)| {
            let mut account = account(1);
            change(&mut account);
            require(&account).map_err(|refusal| refusal.rule())
        };
        assert_eq!(with(|_| ()), Ok(()));
        assert_eq!(with(|it| it.kind = AccountKind::GroupManaged), Err("T-11"));
        assert_eq!(with(|it| it.status = AccountStatus::Deleted), Err("I-4"));
        assert_eq!(with(|it| it.status = AccountStatus::Disabled), Ok(()));
        assert_eq!(with(|it| it.secret = None), Err("M-1"));
        assert_eq!(with(|it| it.operation = Some(operation(OperationKind::Renew, true))), Err("L-31"));
    }
}
