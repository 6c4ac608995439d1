//! The accounts by their identity: found at once among a million, and listed in the order of their identities.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use serde::{Deserialize, Serialize, Serializer};

use super::world::StoredAccount;
use crate::ObjectGuid;

#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Accounts(
    /// Boxed, so that what is searched stays small.
    HashMap<ObjectGuid, Box<StoredAccount>, BuildHasherDefault<GuidHasher>>,
);

impl Accounts {
    pub(super) fn get(&self, guid: ObjectGuid) -> Option<&StoredAccount> {
        self.0.get(&guid).map(Box::as_ref)
    }

    pub(super) fn contains(&self, guid: ObjectGuid) -> bool {
        self.0.contains_key(&guid)
    }

    pub(super) fn put(&mut self, stored: StoredAccount) {
        self.0.insert(stored.account.guid, Box::new(stored));
    }

    pub(super) fn remove(&mut self, guid: ObjectGuid) -> Option<StoredAccount> {
        self.0.remove(&guid).map(|stored| *stored)
    }

    /// In the order of their identities: a list that is asked for twice is the same.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (ObjectGuid, &StoredAccount)> {
        let mut all: Vec<_> = self.0.iter().map(|(guid, stored)| (*guid, stored.as_ref())).collect();
        all.sort_unstable_by_key(|(guid, _)| *guid);
        all.into_iter()
    }

    /// In no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &StoredAccount> {
        self.0.values().map(Box::as_ref)
    }
}

impl Serialize for Accounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.in_order())
    }
}

/// Identities are random already, and given out by the directory, so that nobody can choose them to collide.
#[derive(Default)]
pub(super) struct GuidHasher(u64);

impl Hasher for GuidHasher {
    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks(8) {
            let word = word.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            // Tests count their identities, so that the bits must be mixed all the same (2^64 divided by the golden ratio).
            self.0 = (self.0.rotate_left(32) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        hash::{BuildHasher, BuildHasherDefault},
    };

    use uuid::Uuid;

    use super::{Accounts, GuidHasher, ObjectGuid, StoredAccount};
    use crate::Account;

    fn account(number: u128) -> StoredAccount {
        let name = format!("svc-{number}");
        let dn = "DC=x".parse::<crate::Dn>().unwrap().child(&name).unwrap();
        StoredAccount::new(Account::new(Uuid::from_u128(number).into(), dn, name.parse().unwrap()))
    }

    #[test]
    fn identities_in_a_row_do_not_collide() {
        let build = BuildHasherDefault::<GuidHasher>::default();
        let hash = |number: u128| build.hash_one(ObjectGuid::new(Uuid::from_u128(number)));
        for shift in [0, 64, 100] {
            let all: HashSet<u64> = (0..10_000).map(|number| hash(number << shift)).collect();
            assert_eq!(all.len(), 10_000);
            // A table looks at the lowest bits first.
            let low: HashSet<u64> = all.iter().map(|hash| hash & 0x3fff).collect();
            assert!(low.len() > 5_000, "{} of 16384 places are taken", low.len());
        }
    }

    #[test]
    fn the_order_and_the_file_are_those_of_the_identities() {
        let mut accounts = Accounts::default();
        for number in [5, 1, 9, 3] {
            accounts.put(account(number));
        }
        accounts.remove(Uuid::from_u128(9).into());
        let order: Vec<_> = accounts.in_order().map(|(guid, _)| guid.as_uuid().as_u128()).collect();
        assert_eq!(order, [1, 3, 5]);
        let json = serde_json::to_string(&accounts).unwrap();
        let read: Accounts = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert!(read.contains(Uuid::from_u128(3).into()) && !read.contains(Uuid::from_u128(9).into()));
        assert_eq!(read.iter().count(), 3);
    }
}
