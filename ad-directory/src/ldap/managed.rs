//! Managed accounts over LDAPS.

use std::collections::HashSet;

use ldap3::{Mod, Scope};
use zeroize::Zeroizing;

use super::{
    LdapDirectory,
    call::Call,
    connection::{Attributes, Change, Modifications},
    convert, diagnostic,
    entry::Entry,
    lookup,
    modify::{self, RETRIES, replace},
    pool::Lease,
    root,
};
use crate::{
    AccountKey, AttributeName, EncryptionTypes, ErrorKind, FileTime, Filter, ManagedAccount,
    ManagedAccountKind, ManagedAccountUpdate, ManagedPassword, NewManagedAccount, ObjectGuid,
    PasswordReaders, Result, RootKey, SamAccountName, ServicePrincipalName, UserAccountControl,
    change::filter,
};

const GROUP_MANAGED: &str = filter::MANAGED[0];
const STANDALONE: &str = filter::MANAGED[1];
const DELEGATED: &str = filter::MANAGED[2];
const READERS: &str = "msDS-GroupMSAMembership";
const PASSWORD: &str = "msDS-ManagedPassword";
/// `NTE_NO_KEY`: the controller has no root key to make the password from.
const NO_KEY: u32 = 0x8009_000d;
/// The schema does not know an attribute or a class (`ERROR_DS_NO_ATTRIBUTE_OR_VALUE`).
const UNKNOWN_TO_SCHEMA: u32 = 0x200a;
/// Values of this attribute cannot be compared (RFC 4511, `inappropriateMatching`).
const INAPPROPRIATE_MATCHING: u32 = 18;
pub(super) const ATTRIBUTES: &[&str] = &[
    "accountExpires",
    "adminCount",
    "description",
    "dNSHostName",
    "memberOf",
    READERS,
    "msDS-ManagedPasswordInterval",
    "msDS-SupportedEncryptionTypes",
    "objectClass",
    "objectGUID",
    "objectSid",
    "sAMAccountName",
    "servicePrincipalName",
    "userAccountControl",
    "whenChanged",
    "whenCreated",
];

/// Which objects are managed accounts. A class that a schema does not know fits nothing.
pub(super) fn managed() -> Result<Filter> {
    let classes = filter::MANAGED.map(|class| lookup::is("objectClass", class));
    Ok(Filter::any(classes.into_iter().collect::<Result<Vec<_>>>()?))
}

pub(super) fn account(call: &Call, entry: &Entry, marker: &AttributeName) -> Result<ManagedAccount> {
    let missing = |what: &'static str| convert::missing(call, entry, what);
    let is = |class: &str| entry.texts("objectclass").any(|have| have.eq_ignore_ascii_case(class));
    let name = entry.text("samaccountname").ok_or_else(|| missing("sAMAccountName"))?;
    let name = SamAccountName::stored(name);
    let mut account = ManagedAccount::new(convert::guid(call, entry)?, convert::dn(call, entry)?, name);
    account.kind = if is(DELEGATED) {
        ManagedAccountKind::Delegated
    } else if is(STANDALONE) {
        ManagedAccountKind::Standalone
    } else {
        ManagedAccountKind::Group
    };
    account.user_account_control = convert::flags(call, entry)?;
    account.expires = convert::expires(call, entry)?;
    account.is_protected = convert::is_protected(entry);
    account.dns_host_name = convert::owned(entry, "dnshostname");
    let readers = entry.bytes("msds-groupmsamembership").map(PasswordReaders::from_wire).transpose();
    account.readers = readers.map_err(|_| missing(READERS))?;
    account.password_interval_days =
        entry.text("msds-managedpasswordinterval").and_then(|text| text.parse().ok());
    let types = entry.text("msds-supportedencryptiontypes").map(str::parse::<EncryptionTypes>).transpose();
    account.encryption_types = types.map_err(|_| missing("msDS-SupportedEncryptionTypes"))?;
    account.service_principal_names = convert::service_names(entry);
    account.description = convert::owned(entry, "description");
    (account.marker, account.foreign_marker) = convert::marker(entry, marker);
    account.member_of = convert::groups(call, entry)?;
    account.sid = convert::sid(entry);
    account.when_created = convert::time(entry, "whencreated");
    account.when_changed = convert::time(entry, "whenchanged");
    Ok(account)
}

