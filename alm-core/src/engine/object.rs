//! An account of either kind, as effects look at it and change it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ad_directory::{
    Account, AccountExpires, AccountKey, AccountUpdate, DeleteOptions, Directory, Dn, Error, ErrorKind,
    FindOptions, GroupKey, ManagedAccount, ManagedAccountUpdate, Marker, MarkerChange, MoveOptions,
    ObjectGuid, SamAccountName, Sid, UpdateOptions, UserPrincipalName,
};
use jiff::Timestamp;

use crate::model::managed::{AccountKind, PasswordReader};
use crate::rules::naming;
use crate::saga::effect::{AccountChange, Seen};

type Pinned = Arc<dyn Directory>;

/// What effects look at.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) guid: ObjectGuid,
    pub(super) dn: Dn,
    pub(super) cn: String,
    pub(super) name: SamAccountName,
    pub(super) enabled: bool,
    pub(super) is_protected: bool,
    pub(super) expires: AccountExpires,
    pub(super) marker: Option<Marker>,
    pub(super) foreign_marker: bool,
    pub(super) member_of: Vec<Dn>,
    pub(super) services: Vec<String>,
    /// Who may retrieve its password, for a gMSA.
    pub(super) readers: Vec<Sid>,
    pub(super) description: Option<String>,
    pub(super) when_created: Option<Timestamp>,
}

impl Object {
    /// What a record or a way back keeps of what it was like; `None` for one that lies in no container.
    pub(super) fn seen(&self) -> Option<Seen> {
        Some(Seen {
            common_name: self.cn.clone(),
            ou: self.dn.parent()?,
            enabled: self.enabled,
            groups: self.member_of.clone(),
            service_principal_names: self.services.clone(),
            description: self.description.clone(),
            attributes: BTreeMap::new(),
            password_never_expires: None,
            password_change_denied: None,
            readers: Vec::new(),
            folder: None,
        })
    }
}

impl From<Account> for Object {
    fn from(account: Account) -> Self {
        Self {
            guid: account.guid,
            enabled: account.is_enabled(),
            dn: account.dn,
            cn: account.cn,
            name: account.sam_account_name,
            is_protected: account.is_protected,
            expires: account.expires,
            marker: account.marker,
            foreign_marker: account.foreign_marker,
            member_of: account.member_of,
            services: account.service_principal_names,
            readers: Vec::new(),
            description: account.description,
            when_created: account.when_created,
        }
    }
}

impl From<ManagedAccount> for Object {
    fn from(account: ManagedAccount) -> Self {
        Self {
            guid: account.guid,
            enabled: account.is_enabled(),
            readers: account.principals().into_iter().cloned().collect(),
            cn: account.dn.name().to_owned(),
            dn: account.dn,
            name: account.sam_account_name,
            is_protected: account.is_protected,
            expires: account.expires,
            marker: account.marker,
            foreign_marker: account.foreign_marker,
            member_of: account.member_of,
            services: account.service_principal_names,
            description: account.description,
            when_created: account.when_created,
        }
    }
}

pub(super) async fn find(
    directory: &Pinned,
    kind: AccountKind,
    key: &AccountKey,
) -> ad_directory::Result<Option<Object>> {
    match kind {
        AccountKind::User => Ok(directory.find_account(key, FindOptions::new()).await?.map(Object::from)),
        AccountKind::GroupManaged => {
            Ok(directory.find_managed_account(key, FindOptions::new()).await?.map(Object::from))
        }
    }
}

/// One request for all of it, with the marker (E-5).
pub(super) async fn update(
    directory: &Pinned,
    kind: AccountKind,
    found: &Object,
    change: &AccountChange,
    marker: MarkerChange,
) -> ad_directory::Result<Object> {
    match kind {
        AccountKind::User => {
            let update = user_update(found, change)?.marker(marker);
            Ok(directory.update_account(found.guid, &update, UpdateOptions::new()).await?.into())
        }
        AccountKind::GroupManaged => {
            let update = managed_update(directory, found, change).await?.marker(marker);
            Ok(directory.update_managed_account(found.guid, &update, UpdateOptions::new()).await?.into())
        }
    }
}

