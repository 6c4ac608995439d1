//! Finding one object by one of its keys.

use super::{
    managed::StoredManaged,
    world::{StoredAccount, StoredGroup, World},
};
use crate::{AccountKey, Container, Dn, Error, ErrorKind, GroupKey, Result};

impl World {
    pub(super) fn find_account(&self, key: &AccountKey) -> Result<Option<&StoredAccount>> {
        if let AccountKey::Marker { marker, below } = key {
            let fits = |stored: &&StoredAccount| {
                stored.account.marker.as_ref().is_some_and(|have| have.matches(marker))
                    && stored.account.dn.is_below(below)
            };
            return only(self.accounts.iter().filter(fits), key, "accounts.find");
        }
        Ok(self.index.find(key).and_then(|guid| self.accounts.get(guid)))
    }

    pub(super) fn find_managed(&self, key: &AccountKey) -> Result<Option<&StoredManaged>> {
        if let AccountKey::Marker { marker, below } = key {
            let fits = |stored: &&StoredManaged| {
                stored.account.marker.as_ref().is_some_and(|have| have.matches(marker))
                    && stored.account.dn.is_below(below)
            };
            return only(self.managed.values().filter(fits), key, "managed.find");
        }
        Ok(self.index.find(key).and_then(|guid| self.managed.get(&guid)))
    }

    pub(super) fn find_group(&self, key: &GroupKey) -> Option<&StoredGroup> {
        let guid = match key {
            GroupKey::Guid(guid) => Some(*guid),
            GroupKey::Dn(dn) => self.index.dns.get(dn).copied(),
            GroupKey::SamAccountName(name) => self.index.named(name.as_str()),
        };
        guid.and_then(|guid| self.groups.get(&guid))
    }

    /// Whether there is any object of this name.
    pub(super) fn exists(&self, dn: &Dn) -> bool {
        self.index.dns.contains_key(dn)
    }

    pub(super) fn find_container(&self, dn: &Dn) -> Option<&Container> {
        self.index.dns.get(dn).and_then(|guid| self.containers.get(guid))
    }

    /// Whether an account, a managed account or a group has this sign-in name.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.index.named(name).is_some()
    }
}

fn only<'a, T>(
    mut found: impl Iterator<Item = &'a T>,
    key: &AccountKey,
    operation: &'static str,
) -> Result<Option<&'a T>> {
    let first = found.next();
    if found.next().is_some() {
        return Err(Error::new(ErrorKind::Ambiguous, operation).with_subject(key));
    }
    Ok(first)
}