impl LdapDirectory {
    async fn managed_entry(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        key: &AccountKey,
        more: &[&str],
    ) -> Result<Option<Entry>> {
        let mut attributes = ATTRIBUTES.to_vec();
        attributes.push(self.core.marker_attribute.as_str());
        attributes.extend(more);
        self.entry(call, lease, key, managed()?, &attributes).await
    }

    pub(super) async fn managed_account(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        key: &AccountKey,
    ) -> Result<Option<ManagedAccount>> {
        let entry = self.managed_entry(call, lease, key, &[]).await?;
        entry.map(|entry| account(call, &entry, &self.core.marker_attribute)).transpose()
    }

    pub(super) async fn existing_managed(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        id: ObjectGuid,
    ) -> Result<(Entry, ManagedAccount)> {
        let entry = self.managed_entry(call, lease, &id.into(), &[]).await?;
        let missing = || {
            call.error(ErrorKind::NotFound).with_subject(id).with_reason("there is no such managed account")
        };
        let entry = entry.ok_or_else(missing)?;
        let account = account(call, &entry, &self.core.marker_attribute)?;
        Ok((entry, account))
    }

    /// The best of the root keys that can be seen.
    pub(super) async fn key(&self, call: &Call, lease: &mut Lease<'_>) -> Result<RootKey> {
        let root = root::configuration(call, lease).await?;
        let place = ["Services", "Group Key Distribution Service", "Master Root Keys"];
        let place = place.into_iter().try_fold(root.context, |dn, name| dn.child(name))?;
        let filter = lookup::is("objectClass", "msKds-ProvRootKey")?;
        let attributes = ["msKds-CreateTime", "msKds-UseStartTime"];
        let connection = lease.connection(call)?;
        let found = connection.search(call, &place.to_string(), Scope::Subtree, &filter, &attributes).await?;
        let mut best = RootKey::NotSeen;
        for entry in found.unwrap_or_default() {
            let time = |name| entry.text(name).and_then(|text| text.parse::<FileTime>().ok()?.to_timestamp());
            let (Some(made), Some(valid_from)) = (time("mskds-createtime"), time("mskds-usestarttime"))
            else {
                continue;
            };
            best = match (best, RootKey::of(made, valid_from, root.now)) {
                (RootKey::Usable { since: a }, RootKey::Usable { since: b }) => {
                    RootKey::Usable { since: a.min(b) }
                }
                (RootKey::NotYet { from: a }, RootKey::NotYet { from: b }) => {
                    RootKey::NotYet { from: a.min(b) }
                }
                (usable @ RootKey::Usable { .. }, _) => usable,
                (_, other) => other,
            };
        }
        Ok(best)
    }

    pub(super) async fn make_managed(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        new: &NewManagedAccount,
    ) -> Result<ManagedAccount> {
        let readers = new.checked()?;
        let dn = new.dn()?;
        // Windows refuses it later, and in words that say nothing of the time.
        if let RootKey::NotYet { from } = self.key(call, lease).await? {
            return Err(call
                .error(ErrorKind::Constraint)
                .with_subject(&dn)
                .with_reason(format!("the root key of the forest can be used from {from} on")));
        }
        let names: Vec<&str> = new.service_principal_names.iter().map(ServicePrincipalName::as_str).collect();
        self.refuse_taken(call, lease, &names, None).await?;
        let attributes = attributes(new, &readers, self.core.marker_attribute.as_str());
        let made = lease.connection(call)?.change(call, Change::Add(dn.to_string(), attributes)).await;
        let made = made.map_err(|refusal| {
            let error = refusal.error.with_subject(&dn);
            match error.win32_code() {
                Some(NO_KEY) => error
                    .with_reason("the forest has no root key that can be used; make one with Add-KdsRootKey"),
                Some(UNKNOWN_TO_SCHEMA) if refusal.code == Some(diagnostic::NO_SUCH_ATTRIBUTE) => call
                    .error(ErrorKind::Unsupported)
                    .with_subject(&dn)
                    .with_reason("the schema of this domain does not know group managed service accounts")
                    .with_codes(error.ldap_code(), error.win32_code(), None),
                _ => error,
            }
        });
        if let Err(error) = made {
            return Err(self.explain_alias(call, lease, &names, error).await);
        }
        let found = self.managed_account(call, lease, &dn.clone().into()).await?;
        found.ok_or_else(|| lookup::unreadable(call, &dn))
    }

