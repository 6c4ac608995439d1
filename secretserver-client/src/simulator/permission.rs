//! Who may do what: a permission of one's roles, and a pair of roles on the folder.

use serde::{Deserialize, Serialize};

use super::world::{StoredSecret, User, World};

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
    /// The server's word for it, as `filter.permissionRequired` has it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "view" => Self::View,
            "addsecret" | "add secret" => Self::AddSecret,
            "edit" => Self::Edit,
            "owner" => Self::Owner,
            _ => return None,
        })
    }
}

/// Permissions of roles that this simulator looks at.
pub(super) mod right {
    pub(in super::super) const ADD: &str = "Add Secret";
    pub(in super::super) const VIEW: &str = "View Secret";
    pub(in super::super) const EDIT: &str = "Edit Secret";
    pub(in super::super) const DELETE: &str = "Delete Secret";
    pub(in super::super) const VIEW_DELETED: &str = "View Deleted Secrets";
    pub(in super::super) const VIEW_FOLDERS: &str = "View Folders";
    pub(in super::super) const VIEW_TEMPLATES: &str = "View Secret Templates";
    /// What a service account of lifecycle management holds.
    pub(in super::super) const SERVICE: &[&str] =
        &[ADD, VIEW, EDIT, DELETE, VIEW_DELETED, VIEW_FOLDERS, VIEW_TEMPLATES];
    /// What an administrator holds besides.
    pub(in super::super) const ADMINISTRATOR: &[&str] = &[
        "Administer Users",
        "Administer Groups",
        "Administer Folders",
        "Administer Secret Templates",
        "Own Secret",
    ];
}

impl World {
    /// The caller's pair of roles on a folder; a folder that inherits has those of the folder it is in.
    pub(super) fn roles(&self, user: u32, folder: u32) -> Option<(FolderRole, SecretRole)> {
        let mut at = self.folder(folder)?;
        // A tree is never deeper than it has folders; a circle in an edited file must not hang us.
        for _ in 0..=self.folders.len() {
            match at.parent.filter(|_| at.inherit) {
                Some(parent) => at = self.folder(parent)?,
                None => break,
            }
        }
        at.grants.iter().find(|g| g.user == user).map(|g| (g.folder_role, g.secret_role))
    }

    pub(super) fn may_in_folder(&self, user: &User, folder: u32, needed: FolderRole) -> bool {
        self.roles(user.id, folder).is_some_and(|(role, _)| role >= needed)
    }

    pub(super) fn may_with_secret(&self, user: &User, secret: &StoredSecret, needed: SecretRole) -> bool {
        match secret.folder_id {
            Some(folder) => self.roles(user.id, folder).is_some_and(|(_, role)| role >= needed),
            // Outside of folders a secret belongs to whoever made it.
            None => secret.created_by == user.id,
        }
    }
}

impl User {
    pub(super) fn has(&self, right: &str) -> bool {
        self.permissions.iter().any(|p| p == right)
    }
}
