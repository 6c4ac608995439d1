//! The operations of the directory over LDAPS.

use ldap3::Mod;
use secrecy::ExposeSecret;

use super::{
    LdapDirectory,
    call::Call,
    changes,
    connection::Change,
    convert, create,
    diagnostic::{self, Diagnostic},
    lookup, managed, modify,
    paging::{self, Search, Target},
    password, restore, root,
};
use crate::{
    AttributeName, Capability, Error, ErrorKind, Outcome, directory::methods::prelude::*, listing, reserved,
};

/// How often an update is tried anew because somebody else changed the flags in between.
const FLAG_RETRIES: usize = 3;

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
        let call = Call::new("probe");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let probe = root::probe(&call, &mut lease).await?;
            lease.give_back();
            Ok(probe)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn pin(&self, options: PinOptions) -> Result<Arc<dyn Directory>> {
        let call = Call::new("pin");
        let work = async {
            let Some(wanted) = options.controller else {
                let lease = self.core.pool.lease(&call, self.pinned).await?;
                let index = lease.index();
                lease.give_back();
                return Ok(index);
            };
            // The configured name may be another than the one the controller has of itself, so those that do not fit are asked.
            let (same, others): (Vec<_>, Vec<_>) = self
                .core
                .pool
                .dialer
                .endpoints(&call)
                .await?
                .into_iter()
                .partition(|(_, endpoint)| endpoint.host.eq_ignore_ascii_case(&wanted.host));
            let mut unreachable = None;
            for (index, endpoint) in same.iter().chain(&others) {
                let probed = async {
                    let mut lease = self.core.pool.lease(&call, Some(*index)).await?;
                    let probe = root::probe(&call, &mut lease).await?;
                    lease.give_back();
                    Ok::<_, Error>(probe.controller)
                };
                let named = endpoint.host.eq_ignore_ascii_case(&wanted.host);
                match probed.await {
                    Ok(found) if named || found.host.eq_ignore_ascii_case(&wanted.host) => {
                        if wanted.invocation_id.is_some() && wanted.invocation_id != found.invocation_id {
                            return Err(call.error(ErrorKind::WrongController).with_subject(&wanted));
                        }
                        return Ok(*index);
                    }
                    Ok(_) => {}
                    Err(error) if named || !error.is_transient() => return Err(error),
                    Err(error) => unreachable = Some(error),
                }
            }
            Err(unreachable.unwrap_or_else(|| {
                call.error(ErrorKind::Invalid)
                    .with_subject(&wanted)
                    .with_reason("no such controller is configured")
            }))
        };
        let pinned = call.run(self.core.limits.operation, work).await?;
        Ok(Arc::new(Self { core: Arc::clone(&self.core), pinned: Some(pinned) }))
    }

    async fn find_account(&self, key: &AccountKey, options: FindOptions) -> Result<Option<Account>> {
        let call = Call::new("accounts.find");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let found = self.account(&call, &mut lease, key, &options.attributes).await;
            lease.settle(found)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn find_group(&self, key: &GroupKey, _options: FindOptions) -> Result<Option<Group>> {
        let call = Call::new("groups.find");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let found = self.group(&call, &mut lease, key).await;
            lease.settle(found)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn find_container(&self, dn: &Dn, _options: FindOptions) -> Result<Option<Container>> {
        let call = Call::new("containers.find");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let found = lookup::container(&call, &mut lease, dn).await;
            lease.settle(found)
        };
        call.run(self.core.limits.operation, work).await
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
        self.list(search, convert::member)
    }

    fn list_changes(&self, options: ChangesOptions) -> Listing<ChangeBatch> {
        self.deltas(options)
    }

    async fn create_account(&self, new: &NewAccount, _options: CreateOptions) -> Result<Account> {
        let call = Call::new("accounts.create");
        let work = async {
            let dn = new.dn()?;
            reserved::check(&new.attributes, self.core.marker_attribute.as_str(), call.operation, false)?;
            match &new.password {
                Some(password) => password::refuse_empty(&call, password)?,
                // Samba would make an account that anybody can enter.
                None if new.enabled => {
                    let error = call
                        .error(ErrorKind::PasswordPolicy)
                        .with_outcome(Outcome::NotSent)
                        .with_subject(&dn);
                    return Err(error.with_reason("an account without a password cannot be enabled"));
                }
                None => {}
            }
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = async {
                let names: Vec<&str> = new.service_principal_names.iter().map(String::as_str).collect();
                self.refuse_taken(&call, &mut lease, &names, None).await?;
                let connection = lease.connection(&call)?;
                let attribute = &self.core.marker_attribute;
                let made = create::create(&call, connection, &dn.to_string(), new, attribute).await;
                made.map_err(|error| error.with_subject(&dn))?;
                self.read_back(&call, &mut lease, &dn.clone().into()).await
            };
            let answer = answer.await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn update_account(
        &self,
        id: ObjectGuid,
        update: &AccountUpdate,
        _options: UpdateOptions,
    ) -> Result<Account> {
        let call = Call::new("accounts.update");
        let work = async {
            if let Some(fault) = update.fault() {
                return Err(call.error(ErrorKind::Invalid).with_subject(id).with_reason(fault));
            }
            reserved::check(&update.attributes, self.core.marker_attribute.as_str(), call.operation, true)?;
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = async {
                let mut account = self.existing(&call, &mut lease, id).await?;
                for _ in 0..=FLAG_RETRIES {
                    let modifications = modify::update(&call, &account, &self.core.marker_attribute, update)?;
                    if modifications.is_empty() {
                        return Ok(account);
                    }
                    let new = modify::new_names(
                        &account.service_principal_names,
                        &update.add_service_principal_names,
                    );
                    let set = update.service_principal_names.iter().flatten().map(String::as_str);
                    let new: Vec<&str> = new
                        .chain(
                            set.filter(|name| {
                                !account.service_principal_names.iter().any(|have| have == name)
                            }),
                        )
                        .collect();
                    self.refuse_taken(&call, &mut lease, &new, Some(id)).await?;
                    let marker = update.marker.as_ref();
                    let done = self.modify(&call, &mut lease, &account, modifications, marker).await;
                    let Err(error) = done else {
                        return self.read_back(&call, &mut lease, &id.into()).await;
                    };
                    if !modify::may_be_stale(&error, update) {
                        return Err(error);
                    }
                    // The flags and names are compared and set: whether they were what stopped it, they say themselves.
                    let now = self.existing(&call, &mut lease, id).await?;
                    if now.user_account_control == account.user_account_control
                        && now.service_principal_names == account.service_principal_names
                    {
                        return Err(error);
                    }
                    account = now;
                }
                let error = call.error(ErrorKind::Busy).with_outcome(Outcome::NotDone).with_subject(id);
                Err(error.with_reason("somebody else keeps changing its flags"))
            };
            let answer = answer.await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn set_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        options: SetPasswordOptions,
    ) -> Result<()> {
        let call = Call::new("accounts.set_password");
        let work = async {
            password::refuse_empty(&call, password)?;
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = async {
                let account = self.existing(&call, &mut lease, id).await?;
                let mut modifications = match &options.marker {
                    Some(change) => {
                        let have = (account.marker.as_ref(), account.foreign_marker);
                        modify::marker(&call, &account.dn, have, &self.core.marker_attribute, change)?
                    }
                    None => Vec::new(),
                };
                let hints = if options.enforce_history {
                    let offered = root::controls(&call, &mut lease).await?;
                    let unsupported = || {
                        call.error(ErrorKind::Unsupported).with_subject(&account.dn).with_reason(
                            "this controller does not enforce the history of passwords when one is set",
                        )
                    };
                    Some(password::policy_hints(&offered).ok_or_else(unsupported)?)
                } else {
                    None
                };
                let value = password::encode(password).to_vec();
                modifications.push(Mod::Replace(b"unicodePwd".to_vec(), [value].into()));
                if options.must_change {
                    modifications.push(modify::replace("pwdLastSet", [0]));
                }
                if options.unlock {
                    modifications.push(modify::replace("lockoutTime", [0]));
                }
                let (marker, hints) = (options.marker.as_ref(), hints.into_iter().collect());
                self.modify_with(&call, &mut lease, &account, modifications, marker, hints).await
            };
            let answer = answer.await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn check_password(
        &self,
        id: ObjectGuid,
        password: &SecretString,
        _options: CheckPasswordOptions,
    ) -> Result<PasswordCheck> {
        let call = Call::new("accounts.check_password");
        let work = async {
            password::refuse_empty(&call, password)?;
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let account = self.existing(&call, &mut lease, id).await?;
            let stranger = lease.stranger(&call).await;
            let result = match stranger {
                Ok(mut stranger) => {
                    stranger.bind(&call, &account.dn.to_string(), password.expose_secret()).await
                }
                Err(error) => Err(error),
            };
            lease.give_back();
            let result = result.map_err(|error| error.with_subject(&account.dn))?;
            match (result.rc, Diagnostic::parse(result.rc, &result.text).bind) {
                (0, _) => Ok(PasswordCheck::Accepted),
                // A refusal that does not say why proves nothing.
                (diagnostic::INVALID_CREDENTIALS, code) => {
                    Ok(code.and_then(PasswordCheck::from_bind_code).unwrap_or(PasswordCheck::Restricted))
                }
                _ => Err(diagnostic::error(&call, &result).with_subject(&account.dn)),
            }
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn move_account(&self, id: ObjectGuid, to: &Dn, options: MoveOptions) -> Result<Account> {
        let call = Call::new("accounts.move");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = async {
                let account = self.existing(&call, &mut lease, id).await?;
                self.moved(&call, &mut lease, &account, to, &options).await
            };
            let answer = answer.await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn delete_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<()> {
        let call = Call::new("accounts.delete");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = async {
                let account = self.existing(&call, &mut lease, id).await?;
                changes::expect(&call, &account.dn, account.marker.as_ref(), options.expect_marker.as_ref())?;
                changes::delete(&call, &mut lease, &account.dn, options.with_children).await
            };
            let answer = answer.await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn add_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        _options: MemberOptions,
    ) -> Result<MembershipChange> {
        let call = Call::new("groups.add_member");
        call.run(self.core.limits.operation, self.membership(&call, group, member, true)).await
    }

    async fn remove_member(
        &self,
        group: &GroupKey,
        member: ObjectGuid,
        _options: MemberOptions,
    ) -> Result<MembershipChange> {
        let call = Call::new("groups.remove_member");
        call.run(self.core.limits.operation, self.membership(&call, group, member, false)).await
    }

    async fn change_password(
        &self,
        id: ObjectGuid,
        old: &SecretString,
        new: &SecretString,
        _options: ChangePasswordOptions,
    ) -> Result<()> {
        let call = Call::new("accounts.change_password");
        let work = async {
            password::refuse_empty(&call, old)?;
            password::refuse_empty(&call, new)?;
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = async {
                let account = self.existing(&call, &mut lease, id).await?;
                let value = |password| [password::encode(password).to_vec()].into();
                // In this order it is a change and no reset (MS-ADTS 3.1.1.3.1.5.1).
                let modifications = vec![
                    Mod::Delete(b"unicodePwd".to_vec(), value(old)),
                    Mod::Add(b"unicodePwd".to_vec(), value(new)),
                ];
                self.modify(&call, &mut lease, &account, modifications, None).await
            };
            let answer = answer.await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn create_group(&self, group: &NewGroup, _options: CreateOptions) -> Result<Group> {
        let call = Call::new("groups.create");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.make_group(&call, &mut lease, group).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn delete_group(&self, id: ObjectGuid, _options: DeleteGroupOptions) -> Result<()> {
        let call = Call::new("groups.delete");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = async {
                let group = self.existing_group(&call, &mut lease, &GroupKey::Guid(id)).await?;
                let deleted =
                    lease.connection(&call)?.change(&call, Change::Delete(group.dn.to_string())).await;
                deleted.map_err(|refusal| refusal.error.with_subject(&group.dn))
            };
            let answer = answer.await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn change_members(
        &self,
        group: &GroupKey,
        changes: &MemberChanges,
        _options: MemberOptions,
    ) -> Result<MembersChanged> {
        let call = Call::new("groups.change_members");
        let work = async {
            if let Some(fault) = changes.fault() {
                return Err(call.error(ErrorKind::Invalid).with_subject(group).with_reason(fault));
            }
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.batch(&call, &mut lease, group, changes).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn create_container(&self, container: &NewContainer, _options: CreateOptions) -> Result<Container> {
        let call = Call::new("containers.create");
        let work = async {
            let dn = container.dn()?;
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.make_unit(&call, &mut lease, &dn, container.description.as_deref()).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn delete_container(&self, id: ObjectGuid, options: DeleteContainerOptions) -> Result<()> {
        let call = Call::new("containers.delete");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.remove_unit(&call, &mut lease, id, options.with_contents).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn restore_account(&self, id: ObjectGuid, options: RestoreOptions) -> Result<Account> {
        let call = Call::new("accounts.restore");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.restore(&call, &mut lease, id, &options).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
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
        self.list(search, restore::deleted)
    }

    async fn password_policy(&self, scope: &PolicyScope, _options: PolicyOptions) -> Result<PasswordPolicy> {
        let call = Call::new("policy.read");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.policy(&call, &mut lease, scope).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn service_name_owners(
        &self,
        name: &ServicePrincipalName,
        _options: ServiceNameOptions,
    ) -> Result<ServiceNameOwners> {
        let call = Call::new("service_names.owners");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.owners(&call, &mut lease, name.as_str()).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn root_key(&self, _options: RootKeyOptions) -> Result<RootKey> {
        let call = Call::new("managed.root_key");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.key(&call, &mut lease).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn find_managed_account(
        &self,
        key: &AccountKey,
        _options: FindOptions,
    ) -> Result<Option<ManagedAccount>> {
        let call = Call::new("managed.find");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.managed_account(&call, &mut lease, key).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
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
        let call = Call::new("managed.create");
        let work = async {
            let readers = account.checked()?;
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.make_managed(&call, &mut lease, account, &readers).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn update_managed_account(
        &self,
        id: ObjectGuid,
        update: &ManagedAccountUpdate,
        _options: UpdateOptions,
    ) -> Result<ManagedAccount> {
        let call = Call::new("managed.update");
        let work = async {
            if let Some(fault) = update.fault() {
                return Err(call.error(ErrorKind::Invalid).with_subject(id).with_reason(fault));
            }
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.update_managed(&call, &mut lease, id, update).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn delete_managed_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<()> {
        let call = Call::new("managed.delete");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = async {
                let (_, account) = self.existing_managed(&call, &mut lease, id).await?;
                changes::expect(&call, &account.dn, account.marker.as_ref(), options.expect_marker.as_ref())?;
                changes::delete(&call, &mut lease, &account.dn, options.with_children).await
            };
            let answer = answer.await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn read_managed_password(
        &self,
        id: ObjectGuid,
        _options: ReadPasswordOptions,
    ) -> Result<ManagedPassword> {
        let call = Call::new("managed.read_password");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let answer = self.managed_password(&call, &mut lease, id).await;
            lease.settle(answer)
        };
        call.run(self.core.limits.operation, work).await
    }
}
