//! Users, groups and roles, and who somebody is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::seed::PERSONAL_FOLDERS;
use super::{Group, Principal, Role, User, UserAudit, World};
use crate::simulator::call::Caller;
use crate::simulator::permission::{FolderRole, SecretRole, right};

/// The role that each new user gets.
pub(in super::super) const DEFAULT_ROLE: &str = "User";

impl World {
    /// Who has this token: with all groups and all permissions.
    pub(in super::super) fn caller(&self, user: &User, token: &str) -> Caller {
        let groups: BTreeSet<u32> = self.groups_of(user.id).map(|g| g.id).collect();
        let by_group = groups.iter().filter_map(|g| self.group(*g)).flat_map(|g| &g.roles);
        let roles = user.roles.iter().chain(by_group).filter_map(|r| self.role(*r)).filter(|r| r.enabled);
        let rights = roles.flat_map(|r| r.permissions.iter().cloned()).collect();
        Caller { id: user.id, name: user.name.clone(), token: token.to_owned(), groups, rights }
    }

    /// The enabled groups that have this user in them.
    pub(in super::super) fn groups_of(&self, user: u32) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(move |g| g.enabled && g.members.binary_search(&user).is_ok())
    }

    /// A user's personal group has the number after the user's; it is in no list.
    pub(in super::super) fn personal_group(user: u32) -> u32 {
        user.saturating_add(1)
    }

    /// Who a group is: its members, or the one user of a personal group.
    pub(in super::super) fn principal_of_group(&self, group: u32) -> Option<Principal> {
        if self.group(group).is_some() {
            return Some(Principal::Group(group));
        }
        self.user(group.checked_sub(1)?).map(|u| Principal::User(u.id))
    }

    pub(in super::super) fn add_role(&mut self, name: &str, permissions: &[&str], system: bool) -> u32 {
        let id = self.fresh_id();
        self.roles.push(Role {
            id,
            name: name.to_owned(),
            enabled: true,
            system,
            created: Timestamp::now(),
            permissions: permissions.iter().map(|p| (*p).to_owned()).collect(),
        });
        id
    }

    pub(in super::super) fn add_group(&mut self, name: &str, synchronized: bool) -> u32 {
        let id = self.fresh_id();
        self.groups.push(Group {
            id,
            name: name.to_owned(),
            enabled: true,
            synchronized,
            system: false,
            domain: synchronized.then_some(super::seed::DOMAIN),
            created: Timestamp::now(),
            members: Vec::new(),
            roles: Vec::new(),
            owners: Vec::new(),
        });
        id
    }

    /// A user without any role.
    pub(in super::super) fn new_user(&mut self, name: &str, password: &str) -> u32 {
        let id = self.fresh_id();
        // The number of its personal group.
        self.fresh_id();
        self.users.push(User {
            id,
            name: name.to_owned(),
            display_name: name.to_owned(),
            email: None,
            password: password.to_owned(),
            enabled: true,
            locked: false,
            application: false,
            failures: 0,
            domain: None,
            created: Timestamp::now(),
            last_login: None,
            password_changed: None,
            roles: Vec::new(),
            otp: None,
            kept: BTreeMap::new(),
        });
        id
    }

    /// A user with a role of its own that has these permissions.
    pub(in super::super) fn add_user(&mut self, name: &str, password: &str, rights: &[&str]) -> u32 {
        let id = self.new_user(name, password);
        let role = self.add_role(&format!("Role of {name}"), rights, false);
        if let Some(user) = self.user_mut(id) {
            user.roles.push(role);
        }
        id
    }

    /// Makes the personal folder of a user who may have one and signs in for the first time.
    pub(super) fn personal_folder(&mut self, user: u32) {
        let Some(found) = self.user(user) else { return };
        let name = found.name.clone();
        let may = self.caller(found, "").has(right::PERSONAL_FOLDERS);
        let known = self.folders.iter().any(|f| f.personal_of == Some(user));
        let root =
            self.folders.iter().find(|f| f.parent.is_none() && f.name == PERSONAL_FOLDERS).map(|f| f.id);
        if let (true, false, Some(root)) = (may, known, root) {
            let id = self.add_folder(&name, Some(root), false);
            if let Some(folder) = self.folder_mut(id) {
                folder.personal_of = Some(user);
            }
            self.set_grant(id, Principal::User(user), FolderRole::Owner, SecretRole::Owner);
        }
    }

    pub(in super::super) fn record_user(&mut self, by: u32, user: u32, action: &str, notes: &str) {
        self.unsaved = true;
        let (action, notes) = (action.to_owned(), notes.to_owned());
        self.user_audit.push(UserAudit { at: Timestamp::now(), by, user, action, notes });
    }
}

impl Group {
    /// Puts a user into the group, or takes it out.
    pub(in super::super) fn set_member(&mut self, user: u32, belongs: bool) {
        match (self.members.binary_search(&user), belongs) {
            (Err(at), true) => self.members.insert(at, user),
            (Ok(at), false) => {
                self.members.remove(at);
            }
            _ => {}
        }
    }
}
