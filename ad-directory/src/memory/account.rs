//! Making, changing and moving accounts.

use secrecy::SecretString;
use uuid::Uuid;

use super::{
    MARKER_ATTRIBUTE, MemoryDirectory,
    checks::{answer, apply, changeable, compare_and_set, expect, no_parent, no_password, refuse_empty},
    index::{Names, changed_services},
    policy,
    world::{StoredAccount, USERS},
};
use crate::{
    Account, AccountUpdate, Dn, Error, ErrorKind, MoveOptions, NewAccount, ObjectGuid, Result,
    UserAccountControl, reserved,
};

impl MemoryDirectory {
    /// Makes an account.
    pub(super) fn create(&self, new: &NewAccount) -> Result<Account> {
        let operation = "accounts.create";
        let dn = new.dn().map_err(|error| Error::from(error).with_operation(operation))?;
        reserved::check(&new.attributes, MARKER_ATTRIBUTE, operation, false)?;
        let refuse_empty = |password: &SecretString| refuse_empty(password, operation);
        new.password.as_ref().map_or(Ok(()), refuse_empty)?;
        let now = self.now();
        self.change(|world| {
            if world.find_container(&new.parent).is_none() {
                return Err(no_parent(&new.parent, operation));
            }
            let mut account = Account::new(Uuid::new_v4().into(), dn.clone(), new.sam_account_name.clone());
            account.user_principal_name.clone_from(&new.user_principal_name);
            account.service_principal_names.clone_from(&new.service_principal_names);
            world.index.check(&Names::of_account(&account), operation)?;
            if new.password.is_none() && new.enabled {
                return Err(no_password(&dn, operation));
            }
            account.user_account_control = UserAccountControl::NORMAL_ACCOUNT
                .set(UserAccountControl::ACCOUNT_DISABLE, !new.enabled)
                .set(UserAccountControl::PASSWORD_NEVER_EXPIRES, new.password_never_expires);
            account.expires = new.expires;
            account.marker.clone_from(&new.marker);
            account.description.clone_from(&new.description);
            account.display_name.clone_from(&new.display_name);
            account.attributes.clone_from(&new.attributes);
            account.primary_group_id = Some(USERS);
            account.when_created = Some(now);
            account.when_changed = Some(now);
            let mut stored = StoredAccount::new(account);
            if let Some(password) = &new.password {
                let policy = &self.shared.policies.domain;
                policy::check(policy, &stored, password, false, operation)?;
                policy::replace(policy, &mut stored, password, now, operation)?;
            }
            stored.account.sid = world.next_sid();
            let seen = answer(world, &stored);
            world.put_account(stored);
            Ok(seen)
        })
    }

    /// Changes one.
    pub(super) fn update(&self, id: ObjectGuid, update: &AccountUpdate) -> Result<Account> {
        let operation = "accounts.update";
        if let Some(fault) = update.fault() {
            return Err(Error::new(ErrorKind::Invalid, operation).with_subject(id).with_reason(fault));
        }
        reserved::check(&update.attributes, MARKER_ATTRIBUTE, operation, true)?;
        let now = self.now();
        self.change(|world| {
            let mut stored = changeable(world, id, operation)?.clone();
            let account = &mut stored.account;
            if let Some(change) = &update.marker {
                compare_and_set(&mut account.marker, &account.dn, change, operation)?;
            }
            if let Some(enabled) = update.enabled {
                if enabled && stored.password.is_none() {
                    return Err(no_password(&account.dn, operation));
                }
                account.user_account_control =
                    account.user_account_control.set(UserAccountControl::ACCOUNT_DISABLE, !enabled);
            }
            if let Some(never) = update.password_never_expires {
                account.user_account_control =
                    account.user_account_control.set(UserAccountControl::PASSWORD_NEVER_EXPIRES, never);
            }
            if let Some(denied) = update.password_change_denied {
                account.password_change_denied = denied.then_some(true);
            }
            if let Some(expires) = update.expires {
                account.expires = expires;
            }
            if let Some(must) = update.must_change_password {
                account.password_last_set = stored.password.as_ref().filter(|_| !must).map(|_| now);
                stored.must_change = must;
            }
            if update.unlock {
                stored.locked_at = None;
                stored.wrong_passwords = 0;
            }
            if let Some(name) = &update.sam_account_name {
                account.sam_account_name = name.clone();
            }
            apply(&mut account.user_principal_name, &update.user_principal_name);
            apply(&mut account.description, &update.description);
            apply(&mut account.display_name, &update.display_name);
            if let Some(names) = &update.service_principal_names {
                account.service_principal_names.clone_from(names);
            }
            if !(update.add_service_principal_names.is_empty()
                && update.remove_service_principal_names.is_empty())
            {
                account.service_principal_names = changed_services(
                    &account.service_principal_names,
                    &update.add_service_principal_names,
                    &update.remove_service_principal_names,
                );
            }
            for (name, values) in &update.attributes {
                if values.is_empty() {
                    account.attributes.remove(name);
                } else {
                    account.attributes.insert(name.clone(), values.clone());
                }
            }
            account.when_changed = Some(now);
            world.index.check(&Names::of_account(account), operation)?;
            let seen = answer(world, &stored);
            world.put_account(stored);
            Ok(seen)
        })
    }

    /// Moves one, with a new common name if wanted.
    pub(super) fn relocate(&self, id: ObjectGuid, to: &Dn, options: &MoveOptions) -> Result<Account> {
        let operation = "accounts.move";
        let now = self.now();
        self.change(|world| {
            let mut stored = changeable(world, id, operation)?.clone();
            expect(&stored.account, options.expect_marker.as_ref(), operation)?;
            if world.find_container(to).is_none() {
                return Err(no_parent(to, operation));
            }
            let cn = options.new_cn.as_deref().unwrap_or(&stored.account.cn);
            let dn = to.child(cn).map_err(|error| Error::from(error).with_operation(operation))?;
            dn.name().clone_into(&mut stored.account.cn);
            stored.account.dn = dn;
            stored.account.when_changed = Some(now);
            world.index.check(&Names::of_account(&stored.account), operation)?;
            let seen = answer(world, &stored);
            world.put_account(stored);
            Ok(seen)
        })
    }
}
