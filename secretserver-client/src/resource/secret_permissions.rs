//! Who may do what with one secret.

mod model;
mod requests;

use crate::client::Client;
use crate::error::Error;
use crate::ids::{GroupId, RoleId, SecretId, SecretPermissionId};
use crate::page::Pager;
use crate::resource::Deleted;
pub use crate::resource::folder_permissions::SecretRole;
pub use model::{NewSecretPermission, Ownership, SecretPermission, SecretPermissionFilter, Share};
pub use requests::{
    CreateSecretPermission, DeleteSecretPermission, GetSecretPermission, GetSecretPermissionStub, IsOwner,
    ReplaceSecretPermission, SearchSecretPermissions, SecretPermissionStub, ShareSecret,
};

/// The operations on rights on secrets. See [`Client::secret_permissions`].
///
/// For every method: dropping its future abandons the wait; what was sent may be carried out all the same. Errors are described at
/// [`ErrorKind`](crate::ErrorKind). Changing needs the secret role *Owner*.
///
/// **Giving a right to a secret that inherits its rights ends the inheritance.** Look at
/// [`Summary::inherits_permissions`](crate::resource::secrets::Summary::inherits_permissions) first.
///
/// ```
/// # async fn run(client: &secretserver_client::Client, secret: secretserver_client::SecretId, user: secretserver_client::UserId)
/// # -> Result<(), secretserver_client::Error> {
/// use secretserver_client::resource::Principal;
/// use secretserver_client::resource::secret_permissions::{NewSecretPermission, SecretRole};
///
/// let right = NewSecretPermission::new(secret, Principal::User(user), SecretRole::View);
/// client.secret_permissions().create(right).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SecretPermissions<'c>(pub(crate) &'c Client);

impl SecretPermissions<'_> {
    /// Finds rights, in order of their ids.
    pub fn search(&self, filter: SecretPermissionFilter) -> Pager<SecretPermission> {
        SearchSecretPermissions::pager(self.0, filter)
    }

    /// Reads a right.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied): denied or absent.
    pub async fn get(&self, id: SecretPermissionId) -> Result<SecretPermission, Error> {
        self.0.request(GetSecretPermission { id }).await
    }

    /// Gives somebody a right. Never sent twice: when the answer is lost, search for it first.
    ///
    /// # Errors
    /// As for [`SecretPermissions::get`].
    pub async fn create(&self, right: NewSecretPermission) -> Result<SecretPermission, Error> {
        self.0.request(CreateSecretPermission(right)).await
    }

    /// Changes somebody's right.
    ///
    /// # Errors
    /// As for [`SecretPermissions::get`].
    pub async fn replace(
        &self,
        id: SecretPermissionId,
        secret: SecretId,
        role: SecretRole,
    ) -> Result<SecretPermission, Error> {
        self.0.request(ReplaceSecretPermission { id, secret, role }).await
    }

    /// Takes a right away.
    ///
    /// # Errors
    /// As for [`SecretPermissions::get`].
    pub async fn delete(&self, id: SecretPermissionId) -> Result<Deleted, Error> {
        self.0.request(DeleteSecretPermission { id }).await
    }

    /// Whether a secret has the rights of its folder. Gives back what the server says afterwards.
    ///
    /// # Errors
    /// As for [`SecretPermissions::get`].
    pub async fn set_inheritance(&self, secret: SecretId, inherit: bool) -> Result<Share, Error> {
        self.0.request(ShareSecret { secret, inherit }).await
    }

    /// Whether the caller would own a secret that had these rights, given as groups and rights by number.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn would_own(&self, rights: Vec<(GroupId, RoleId)>) -> Result<bool, Error> {
        self.0.request(IsOwner { rights }).await.map(|answer| answer.is_current_user_secret_owner)
    }
}
