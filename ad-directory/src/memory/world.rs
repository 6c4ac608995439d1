//! What there is, and by what it is found.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    accounts::Accounts,
    deleted::StoredDeleted,
    index::{Index, Names},
    log::{self, ChangeLog},
    managed::StoredManaged,
    password::PasswordHash,
};
use crate::{
    Account, AttributeName, Container, Controller, Dn, Error, ErrorKind, FileTime, Group, ObjectClasses,
    ObjectGuid, ObjectKind, Result, Sid,
};

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct World {
    pub(super) domain: Dn,
    pub(super) domain_sid: Sid,
    pub(super) controller: Controller,
    pub(super) next_rid: u32,
    pub(super) containers: BTreeMap<ObjectGuid, Container>,
    pub(super) groups: BTreeMap<ObjectGuid, StoredGroup>,
    pub(super) accounts: Accounts,
    #[serde(default)]
    pub(super) managed: BTreeMap<ObjectGuid, StoredManaged>,
    #[serde(default)]
    pub(super) deleted: BTreeMap<ObjectGuid, StoredDeleted>,
    /// Whether deleted accounts keep what they had.
    #[serde(default)]
    pub(super) recycle_bin: bool,
    /// When the key for managed passwords was made, and from when on it says it may be used.
    #[serde(default)]
    pub(super) root_key: Option<(Timestamp, Timestamp)>,
    /// What has changed; empty in files of before there was one.
    #[serde(default)]
    pub(super) log: ChangeLog,
    /// Made anew when the file is read.
    #[serde(skip)]
    pub(super) index: Index,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredGroup {
    pub(super) group: Group,
    pub(super) members: BTreeSet<ObjectGuid>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredAccount {
    /// Without `member_of`, which the groups know, and without the object classes, which are the same for all.
    pub(super) account: Account,
    pub(super) password: Option<PasswordHash>,
    /// The passwords before, the latest first.
    #[serde(default)]
    pub(super) history: Vec<PasswordHash>,
    #[serde(default)]
    pub(super) password_set: Option<Timestamp>,
    pub(super) must_change: bool,
    pub(super) wrong_passwords: u32,
    pub(super) last_wrong: Option<Timestamp>,
    pub(super) locked_at: Option<Timestamp>,
    /// As `lastLogonTimestamp`: not every sign-in is noted.
    #[serde(default)]
    pub(super) last_sign_in: Option<Timestamp>,
}

impl StoredAccount {
    pub(super) const fn new(account: Account) -> Self {
        Self {
            account,
            password: None,
            history: Vec::new(),
            password_set: None,
            must_change: false,
            wrong_passwords: 0,
            last_wrong: None,
            locked_at: None,
            last_sign_in: None,
        }
    }
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
            accounts: Accounts::default(),
            managed: BTreeMap::new(),
            deleted: BTreeMap::new(),
            recycle_bin: false,
            root_key: None,
            log: ChangeLog::default(),
            index: Index::default(),
        }
    }

    /// After reading: what is not stored.
    pub(super) fn indexed(mut self) -> Self {
        let mut index = Index::default();
        for container in self.containers.values() {
            index.dns.insert(container.dn.clone(), container.guid);
        }
        for stored in self.groups.values() {
            index.add_group(&stored.group);
            for member in &stored.members {
                index.join(stored.group.guid, *member);
            }
        }
        for stored in self.accounts.iter() {
            index.add(&Names::of_account(&stored.account));
        }
        for stored in self.managed.values() {
            index.add(&Names::of_managed(&stored.account));
        }
        self.index = index;
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
        self.index.add_group(&group);
        self.log.added(group.guid);
        self.groups.insert(group.guid, StoredGroup { group, members: BTreeSet::new() });
    }

    pub(super) fn put_account(&mut self, stored: StoredAccount) {
        let guid = stored.account.guid;
        if let Some(before) = self.accounts.get(guid) {
            // Most changes are none of the names, and the index is the dearest part of a change.
            if !Names::of_account(&before.account).same(&Names::of_account(&stored.account)) {
                self.index.remove(&Names::of_account(&before.account));
                self.index.add(&Names::of_account(&stored.account));
            }
            let changed = log::account(self, before, &stored);
            self.log.changed(guid, changed);
        } else {
            self.index.add(&Names::of_account(&stored.account));
            self.log.added(guid);
        }
        self.accounts.put(stored);
    }

    pub(super) fn put_managed(&mut self, stored: StoredManaged) {
        let guid = stored.account.guid;
        if let Some(before) = self.managed.get(&guid) {
            self.index.remove(&Names::of_managed(&before.account));
            let changed = log::managed(self, &before.account, &stored.account);
            self.log.changed(guid, changed);
        } else {
            self.log.added(guid);
        }
        self.index.add(&Names::of_managed(&stored.account));
        self.managed.insert(guid, stored);
    }

    /// In the order of their identities.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &StoredAccount> {
        self.accounts.in_order().map(|(_, stored)| stored)
    }

    pub(super) fn account(&self, guid: ObjectGuid) -> Option<&StoredAccount> {
        self.accounts.get(guid)
    }

    pub(super) fn all_managed(&self) -> impl Iterator<Item = &StoredManaged> {
        self.managed.values()
    }

    pub(super) fn managed(&self, guid: ObjectGuid) -> Option<&StoredManaged> {
        self.managed.get(&guid)
    }

    /// Whether something that can be a member of a group has this identity.
    pub(super) fn is_principal(&self, guid: ObjectGuid) -> bool {
        self.accounts.contains(guid) || self.managed.contains_key(&guid) || self.groups.contains_key(&guid)
    }

    /// Where an object is, of whatever kind.
    pub(super) fn dn_of(&self, guid: ObjectGuid) -> Option<&Dn> {
        let account = self.accounts.get(guid).map(|stored| &stored.account.dn);
        let managed = || self.managed.get(&guid).map(|stored| &stored.account.dn);
        let group = || self.groups.get(&guid).map(|stored| &stored.group.dn);
        let container = || self.containers.get(&guid).map(|container| &container.dn);
        account.or_else(managed).or_else(group).or_else(container)
    }

    /// Takes the account out, and says in which groups it was.
    pub(super) fn remove_account(&mut self, guid: ObjectGuid) -> Option<(StoredAccount, Vec<ObjectGuid>)> {
        let stored = self.accounts.remove(guid)?;
        self.index.remove(&Names::of_account(&stored.account));
        self.log.deleted(guid, ObjectKind::Account, stored.account.dn.clone());
        Some((stored, self.leave_all(guid)))
    }

    pub(super) fn remove_managed(&mut self, guid: ObjectGuid) -> Option<StoredManaged> {
        let stored = self.managed.remove(&guid)?;
        self.index.remove(&Names::of_managed(&stored.account));
        self.log.deleted(guid, ObjectKind::ManagedAccount, stored.account.dn.clone());
        self.leave_all(guid);
        Some(stored)
    }

    pub(super) fn remove_group(&mut self, guid: ObjectGuid) {
        if let Some(stored) = self.groups.remove(&guid) {
            self.index.remove_group(&stored.group);
            for member in &stored.members {
                self.index.leave(guid, *member);
            }
            self.log.deleted(guid, ObjectKind::Group, stored.group.dn);
        }
        self.leave_all(guid);
    }

    pub(super) fn remove_container(&mut self, guid: ObjectGuid) {
        if let Some(container) = self.containers.remove(&guid) {
            self.index.dns.remove(&container.dn);
            self.log.deleted(guid, ObjectKind::Container, container.dn);
        }
    }

    pub(super) fn stored(&self, guid: ObjectGuid, operation: &'static str) -> Result<&StoredAccount> {
        self.accounts.get(guid).ok_or_else(|| no_object(guid, operation))
    }

    /// The account as others see it, with those of the further attributes that they ask for.
    pub(super) fn seen(&self, stored: &StoredAccount, asked: &[AttributeName]) -> Account {
        let mut account = stored.account.clone();
        account.member_of = self.member_of(account.guid);
        account.object_classes = ObjectClasses::of_accounts();
        account.attributes.retain(|name, _| asked.contains(name));
        account.password_change_denied = None;
        for name in asked {
            if name.as_str().eq_ignore_ascii_case(LAST_SIGN_IN)
                && let Some(time) = stored.last_sign_in
            {
                account.attributes.insert(name.clone(), vec![FileTime::from_timestamp(time).to_string()]);
            }
        }
        account
    }
}

/// The relative identifier of `Domain Users`, the primary group of accounts (MS-ADTS 6.1.1.4, well-known principals).
pub(super) const USERS: u32 = 513;
/// And of `Domain Computers`, that of computers and managed accounts.
pub(super) const COMPUTERS: u32 = 515;

/// The attribute that says when an account was last used.
pub(super) const LAST_SIGN_IN: &str = "lastLogonTimestamp";

pub(super) fn no_object(guid: ObjectGuid, operation: &'static str) -> Error {
    Error::new(ErrorKind::NotFound, operation).with_subject(guid).with_codes(Some(32), Some(0x208d), None)
}
