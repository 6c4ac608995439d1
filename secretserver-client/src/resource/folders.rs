//! Folders.

mod change;
mod details;

use std::sync::Arc;

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::ids::{FolderId, SecretPolicyId, optional};
use crate::open_enum::open_enum;
use crate::page::{Page, Pager};
use crate::request::{Endpoint, Method, Path, Query};
use crate::resource::{Deleted, or_default, paging};
pub use change::{
    CreateFolder, DeleteFolder, FolderBasics, FolderPatch, FolderStub, FolderUpdate, GetFolderStub,
    NewFolder, PatchFolder, ReplaceFolder,
};
pub use details::{
    AllowedTemplate, FolderAction, FolderAuditEntry, FolderDetails, GetFolderDetails, ListFolderAudit,
};

/// The operations on folders. See [`Client::folders`].
///
/// For every method: dropping its future abandons the wait; what was sent may be carried out all the same. Errors are described at
/// [`ErrorKind`](crate::ErrorKind).
///
/// ```
/// # async fn run(client: &secretserver_client::Client) -> Result<(), secretserver_client::Error> {
/// use secretserver_client::resource::folders::NewFolder;
/// let parent = client.folders().get_by_path(r"\Service Accounts").await?;
/// let folder = client.folders().create(NewFolder::below(parent.id, "Web")).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Folders<'c>(pub(crate) &'c Client);

impl Folders<'_> {
    /// Reads a folder.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied): no right to see it, or absent. Otherwise see [`ErrorKind`](crate::ErrorKind).
    pub async fn get(&self, id: FolderId) -> Result<Folder, Error> {
        self.0.request(GetFolder { id }).await
    }

    /// Reads the folder at this path, such as `\Service Accounts\Web`.
    ///
    /// # Errors
    /// As for [`Folders::get`].
    pub async fn get_by_path(&self, path: &str) -> Result<Folder, Error> {
        self.0.request(GetFolderByPath { path: path.to_owned() }).await
    }

    /// Finds folders that the caller can see, in order of their ids.
    pub fn search(&self, filter: FolderFilter) -> Pager<Folder> {
        let filter = Arc::new(filter);
        crate::resource::search(self.0, move |skip, take| SearchFolders {
            filter: Arc::clone(&filter),
            skip,
            take,
        })
    }

    /// Like [`Folders::search`], with ids and names only.
    pub fn lookup(&self, filter: FolderFilter) -> Pager<Lookup> {
        let filter = Arc::new(filter);
        crate::resource::search(self.0, move |skip, take| LookupFolders {
            filter: Arc::clone(&filter),
            skip,
            take,
        })
    }

    /// Creates a folder. Never sent twice: when the answer is lost, search for the name below the parent first.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied): no right to make folders there, no such parent, or a folder at the root that inherits.
    pub async fn create(&self, folder: NewFolder) -> Result<Folder, Error> {
        self.0.request(CreateFolder(folder)).await
    }

    /// Replaces what can be changed of a folder. Start from what [`Folders::get`] gave. Another parent moves it.
    ///
    /// # Errors
    /// As for [`Folders::get`].
    pub async fn replace(&self, folder: FolderUpdate) -> Result<Folder, Error> {
        self.0.request(ReplaceFolder(folder)).await
    }

    /// Changes single fields.
    ///
    /// # Errors
    /// As for [`Folders::get`].
    pub async fn patch(&self, id: FolderId, patch: FolderPatch) -> Result<FolderBasics, Error> {
        self.0.request(PatchFolder { id, patch }).await
    }

    /// Deletes a folder. Needs the folder role *Owner*.
    ///
    /// # Errors
    /// As for [`Folders::get`].
    pub async fn delete(&self, id: FolderId) -> Result<Deleted, Error> {
        self.0.request(DeleteFolder { id }).await
    }

    /// What the caller may do in a folder, and which templates are allowed in it. Only newer servers know it.
    ///
    /// # Errors
    /// As for [`Folders::get`].
    pub async fn details(&self, id: FolderId) -> Result<FolderDetails, Error> {
        self.0.request(GetFolderDetails { id }).await
    }

    /// What was done to a folder, oldest first.
    pub fn audit(&self, id: FolderId) -> Pager<FolderAuditEntry> {
        ListFolderAudit::pager(self.0, id)
    }
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Folder {
    /// Its number.
    pub id: FolderId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub folder_name: String,
    /// Its path, such as `\Service Accounts\Web`.
    #[serde(default, deserialize_with = "or_default")]
    pub folder_path: String,
    /// The folder it is in; none at the root.
    #[serde(default, deserialize_with = "optional")]
    pub parent_folder_id: Option<FolderId>,
    /// Whether its permissions are those of the folder it is in.
    #[serde(default, deserialize_with = "or_default")]
    pub inherit_permissions: bool,
    /// The policy of the secrets in it.
    #[serde(default, deserialize_with = "optional")]
    pub secret_policy_id: Option<SecretPolicyId>,
    /// Whether that policy is the one of the folder it is in.
    #[serde(default, deserialize_with = "or_default")]
    pub inherit_secret_policy: bool,
    /// What sort of folder it is; 1 is an ordinary one.
    #[serde(default)]
    pub folder_type_id: i32,
}

