//! Who may do what in a folder. A right is a pair: what one may do with the folder, and what with the secrets in it.

mod change;
mod model;
mod requests;

use crate::client::Client;
use crate::error::Error;
use crate::ids::{FolderId, FolderPermissionId};
use crate::page::Pager;
use crate::resource::Deleted;
pub use change::FolderPermissionsPatch;
pub use model::{
    FolderPermission, FolderPermissionFilter, FolderPermissionUpdate, FolderRole, NewFolderPermission,
    SecretRole,
};
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
