//! What there is, and by what it is found.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    log::{self, ChangeLog},
    password::PasswordHash,
};
use crate::{
    Account, AccountKey, Container, Controller, Dn, Error, ErrorKind, Group, GroupKey, ObjectGuid,
    ObjectKind, Result, Sid, UserPrincipalName,
};

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct World {
    pub(super) domain: Dn,
    pub(super) domain_sid: Sid,
    pub(super) controller: Controller,
    pub(super) next_rid: u32,
    pub(super) containers: BTreeMap<ObjectGuid, Container>,
    pub(super) groups: BTreeMap<ObjectGuid, StoredGroup>,
    accounts: BTreeMap<ObjectGuid, StoredAccount>,
    /// What has changed; empty in files of before there was one.
    #[serde(default)]
    pub(super) log: ChangeLog,
    /// Made anew when the file is read.
    #[serde(skip)]
    index: Index,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredGroup {
    pub(super) group: Group,
    pub(super) members: BTreeSet<ObjectGuid>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredAccount {
    /// Without `member_of`, which the groups know.
    pub(super) account: Account,
    pub(super) password: Option<PasswordHash>,
    pub(super) must_change: bool,
    pub(super) wrong_passwords: u32,
    pub(super) last_wrong: Option<Timestamp>,
    pub(super) locked_at: Option<Timestamp>,
}

#[derive(Clone, Default)]
struct Index {
    dns: HashMap<Dn, ObjectGuid>,
    /// Accounts and groups share the names; folded.
    names: HashMap<String, ObjectGuid>,
    principals: HashMap<UserPrincipalName, ObjectGuid>,
    services: HashMap<String, ObjectGuid>,
}

impl World {
    pub(super) fn new(domain: Dn, domain_sid: Sid, controller: Controller) -> Self {
        Self {
            domain,
            domain_sid,
            controller,
            // Windows begins there: what is below is built in.
            next_rid: 1103,
            containers: BTreeMap::new(),
            groups: BTreeMap::new(),
            accounts: BTreeMap::new(),
            log: ChangeLog::default(),
            index: Index::default(),
        }
    }

    /// After reading: what is not stored.
    pub(super) fn indexed(mut self) -> Self {
        self.index = Index::default();
        for (guid, container) in &self.containers {
            self.index.dns.insert(container.dn.clone(), *guid);
        }
        for (guid, stored) in &self.groups {
            self.index.dns.insert(stored.group.dn.clone(), *guid);
            self.index.names.insert(stored.group.name.as_str().to_lowercase(), *guid);
        }
        for stored in self.accounts.values() {
            self.index.add(&stored.account);
        }
        self
    }

    pub(super) fn next_sid(&mut self) -> Option<Sid> {
        let sid = self.domain_sid.with_rid(self.next_rid).ok();
        self.next_rid += 1;
        sid
    }

    pub(super) fn add_container(&mut self, container: Container) {
        self.index.dns.insert(container.dn.clone(), container.guid);
        self.log.added(container.guid);
        self.containers.insert(container.guid, container);
    }

    pub(super) fn add_group(&mut self, group: Group) {
        self.index.dns.insert(group.dn.clone(), group.guid);
        self.index.names.insert(group.name.as_str().to_lowercase(), group.guid);
        self.log.added(group.guid);
        self.groups.insert(group.guid, StoredGroup { group, members: BTreeSet::new() });
    }

    pub(super) fn put_account(&mut self, stored: StoredAccount) {
        let guid = stored.account.guid;
        match self.accounts.get(&guid) {
            Some(before) => {
                self.index.remove(&before.account);
                let changed = log::changed(self, before, &stored);
                self.log.account(guid, changed);
            }
            None => self.log.added(guid),
        }
        self.index.add(&stored.account);
        self.accounts.insert(guid, stored);
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = &StoredAccount> {
        self.accounts.values()
    }

    pub(super) fn account(&self, guid: ObjectGuid) -> Option<&StoredAccount> {
        self.accounts.get(&guid)
    }

    pub(super) fn remove_account(&mut self, guid: ObjectGuid) {
        if let Some(stored) = self.accounts.remove(&guid) {
            self.index.remove(&stored.account);
            self.log.deleted(guid, ObjectKind::Account, stored.account.dn);
        }
        for group in self.groups.values_mut() {
            group.members.remove(&guid);
        }
    }

    pub(super) fn remove_group(&mut self, guid: ObjectGuid) {
        if let Some(stored) = self.groups.remove(&guid) {
            self.index.dns.remove(&stored.group.dn);
            self.index.names.remove(&stored.group.name.as_str().to_lowercase());
            self.log.deleted(guid, ObjectKind::Group, stored.group.dn);
        }
        for group in self.groups.values_mut() {
            group.members.remove(&guid);
        }
    }

    pub(super) fn remove_container(&mut self, guid: ObjectGuid) {
        if let Some(container) = self.containers.remove(&guid) {
            self.index.dns.remove(&container.dn);
            self.log.deleted(guid, ObjectKind::Container, container.dn);
        }
    }

    /// Begins or ends a membership; says whether that changed anything.
    pub(super) fn set_member(&mut self, group: ObjectGuid, member: ObjectGuid, is_member: bool) -> bool {
        let Some(stored) = self.groups.get_mut(&group) else { return false };
        let changed = if is_member { stored.members.insert(member) } else { stored.members.remove(&member) };
        if changed {
            self.log.member(group, member, is_member);
        }
        changed
    }

    /// Whether an account or a group has this sign-in name.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.index.names.contains_key(&name.to_lowercase())
    }

    pub(super) fn stored(&self, guid: ObjectGuid, operation: &'static str) -> Result<&StoredAccount> {
        let found = self.accounts.get(&guid);
        found.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, operation).with_subject(guid).with_codes(
                Some(32),
                Some(0x208d),
                None,
            )
        })
    }

    /// The account as others see it.
    pub(super) fn seen(&self, stored: &StoredAccount) -> Account {
        let mut account = stored.account.clone();
        let groups = self.groups.values().filter(|group| group.members.contains(&account.guid));
        account.member_of = groups.map(|group| group.group.dn.clone()).collect();
        account
    }

    pub(super) fn find_account(&self, key: &AccountKey) -> Result<Option<&StoredAccount>> {
        let guid = match key {
            AccountKey::Guid(guid) => Some(guid),
            AccountKey::SamAccountName(name) => self.index.names.get(&name.as_str().to_lowercase()),
            AccountKey::UserPrincipalName(name) => self.index.principals.get(name),
            AccountKey::Dn(dn) => self.index.dns.get(dn),
            AccountKey::Marker { marker, below } => {
                let fits = |stored: &&StoredAccount| {
                    stored.account.marker.as_ref().is_some_and(|have| have.matches(marker))
                        && stored.account.dn.is_below(below)
                };
                let mut found = self.accounts.values().filter(fits);
                let first = found.next();
                if found.next().is_some() {
                    return Err(Error::new(ErrorKind::Ambiguous, "accounts.find").with_subject(key));
                }
                return Ok(first);
            }
        };
        Ok(guid.and_then(|guid| self.accounts.get(guid)))
    }

    pub(super) fn find_group(&self, key: &GroupKey) -> Option<&StoredGroup> {
        let guid = match key {
            GroupKey::Guid(guid) => Some(guid),
            GroupKey::Dn(dn) => self.index.dns.get(dn),
            GroupKey::SamAccountName(name) => self.index.names.get(&name.as_str().to_lowercase()),
        };
        guid.and_then(|guid| self.groups.get(guid))
    }

    /// Whether there is any object of this name.
    pub(super) fn exists(&self, dn: &Dn) -> bool {
        self.index.dns.contains_key(dn)
    }

    pub(super) fn find_container(&self, dn: &Dn) -> Option<&Container> {
        self.index.dns.get(dn).and_then(|guid| self.containers.get(guid))
    }

    /// Whether a name of this account is that of another object.
    pub(super) fn check_names(&self, account: &Account, operation: &'static str) -> Result<()> {
        let other = |found: Option<&ObjectGuid>| found.is_some_and(|guid| *guid != account.guid);
        let taken = |what: &'static str, ldap, win32| {
            Err(Error::new(ErrorKind::AlreadyExists, operation)
                .with_subject(&account.dn)
                .with_reason(what)
                .with_codes(Some(ldap), Some(win32), None))
        };
        if other(self.index.dns.get(&account.dn)) {
            return taken("the common name is taken in this container", 68, 0x2071);
        }
        if other(self.index.names.get(&account.sam_account_name.as_str().to_lowercase())) {
            return taken("the sign-in name is taken", 68, 0x524);
        }
        if other(account.user_principal_name.as_ref().and_then(|name| self.index.principals.get(name))) {
            return taken("the principal name is taken", 19, 0x21c8);
        }
        if account
            .service_principal_names
            .iter()
            .any(|name| other(self.index.services.get(&name.to_lowercase())))
        {
            return taken("a service name is taken", 19, 0x21c7);
        }
        Ok(())
    }
}

impl Index {
    fn add(&mut self, account: &Account) {
        self.dns.insert(account.dn.clone(), account.guid);
        self.names.insert(account.sam_account_name.as_str().to_lowercase(), account.guid);
        if let Some(name) = &account.user_principal_name {
            self.principals.insert(name.clone(), account.guid);
        }
        self.services
            .extend(account.service_principal_names.iter().map(|name| (name.to_lowercase(), account.guid)));
    }

    fn remove(&mut self, account: &Account) {
        self.dns.remove(&account.dn);
        self.names.remove(&account.sam_account_name.as_str().to_lowercase());
        if let Some(name) = &account.user_principal_name {
            self.principals.remove(name);
        }
        for name in &account.service_principal_names {
            self.services.remove(&name.to_lowercase());
        }
    }
}
