//! The operations of the directory in memory.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    MemoryDirectory, changes,
    checks::{answer, apply, changeable, compare_and_set, expect, no_parent, no_password, refuse_empty},
    index::{Names, changed_services},
    list, policy,
    policy::Judgement,
    structure,
    world::{StoredAccount, USERS},
};
use crate::{
    Capability, Error, ErrorKind, PolicyScope, Reach, UserAccountControl, Vendor,
    directory::methods::prelude::*, listing, reserved,
};

/// How old the noted time of a sign-in must be before a new one is noted (`ms-DS-Logon-Time-Sync-Interval`: 14 days, less up to 5).
const SIGN_IN_NOTED_EVERY: jiff::SignedDuration = jiff::SignedDuration::from_hours(14 * 24);

/// The attribute that the LDAP backend uses unless told otherwise; here it is only kept from being set twice.
const MARKER_ATTRIBUTE: &str = "adminDescription";

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Directory for MemoryDirectory {
    fn capabilities(&self) -> Capabilities {
        use Capability as C;
        [
            C::Move,
            C::Expiry,
            C::CheckPassword,
            C::AtomicMarker,
            C::Pin,
            C::Lockout,
            C::ManagedAccounts,
            C::Restore,
            C::Changes,
            C::Policy,
            C::ServiceNames,
            C::ForestServiceNames,
        ]
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
            Ok(Some(world.seen(stored, &options.attributes)))
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
        listing::lazily(async move { directory.read(|world| list::members(world, &group, &options)) })
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

    async fn update_account(
        &self,
        id: ObjectGuid,
        update: &AccountUpdate,
        _options: UpdateOptions,
    ) -> Result<Account> {
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
            world.index.check(&Names::of_account(&stored.account), operation)?;
            let seen = answer(world, &stored);
            world.put_account(stored);
            Ok(seen)
        })
    }

    async fn delete_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<()> {
        let operation = "accounts.delete";
        let now = self.now();
        self.change(|world| {
            let stored = changeable(world, id, operation)?;
            expect(&stored.account, options.expect_marker.as_ref(), operation)?;
            world.bury(id, now);
            Ok(())
        })
    }

    async fn add_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        _options: MemberOptions,
    ) -> Result<MembershipChange> {
        let changes = MemberChanges::new().add([member]);
        let done =
            self.change(|world| structure::change_members(world, group, &changes, "groups.add_member"))?;
        Ok(if done.added == 0 { MembershipChange::Already } else { MembershipChange::Changed })
    }

    async fn remove_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        _options: MemberOptions,
    ) -> Result<MembershipChange> {
        let changes = MemberChanges::new().remove([member]);
        let done =
            self.change(|world| structure::change_members(world, group, &changes, "groups.remove_member"))?;
        Ok(if done.removed == 0 { MembershipChange::Already } else { MembershipChange::Changed })
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
        self.change(|world| structure::change_members(world, group, changes, "groups.change_members"))
    }

    async fn create_container(&self, container: &NewContainer, _options: CreateOptions) -> Result<Container> {
        let dn = container.dn().map_err(|error| Error::from(error).with_operation("containers.create"))?;
        self.change(|world| structure::make_unit(world, &dn, container.description.as_deref()))
    }

    async fn delete_container(&self, id: ObjectGuid, options: DeleteContainerOptions) -> Result<()> {
        let now = self.now();
        self.change(|world| structure::delete_unit(world, id, options.with_contents, now))
    }

    async fn restore_account(&self, id: ObjectGuid, options: RestoreOptions) -> Result<Account> {
        let now = self.now();
        self.change(|world| world.restore(id, &options, now))
    }

    fn list_deleted(&self, options: ListDeletedOptions) -> Listing<DeletedAccount> {
        let directory = self.clone();
        listing::lazily(async move {
            let now = directory.now();
            directory.read(|world| world.list_deleted(&options, now))
        })
    }

    async fn password_policy(&self, scope: &PolicyScope, _options: PolicyOptions) -> Result<PasswordPolicy> {
        let PolicyScope::Account(guid) = *scope else { return Ok(self.shared.policies.domain.clone()) };
        self.read(|world| {
            world.stored(guid, "policy.read")?;
            Ok(self.shared.policies.of(world, guid))
        })
    }

    async fn service_name_owners(
        &self,
        name: &ServicePrincipalName,
        _options: ServiceNameOptions,
    ) -> Result<ServiceNameOwners> {
        self.read(|world| {
            let guid = world.index.services.get(&name.as_str().to_lowercase());
            let owner = guid.and_then(|guid| list::member(world, *guid));
            Ok(ServiceNameOwners::new(owner.into_iter().collect(), Reach::Forest))
        })
    }

    async fn root_key(&self, _options: RootKeyOptions) -> Result<RootKey> {
        let now = self.now();
        self.read(|world| Ok(world.root_key_at(now)))
    }

    async fn find_managed_account(
        &self,
        key: &AccountKey,
        _options: FindOptions,
    ) -> Result<Option<ManagedAccount>> {
        self.read(|world| Ok(world.find_managed(key)?.map(|stored| world.seen_managed(stored))))
    }

    fn list_managed_accounts(&self, query: &Query, _options: ListOptions) -> Listing<ManagedAccount> {
        let (directory, query) = (self.clone(), query.clone());
        listing::lazily(async move { directory.read(|world| list::managed(world, &query)) })
    }

    async fn create_managed_account(
        &self,
        account: &NewManagedAccount,
        _options: CreateOptions,
    ) -> Result<ManagedAccount> {
        let now = self.now();
        self.change(|world| world.make_managed(account, now))
    }

    async fn update_managed_account(
        &self,
        id: ObjectGuid,
        update: &ManagedAccountUpdate,
        _options: UpdateOptions,
    ) -> Result<ManagedAccount> {
        if let Some(fault) = update.fault() {
            let error = Error::new(ErrorKind::Invalid, "managed.update").with_subject(id);
            return Err(error.with_reason(fault));
        }
        let now = self.now();
        self.change(|world| world.update_managed(id, update, now))
    }

    async fn delete_managed_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<()> {
        self.change(|world| world.delete_managed(id, &options))
    }

    async fn read_managed_password(
        &self,
        id: ObjectGuid,
        _options: ReadPasswordOptions,
    ) -> Result<ManagedPassword> {
        let now = self.now();
        self.read(|world| world.managed_password(id, self.shared.signed_in_as.as_ref(), now))
    }
}

/// Whether a password that ages has done so.
fn is_too_old(policy: &PasswordPolicy, stored: &StoredAccount, now: Timestamp) -> bool {
    let ages = !stored.account.user_account_control.contains(UserAccountControl::PASSWORD_NEVER_EXPIRES);
    let too_old = |set: Timestamp, age| now.duration_since(set).unsigned_abs() >= age;
    ages && policy.maximum_age.zip(stored.password_set).is_some_and(|(age, set)| too_old(set, age))
}