/// A folder's id and name.
pub type Lookup = crate::resource::Lookup<FolderId>;

open_enum! {
    /// The right that the caller must have on a folder.
    FolderPermission {
        /// See it.
        View = "View",
        /// Change it.
        Edit = "Edit",
        /// Add secrets to it.
        AddSecret = "AddSecret",
        /// Own it.
        Owner = "Owner",
    }
}

/// Which folders to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FolderFilter {
    /// Part of the name.
    pub search_text: Option<String>,
    /// Only below this folder.
    pub parent_folder_id: Option<FolderId>,
    /// Only where the caller has this right.
    pub permission_required: Option<FolderPermission>,
}

impl FolderFilter {
    /// Folders whose name has this text in it.
    pub fn text(text: impl Into<String>) -> Self {
        Self { search_text: Some(text.into()), ..Self::default() }
    }

    /// Only where the caller has this right.
    #[must_use]
    pub fn requiring(mut self, permission: FolderPermission) -> Self {
        self.permission_required = Some(permission);
        self
    }

    /// Only below this folder.
    #[must_use]
    pub fn below(mut self, parent: FolderId) -> Self {
        self.parent_folder_id = Some(parent);
        self
    }

    fn query(&self) -> Query {
        Query::new()
            .with_some("filter.searchText", self.search_text.as_ref())
            .with_some("filter.parentFolderId", self.parent_folder_id)
            .with_some("filter.permissionRequired", self.permission_required.as_ref())
    }
}

/// `GET /v1/folders/{id}`.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct GetFolder {
    /// Which.
    pub id: FolderId,
}

impl Endpoint for GetFolder {
    const OPERATION: &'static str = "folders.get";
    const METHOD: Method = Method::Get;
    type Response = Folder;

    fn path(&self) -> Path {
        Path::api("v1/folders").id(self.id)
    }
}

/// `GET /v1/folders/0?folderPath=`.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "see GetFolder")]
pub struct GetFolderByPath {
    /// Such as `\Service Accounts\Web`.
    pub path: String,
}

impl Endpoint for GetFolderByPath {
    const OPERATION: &'static str = "folders.get_by_path";
    const METHOD: Method = Method::Get;
    type Response = Folder;

    fn path(&self) -> Path {
        Path::api("v1/folders/0")
    }

    fn query(&self) -> Query {
        Query::new().with("folderPath", &self.path)
    }
}

/// One page of `GET /v1/folders`.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "see GetFolder")]
pub struct SearchFolders {
    /// What to find.
    pub filter: Arc<FolderFilter>,
    /// Where the page begins.
    pub skip: u32,
    /// How many entries.
    pub take: u32,
}

impl Endpoint for SearchFolders {
    const OPERATION: &'static str = "folders.search";
    const METHOD: Method = Method::Get;
    type Response = Page<Folder>;

    fn path(&self) -> Path {
        Path::api("v1/folders")
    }

    fn query(&self) -> Query {
        paging(self.filter.query(), self.skip, self.take, crate::resource::sort::ID)
    }
}

/// One page of `GET /v1/folders/lookup`.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "see GetFolder")]
pub struct LookupFolders {
    /// What to find.
    pub filter: Arc<FolderFilter>,
    /// Where the page begins.
    pub skip: u32,
    /// How many entries.
    pub take: u32,
}

impl Endpoint for LookupFolders {
    const OPERATION: &'static str = "folders.lookup";
    const METHOD: Method = Method::Get;
    type Response = Page<Lookup>;

    fn path(&self) -> Path {
        Path::api("v1/folders/lookup")
    }

    fn query(&self) -> Query {
        paging(self.filter.query(), self.skip, self.take, crate::resource::sort::ID)
    }
}
