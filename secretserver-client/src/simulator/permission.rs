//! Who may do what: permissions of one's roles (which operation needs which is said in `operation/table.rs`), and roles on folders and secrets.

use serde::{Deserialize, Serialize};

use super::call::Caller;
use super::world::{Folder, Principal, StoredSecret, World};

/// What a user may do with a folder, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FolderRole {
    /// See it.
    View,
    /// Add secrets to it.
    #[serde(rename = "Add Secret")]
    AddSecret,
    /// Change it.
    Edit,
    /// Do anything with it.
    Owner,
}

/// What a user may do with the secrets of a folder, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SecretRole {
    /// Nothing.
    None,
    /// See that they are there.
    List,
    /// See their values.
    View,
    /// Change their values.
    Edit,
    /// Do anything with them.
    Owner,
}

impl FolderRole {
    const ALL: [(Self, &'static str, u32); 4] = [
        (Self::View, "View", 4),
        (Self::AddSecret, "Add Secret", 8),
        (Self::Edit, "Edit", 3),
        (Self::Owner, "Owner", 7),
    ];

    /// The server's word for it; with or without its space, as `filter.permissionRequired` has it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.replace(' ', "");
        Self::ALL.iter().find(|(_, name, _)| name.replace(' ', "").eq_ignore_ascii_case(&text)).map(|r| r.0)
    }

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|r| r.0 == self).map_or("", |r| r.1)
    }

    /// The number of the role. Which numbers a server uses is not known.
    pub(super) fn id(self) -> u32 {
        Self::ALL.iter().find(|r| r.0 == self).map_or(0, |r| r.2)
    }

    pub(super) fn by_id(id: u32) -> Option<Self> {
        Self::ALL.iter().find(|r| r.2 == id).map(|r| r.0)
    }
}

impl SecretRole {
    const ALL: [(Self, &'static str, u32); 5] = [
        (Self::None, "None", 14),
        (Self::List, "List", 13),
        (Self::View, "View", 12),
        (Self::Edit, "Edit", 11),
        (Self::Owner, "Owner", 10),
    ];

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(text)).map(|r| r.0)
    }

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|r| r.0 == self).map_or("", |r| r.1)
    }

    /// The number of the role. Which numbers a server uses is not known.
    pub(super) fn id(self) -> u32 {
        Self::ALL.iter().find(|r| r.0 == self).map_or(0, |r| r.2)
    }

    pub(super) fn by_id(id: u32) -> Option<Self> {
        Self::ALL.iter().find(|r| r.2 == id).map(|r| r.0)
    }
}

