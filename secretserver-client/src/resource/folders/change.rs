//! Creating, changing and deleting folders.

use serde::{Deserialize, Serialize};

use crate::ids::{FolderId, SecretPolicyId, SecretTemplateId, optional};
use crate::lenient;
use crate::patch::Change;
use crate::request::Path;
use crate::resource::folders::Folder;
use crate::resource::{Deleted, endpoint, or_default};

/// An ordinary folder, as opposed to one for system use.
const ORDINARY: i32 = 1;

/// The parent of folders at the root.
#[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn root<S: serde::Serializer>(parent: &Option<FolderId>, to: S) -> Result<S::Ok, S::Error> {
    match parent {
        Some(id) => id.serialize(to),
        None => to.serialize_i32(-1),
    }
}

/// A folder that is to be made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewFolder {
    /// Its name.
    pub folder_name: String,
    /// What sort it is; 1 is an ordinary one.
    pub folder_type_id: i32,
    /// The folder to put it in; none is the root.
    #[serde(serialize_with = "root")]
    pub parent_folder_id: Option<FolderId>,
    /// Whether its rights are those of the folder it is in.
    pub inherit_permissions: bool,
    /// Whether the policy of its secrets is that of the folder it is in.
    pub inherit_secret_policy: bool,
    /// The policy of the secrets in it, if it does not inherit one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_policy_id: Option<SecretPolicyId>,
}

impl NewFolder {
    /// A folder in this one, which inherits its rights and its policy.
    pub fn below(parent: FolderId, name: impl Into<String>) -> Self {
        Self {
            folder_name: name.into(),
            folder_type_id: ORDINARY,
            parent_folder_id: Some(parent),
            inherit_permissions: true,
            inherit_secret_policy: true,
            secret_policy_id: None,
        }
    }

    /// A folder at the root, which cannot inherit anything. Needs the role permission *Create Root Folders*.
    pub fn at_root(name: impl Into<String>) -> Self {
        Self {
            folder_name: name.into(),
            folder_type_id: ORDINARY,
            parent_folder_id: None,
            inherit_permissions: false,
            inherit_secret_policy: false,
            secret_policy_id: None,
        }
    }

    /// With rights of its own.
    #[must_use]
    pub fn with_own_permissions(mut self) -> Self {
        self.inherit_permissions = false;
        self
    }
}

/// `POST /v1/folders`. Never repeated.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the new folder")]
pub struct CreateFolder(
    /// What to make.
    pub NewFolder,
);

endpoint! {
    @impl CreateFolder "folders.create": Post => Folder;
    path = |_| Path::api("v1/folders");
    body = |e| e.0;
}

/// What can be replaced of a folder. Start from [`FolderUpdate::of`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FolderUpdate {
    /// Which.
    pub id: FolderId,
    /// Its name.
    pub folder_name: String,
    /// What sort it is.
    pub folder_type_id: i32,
    /// The folder it is in; none is the root.
    #[serde(serialize_with = "root")]
    pub parent_folder_id: Option<FolderId>,
    /// Whether its rights are those of the folder it is in.
    pub inherit_permissions: bool,
    /// Whether the policy of its secrets is that of the folder it is in.
    pub inherit_secret_policy: bool,
    /// The policy of the secrets in it, if it does not inherit one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_policy_id: Option<SecretPolicyId>,
}

impl FolderUpdate {
    /// Everything as it is.
    pub fn of(folder: &Folder) -> Self {
        Self {
            id: folder.id,
            folder_name: folder.folder_name.clone(),
            folder_type_id: if folder.folder_type_id == 0 { ORDINARY } else { folder.folder_type_id },
            parent_folder_id: folder.parent_folder_id,
            inherit_permissions: folder.inherit_permissions,
            inherit_secret_policy: folder.inherit_secret_policy,
            secret_policy_id: folder.secret_policy_id,
        }
    }
}

/// `PUT /v1/folders/{id}`.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the update")]
pub struct ReplaceFolder(
    /// What it shall be.
    pub FolderUpdate,
);

endpoint! {
    @impl ReplaceFolder "folders.replace": Put => Folder;
    path = |e| Path::api("v1/folders").id(e.0.id);
    body = |e| e.0;
}

/// Which fields of a folder to change. Rights are changed by
/// [`FolderPermissions::patch`](crate::resource::folder_permissions::FolderPermissions::patch).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(
    clippy::exhaustive_structs,
    reason = "made with `..FolderPatch::default()`, which non_exhaustive forbids"
)]
pub struct FolderPatch {
    /// Its name.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub folder_name: Change<String>,
    /// Whether its rights are those of the folder it is in.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub enable_inherit_permissions: Change<bool>,
    /// Whether the policy of its secrets is that of the folder it is in.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub enable_inherit_secret_policy: Change<bool>,
    /// The policy of the secrets in it.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub secret_policy: Change<Option<SecretPolicyId>>,
    /// The templates that secrets in it may be made from: all of them, since this list replaces the one there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_templates: Option<Vec<SecretTemplateId>>,
}

endpoint! {
    /// `PATCH /v1/folder/{id}`, where the word is in the singular.
    #[derive(Clone, Debug)]
    pub struct PatchFolder {
        /// Which.
        pub id: FolderId,
        /// What to change.
        pub patch: FolderPatch,
    }
    "folders.patch": Patch => FolderBasics;
    path = |e| Path::api("v1/folder").id(e.id);
    body = |e| serde_json::json!({ "data": e.patch });
}

/// What the server says of a folder after a change.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct FolderBasics {
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub folder_name: String,
    /// The folder it is in.
    #[serde(default, deserialize_with = "optional")]
    pub parent_folder_id: Option<FolderId>,
    /// Whether its rights are those of the folder it is in.
    #[serde(default, deserialize_with = "or_default")]
    pub enable_inherit_permissions: bool,
    /// Whether the policy of its secrets is that of the folder it is in.
    #[serde(default, deserialize_with = "or_default")]
    pub enable_inherit_secret_policy: bool,
    /// The policy of the secrets in it.
    #[serde(default, deserialize_with = "optional")]
    pub secret_policy: Option<SecretPolicyId>,
    /// Whether the caller may change it.
    #[serde(default, deserialize_with = "or_default")]
    pub has_edit: bool,
    /// Whether the caller owns it.
    #[serde(default, deserialize_with = "or_default")]
    pub has_owner: bool,
    /// Whether it is somebody's own.
    #[serde(default, deserialize_with = "or_default")]
    pub is_personal_folder: bool,
    /// The templates that secrets in it may be made from, as numbers; empty: all.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub allowed_templates: Vec<String>,
}

endpoint! {
    /// `DELETE /v1/folders/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct DeleteFolder {
        /// Which.
        pub id: FolderId,
    }
    "folders.delete": Delete => Deleted;
    path = |e| Path::api("v1/folders").id(e.id);
}

/// A new folder as the server would fill it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FolderStub {
    /// What sort it would be.
    #[serde(default)]
    pub folder_type_id: i32,
    /// Whether its rights would be those of the folder it is in.
    #[serde(default, deserialize_with = "or_default")]
    pub inherit_permissions: bool,
    /// Whether its policy would be that of the folder it is in.
    #[serde(default, deserialize_with = "or_default")]
    pub inherit_secret_policy: bool,
}

endpoint! {
    /// `GET /v1/folders/stub`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetFolderStub;
    "folders.stub": Get => FolderStub;
    path = |_| Path::api("v1/folders/stub");
}
