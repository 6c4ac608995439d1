//! The operations of the directory over LDAPS.

use super::{
    LdapDirectory, account,
    call::Call,
    convert, lookup, managed,
    paging::{self, Search, Target},
    password, restore, root,
};
use crate::{AttributeName, Capability, ErrorKind, directory::methods::prelude::*, listing, reserved};

/// Runs the work within the time limit on a connection of its own, which goes back afterwards; `check` refuses what is wrong before there is
/// one.
macro_rules! leased {
    ($directory:ident, $operation:literal, |$call:ident, $lease:ident| $work:expr) => {
        leased!($directory, $operation, |_: &Call| Ok(()), |$call, $lease| $work)
    };
    ($directory:ident, $operation:literal, $check:expr, |$call:ident, $lease:ident| $work:expr) => {{
        let call = Call::new($operation);
        let work = async {
            let $call = &call;
            let check: &(dyn Fn(&Call) -> Result<()> + Sync) = &$check;
            check($call)?;
            let mut lease = $directory.core.pool.lease($call, $directory.pinned).await?;
            let $lease = &mut lease;
            let answer = async { $work }.await;
            lease.settle(answer)
        };
        call.run($directory.core.limits.operation, work).await
    }};
}

fn refuse(call: &Call, subject: impl std::fmt::Display, fault: Option<&'static str>) -> Result<()> {
    let refused = |fault| Err(call.error(ErrorKind::Invalid).with_subject(subject).with_reason(fault));
    fault.map_or(Ok(()), refused)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Directory for LdapDirectory {
    fn capabilities(&self) -> Capabilities {
        use Capability as C;
        let all = [
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
        ];
        all.into_iter().chain(self.core.catalog.as_ref().map(|_| C::ForestServiceNames)).collect()
    }

    async fn probe(&self, _options: ProbeOptions) -> Result<Probe> {
        leased!(self, "probe", |call, lease| root::probe(call, lease).await)
    }

    async fn pin(&self, options: PinOptions) -> Result<Arc<dyn Directory>> {
        let call = Call::new("pin");
        let work = self.controller(&call, options.controller);
        let pinned = call.run(self.core.limits.operation, work).await?;
        Ok(Arc::new(Self { core: Arc::clone(&self.core), pinned: Some(pinned) }))
    }

    async fn find_account(&self, key: &AccountKey, options: FindOptions) -> Result<Option<Account>> {
        leased!(self, "accounts.find", |call, lease| {
            let mut found = self.account(call, lease, key, &options.attributes).await?;
            if let Some(account) = found.as_mut().filter(|_| options.password_change) {
                account.password_change_denied =
                    self.password_change_denied(call, lease, &account.dn).await?;
            }
            Ok(found)
        })
    }

    async fn find_group(&self, key: &GroupKey, _options: FindOptions) -> Result<Option<Group>> {
        leased!(self, "groups.find", |call, lease| self.group(call, lease, key).await)
    }

    async fn find_container(&self, dn: &Dn, _options: FindOptions) -> Result<Option<Container>> {
        leased!(self, "containers.find", |call, lease| lookup::container(call, lease, dn).await)
    }

    fn list_accounts(&self, query: &Query, options: ListOptions) -> Listing<Account> {
        let attributes =
            convert::ACCOUNT_ATTRIBUTES.iter().copied().chain([self.core.marker_attribute.as_str()]);
        let asked = options.attributes.iter().map(AttributeName::as_str);
        let marker = self.core.marker_attribute.clone();
        let attributes = attributes.chain(asked).map(ToOwned::to_owned).collect();
        let kind = match paging::accounts() {
            Ok(kind) => kind,
            Err(error) => return listing::failed(error),
        };
        let target = Target::Query { query: query.clone(), kind };
        let search = Search {
            operation: "accounts.list",
            target,
            attributes,
            page_size: options.page_size,
            deleted: false,
        };
        self.list(search, move |call, entry| convert::account(call, entry, &marker, &options.attributes))
    }

    fn list_groups(&self, query: &Query, options: ListOptions) -> Listing<Group> {
        self.query(
            "groups.list",
            query,
            lookup::is("objectClass", "group"),
            convert::GROUP_ATTRIBUTES,
            &options,
            convert::group,
        )
    }

    fn list_containers(&self, query: &Query, options: ListOptions) -> Listing<Container> {
        self.query(
            "containers.list",
            query,
            lookup::containers(),
            convert::CONTAINER_ATTRIBUTES,
            &options,
            convert::container,
        )
    }

    fn list_members(&self, group: &GroupKey, options: ListMembersOptions) -> Listing<Member> {
        let target =
            Target::Members { group: group.clone(), nested: options.nested, primary: options.primary };
        let attributes = convert::MEMBER_ATTRIBUTES.iter().map(ToString::to_string).collect();
        let search = Search {
            operation: "groups.list_members",
            target,
            attributes,
            page_size: options.page_size,
            deleted: false,
        };
        self.list(search, |call, entry| convert::member(call, entry))
    }

    fn list_changes(&self, options: ChangesOptions) -> Listing<ChangeBatch> {
        self.deltas(options)
    }

    async fn create_account(&self, new: &NewAccount, _options: CreateOptions) -> Result<Account> {
        let check = |call: &Call| self.refuse_unsound(call, new);
        leased!(self, "accounts.create", check, |call, lease| self.make_account(call, lease, new).await)
    }

    async fn update_account(
        &self,
        id: ObjectGuid,
        update: &AccountUpdate,
        _options: UpdateOptions,
    ) -> Result<Account> {
        let check = |call: &Call| {
            refuse(call, id, update.fault())?;
            reserved::check(&update.attributes, self.core.marker_attribute.as_str(), call.operation, true)
        };
        leased!(self, "accounts.update", check, |call, lease| self.update(call, lease, id, update).await)
    }

    async fn set_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        options: SetPasswordOptions,
    ) -> Result<()> {
        let check = |call: &Call| password::refuse_empty(call, password);
        leased!(self, "accounts.set_password", check, |call, lease| {
            self.reset(call, lease, id, password, &options).await
        })
    }

    async fn check_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        _options: CheckPasswordOptions,
    ) -> Result<PasswordCheck> {
        let call = Call::new("accounts.check_password");
        call.run(self.core.limits.operation, self.proved(&call, id, password)).await
    }

    async fn move_account(&self, id: ObjectGuid, to: &Dn, options: MoveOptions) -> Result<Account> {
        leased!(self, "accounts.move", |call, lease| {
            let account = self.existing(call, lease, id).await?;
            self.moved(call, lease, &account, to, &options).await
        })
    }

    async fn delete_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<()> {
        leased!(self, "accounts.delete", |call, lease| {
            let account = self.existing(call, lease, id).await?;
            account::expect(call, &account.dn, account.marker.as_ref(), options.expect_marker.as_ref())?;
            account::delete(call, lease, &account.dn, options.with_children).await
        })
    }

    async fn add_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        _options: MemberOptions,
    ) -> Result<MembershipChange> {
        leased!(self, "groups.add_member", |call, lease| {
            self.membership(call, lease, group, member, true).await
        })
    }

    async fn remove_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        _options: MemberOptions,
    ) -> Result<MembershipChange> {
        leased!(self, "groups.remove_member", |call, lease| {
            self.membership(call, lease, group, member, false).await
        })
    }

    async fn change_password(
        &self,
        id: ObjectGuid,
        old: &SecretString,
        new: &SecretString,
        _options: ChangePasswordOptions,
    ) -> Result<()> {
        let check = |call: &Call| {
            password::refuse_empty(call, old)?;
            password::refuse_empty(call, new)
        };
        leased!(self, "accounts.change_password", check, |call, lease| {
            self.change_own(call, lease, id, old, new).await
        })
    }

    async fn create_group(&self, group: &NewGroup, _options: CreateOptions) -> Result<Group> {
        leased!(self, "groups.create", |call, lease| self.make_group(call, lease, group).await)
    }

    async fn delete_group(&self, id: ObjectGuid, _options: DeleteGroupOptions) -> Result<()> {
        leased!(self, "groups.delete", |call, lease| {
            let group = self.existing_group(call, lease, &GroupKey::Guid(id)).await?;
            account::delete(call, lease, &group.dn, false).await
        })
    }

    async fn change_members(
        &self,
        group: &GroupKey,
        changes: &MemberChanges,
        _options: MemberOptions,
    ) -> Result<MembersChanged> {
        let check = |call: &Call| refuse(call, group, changes.fault());
        leased!(self, "groups.change_members", check, |call, lease| {
            self.batch(call, lease, group, changes).await
        })
    }

    async fn create_container(&self, container: &NewContainer, _options: CreateOptions) -> Result<Container> {
        let check = |_: &Call| Ok(container.dn().map(drop)?);
        leased!(self, "containers.create", check, |call, lease| self.make_unit(call, lease, container).await)
    }

    async fn delete_container(&self, id: ObjectGuid, options: DeleteContainerOptions) -> Result<()> {
        leased!(self, "containers.delete", |call, lease| {
            self.remove_unit(call, lease, id, options.with_contents).await
        })
    }

    async fn restore_account(&self, id: ObjectGuid, options: RestoreOptions) -> Result<Account> {
        leased!(self, "accounts.restore", |call, lease| self.restore(call, lease, id, &options).await)
    }

    fn list_deleted(&self, options: ListDeletedOptions) -> Listing<DeletedAccount> {
        let kind = match restore::filter(&options) {
            Ok(kind) => kind,
            Err(error) => return listing::failed(error),
        };
        let target = Target::Query { query: Query::all(), kind };
        let attributes = restore::ATTRIBUTES.iter().map(ToString::to_string).collect();
        let (operation, page_size) = ("accounts.list_deleted", options.page_size);
        let search = Search { operation, target, attributes, page_size, deleted: true };
        self.list(search, |call, entry| restore::deleted(call, entry))
    }

    async fn password_policy(&self, scope: &PolicyScope, _options: PolicyOptions) -> Result<PasswordPolicy> {
        leased!(self, "policy.read", |call, lease| self.policy(call, lease, scope).await)
    }

    async fn service_name_owners(
        &self,
        name: &ServicePrincipalName,
        _options: ServiceNameOptions,
    ) -> Result<ServiceNameOwners> {
        leased!(self, "service_names.owners", |call, lease| self.owners(call, lease, name).await)
    }

    async fn root_key(&self, _options: RootKeyOptions) -> Result<RootKey> {
        leased!(self, "managed.root_key", |call, lease| self.key(call, lease).await)
    }

    async fn find_managed_account(
        &self,
        key: &AccountKey,
        _options: FindOptions,
    ) -> Result<Option<ManagedAccount>> {
        leased!(self, "managed.find", |call, lease| self.managed_account(call, lease, key).await)
    }

    fn list_managed_accounts(&self, query: &Query, options: ListOptions) -> Listing<ManagedAccount> {
        let kind = match managed::managed() {
            Ok(kind) => kind,
            Err(error) => return listing::failed(error),
        };
        let marker = self.core.marker_attribute.clone();
        let target = Target::Query { query: query.clone(), kind };
        let attributes = managed::ATTRIBUTES.iter().copied().chain([marker.as_str()]);
        let attributes = attributes.map(ToOwned::to_owned).collect();
        let (operation, page_size) = ("managed.list", options.page_size);
        let search = Search { operation, target, attributes, page_size, deleted: false };
        self.list(search, move |call, entry| managed::account(call, entry, &marker))
    }

    async fn create_managed_account(
        &self,
        account: &NewManagedAccount,
        _options: CreateOptions,
    ) -> Result<ManagedAccount> {
        let check = |_: &Call| Ok(account.checked().map(drop)?);
        leased!(self, "managed.create", check, |call, lease| self.make_managed(call, lease, account).await)
    }

    async fn update_managed_account(
        &self,
        id: ObjectGuid,
        update: &ManagedAccountUpdate,
        _options: UpdateOptions,
    ) -> Result<ManagedAccount> {
        let check = |call: &Call| refuse(call, id, update.fault());
        leased!(self, "managed.update", check, |call, lease| {
            self.update_managed(call, lease, id, update).await
        })
    }

    async fn move_managed_account(
        &self,
        id: ObjectGuid,
        to: &Dn,
        options: MoveOptions,
    ) -> Result<ManagedAccount> {
        leased!(self, "managed.move", |call, lease| {
            let (_, account) = self.existing_managed(call, lease, id).await?;
            let marker = account.marker.as_ref();
            if account::move_to(call, lease, (&account.dn, account.dn.name(), marker), to, &options).await? {
                let read = self.managed_account(call, lease, &id.into()).await?;
                return read.ok_or_else(|| lookup::unreadable(call, &account.dn));
            }
            Ok(account)
        })
    }

    async fn delete_managed_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<()> {
        leased!(self, "managed.delete", |call, lease| {
            let (_, account) = self.existing_managed(call, lease, id).await?;
            account::expect(call, &account.dn, account.marker.as_ref(), options.expect_marker.as_ref())?;
            account::delete(call, lease, &account.dn, options.with_children).await
        })
    }

    async fn read_managed_password(
        &self,
        id: ObjectGuid,
        _options: ReadPasswordOptions,
    ) -> Result<ManagedPassword> {
        leased!(self, "managed.read_password", |call, lease| self.managed_password(call, lease, id).await)
    }
}
