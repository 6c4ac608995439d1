//! Which password policy holds for whom, and what a password says of whoever gives it.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{
    object::is_within,
    password::PasswordHash,
    world::{StoredAccount, World},
};
use crate::{Dn, Error, ErrorKind, ObjectGuid, PasswordPolicy, PolicySource, Result};

/// What a password that somebody gives is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Right,
    Wrong,
    /// Nobody looked at it: there were too many wrong ones.
    Locked,
}

/// The policy of the domain, and those of some groups.
#[derive(Debug, Default)]
pub(super) struct Policies {
    pub(super) domain: PasswordPolicy,
    /// A policy and the common name of the group whose members it holds for; the first that fits counts.
    pub(super) of_groups: Vec<(String, PasswordPolicy)>,
}

impl Policies {
    /// The one that holds for an account (MS-ADTS 3.1.1.4.5.36: the fine-grained one of the highest precedence, else that of the domain).
    pub(super) fn of(&self, world: &World, account: ObjectGuid) -> PasswordPolicy {
        let fits = |group: &str| {
            let named =
                |stored: &&super::world::StoredGroup| stored.group.name.as_str().eq_ignore_ascii_case(group);
            let found = world.groups.values().find(named);
            found.is_some_and(|stored| is_within(world, account, &stored.group.dn))
        };
        let found = self.of_groups.iter().find(|(group, _)| fits(group));
        found.map_or_else(
            || self.domain.clone(),
            |(group, policy)| {
                let mut policy = policy.clone();
                let name = world
                    .domain
                    .child("System")
                    .and_then(|system| system.child("Password Settings Container"))
                    .and_then(|container| container.child(group));
                policy.source = name.map_or(PolicySource::Domain, PolicySource::FineGrained);
                policy
            },
        )
    }
}

/// What a password says of whoever gives it. Wrong ones are counted in `stored`.
pub(super) fn judge(
    policy: &PasswordPolicy,
    stored: &mut StoredAccount,
    password: &SecretString,
    now: Timestamp,
) -> Judgement {
    let within = |then: Option<Timestamp>, time: std::time::Duration| {
        then.is_some_and(|then| now.duration_since(then).unsigned_abs() < time)
    };
    let locked = policy
        .lockout_duration
        .map_or_else(|| stored.locked_at.is_some(), |duration| within(stored.locked_at, duration));
    if locked {
        return Judgement::Locked;
    }
    if stored.password.as_ref().is_some_and(|hash| hash.fits(password)) {
        return Judgement::Right;
    }
    // A password of the last two is wrong and not counted, since programs with an old one are no guessers (Microsoft, "Account lockout
    // threshold": the last two passwords do not count).
    let latest = stored.history.iter().take(2);
    if latest.clone().any(|hash| hash.fits(password)) {
        return Judgement::Wrong;
    }
    let before = if within(stored.last_wrong, policy.lockout_window) { stored.wrong_passwords } else { 0 };
    stored.wrong_passwords = before + 1;
    stored.last_wrong = Some(now);
    let locks = policy.lockout_threshold > 0 && stored.wrong_passwords >= policy.lockout_threshold;
    stored.locked_at = locks.then_some(now);
    Judgement::Wrong
}

/// Whether a new password is one that the policy lets this account have.
pub(super) fn check(
    policy: &PasswordPolicy,
    stored: &StoredAccount,
    password: &SecretString,
    history: bool,
    operation: &'static str,
) -> Result<()> {
    let account = &stored.account;
    let name = account.sam_account_name.as_str();
    let refuse = |reason: &'static str| Err(refusal(&account.dn, operation).with_reason(reason));
    if let Some(fault) = policy.fault(password.expose_secret(), name, account.display_name.as_deref()) {
        return refuse(fault);
    }
    let remembered = usize::try_from(policy.history_length).unwrap_or(usize::MAX);
    let mut before = stored.password.iter().chain(&stored.history).take(remembered);
    if history && before.any(|hash| hash.fits(password)) {
        return refuse("the account had this password before, and the history of passwords holds");
    }
    Ok(())
}

/// Gives the account another password, and remembers the one before.
pub(super) fn replace(
    policy: &PasswordPolicy,
    stored: &mut StoredAccount,
    password: &SecretString,
    now: Timestamp,
    operation: &'static str,
) -> Result<()> {
    let before = stored.password.replace(PasswordHash::new(password, operation)?);
    stored.history.splice(0..0, before);
    // The one that is set now is one of those that the history counts.
    let kept = usize::try_from(policy.history_length).unwrap_or(usize::MAX).max(3) - 1;
    stored.history.truncate(kept);
    stored.password_set = Some(now);
    stored.account.password_last_set = Some(now);
    stored.account.when_changed = Some(now);
    Ok(())
}

/// As Windows answers: 53, and the code that says what it is about.
pub(super) fn refusal(dn: &Dn, operation: &'static str) -> Error {
    Error::new(ErrorKind::PasswordPolicy, operation).with_subject(dn).with_codes(Some(53), Some(0x52d), None)
}
