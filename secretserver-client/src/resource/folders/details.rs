//! What the caller may do in a folder, and what was done to it.

use jiff::Timestamp;
use serde::Deserialize;

use crate::ids::{FolderId, SecretTemplateId, optional};
use crate::open_enum::open_enum;
use crate::request::Path;
use crate::resource::{endpoint, list_endpoint, or_default};
use crate::time;

open_enum! {
    /// Something that can be done in a folder.
    FolderAction {
        /// Make a folder in it.
        CreateSubfolder = "CreateSubfolder",
        /// Change it.
        EditFolder = "EditFolder",
        /// Add a secret to it.
        AddSecret = "AddSecret",
        /// Delete it.
        DeleteFolder = "DeleteFolder",
        /// Move it.
        MoveFolder = "MoveFolder",
    }
}

/// What the caller may do in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FolderDetails {
    /// The folder.
    #[serde(default, deserialize_with = "optional")]
    pub id: Option<FolderId>,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// What the caller may do.
    #[serde(deserialize_with = "or_default")]
    pub actions: Vec<FolderAction>,
    /// The templates that secrets in it may be made from; empty: all.
    #[serde(default, deserialize_with = "or_default")]
    pub allowed_templates: Vec<AllowedTemplate>,
    /// What people are told who look at it.
    #[serde(default)]
    pub folder_warning: Option<String>,
}

impl FolderDetails {
    /// Whether the caller may do this.
    pub fn may(&self, action: &FolderAction) -> bool {
        self.actions.contains(action)
    }
}

/// A template that secrets in a folder may be made from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AllowedTemplate {
    /// The template.
    pub id: SecretTemplateId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
}

endpoint! {
    /// `GET /v1/folder-details/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetFolderDetails {
        /// Which.
        pub id: FolderId,
    }
    "folders.details": Get => FolderDetails;
    path = |e| Path::api("v1/folder-details").id(e.id);
}

/// One thing that was done to a folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FolderAuditEntry {
    /// The entry's number.
    #[serde(default)]
    pub audit_folder_id: i32,
    /// What, in the server's words.
    #[serde(default, deserialize_with = "or_default")]
    pub action: String,
    /// When.
    #[serde(default, deserialize_with = "time::optional")]
    pub date_recorded: Option<Timestamp>,
    /// Who did it.
    #[serde(default)]
    pub display_name: Option<String>,
    /// More about it.
    #[serde(default)]
    pub notes: Option<String>,
}

list_endpoint! {
    /// One page of `GET /v1/folders/{id}/audit`.
    pub struct ListFolderAudit(FolderId);
    "folders.audit" => FolderAuditEntry;
    path = |e| Path::api("v1/folders").id(e.id).literal("audit");
    sort = crate::resource::sort::DATE;
}
