//! The operations of the directory in memory.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;
use uuid::Uuid;

use super::{
    MemoryDirectory, changes,
    checks::{
        answer, apply, changeable, compare_and_set, expect, group_to_change, no_parent, no_password,
        refuse_empty,
    },
    list,
    password::PasswordHash,
    policy::Judgement,
    structure,
    world::StoredAccount,
};
use crate::{
    Account, AccountKey, AccountUpdate, Capabilities, Capability, ChangeBatch, ChangePasswordOptions,
    ChangesOptions, CheckPasswordOptions, Container, CreateOptions, DeleteContainerOptions,
    DeleteGroupOptions, DeleteOptions, Directory, Dn, Error, ErrorKind, FindOptions, Group, GroupKey,
    ListMembersOptions, ListOptions, Listing, Member, MemberChanges, MemberOptions, MembersChanged,
    MembershipChange, MoveOptions, NewAccount, NewContainer, NewGroup, ObjectGuid, PasswordCheck, PinOptions,
    Probe, ProbeOptions, Query, Result, SetPasswordOptions, UpdateOptions, UserAccountControl, Vendor,
    listing, reserved,
};

/// The attribute that the LDAP backend uses unless told otherwise; here it is only kept from being set twice.
const MARKER_ATTRIBUTE: &str = "adminDescription";

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Directory for MemoryDirectory {
    fn capabilities(&self) -> Capabilities {
        use Capability as C;
        [C::Move, C::Expiry, C::CheckPassword, C::AtomicMarker, C::Pin, C::Lockout, C::Changes]
            .into_iter()
            .collect()
    }

    async fn probe(&self, _options: ProbeOptions) -> Result<Probe> {
        let now = self.now();
        self.read(|world| {
            let mut probe = Probe::new(world.controller.clone(), world.domain.clone(), Vendor::Memory);
            // A controller tells its time to the second.
            probe.time = Timestamp::from_second(now.as_second()).ok();
            Ok(probe)
        })
    }

    async fn pin(&self, options: PinOptions) -> Result<Arc<dyn Directory>> {
        let Some(wanted) = options.controller else {
            return Ok(Arc::new(self.clone()));
        };
        self.read(|world| {
            let error = |kind| Err(Error::new(kind, "pin").with_subject(&wanted));
            if !wanted.host.eq_ignore_ascii_case(&world.controller.host) {
                return error(ErrorKind::Invalid)
                    .map_err(|error| error.with_reason("no such controller is configured"));
            }
            if wanted.invocation_id.is_some() && wanted.invocation_id != world.controller.invocation_id {
                return error(ErrorKind::WrongController);
            }
            Ok(())
        })?;
        Ok(Arc::new(self.clone()))
    }

    async fn find_account(&self, key: &AccountKey, options: FindOptions) -> Result<Option<Account>> {
        self.read(|world| {
            let Some(stored) = world.find_account(key)? else { return Ok(None) };
            let mut account = world.seen(stored);
            account.attributes.retain(|name, _| options.attributes.contains(name));
            Ok(Some(account))
        })
    }

    async fn find_group(&self, key: &GroupKey, _options: FindOptions) -> Result<Option<Group>> {
        self.read(|world| Ok(world.find_group(key).map(|stored| stored.group.clone())))
    }

    async fn find_container(&self, dn: &Dn, _options: FindOptions) -> Result<Option<Container>> {
        self.read(|world| Ok(world.find_container(dn).cloned()))
    }

    fn list_accounts(&self, query: &Query, options: ListOptions) -> Listing<Account> {
        let (directory, query) = (self.clone(), query.clone());
        listing::lazily(async move { directory.read(|world| list::accounts(world, &query, &options)) })
    }

    fn list_groups(&self, query: &Query, _options: ListOptions) -> Listing<Group> {
        let (directory, query) = (self.clone(), query.clone());
        listing::lazily(async move { directory.read(|world| list::groups(world, &query)) })
    }

    fn list_containers(&self, query: &Query, _options: ListOptions) -> Listing<Container> {
        let (directory, query) = (self.clone(), query.clone());
        listing::lazily(async move { directory.read(|world| list::containers(world, &query)) })
    }

    fn list_members(&self, group: &GroupKey, options: ListMembersOptions) -> Listing<Member> {
        let (directory, group) = (self.clone(), group.clone());
        listing::lazily(async move { directory.read(|world| list::members(world, &group, options.nested)) })
    }

    fn list_changes(&self, options: ChangesOptions) -> Listing<ChangeBatch> {
        let directory = self.clone();
        listing::lazily(async move {
            directory.read(|world| changes::since(world, &options, MARKER_ATTRIBUTE).map(|batch| vec![batch]))
        })
    }

    async fn create_account(&self, new: &NewAccount, _options: CreateOptions) -> Result<Account> {
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
            world.check_names(&account, operation)?;
            let display_name = new.display_name.as_deref();
            let password = match &new.password {
                Some(password) => {
                    let checked = self.shared.policy.check(
                        password,
                        new.sam_account_name.as_str(),
                        display_name,
                        operation,
                    );
                    checked.map_err(|error| error.with_subject(&dn))?;
                    Some(PasswordHash::new(password, operation)?)
                }
                None if new.enabled => return Err(no_password(&dn, operation)),
                None => None,
            };
            account.user_account_control = UserAccountControl::NORMAL_ACCOUNT
                .set(UserAccountControl::ACCOUNT_DISABLE, !new.enabled)
                .set(UserAccountControl::PASSWORD_NEVER_EXPIRES, new.password_never_expires);
            account.expires = new.expires;
            account.marker.clone_from(&new.marker);
            account.description.clone_from(&new.description);
            account.display_name.clone_from(&new.display_name);
            account.attributes.clone_from(&new.attributes);
            account.sid = world.next_sid();
            account.primary_group_id = Some(513);
            account.when_created = Some(now);
            account.when_changed = Some(now);
            account.password_last_set = password.as_ref().map(|_| now);
            account.object_classes =
                ["top", "person", "organizationalPerson", "user"].map(ToOwned::to_owned).into();
            let stored = StoredAccount {
                account,
                password,
                must_change: false,
                wrong_passwords: 0,
                last_wrong: None,
                locked_at: None,
            };
            let seen = answer(world, &stored);
            world.put_account(stored);
            Ok(seen)
        })
    }

    async fn update_account(
        &self,
        id: ObjectGuid,
        update: &AccountUpdate,
        _options: UpdateOptions,
    ) -> Result<Account> {
        let operation = "accounts.update";
        if update.is_empty() {
            return Err(Error::new(ErrorKind::Invalid, operation)
                .with_subject(id)
                .with_reason("nothing would change"));
        }
        reserved::check(&update.attributes, MARKER_ATTRIBUTE, operation, true)?;
        let now = self.now();
        self.change(|world| {
            let mut stored = changeable(world, id, operation)?.clone();
            let account = &mut stored.account;
            if let Some(change) = &update.marker {
                compare_and_set(account, change, operation)?;
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
            for (name, values) in &update.attributes {
                if values.is_empty() {
                    account.attributes.remove(name);
                } else {
                    account.attributes.insert(name.clone(), values.clone());
                }
            }
            account.when_changed = Some(now);
            world.check_names(account, operation)?;
            let seen = answer(world, &stored);
            world.put_account(stored);
            Ok(seen)
        })
    }

    async fn set_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        options: SetPasswordOptions,
    ) -> Result<()> {
        let operation = "accounts.set_password";
        refuse_empty(password, operation)?;
        let now = self.now();
        self.change(|world| {
            let mut stored = changeable(world, id, operation)?.clone();
            let account = &mut stored.account;
            if let Some(change) = &options.marker {
                compare_and_set(account, change, operation)?;
            }
            let checked = self.shared.policy.check(
                password,
                account.sam_account_name.as_str(),
                account.display_name.as_deref(),
                operation,
            );
            checked.map_err(|error| error.with_subject(&account.dn))?;
            account.password_last_set = if options.must_change { None } else { Some(now) };
            account.when_changed = Some(now);
            stored.password = Some(PasswordHash::new(password, operation)?);
            stored.must_change = options.must_change;
            if options.unlock {
                stored.locked_at = None;
                stored.wrong_passwords = 0;
            }
            world.put_account(stored);
            Ok(())
        })
    }

    async fn check_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        _options: CheckPasswordOptions,
    ) -> Result<PasswordCheck> {
        let operation = "accounts.check_password";
        refuse_empty(password, operation)?;
        let now = self.now();
        // A change even when the password is right, since it forgets the wrong ones.
        self.change(|world| {
            let mut stored = world.stored(id, operation)?.clone();
            match self.shared.policy.judge(&mut stored, password, now) {
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
            } else {
                PasswordCheck::Accepted
            };
            if answer == PasswordCheck::Accepted && stored.wrong_passwords > 0 {
                stored.wrong_passwords = 0;
                stored.locked_at = None;
                world.put_account(stored);
            }
            Ok(answer)
        })
    }

    async fn move_account(&self, id: ObjectGuid, to: &Dn, options: MoveOptions) -> Result<Account> {
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
            world.check_names(&stored.account, operation)?;
            let seen = answer(world, &stored);
            world.put_account(stored);
            Ok(seen)
        })
    }

    async fn delete_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<()> {
        let operation = "accounts.delete";
        self.change(|world| {
            let stored = changeable(world, id, operation)?;
            expect(&stored.account, options.expect_marker.as_ref(), operation)?;
            world.remove_account(id);
            Ok(())
        })
    }

    async fn add_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        _options: MemberOptions,
    ) -> Result<MembershipChange> {
        let operation = "groups.add_member";
        self.change(|world| {
            world.stored(member, operation)?;
            let group = group_to_change(world, group, operation)?.group.guid;
            Ok(if world.set_member(group, member, true) {
                MembershipChange::Changed
            } else {
                MembershipChange::Already
            })
        })
    }

    async fn remove_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        _options: MemberOptions,
    ) -> Result<MembershipChange> {
        let operation = "groups.remove_member";
        self.change(|world| {
            world.stored(member, operation)?;
            let group = group_to_change(world, group, operation)?.group.guid;
            Ok(if world.set_member(group, member, false) {
                MembershipChange::Changed
            } else {
                MembershipChange::Already
            })
        })
    }

    async fn change_password(
        &self,
        id: ObjectGuid,
        old: &SecretString,
        new: &SecretString,
        _options: ChangePasswordOptions,
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
            if self.shared.policy.judge(&mut stored, old, now) != Judgement::Right {
                let error = wrong(&stored.account.dn);
                world.put_account(stored);
                return Ok(Some(error));
            }
            let account = &mut stored.account;
            let (name, shown) = (account.sam_account_name.as_str(), account.display_name.as_deref());
            let checked = self.shared.policy.check(new, name, shown, operation);
            checked.map_err(|error| error.with_subject(&account.dn))?;
            account.password_last_set = Some(now);
            account.when_changed = Some(now);
            stored.password = Some(PasswordHash::new(new, operation)?);
            stored.must_change = false;
            world.put_account(stored);
            Ok(None)
        })?;
        counted.map_or(Ok(()), Err)
    }

    async fn create_group(&self, group: &NewGroup, _options: CreateOptions) -> Result<Group> {
        self.change(|world| structure::make_group(world, group))
    }

    async fn delete_group(&self, id: ObjectGuid, _options: DeleteGroupOptions) -> Result<()> {
        self.change(|world| structure::delete_group(world, id))
    }

    async fn change_members(
        &self,
        group: &GroupKey,
        changes: &MemberChanges,
        _options: MemberOptions,
    ) -> Result<MembersChanged> {
        if let Some(fault) = changes.fault() {
            let error = Error::new(ErrorKind::Invalid, "groups.change_members").with_subject(group);
            return Err(error.with_reason(fault));
        }
        self.change(|world| structure::change_members(world, group, changes))
    }

    async fn create_container(&self, container: &NewContainer, _options: CreateOptions) -> Result<Container> {
        let dn = container.dn().map_err(|error| Error::from(error).with_operation("containers.create"))?;
        self.change(|world| structure::make_unit(world, &dn, container.description.as_deref()))
    }

    async fn delete_container(&self, id: ObjectGuid, options: DeleteContainerOptions) -> Result<()> {
        self.change(|world| structure::delete_unit(world, id, options.with_contents))
    }
}
