//! The requests about rights on folders.

use serde::Deserialize;

use crate::ids::{FolderId, FolderPermissionId, optional};
use crate::request::{Path, Query};
use crate::resource::folder_permissions::{
    FolderPermission, FolderPermissionFilter, FolderPermissionUpdate, FolderPermissionsPatch, FolderRole,
    NewFolderPermission, SecretRole,
};
use crate::resource::{Acknowledged, Deleted, endpoint, search_endpoint};

search_endpoint! {
    /// One page of `GET /v1/folder-permissions`.
    pub struct SearchFolderPermissions(FolderPermissionFilter);
    "folder_permissions.search" => FolderPermission;
    path = |_| Path::api("v1/folder-permissions");
    sort = crate::resource::sort::ID;
}

endpoint! {
    /// `GET /v1/folder-permissions/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetFolderPermission {
        /// Which.
        pub id: FolderPermissionId,
    }
    "folder_permissions.get": Get => FolderPermission;
    path = |e| Path::api("v1/folder-permissions").id(e.id);
}

/// A right on a folder as the server would fill it in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FolderPermissionStub {
    /// The folder.
    #[serde(default, deserialize_with = "optional")]
    pub folder_id: Option<FolderId>,
    /// What it would allow with the folder.
    #[serde(default)]
    pub folder_access_role_name: Option<FolderRole>,
    /// What it would allow with the secrets.
    #[serde(default)]
    pub secret_access_role_name: Option<SecretRole>,
}

endpoint! {
    /// `GET /v1/folder-permissions/stub`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetFolderPermissionStub {
        /// On which folder.
        pub folder: FolderId,
    }
    "folder_permissions.stub": Get => FolderPermissionStub;
    path = |_| Path::api("v1/folder-permissions/stub");
    query = |e| Query::new().with("folderId", e.folder);
}

/// `POST /v1/folder-permissions`. Never repeated.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the new right")]
pub struct CreateFolderPermission(
    /// What to give.
    pub NewFolderPermission,
);

endpoint! {
    @impl CreateFolderPermission "folder_permissions.create": Post => FolderPermission;
    path = |_| Path::api("v1/folder-permissions");
    body = |e| e.0;
}

/// `PUT /v1/folder-permissions/{id}`.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the update")]
pub struct ReplaceFolderPermission(
    /// What it shall be.
    pub FolderPermissionUpdate,
);

endpoint! {
    @impl ReplaceFolderPermission "folder_permissions.replace": Put => FolderPermission;
    path = |e| Path::api("v1/folder-permissions").id(e.0.id);
    body = |e| e.0;
}

endpoint! {
    /// `DELETE /v1/folder-permissions/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct DeleteFolderPermission {
        /// Which.
        pub id: FolderPermissionId,
        /// Whether the folder shall have rights of its own from now on, if it inherits.
        pub break_inheritance: bool,
    }
    "folder_permissions.delete": Delete => Deleted;
    path = |e| Path::api("v1/folder-permissions").id(e.id);
    query = |e| Query::new().with_flag("breakInheritance", e.break_inheritance);
}

endpoint! {
    /// `PATCH /v1/folder/{folderId}/permissions`. It merges, and does not replace.
    #[derive(Clone, Debug)]
    pub struct PatchFolderPermissions {
        /// On which folder.
        pub folder: FolderId,
        /// What to change.
        pub patch: FolderPermissionsPatch,
    }
    "folder_permissions.patch": Patch => Acknowledged;
    path = |e| Path::api("v1/folder").id(e.folder).literal("permissions");
    body = |e| e.patch.body();
}
