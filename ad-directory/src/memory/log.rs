//! What has changed, so that it can be told later.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::{
    object::{AccountView, ManagedView},
    world::{LAST_SIGN_IN, StoredAccount, World},
};
use crate::{AttributeName, Dn, ManagedAccount, ObjectGuid, ObjectKind, value::filter::matches::Object};

/// How many changes are remembered unless told otherwise.
const LIMIT: usize = 10_000;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ChangeLog {
    /// The number of the last change.
    last: u64,
    entries: VecDeque<Entry>,
    limit: usize,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    number: u64,
    pub(super) guid: ObjectGuid,
    pub(super) what: What,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Added,
    Changed {
        /// In lower case.
        attributes: BTreeSet<String>,
        moved: bool,
    },
    Deleted {
        kind: ObjectKind,
        dn: Dn,
    },
    Joined(ObjectGuid),
    Left(ObjectGuid),
}

impl Default for ChangeLog {
    fn default() -> Self {
        Self { last: 0, entries: VecDeque::new(), limit: LIMIT }
    }
}

impl ChangeLog {
    pub(super) const fn limit(&mut self, entries: usize) {
        self.limit = entries;
    }

    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// What came after this number; `None` when that has been forgotten, or lies ahead.
    pub(super) fn since(&self, number: u64) -> Option<impl Iterator<Item = &Entry>> {
        let oldest = self.entries.front().map_or(self.last + 1, |entry| entry.number);
        let known = number <= self.last && number + 1 >= oldest;
        known.then(|| self.entries.iter().filter(move |entry| entry.number > number))
    }

    pub(super) fn added(&mut self, guid: ObjectGuid) {
        self.push(guid, What::Added);
    }

    /// Nothing, when what was changed is nothing that anybody sees.
    pub(super) fn changed(&mut self, guid: ObjectGuid, (attributes, moved): (BTreeSet<String>, bool)) {
        if moved || !attributes.is_empty() {
            self.push(guid, What::Changed { attributes, moved });
        }
    }

    pub(super) fn deleted(&mut self, guid: ObjectGuid, kind: ObjectKind, dn: Dn) {
        self.push(guid, What::Deleted { kind, dn });
    }

    pub(super) fn joined(&mut self, group: ObjectGuid, member: ObjectGuid) {
        self.push(group, What::Joined(member));
    }

    pub(super) fn left(&mut self, group: ObjectGuid, member: ObjectGuid) {
        self.push(group, What::Left(member));
    }

    fn push(&mut self, guid: ObjectGuid, what: What) {
        self.last += 1;
        self.entries.push_back(Entry { number: self.last, guid, what });
        while self.entries.len() > self.limit {
            self.entries.pop_front();
        }
    }
}

/// The attributes of an account that differ, and whether its name does.
pub(super) fn account(
    world: &World,
    before: &StoredAccount,
    after: &StoredAccount,
) -> (BTreeSet<String>, bool) {
    let further = before.account.attributes.keys().chain(after.account.attributes.keys());
    let further: Vec<_> = further.map(AttributeName::as_str).chain([LAST_SIGN_IN]).collect();
    let (old, new) = (AccountView { world, stored: before }, AccountView { world, stored: after });
    (differing(&further, &old, &new), is_renamed(&before.account.dn, &after.account.dn))
}

/// The same of a managed account.
pub(super) fn managed(
    world: &World,
    before: &ManagedAccount,
    after: &ManagedAccount,
) -> (BTreeSet<String>, bool) {
    let (old, new) = (ManagedView { world, account: before }, ManagedView { world, account: after });
    (differing(&[], &old, &new), is_renamed(&before.dn, &after.dn))
}

fn differing(further: &[&str], old: &impl Object, new: &impl Object) -> BTreeSet<String> {
    let names = crate::change::ATTRIBUTES.iter().chain(further).map(|name| name.to_ascii_lowercase());
    names.filter(|name| old.values(name) != new.values(name)).collect()
}

/// As it is written: a name that changes its case only has changed.
fn is_renamed(before: &Dn, after: &Dn) -> bool {
    before.to_string() != after.to_string()
}