fn user_update(found: &Object, change: &AccountChange) -> Result<AccountUpdate, Error> {
    let mut update = AccountUpdate::new();
    if let Some(enabled) = change.enabled {
        update = update.enabled(enabled);
    }
    if let Some(expires) = change.expires {
        update = update.expires(expires);
    }
    if let Some((name, domain)) = &change.rename {
        update = update.sam_account_name(name.parse()?).user_principal_name(Some(principal(name, domain)?));
    }
    if change.clear_service_principal_names && !found.services.is_empty() {
        update = update.service_principal_names([]);
    }
    if let Some(description) = &change.description {
        update = update.description(Some(description.clone()));
    }
    for (name, value) in &change.attributes {
        update = update.attribute(name.parse()?, [value.clone()]);
    }
    for (name, values) in &change.all_values {
        update = update.attribute(name.parse()?, values.clone());
    }
    if let Some(never) = change.password_never_expires {
        update = update.password_never_expires(never);
    }
    if let Some(denied) = change.password_change_denied {
        update = update.password_change_denied(denied);
    }
    Ok(update)
}

async fn managed_update(
    directory: &Pinned,
    found: &Object,
    change: &AccountChange,
) -> Result<ManagedAccountUpdate, Error> {
    let mut update = ManagedAccountUpdate::new();
    if let Some(enabled) = change.enabled {
        update = update.enabled(enabled);
    }
    if let Some(expires) = change.expires {
        update = update.expires(expires);
    }
    if let Some((name, domain)) = &change.rename {
        update = update.sam_account_name(name.parse()?).dns_host_name(host(name, domain));
    }
    if change.clear_service_principal_names {
        // Nobody fetches the password of a retired account.
        update = update.set_principals([]);
        for name in &found.services {
            update = update.remove_service_principal_name(name.parse()?);
        }
    }
    if let Some(description) = &change.description {
        update = update.description(Some(description.clone()));
    }
    if let Some(encryption) = change.encryption {
        update = update.encryption_types(encryption.types());
    }
    if let Some(readers) = &change.set_readers {
        update = update.set_principals(readers.clone());
    }
    // One that is not there any more reads nothing.
    for reader in &change.remove_readers {
        if let Some(sid) = sid(directory, reader).await? {
            update = update.remove_principal(sid);
        }
    }
    for reader in &change.add_readers {
        let Some(sid) = sid(directory, reader).await? else {
            let error =
                Error::new(ErrorKind::NotFound, "managed.update").with_subject(format_args!("{reader:?}"));
            return Err(error);
        };
        update = update.add_principal(sid);
    }
    Ok(update)
}

/// Whoever may retrieve a gMSA's password; `None` for a group that is not there.
pub(super) async fn sid(directory: &Pinned, reader: &PasswordReader) -> ad_directory::Result<Option<Sid>> {
    match reader {
        PasswordReader::Sid(sid) => Ok(Some(sid.clone())),
        PasswordReader::Group(group) => {
            let found = directory.find_group(&GroupKey::Dn(group.clone()), FindOptions::new()).await?;
            Ok(found.and_then(|group| group.sid))
        }
    }
}

/// The DNS name of a gMSA's service, as long as nobody wants another one.
pub(super) fn host(name: &str, domain: &str) -> String {
    format!("{}.{domain}", naming::common_name(name))
}

pub(super) fn principal(name: &str, domain: &str) -> Result<UserPrincipalName, ad_directory::ParseError> {
    format!("{name}@{domain}").parse()
}

pub(super) async fn relocate(
    directory: &Pinned,
    kind: AccountKind,
    id: ObjectGuid,
    to: &Dn,
    options: MoveOptions,
) -> ad_directory::Result<Object> {
    match kind {
        AccountKind::User => Ok(directory.move_account(id, to, options).await?.into()),
        AccountKind::GroupManaged => Ok(directory.move_managed_account(id, to, options).await?.into()),
    }
}

pub(super) async fn delete(
    directory: &Pinned,
    kind: AccountKind,
    id: ObjectGuid,
    options: DeleteOptions,
) -> ad_directory::Result<()> {
    match kind {
        AccountKind::User => directory.delete_account(id, options).await,
        AccountKind::GroupManaged => directory.delete_managed_account(id, options).await,
    }
}
