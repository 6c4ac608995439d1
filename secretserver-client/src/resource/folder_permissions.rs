//! Who may do what in a folder. A right is a pair: what one may do with the folder, and what with the secrets in it.

mod requests;

use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::ids::{DomainId, FolderId, FolderPermissionId, GroupId, RoleId, UserId, optional};
use crate::open_enum::open_enum;
use crate::page::Pager;
use crate::patch::Change;
use crate::request::Query;
use crate::resource::{Deleted, Principal, or_default};
pub use requests::{
    CreateFolderPermission, DeleteFolderPermission, FolderPermissionStub, GetFolderPermission,
    GetFolderPermissionStub, PatchFolderPermissions, ReplaceFolderPermission, SearchFolderPermissions,
};

/// The operations on rights on folders. See [`Client::folder_permissions`].
///
/// For every method: dropping its future abandons the wait; what was sent may be carried out all the same. Errors are described at
/// [`ErrorKind`](crate::ErrorKind). Changing needs the folder role *Owner*.
///
/// A folder that inherits its rights refuses changes unless `break_inheritance` is set, since Secret Server 10.8. Personal folders cannot be
/// shared.
///
/// ```
/// # async fn run(client: &secretserver_client::Client, folder: secretserver_client::FolderId, group: secretserver_client::GroupId)
/// # -> Result<(), secretserver_client::Error> {
/// use secretserver_client::resource::Principal;
/// use secretserver_client::resource::folder_permissions::{FolderRole, NewFolderPermission, SecretRole};
///
/// let right = NewFolderPermission::new(folder, Principal::Group(group), FolderRole::View, SecretRole::List);
/// client.folder_permissions().create(right).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FolderPermissions<'c>(pub(crate) &'c Client);

impl FolderPermissions<'_> {
    /// Finds rights, in order of their ids.
    pub fn search(&self, filter: FolderPermissionFilter) -> Pager<FolderPermission> {
        SearchFolderPermissions::pager(self.0, filter)
    }

    /// Reads a right.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied): denied or absent.
    pub async fn get(&self, id: FolderPermissionId) -> Result<FolderPermission, Error> {
        self.0.request(GetFolderPermission { id }).await
    }

    /// Gives somebody a right. Never sent twice: when the answer is lost, search for it first.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied): denied or absent; [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the folder inherits.
    pub async fn create(&self, right: NewFolderPermission) -> Result<FolderPermission, Error> {
        self.0.request(CreateFolderPermission(right)).await
    }

    /// Changes somebody's right.
    ///
    /// # Errors
    /// As for [`FolderPermissions::create`].
    pub async fn replace(&self, right: FolderPermissionUpdate) -> Result<FolderPermission, Error> {
        self.0.request(ReplaceFolderPermission(right)).await
    }

    /// Takes a right away.
    ///
    /// # Errors
    /// As for [`FolderPermissions::create`].
    pub async fn delete(&self, id: FolderPermissionId, break_inheritance: bool) -> Result<Deleted, Error> {
        self.0.request(DeleteFolderPermission { id, break_inheritance }).await
    }

    /// Gives, changes and takes several rights in one request. Rights that are not named stay.
    ///
    /// # Errors
    /// As for [`FolderPermissions::create`].
    pub async fn patch(&self, folder: FolderId, patch: FolderPermissionsPatch) -> Result<(), Error> {
        self.0.request(PatchFolderPermissions { folder, patch }).await?.checked("folder_permissions.patch")
    }
}

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

/// Which rights to give, change and take.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FolderPermissionsPatch {
    set: Vec<(Principal, RoleId, Option<RoleId>)>,
    remove: Vec<Principal>,
    inherit: Change<bool>,
    allow_remove_owner: bool,
}

impl FolderPermissionsPatch {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// This user or group shall have these rights, by their numbers.
    #[must_use]
    pub fn set(mut self, who: Principal, on_folder: RoleId, on_secrets: Option<RoleId>) -> Self {
        self.set.push((who, on_folder, on_secrets));
        self
    }

    /// This user or group shall have none.
    #[must_use]
    pub fn remove(mut self, who: Principal) -> Self {
        self.remove.push(who);
        self
    }

    /// Whether the folder inherits its rights.
    #[must_use]
    pub fn inherit(mut self, inherit: bool) -> Self {
        self.inherit = Change::Set(inherit);
        self
    }

    /// Also if nobody owns the folder afterwards.
    #[must_use]
    pub fn allowing_no_owner(mut self) -> Self {
        self.allow_remove_owner = true;
        self
    }

    fn body(&self) -> serde_json::Value {
        let set: Vec<_> = self
            .set
            .iter()
            .map(|(who, folder, secrets)| {
                serde_json::json!({
                    "userId": who.user(), "groupId": who.group(),
                    "folderAccessRoleId": folder, "secretAccessRoleId": secrets,
                })
            })
            .collect();
        let remove: Vec<_> = self
            .remove
            .iter()
            .map(|who| serde_json::json!({ "userId": who.user(), "groupId": who.group() }))
            .collect();
        serde_json::json!({ "data": {
            "addOrUpdateItems": set,
            "removeItems": remove,
            "inheritPermissions": self.inherit,
            "allowRemoveOwner": self.allow_remove_owner,
        } })
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

    fn query(&self) -> Query {
        Query::new()
            .with_some("filter.folderId", self.folder_id)
            .with_some("filter.userId", self.user_id)
            .with_some("filter.groupId", self.group_id)
            .with_some("filter.domainId", self.domain_id)
            .with_some("filter.searchText", self.search_text.as_ref())
    }
}
