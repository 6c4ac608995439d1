//! Rights on folders, as they are and as they shall be.

use serde::{Deserialize, Serialize};

use crate::ids::{DomainId, FolderId, FolderPermissionId, GroupId, RoleId, UserId, optional};
use crate::open_enum::open_enum;
use crate::request::Query;
use crate::resource::{Principal, or_default};

open_enum! {
    /// What somebody may do with a folder.
    FolderRole {
        /// See it.
        View = "View",
        /// Change it.
        Edit = "Edit",
        /// See it, and add secrets to it.
        AddSecret = "Add Secret",
        /// Everything.
        Owner = "Owner",
    }
}

open_enum! {
    /// What somebody may do with the secrets of a folder, or with one secret.
    SecretRole {
        /// Nothing. Not for a single secret.
        None = "None",
        /// See that it is there.
        List = "List",
        /// See its values.
        View = "View",
        /// Change it.
        Edit = "Edit",
        /// Everything.
        Owner = "Owner",
    }
}

/// Somebody's right on a folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FolderPermission {
    /// Its number.
    pub id: FolderPermissionId,
    /// The folder.
    pub folder_id: FolderId,
    /// The user who has it, if it is a single one.
    #[serde(default, deserialize_with = "optional")]
    pub user_id: Option<UserId>,
    /// That one's name.
    #[serde(default)]
    pub user_name: Option<String>,
    /// The group that has it. Some servers name a single user's personal group here.
    #[serde(default, deserialize_with = "optional")]
    pub group_id: Option<GroupId>,
    /// That one's name.
    #[serde(default)]
    pub group_name: Option<String>,
    /// The name of whoever has it.
    #[serde(default, deserialize_with = "or_default")]
    pub known_as: String,
    /// What it allows with the folder.
    #[serde(default)]
    pub folder_access_role_name: Option<FolderRole>,
    /// The same as a number.
    #[serde(default, deserialize_with = "optional")]
    pub folder_access_role_id: Option<RoleId>,
    /// What it allows with the secrets.
    #[serde(default)]
    pub secret_access_role_name: Option<SecretRole>,
    /// The same as a number.
    #[serde(default, deserialize_with = "optional")]
    pub secret_access_role_id: Option<RoleId>,
}

impl FolderPermission {
    /// Who has it.
    pub fn principal(&self) -> Option<Principal> {
        self.user_id.map(Principal::User).or_else(|| self.group_id.map(Principal::Group))
    }
}

/// A right that is to be given.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewFolderPermission {
    /// On which folder.
    pub folder_id: FolderId,
    /// To which user.
    pub(crate) user_id: Option<UserId>,
    /// To which group.
    pub(crate) group_id: Option<GroupId>,
    /// What it allows with the folder.
    pub folder_access_role_name: FolderRole,
    /// What it allows with the secrets.
    pub secret_access_role_name: SecretRole,
    /// Whether the folder shall have rights of its own from now on, if it inherits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_inheritance: Option<bool>,
}

impl NewFolderPermission {
    /// This right on this folder for this user or group.
    pub fn new(folder: FolderId, to: Principal, on_folder: FolderRole, on_secrets: SecretRole) -> Self {
        Self {
            folder_id: folder,
            user_id: to.user(),
            group_id: to.group(),
            folder_access_role_name: on_folder,
            secret_access_role_name: on_secrets,
            break_inheritance: None,
        }
    }

    /// The folder shall have rights of its own from now on, if it inherits.
    #[must_use]
    pub fn breaking_inheritance(mut self) -> Self {
        self.break_inheritance = Some(true);
        self
    }
}

/// What somebody's right shall be.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FolderPermissionUpdate {
    /// Which right.
    pub id: FolderPermissionId,
    /// Its folder.
    pub folder_id: FolderId,
    /// What it allows with the folder.
    pub folder_access_role_name: FolderRole,
    /// What it allows with the secrets.
    pub secret_access_role_name: SecretRole,
    /// Whether the folder shall have rights of its own from now on, if it inherits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_inheritance: Option<bool>,
}

impl FolderPermissionUpdate {
    /// This right shall allow that.
    pub fn new(right: &FolderPermission, on_folder: FolderRole, on_secrets: SecretRole) -> Self {
        Self {
            id: right.id,
            folder_id: right.folder_id,
            folder_access_role_name: on_folder,
            secret_access_role_name: on_secrets,
            break_inheritance: None,
        }
    }
}

/// Which rights to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FolderPermissionFilter {
    /// Only on this folder.
    pub folder_id: Option<FolderId>,
    /// Only of this user.
    pub user_id: Option<UserId>,
    /// Only of this group.
    pub group_id: Option<GroupId>,
    /// Only of users and groups from this directory domain.
    pub domain_id: Option<DomainId>,
    /// Part of the name of whoever has it.
    pub search_text: Option<String>,
}

impl FolderPermissionFilter {
    /// Rights on this folder.
    pub fn on(folder: FolderId) -> Self {
        Self { folder_id: Some(folder), ..Self::default() }
    }

    /// Only of this user or group.
    #[must_use]
    pub fn of(mut self, who: Principal) -> Self {
        self.user_id = who.user();
        self.group_id = who.group();
        self
    }

    pub(super) fn query(&self) -> Query {
        Query::new()
            .with_some("filter.folderId", self.folder_id)
            .with_some("filter.userId", self.user_id)
            .with_some("filter.groupId", self.group_id)
            .with_some("filter.domainId", self.domain_id)
            .with_some("filter.searchText", self.search_text.as_ref())
    }
}
