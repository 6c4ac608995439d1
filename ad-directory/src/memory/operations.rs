//! The operations of the directory in memory.

use jiff::Timestamp;

use super::{
    MARKER_ATTRIBUTE, MemoryDirectory, changes,
    checks::{changeable, expect},
    list, structure,
};
use crate::{
    Capability, Error, ErrorKind, PolicyScope, Reach, Vendor, directory::methods::prelude::*, listing,
    service_names::aliases::ServiceAliases,
};

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
            let mut seen = world.seen(stored, &options.attributes);
            if options.password_change {
                seen.password_change_denied = Some(stored.account.password_change_denied == Some(true));
            }
            Ok(Some(seen))
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
        self.create(new)
    }

    async fn update_account(
        &self,
        id: ObjectGuid,
        update: &AccountUpdate,
        _options: UpdateOptions,
    ) -> Result<Account> {
        self.update(id, update)
    }

    async fn set_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        options: SetPasswordOptions,
    ) -> Result<()> {
        self.reset_password(id, password, &options)
    }

    async fn check_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        _options: CheckPasswordOptions,
    ) -> Result<PasswordCheck> {
        self.prove_password(id, password)
    }

    async fn move_account(&self, id: ObjectGuid, to: &Dn, options: MoveOptions) -> Result<Account> {
        self.relocate(id, to, &options)
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
        self.change_own_password(id, old, new)
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
            let owner = |name: &str| {
                let guid = world.index.services.get(&name.to_lowercase())?;
                list::member(world, *guid)
            };
            let owners: Vec<_> = owner(name.as_str()).into_iter().collect();
            let others = ServiceAliases::default().of(name.as_str());
            let mut aliased: Vec<_> = others.iter().filter_map(|other| owner(other)).collect();
            aliased.retain(|member| owners.iter().all(|owner| owner.guid != member.guid));
            Ok(ServiceNameOwners::new(owners, Reach::Forest).with_aliased(aliased))
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

    async fn move_managed_account(
        &self,
        id: ObjectGuid,
        to: &Dn,
        options: MoveOptions,
    ) -> Result<ManagedAccount> {
        let now = self.now();
        self.change(|world| world.move_managed(id, to, &options, now))
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
