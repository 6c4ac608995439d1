//! The operations of the directory over LDAPS.

use std::sync::Arc;

use async_trait::async_trait;
use ldap3::{Mod, Scope};
use secrecy::{ExposeSecret, SecretString};

use super::{
    LdapDirectory,
    call::Call,
    connection::{Change, Refusal, lost},
    convert, create,
    diagnostic::{self, Diagnostic},
    entry::Entry,
    modify, password,
    pool::Lease,
    root,
};
use crate::{
    Account, AccountKey, AccountUpdate, AttributeName, Capabilities, Capability, CheckPasswordOptions,
    Container, CreateOptions, DeleteOptions, Directory, Dn, Error, ErrorKind, Filter, FindOptions, Group,
    GroupKey, Marker, MarkerChange, MemberOptions, MembershipChange, MoveOptions, NewAccount, ObjectGuid,
    Outcome, PasswordCheck, PinOptions, Probe, ProbeOptions, Result, SetPasswordOptions, UpdateOptions,
    reserved,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Directory for LdapDirectory {
    fn capabilities(&self) -> Capabilities {
        use Capability as C;
        [C::Move, C::Expiry, C::CheckPassword, C::AtomicMarker, C::Pin, C::Lockout].into_iter().collect()
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
                let index = lease.index;
                lease.give_back();
                return Ok(index);
            };
            // The configured name may be another than the one the controller has of itself, so those that do not fit are asked.
            let (same, others): (Vec<_>, Vec<_>) = self
                .core
                .pool
                .endpoints()
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
            let found = self.account(&call, &mut lease, key, &options.attributes).await?;
            lease.give_back();
            Ok(found)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn find_group(&self, key: &GroupKey, _options: FindOptions) -> Result<Option<Group>> {
        let call = Call::new("groups.find");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let found = self.group(&call, &mut lease, key).await?;
            lease.give_back();
            Ok(found)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn find_container(&self, dn: &Dn, _options: FindOptions) -> Result<Option<Container>> {
        let call = Call::new("containers.find");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let found = container(&call, &mut lease, dn).await?;
            lease.give_back();
            Ok(found)
        };
        call.run(self.core.limits.operation, work).await
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
            let text = dn.to_string();
            let made =
                create::create(&call, lease.connection(&call)?, &text, new, &self.core.marker_attribute)
                    .await;
            let answer = match made {
                Ok(()) => self.read_back(&call, &mut lease, &dn.clone().into()).await,
                Err(error) => Err(error.with_subject(&dn)),
            };
            settle(lease, answer)
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
            if update.is_empty() {
                return Err(call
                    .error(ErrorKind::Invalid)
                    .with_subject(id)
                    .with_reason("nothing would change"));
            }
            reserved::check(&update.attributes, self.core.marker_attribute.as_str(), call.operation, true)?;
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let account = self.existing(&call, &mut lease, id).await?;
            let modifications = modify::update(&call, &account, &self.core.marker_attribute, update);
            let answer = match modifications {
                Ok(modifications) if modifications.is_empty() => Ok(account),
                Ok(modifications) => {
                    match self
                        .modify(&call, &mut lease, &account, modifications, update.marker.as_ref())
                        .await
                    {
                        Ok(()) => self.read_back(&call, &mut lease, &id.into()).await,
                        Err(error) => Err(error),
                    }
                }
                Err(error) => Err(error),
            };
            settle(lease, answer)
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
            let account = self.existing(&call, &mut lease, id).await?;
            let marker = options.marker.as_ref();
            let compared = marker.map_or_else(
                || Ok(Vec::new()),
                |change| modify::marker(&call, &account, &self.core.marker_attribute, change),
            );
            let answer = match compared {
                Ok(mut modifications) => {
                    let value = password::encode(password).to_vec();
                    modifications.push(Mod::Replace(b"unicodePwd".to_vec(), [value].into()));
                    if options.must_change {
                        modifications.push(modify::replace("pwdLastSet", [0]));
                    }
                    if options.unlock {
                        modifications.push(modify::replace("lockoutTime", [0]));
                    }
                    self.modify(&call, &mut lease, &account, modifications, marker).await
                }
                Err(error) => Err(error),
            };
            settle(lease, answer)
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
            let stranger = lease.stranger(&self.core.pool).await;
            let result = match stranger {
                Ok(mut stranger) => {
                    let answer = stranger.bind(&account.dn.to_string(), password.expose_secret()).await;
                    answer.map_err(|error| lost(&call, error))
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
            let account = self.existing(&call, &mut lease, id).await?;
            let answer = self.moved(&call, &mut lease, &account, to, &options).await;
            settle(lease, answer)
        };
        call.run(self.core.limits.operation, work).await
    }

    async fn delete_account(&self, id: ObjectGuid, options: DeleteOptions) -> Result<()> {
        let call = Call::new("accounts.delete");
        let work = async {
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let account = self.existing(&call, &mut lease, id).await?;
            let answer = match expect(&call, &account, options.expect_marker.as_ref()) {
                Ok(()) => {
                    let change = Change::Delete(account.dn.to_string());
                    lease
                        .connection(&call)?
                        .change(&call, change)
                        .await
                        .map_err(|refusal| refusal.error.with_subject(&account.dn))
                }
                Err(error) => Err(error),
            };
            settle(lease, answer)
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
}

/// The connection goes back after whatever the controller has answered; after a lost or unreadable answer it is closed.
fn settle<T>(lease: Lease<'_>, answer: Result<T>) -> Result<T> {
    let broken = |error: &Error| {
        matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Timeout | ErrorKind::Protocol)
    };
    if !answer.as_ref().is_err_and(broken) {
        lease.give_back();
    }
    if answer.is_ok() {
        tracing::debug!("done");
    }
    answer
}

fn expect(call: &Call, account: &Account, expected: Option<&Marker>) -> Result<()> {
    match expected {
        Some(expected) if !account.marker.as_ref().is_some_and(|have| have.matches(expected)) => {
            Err(call.error(ErrorKind::MarkerMismatch).with_subject(&account.dn))
        }
        _ => Ok(()),
    }
}

/// The DN form by which Active Directory finds an object wherever it is (MS-ADTS 3.1.1.3.1.2.4).
fn guid_dn(guid: ObjectGuid) -> String {
    format!("<GUID={guid}>")
}

fn is(attribute: &str, value: &str) -> Result<Filter> {
    Ok(Filter::equals(attribute.parse()?, value))
}

async fn container(call: &Call, lease: &mut Lease<'_>, dn: &Dn) -> Result<Option<Container>> {
    let filter = Filter::any([
        is("objectClass", "organizationalUnit")?,
        is("objectClass", "container")?,
        is("objectClass", "domainDNS")?,
    ]);
    let connection = lease.connection(call)?;
    let found =
        connection.search(call, &dn.to_string(), Scope::Base, &filter, convert::CONTAINER_ATTRIBUTES).await?;
    let entry = found.and_then(|mut entries| entries.pop());
    entry.map(|entry| convert::container(call, &entry)).transpose()
}

impl LdapDirectory {
    /// The domain: as configured, or as the controller says.
    async fn base(&self, call: &Call, lease: &mut Lease<'_>) -> Result<String> {
        let base = self.core.base.get_or_try_init(|| async {
            Ok::<_, Error>(root::probe(call, lease).await?.default_naming_context)
        });
        Ok(base.await?.to_string())
    }

    async fn account(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        key: &AccountKey,
        asked: &[AttributeName],
    ) -> Result<Option<Account>> {
        // The category leaves out computers and managed accounts, which are users by class too.
        let users = [is("objectCategory", "person")?, is("objectClass", "user")?];
        let (base, scope, filter) = match key {
            AccountKey::Guid(guid) => (guid_dn(*guid), Scope::Base, None),
            AccountKey::Dn(dn) => (dn.to_string(), Scope::Base, None),
            AccountKey::SamAccountName(name) => {
                (self.base(call, lease).await?, Scope::Subtree, Some(is("sAMAccountName", name.as_str())?))
            }
            AccountKey::UserPrincipalName(name) => {
                (self.base(call, lease).await?, Scope::Subtree, Some(is("userPrincipalName", name.as_str())?))
            }
            AccountKey::Marker { marker, below } => {
                let filter = Filter::equals(self.core.marker_attribute.clone(), marker.as_str());
                (below.to_string(), Scope::Subtree, Some(filter))
            }
        };
        let mut attributes = convert::ACCOUNT_ATTRIBUTES.to_vec();
        attributes.push(self.core.marker_attribute.as_str());
        attributes.extend(asked.iter().map(AttributeName::as_str));
        let filter = Filter::all(filter.into_iter().chain(users));
        let found = lease.connection(call)?.search(call, &base, scope, &filter, &attributes).await?;
        let entry = only(call, key, found)?;
        entry.map(|entry| convert::account(call, &entry, &self.core.marker_attribute, asked)).transpose()
    }

    async fn group(&self, call: &Call, lease: &mut Lease<'_>, key: &GroupKey) -> Result<Option<Group>> {
        let groups = is("objectClass", "group")?;
        let (base, scope, filter) = match key {
            GroupKey::Guid(guid) => (guid_dn(*guid), Scope::Base, groups),
            GroupKey::Dn(dn) => (dn.to_string(), Scope::Base, groups),
            GroupKey::SamAccountName(name) => {
                let filter = Filter::all([is("sAMAccountName", name.as_str())?, groups]);
                (self.base(call, lease).await?, Scope::Subtree, filter)
            }
        };
        let found =
            lease.connection(call)?.search(call, &base, scope, &filter, convert::GROUP_ATTRIBUTES).await?;
        only(call, key, found)?.map(|entry| convert::group(call, &entry)).transpose()
    }

    async fn existing(&self, call: &Call, lease: &mut Lease<'_>, id: ObjectGuid) -> Result<Account> {
        let found = self.account(call, lease, &id.into(), &[]).await?;
        found.ok_or_else(|| call.error(ErrorKind::NotFound).with_subject(id))
    }

    /// After a change, on the same connection.
    async fn read_back(&self, call: &Call, lease: &mut Lease<'_>, key: &AccountKey) -> Result<Account> {
        let found = self.account(call, lease, key, &[]).await?;
        let gone = || {
            call.error(ErrorKind::Protocol)
                .with_subject(key)
                .with_reason("it was done, and cannot be read back")
        };
        found.ok_or_else(gone)
    }

    async fn modify(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        account: &Account,
        modifications: Vec<Mod<Vec<u8>>>,
        marker: Option<&MarkerChange>,
    ) -> Result<()> {
        let change = Change::Modify(account.dn.to_string(), modifications);
        let Err(refusal) = lease.connection(call)?.change(call, change).await else {
            return Ok(());
        };
        let Refusal { code, error } = refusal;
        let error = error.with_subject(&account.dn);
        let Some(change) = marker else {
            return Err(error);
        };
        // These codes may come of the marker or of another value; which, shows the marker itself.
        let may_be_marker = matches!(
            code,
            Some(
                diagnostic::NO_SUCH_ATTRIBUTE
                    | diagnostic::CONSTRAINT_VIOLATION
                    | diagnostic::ATTRIBUTE_OR_VALUE_EXISTS
            )
        );
        if may_be_marker && error.kind() != ErrorKind::PasswordPolicy {
            let now = self.account(call, lease, &account.guid.into(), &[]).await?;
            if now.is_some_and(|now| !modify::fits(&now, change)) {
                let mismatch = call.error(ErrorKind::MarkerMismatch).with_subject(&account.dn);
                return Err(mismatch.with_codes(error.ldap_code(), error.win32_code(), None));
            }
        }
        Err(error)
    }

    async fn moved(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        account: &Account,
        to: &Dn,
        options: &MoveOptions,
    ) -> Result<Account> {
        expect(call, account, options.expect_marker.as_ref())?;
        let target = to.child(options.new_cn.as_deref().unwrap_or(&account.cn))?;
        // Samba answers a missing container with "other"; and the question is cheap.
        if container(call, lease, to).await?.is_none() {
            return Err(call
                .error(ErrorKind::NotFound)
                .with_subject(to)
                .with_reason("there is no such container"));
        }
        if target.to_string() == account.dn.to_string() {
            return Ok(account.clone());
        }
        let parent = if account.dn.parent().as_ref() == Some(to) { None } else { Some(to.to_string()) };
        let change = Change::Move { dn: account.dn.to_string(), rdn: target.rdn_text(), parent };
        let moved = lease.connection(call)?.change(call, change).await;
        moved.map_err(|refusal| refusal.error.with_subject(&account.dn))?;
        self.read_back(call, lease, &account.guid.into()).await
    }

    async fn membership(
        &self,
        call: &Call,
        key: &GroupKey,
        member: ObjectGuid,
        add: bool,
    ) -> Result<MembershipChange> {
        let mut lease = self.core.pool.lease(call, self.pinned).await?;
        let answer = self.change_membership(call, &mut lease, key, member, add).await;
        settle(lease, answer)
    }

    async fn change_membership(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        key: &GroupKey,
        member: ObjectGuid,
        add: bool,
    ) -> Result<MembershipChange> {
        let group = self.group(call, lease, key).await?;
        let missing =
            || call.error(ErrorKind::NotFound).with_subject(key).with_reason("there is no such group");
        let group = group.ok_or_else(missing)?;
        let account = self.existing(call, lease, member).await?;
        if account.is_member_of(&group.dn) == add {
            return Ok(MembershipChange::Already);
        }
        let primary = group
            .sid
            .as_ref()
            .and_then(crate::Sid::rid)
            .is_some_and(|rid| account.primary_group_id == Some(rid));
        if primary {
            // Every account has one, and it shows in no list of members.
            if add {
                return Ok(MembershipChange::Already);
            }
            let error = call.error(ErrorKind::Constraint).with_subject(&group.dn);
            return Err(error.with_reason("it is the account's primary group"));
        }
        let value = [account.dn.to_string().into_bytes()].into();
        let modification =
            if add { Mod::Add(b"member".to_vec(), value) } else { Mod::Delete(b"member".to_vec(), value) };
        let change = Change::Modify(group.dn.to_string(), vec![modification]);
        match lease.connection(call)?.change(call, change).await {
            Ok(()) => Ok(MembershipChange::Changed),
            Err(refusal) if says_as_wanted(&refusal, add) => {
                // Somebody else was quicker, or so it seems: the account itself must say so.
                let now = self.existing(call, lease, member).await?;
                if now.is_member_of(&group.dn) == add {
                    Ok(MembershipChange::Already)
                } else {
                    Err(refusal.error)
                }
            }
            Err(refusal) => Err(refusal.error.with_subject(&group.dn)),
        }
    }
}

/// Windows and Samba say "it is one already" and "it is none" in different codes.
fn says_as_wanted(refusal: &Refusal, add: bool) -> bool {
    let code = refusal.code.unwrap_or_default();
    if add {
        matches!(code, diagnostic::ALREADY_EXISTS | diagnostic::ATTRIBUTE_OR_VALUE_EXISTS)
    } else {
        matches!(code, diagnostic::UNWILLING_TO_PERFORM | diagnostic::NO_SUCH_ATTRIBUTE)
    }
}

/// The only entry, if there is one.
fn only(call: &Call, key: &impl std::fmt::Display, found: Option<Vec<Entry>>) -> Result<Option<Entry>> {
    let mut entries = found.unwrap_or_default();
    let first = entries.pop();
    if entries.is_empty() { Ok(first) } else { Err(call.error(ErrorKind::Ambiguous).with_subject(key)) }
}
