//! Passwords: set, proved, and changed by who has them.

use jiff::Timestamp;
use secrecy::SecretString;

use super::{
    MemoryDirectory,
    checks::{changeable, compare_and_set, refuse_empty},
    policy::{self, Judgement},
    world::StoredAccount,
};
use crate::{
    Dn, Error, ErrorKind, ObjectGuid, PasswordCheck, PasswordPolicy, Result, SetPasswordOptions,
    UserAccountControl,
};

/// How old the noted time of a sign-in must be before a new one is noted (`ms-DS-Logon-Time-Sync-Interval`: 14 days, less up to 5).
const SIGN_IN_NOTED_EVERY: jiff::SignedDuration = jiff::SignedDuration::from_hours(14 * 24);

impl MemoryDirectory {
    /// Sets a password without the old one.
    pub(super) fn reset_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        options: &SetPasswordOptions,
    ) -> Result<()> {
        let operation = "accounts.set_password";
        refuse_empty(password, operation)?;
        let now = self.now();
        self.change(|world| {
            let mut stored = changeable(world, id, operation)?.clone();
            let account = &mut stored.account;
            if let Some(change) = &options.marker {
                compare_and_set(&mut account.marker, &account.dn, change, operation)?;
            }
            let policy = self.shared.policies.of(world, id);
            policy::check(&policy, &stored, password, options.enforce_history, operation)?;
            policy::replace(&policy, &mut stored, password, now, operation)?;
            stored.must_change = options.must_change;
            if options.must_change {
                stored.account.password_last_set = None;
            }
            if options.unlock {
                stored.locked_at = None;
                stored.wrong_passwords = 0;
            }
            world.put_account(stored);
            Ok(())
        })
    }

    /// Signs in with it, as far as that can be done here.
    pub(super) fn prove_password(&self, id: ObjectGuid, password: &SecretString) -> Result<PasswordCheck> {
        let operation = "accounts.check_password";
        refuse_empty(password, operation)?;
        let now = self.now();
        // A change even when the password is right, since it forgets the wrong ones.
        self.change(|world| {
            let mut stored = world.stored(id, operation)?.clone();
            let policy = self.shared.policies.of(world, id);
            match policy::judge(&policy, &mut stored, password, now) {
                Judgement::Right => {}
                Judgement::Wrong => {
                    world.put_account(stored);
                    return Ok(PasswordCheck::Wrong);
                }
                Judgement::Locked => return Ok(PasswordCheck::LockedOut),
            }
            let account = &stored.account;
            let answer = if account.is_disabled() {
                PasswordCheck::Disabled
            } else if account.expires.is_past(now) {
                PasswordCheck::AccountExpired
            } else if stored.must_change {
                PasswordCheck::MustChange
            } else if is_too_old(&policy, &stored, now) {
                PasswordCheck::PasswordExpired
            } else {
                PasswordCheck::Accepted
            };
            if answer == PasswordCheck::Accepted {
                let noted = stored.last_sign_in;
                let news = noted.is_none_or(|noted| now.duration_since(noted) >= SIGN_IN_NOTED_EVERY);
                if news {
                    stored.last_sign_in = Some(now);
                }
                if news || stored.wrong_passwords > 0 {
                    stored.wrong_passwords = 0;
                    stored.locked_at = None;
                    world.put_account(stored);
                }
            }
            Ok(answer)
        })
    }

    /// Sets a password by proving the old one.
    pub(super) fn change_own_password(
        &self,
        id: ObjectGuid,
        old: &SecretString,
        new: &SecretString,
    ) -> Result<()> {
        let operation = "accounts.change_password";
        refuse_empty(old, operation)?;
        refuse_empty(new, operation)?;
        let now = self.now();
        let wrong = |dn: &Dn| {
            Error::new(ErrorKind::WrongPassword, operation).with_subject(dn).with_codes(
                Some(19),
                Some(0x56),
                None,
            )
        };
        // A wrong password is counted, and that is a change too.
        let counted = self.change(|world| {
            let mut stored = changeable(world, id, operation)?.clone();
            if stored.account.password_change_denied == Some(true) {
                return Err(Error::new(ErrorKind::Forbidden, operation)
                    .with_subject(&stored.account.dn)
                    .with_reason("its security descriptor denies it to change its password")
                    .with_codes(Some(50), Some(5), None));
            }
            let policy = self.shared.policies.of(world, id);
            if policy::judge(&policy, &mut stored, old, now) != Judgement::Right {
                let error = wrong(&stored.account.dn);
                world.put_account(stored);
                return Ok(Some(error));
            }
            policy::check(&policy, &stored, new, true, operation)?;
            let young = |set: Timestamp| now.duration_since(set).unsigned_abs() < policy.minimum_age;
            if !stored.must_change && stored.password_set.is_some_and(young) {
                let error = policy::refusal(&stored.account.dn, operation);
                return Err(error.with_reason("the password is younger than its owner may change it"));
            }
            policy::replace(&policy, &mut stored, new, now, operation)?;
            stored.must_change = false;
            world.put_account(stored);
            Ok(None)
        })?;
        counted.map_or(Ok(()), Err)
    }
}

/// Whether a password that ages has done so.
fn is_too_old(policy: &PasswordPolicy, stored: &StoredAccount, now: Timestamp) -> bool {
    let ages = !stored.account.user_account_control.contains(UserAccountControl::PASSWORD_NEVER_EXPIRES);
    let too_old = |set: Timestamp, age| now.duration_since(set).unsigned_abs() >= age;
    ages && policy.maximum_age.zip(stored.password_set).is_some_and(|(age, set)| too_old(set, age))
}
