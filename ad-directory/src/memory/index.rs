//! By what objects are found, and which of their names must be unique.

use std::collections::{BTreeSet, HashMap};

use crate::{
    Account, AccountKey, Dn, Error, ErrorKind, Group, ManagedAccount, ObjectGuid, Result, SamAccountName,
    Sid, UserPrincipalName,
};

#[derive(Clone, Default)]
pub(super) struct Index {
    pub(super) dns: HashMap<Dn, ObjectGuid>,
    /// Accounts, managed accounts and groups share the names.
    names: HashMap<SamAccountName, ObjectGuid>,
    sids: HashMap<Sid, ObjectGuid>,
    principals: HashMap<UserPrincipalName, ObjectGuid>,
    pub(super) services: HashMap<String, ObjectGuid>,
    /// The groups of every member.
    memberships: HashMap<ObjectGuid, BTreeSet<ObjectGuid>>,
}

/// The names of an object.
pub(super) struct Names<'a> {
    guid: ObjectGuid,
    dn: &'a Dn,
    sam_account_name: &'a SamAccountName,
    sid: Option<&'a Sid>,
    principal: Option<&'a UserPrincipalName>,
    services: &'a [String],
}

impl<'a> Names<'a> {
    pub(super) fn of_account(account: &'a Account) -> Self {
        Self {
            guid: account.guid,
            dn: &account.dn,
            sam_account_name: &account.sam_account_name,
            sid: account.sid.as_ref(),
            principal: account.user_principal_name.as_ref(),
            services: &account.service_principal_names,
        }
    }

    pub(super) fn of_managed(account: &'a ManagedAccount) -> Self {
        Self {
            guid: account.guid,
            dn: &account.dn,
            sam_account_name: &account.sam_account_name,
            sid: account.sid.as_ref(),
            principal: None,
            services: &account.service_principal_names,
        }
    }

    /// Whether both are the same letter by letter, as far as they are in the index.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.dn == other.dn
            && self.sam_account_name == other.sam_account_name
            && self.sid == other.sid
            && self.principal == other.principal
            && self.services == other.services
    }
}

impl Index {
    pub(super) fn find(&self, key: &AccountKey) -> Option<ObjectGuid> {
        let found = match key {
            AccountKey::Guid(guid) => Some(guid),
            AccountKey::Sid(sid) => self.sids.get(sid),
            AccountKey::SamAccountName(name) => self.names.get(name),
            AccountKey::UserPrincipalName(name) => self.principals.get(name),
            AccountKey::Dn(dn) => self.dns.get(dn),
            AccountKey::Marker { .. } => None,
        };
        found.copied()
    }

    pub(super) fn with_sid(&self, sid: &Sid) -> Option<ObjectGuid> {
        self.sids.get(sid).copied()
    }

    pub(super) fn add(&mut self, names: &Names<'_>) {
        self.dns.insert(names.dn.clone(), names.guid);
        self.names.insert(names.sam_account_name.clone(), names.guid);
        self.sids.extend(names.sid.map(|sid| (sid.clone(), names.guid)));
        self.principals.extend(names.principal.map(|name| (name.clone(), names.guid)));
        self.services.extend(names.services.iter().map(|name| (name.to_lowercase(), names.guid)));
    }

    pub(super) fn remove(&mut self, names: &Names<'_>) {
        self.dns.remove(names.dn);
        self.names.remove(names.sam_account_name);
        if let Some(sid) = names.sid {
            self.sids.remove(sid);
        }
        if let Some(name) = names.principal {
            self.principals.remove(name);
        }
        for name in names.services {
            self.services.remove(&name.to_lowercase());
        }
    }

    pub(super) fn add_group(&mut self, group: &Group) {
        self.dns.insert(group.dn.clone(), group.guid);
        self.names.insert(SamAccountName::stored(group.name.as_str()), group.guid);
        self.sids.extend(group.sid.iter().map(|sid| (sid.clone(), group.guid)));
    }

    pub(super) fn remove_group(&mut self, group: &Group) {
        self.dns.remove(&group.dn);
        self.names.remove(&SamAccountName::stored(group.name.as_str()));
    }

    /// Whose sign-in name this is: an account's, a managed account's or a group's.
    pub(super) fn named(&self, name: &str) -> Option<ObjectGuid> {
        self.names.get(&SamAccountName::stored(name)).copied()
    }

    pub(super) fn join(&mut self, group: ObjectGuid, member: ObjectGuid) {
        self.memberships.entry(member).or_default().insert(group);
    }

    pub(super) fn leave(&mut self, group: ObjectGuid, member: ObjectGuid) {
        if let Some(groups) = self.memberships.get_mut(&member) {
            groups.remove(&group);
            if groups.is_empty() {
                self.memberships.remove(&member);
            }
        }
    }

    pub(super) fn groups_of(&self, member: ObjectGuid) -> impl Iterator<Item = ObjectGuid> {
        self.memberships.get(&member).into_iter().flatten().copied()
    }

    /// Whether a name is that of another object, or twice in the same one.
    pub(super) fn check(&self, names: &Names<'_>, operation: &'static str) -> Result<()> {
        let other = |found: Option<&ObjectGuid>| found.is_some_and(|guid| *guid != names.guid);
        let taken = |what: &'static str, ldap, win32| {
            Err(Error::new(ErrorKind::AlreadyExists, operation)
                .with_subject(names.dn)
                .with_reason(what)
                .with_codes(Some(ldap), Some(win32), None))
        };
        if other(self.dns.get(names.dn)) {
            return taken("the common name is taken in this container", 68, 0x2071);
        }
        if other(self.names.get(names.sam_account_name)) {
            return taken("the sign-in name is taken", 68, 0x524);
        }
        if other(names.principal.and_then(|name| self.principals.get(name))) {
            return taken("the principal name is taken", 19, 0x21c8);
        }
        if names.services.iter().any(|name| other(self.services.get(&name.to_lowercase()))) {
            return taken("a service name is taken", 19, 0x21c7);
        }
        Ok(())
    }
}

/// The service names of an account after some were added and removed; those that it has already stay as they are written.
pub(super) fn changed_services(
    have: &[String],
    add: &[crate::ServicePrincipalName],
    remove: &[crate::ServicePrincipalName],
) -> Vec<String> {
    let is = |text: &String, name: &crate::ServicePrincipalName| {
        text.to_lowercase() == name.as_str().to_lowercase()
    };
    let mut names: Vec<String> =
        have.iter().filter(|text| !remove.iter().any(|name| is(text, name))).cloned().collect();
    for name in add {
        if !names.iter().any(|text| is(text, name)) {
            names.push(name.to_string());
        }
    }
    names.sort();
    names
}
