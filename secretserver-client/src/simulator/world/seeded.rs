//! Many users and secrets, made from a number: the same number gives the same world.

use std::collections::BTreeMap;

use super::change::NewSecret;
use super::{Principal, World};
use crate::simulator::permission::{FolderRole, SecretRole};

/// How much is there from the start, besides [`Seed`](super::Seed). Names, addresses and values follow from `number`.
///
/// A million users and 100,000 secrets need about 1 GB. Made users cannot sign in: they have no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SeedOptions {
    /// From what the names follow.
    pub number: u64,
    /// Users. Each eleventh is disabled, each hundredth is an application account.
    pub users: u32,
    /// Groups, with a share of the users in each.
    pub groups: u32,
    /// Folders below one at the root, which the service account and the administrator own. At least one if there are secrets.
    pub folders: u32,
    /// Secrets, spread over these folders.
    pub secrets: u32,
}

impl SeedOptions {
    /// Nothing yet, from this number.
    pub fn new(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// So many users.
    #[must_use]
    pub fn users(mut self, users: u32) -> Self {
        self.users = users;
        self
    }

    /// So many groups.
    #[must_use]
    pub fn groups(mut self, groups: u32) -> Self {
        self.groups = groups;
        self
    }

    /// So many folders.
    #[must_use]
    pub fn folders(mut self, folders: u32) -> Self {
        self.folders = folders;
        self
    }

    /// So many secrets.
    #[must_use]
    pub fn secrets(mut self, secrets: u32) -> Self {
        self.secrets = secrets;
        self
    }
}

/// Numbers that look random and follow from the first one (`SplitMix64`, public domain).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let length = u64::try_from(from.len()).unwrap_or(1).max(1);
        let at = usize::try_from(self.next().checked_rem(length).unwrap_or(0)).unwrap_or(0);
        from.get(at).copied().unwrap_or_default()
    }
}

const FIRST: &[&str] = &[
    "ada", "ben", "cem", "dora", "emil", "fay", "gus", "hana", "ida", "jan", "kim", "lea", "mia", "noor",
    "otto", "pia",
];
const LAST: &[&str] = &[
    "adler", "berg", "chen", "diaz", "egger", "fox", "gomez", "haas", "ito", "jones", "kaya", "lang",
    "meier", "novak",
];

impl World {
    /// Adds what the options ask for.
    pub(in super::super) fn grow(&mut self, options: SeedOptions) {
        let mut numbers = Numbers(options.number);
        let users = self.grow_users(options.users, &mut numbers);
        self.grow_groups(options.groups, &users);
        self.grow_secrets(options, &mut numbers);
    }

    fn grow_users(&mut self, count: u32, numbers: &mut Numbers) -> Vec<u32> {
        self.users.reserve_exact(usize::try_from(count).unwrap_or(0));
        let role: Vec<u32> = self.roles.first().map(|r| r.id).into_iter().collect();
        let mut ids = Vec::new();
        for i in 1..=count {
            let (first, last) = (numbers.pick(FIRST), numbers.pick(LAST));
            let id = self.new_user(&format!("{first}.{last}.{i:07}"), "");
            if let Some(user) = self.user_mut(id) {
                user.display_name = format!("{first} {last} {i}");
                user.email = Some(format!("{first}.{last}.{i}@corp.example"));
                // Nobody signs in with it.
                user.password = String::new();
                user.enabled = !i.is_multiple_of(11);
                user.application = i.is_multiple_of(100);
                user.roles.clone_from(&role);
            }
            ids.push(id);
        }
        ids
    }

    fn grow_groups(&mut self, count: u32, users: &[u32]) {
        for i in 1..=count {
            let id = self.add_group(&format!("group-{i:05}"), false);
            let step = usize::try_from(count).unwrap_or(1).max(1);
            let from = usize::try_from(i.saturating_sub(1)).unwrap_or(0);
            let members = users.iter().skip(from).step_by(step).copied().collect();
            if let Some(group) = self.group_mut(id) {
                group.members = members;
            }
        }
    }

    fn grow_secrets(&mut self, options: SeedOptions, numbers: &mut Numbers) {
        if options.folders == 0 && options.secrets == 0 {
            return;
        }
        let root = self.add_folder("Seeded", None, false);
        let owners: Vec<u32> = self.users.iter().take(2).map(|u| u.id).collect();
        for owner in &owners {
            self.set_grant(root, Principal::User(*owner), FolderRole::Owner, SecretRole::Owner);
        }
        let count = options.folders.max(1);
        let folders: Vec<u32> =
            (1..=count).map(|i| self.add_folder(&format!("folder-{i:05}"), Some(root), true)).collect();
        let by = owners.last().copied().unwrap_or(0);
        let places = folders.iter().copied().cycle();
        for (i, folder) in (1..=options.secrets).zip(places) {
            let username = format!("svc-{}-{i:06}", numbers.pick(LAST));
            let password = format!("{:016x}", numbers.next());
            let values = [
                ("domain", "corp.example"),
                ("username", username.as_str()),
                ("password", password.as_str()),
                ("notes", ""),
            ];
            let values: BTreeMap<String, String> =
                values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let new =
                NewSecret { name: &username, template: 6001, folder: Some(folder), site: 1, values, by };
            self.add_secret(new);
        }
    }
}