    pub(super) async fn update_managed(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        id: ObjectGuid,
        update: &ManagedAccountUpdate,
    ) -> Result<ManagedAccount> {
        let marker = self.core.marker_attribute.as_str();
        let (mut entry, mut account) = self.existing_managed(call, lease, id).await?;
        let mut comparable = true;
        for _ in 0..=RETRIES {
            if account.kind != ManagedAccountKind::Group {
                let error = call.error(ErrorKind::Unsupported).with_subject(&account.dn);
                return Err(error.with_reason("only group managed service accounts are changed here"));
            }
            let modifications = self.modifications(call, &entry, &account, update, comparable)?;
            if modifications.is_empty() {
                return Ok(account);
            }
            let new: Vec<&str> =
                modify::new_names(&account.service_principal_names, &update.add_service_principal_names)
                    .collect();
            self.refuse_taken(call, lease, &new, Some(id)).await?;
            let change = Change::Modify(account.dn.to_string(), modifications);
            let Err(refusal) = lease.connection(call)?.change(call, change).await else {
                let read = self.managed_account(call, lease, &id.into()).await?;
                return read.ok_or_else(|| lookup::unreadable(call, &account.dn));
            };
            let compared = matches!(
                refusal.code,
                Some(
                    diagnostic::NO_SUCH_ATTRIBUTE
                        | INAPPROPRIATE_MATCHING
                        | diagnostic::CONSTRAINT_VIOLATION
                        | diagnostic::ATTRIBUTE_OR_VALUE_EXISTS
                )
            );
            if !compared || refusal.error.kind() != ErrorKind::Constraint {
                let error = refusal.error.with_subject(&account.dn);
                return Err(self.explain_alias(call, lease, &new, error).await);
            }
            let (entry_now, now) = self.existing_managed(call, lease, id).await?;
            let fits = update
                .marker
                .as_ref()
                .is_none_or(|change| modify::fits(now.marker.as_ref(), now.foreign_marker, change));
            if !fits {
                let error = call.error(ErrorKind::MarkerMismatch).with_subject(&now.dn);
                return Err(error.with_codes(refusal.error.ldap_code(), refusal.error.win32_code(), None));
            }
            let key = READERS.to_ascii_lowercase();
            let same = now.user_account_control == account.user_account_control
                && now.service_principal_names == account.service_principal_names
                && now.marker == account.marker
                && entry_now.values(&key) == entry.values(&key);
            if same {
                // Nobody was quicker. A controller that cannot compare security descriptors gets the list as a whole.
                if !comparable || update.readers.is_empty() {
                    return Err(refusal.error.with_subject(&account.dn));
                }
                tracing::debug!(
                    operation = call.operation,
                    marker,
                    "the list of readers is replaced, not compared"
                );
                comparable = false;
            }
            (entry, account) = (entry_now, now);
        }
        Err(call.error(ErrorKind::Busy).with_subject(&account.dn))
    }