/// Permissions of roles that this simulator looks at.
pub(super) mod right {
    pub(in super::super) const ADD: &str = "Add Secret";
    pub(in super::super) const VIEW: &str = "View Secret";
    pub(in super::super) const EDIT: &str = "Edit Secret";
    pub(in super::super) const DELETE: &str = "Delete Secret";
    pub(in super::super) const OWN: &str = "Own Secret";
    pub(in super::super) const SHARE: &str = "Share Secret";
    pub(in super::super) const FORCE_CHECK_IN: &str = "Force Check In";
    pub(in super::super) const SECRET_AUDIT: &str = "View Secret Audit";
    pub(in super::super) const VIEW_DELETED: &str = "View Deleted Secrets";
    pub(in super::super) const VIEW_FOLDERS: &str = "View Folders";
    pub(in super::super) const FOLDERS: &str = "Administer Folders";
    pub(in super::super) const ROOT_FOLDERS: &str = "Create Root Folders";
    pub(in super::super) const VIEW_TEMPLATES: &str = "View Secret Templates";
    pub(in super::super) const TEMPLATES: &str = "Administer Secret Templates";
    pub(in super::super) const VIEW_USERS: &str = "View Users";
    pub(in super::super) const USERS: &str = "Administer Users";
    pub(in super::super) const CREATE_USERS: &str = "Administer Create Users";
    pub(in super::super) const APPLICATION_ACCOUNTS: &str = "Administer Create Application Accounts";
    pub(in super::super) const USER_AUDIT: &str = "View User Audit Report";
    pub(in super::super) const VIEW_GROUPS: &str = "View Groups";
    pub(in super::super) const GROUPS: &str = "Administer Groups";
    pub(in super::super) const ASSIGN_GROUPS: &str = "Administer Group Assignment";
    pub(in super::super) const VIEW_ROLES: &str = "View Roles";
    pub(in super::super) const ASSIGN_ROLES: &str = "Administer Role Assignment";
    pub(in super::super) const ROLE_PERMISSIONS: &str = "Administer Role Permissions";
    pub(in super::super) const VIEW_CONFIGURATION: &str = "View Configuration";
    pub(in super::super) const VIEW_POLICIES: &str = "View Secret Policy";
    pub(in super::super) const POLICIES: &str = "Administer Secret Policy";
    pub(in super::super) const CONFIGURATION: &str = "Administer Configuration";
    pub(in super::super) const PERSONAL_FOLDERS: &str = "Personal Folders";
    pub(in super::super) const BYPASS_DIRECT: &str = "Bypass Direct API Authentication Restriction";
    /// What a service account of lifecycle management holds.
    pub(in super::super) const SERVICE: &[&str] =
        &[ADD, VIEW, EDIT, DELETE, VIEW_DELETED, VIEW_FOLDERS, VIEW_TEMPLATES];
    /// What an administrator holds besides.
    pub(in super::super) const ADMINISTRATOR: &[&str] = &[
        USERS,
        CREATE_USERS,
        APPLICATION_ACCOUNTS,
        VIEW_USERS,
        USER_AUDIT,
        GROUPS,
        ASSIGN_GROUPS,
        VIEW_GROUPS,
        VIEW_ROLES,
        ASSIGN_ROLES,
        ROLE_PERMISSIONS,
        FOLDERS,
        ROOT_FOLDERS,
        TEMPLATES,
        VIEW_POLICIES,
        POLICIES,
        VIEW_CONFIGURATION,
        CONFIGURATION,
        OWN,
        SHARE,
        FORCE_CHECK_IN,
        SECRET_AUDIT,
        PERSONAL_FOLDERS,
    ];
}

impl Caller {
    /// Whether a grant to this one reaches the caller.
    pub(super) fn is(&self, who: Principal) -> bool {
        match who {
            Principal::User(user) => user == self.id,
            Principal::Group(group) => self.groups.contains(&group),
        }
    }
}

impl World {
    /// The folder whose permissions count for this one: itself, or the nearest above that does not inherit.
    pub(super) fn permission_source(&self, folder: u32) -> Option<&Folder> {
        let mut at = self.folder(folder)?;
        // A tree is never deeper than it has folders; a circle in an edited file must not hang us.
        for _ in 0..=self.folders.len() {
            match at.parent.filter(|_| at.inherit) {
                Some(parent) => at = self.folder(parent)?,
                None => break,
            }
        }
        Some(at)
    }

    /// The caller's pair of roles on a folder: the strongest of its own and of its groups'.
    pub(super) fn roles(&self, caller: &Caller, folder: u32) -> Option<(FolderRole, SecretRole)> {
        let source = self.permission_source(folder)?;
        let own = source.grants.iter().filter(|g| caller.is(g.who));
        own.map(|g| (g.folder_role, g.secret_role)).reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)))
    }

    pub(super) fn may_in_folder(&self, caller: &Caller, folder: u32, needed: FolderRole) -> bool {
        self.roles(caller, folder).is_some_and(|(role, _)| role >= needed)
    }

    /// The caller's role on a secret: as the folder says, or as the secret says that no longer inherits.
    pub(super) fn secret_role(&self, caller: &Caller, secret: &StoredSecret) -> SecretRole {
        match (&secret.sharing, secret.folder_id) {
            (Some(grants), _) => {
                grants.iter().filter(|g| caller.is(g.who)).map(|g| g.role).max().unwrap_or(SecretRole::None)
            }
            (None, Some(folder)) => self.roles(caller, folder).map_or(SecretRole::None, |(_, role)| role),
            // Outside of folders a secret belongs to whoever made it.
            (None, None) if secret.created_by == caller.id => SecretRole::Owner,
            (None, None) => SecretRole::None,
        }
    }

    pub(super) fn may_with_secret(&self, caller: &Caller, secret: &StoredSecret, needed: SecretRole) -> bool {
        self.secret_role(caller, secret) >= needed
    }
}