    fn modifications(
        &self,
        call: &Call,
        entry: &Entry,
        account: &ManagedAccount,
        update: &ManagedAccountUpdate,
        comparable: bool,
    ) -> Result<Modifications> {
        let mut modifications = match &update.marker {
            Some(change) => {
                let have = (account.marker.as_ref(), account.foreign_marker);
                modify::marker(call, &account.dn, have, &self.core.marker_attribute, change)?
            }
            None => Vec::new(),
        };
        if let Some(enabled) = update.enabled {
            let flags = account.user_account_control.set(UserAccountControl::ACCOUNT_DISABLE, !enabled);
            modify::flags(&mut modifications, account.user_account_control, flags);
        }
        if let Some(expires) = update.expires
            && account.expires != expires
        {
            modifications.push(replace("accountExpires", [expires.to_file_time()]));
        }
        if let Some(name) = &update.sam_account_name {
            modifications.push(replace("sAMAccountName", [name]));
        }
        if !update.readers.is_empty() {
            let refuse = |error: crate::ParseError| {
                call.error(ErrorKind::Constraint).with_subject(&account.dn).with_reason(error.to_string())
            };
            let new = update.readers.apply(account.readers.as_ref()).map_err(refuse)?.to_wire();
            let old = entry.bytes("msds-groupmsamembership");
            let unchanged = account.readers.as_ref().is_some_and(|readers| readers.to_wire() == new);
            // The bytes as they were read, since another program may have laid out the same list in another way.
            match old {
                _ if unchanged => {}
                Some(old) if comparable => {
                    modifications.push(Mod::Delete(READERS.into(), [old.to_vec()].into()));
                    modifications.push(Mod::Add(READERS.into(), [new].into()));
                }
                Some(_) => modifications.push(Mod::Replace(READERS.into(), [new].into())),
                None => modifications.push(Mod::Add(READERS.into(), [new].into())),
            }
        }
        if let Some(types) = update.encryption_types
            && account.encryption_types != Some(types)
        {
            modifications.push(replace("msDS-SupportedEncryptionTypes", [types]));
        }
        modify::services(
            &mut modifications,
            &account.service_principal_names,
            &update.add_service_principal_names,
            &update.remove_service_principal_names,
        );
        if let Some(name) = &update.dns_host_name {
            modifications.push(replace("dNSHostName", [name]));
        }
        modify::change(&mut modifications, "description", &update.description);
        Ok(modifications)
    }

    pub(super) async fn managed_password(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        id: ObjectGuid,
    ) -> Result<ManagedPassword> {
        let entry = self.managed_entry(call, lease, &id.into(), &[PASSWORD]).await?;
        let missing = || call.error(ErrorKind::NotFound).with_subject(id);
        let mut entry = entry.ok_or_else(missing)?;
        // Who may not read it is not told so: the attribute is just not there.
        let refused = || {
            call.error(ErrorKind::Forbidden)
                .with_subject(&entry.dn)
                .with_outcome(crate::Outcome::NotDone)
                .with_reason("the controller does not show the password: the account that signs in is none of its readers, or the controller makes none")
        };
        let blob = entry.bytes("msds-managedpassword").ok_or_else(refused)?;
        let password = ManagedPassword::from_wire(blob);
        let read = password
            .map_err(|error| call.error(ErrorKind::Protocol).with_subject(&entry.dn).with_source(error));
        drop(entry.take("msds-managedpassword").into_iter().map(Zeroizing::new).collect::<Vec<_>>());
        read
    }
}

fn attributes(new: &NewManagedAccount, readers: &PasswordReaders, marker: &str) -> Attributes {
    let mut attributes: Attributes = Vec::new();
    let mut put = |name: &str, values: Vec<Vec<u8>>| {
        if !values.is_empty() {
            attributes.push((name.into(), values.into_iter().collect::<HashSet<_>>()));
        }
    };
    let text = |text: &dyn ToString| vec![text.to_string().into_bytes()];
    put("objectClass", text(&GROUP_MANAGED));
    put("sAMAccountName", text(&new.sam_account_name));
    put("dNSHostName", text(&new.dns_host_name));
    let flags = UserAccountControl::WORKSTATION_TRUST.set(UserAccountControl::ACCOUNT_DISABLE, !new.enabled);
    put("userAccountControl", text(&flags));
    put(
        "accountExpires",
        new.expires
            .instant()
            .map(|_| new.expires.to_file_time().to_string().into_bytes())
            .into_iter()
            .collect(),
    );
    put("msDS-ManagedPasswordInterval", text(&new.password_interval_days));
    put("msDS-SupportedEncryptionTypes", text(&new.encryption_types));
    put(READERS, vec![readers.to_wire()]);
    put(
        "servicePrincipalName",
        new.service_principal_names.iter().map(|name| name.to_string().into_bytes()).collect(),
    );
    put("description", new.description.iter().map(|text| text.clone().into_bytes()).collect());
    put(marker, new.marker.iter().map(|marker| marker.to_string().into_bytes()).collect());
    attributes
}
