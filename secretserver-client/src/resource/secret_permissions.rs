//! Who may do what with one secret.

use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::ids::{GroupId, RoleId, SecretId, SecretPermissionId, UserId, optional};
use crate::page::Pager;
use crate::request::{Path, Query};
pub use crate::resource::folder_permissions::SecretRole;
use crate::resource::{Deleted, Principal, endpoint, or_default, search_endpoint};

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

/// Somebody's right on a secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecretPermission {
    /// Its number.
    pub id: SecretPermissionId,
    /// The secret.
    pub secret_id: SecretId,
    /// The user who has it, if it is a single one.
    #[serde(default, deserialize_with = "optional")]
    pub user_id: Option<UserId>,
    /// That one's name.
    #[serde(default)]
    pub user_name: Option<String>,
    /// The group that has it.
    #[serde(default, deserialize_with = "optional")]
    pub group_id: Option<GroupId>,
    /// That one's name.
    #[serde(default)]
    pub group_name: Option<String>,
    /// The name of the directory domain of whoever has it. Only newer servers say it.
    #[serde(default)]
    pub domain_name: Option<String>,
    /// The name of whoever has it.
    #[serde(default, deserialize_with = "or_default")]
    pub known_as: String,
    /// What it allows.
    #[serde(default)]
    pub secret_access_role_name: Option<SecretRole>,
    /// The same as a number.
    #[serde(default, deserialize_with = "optional")]
    pub secret_access_role_id: Option<RoleId>,
}

impl SecretPermission {
    /// Who has it.
    pub fn principal(&self) -> Option<Principal> {
        self.user_id.map(Principal::User).or_else(|| self.group_id.map(Principal::Group))
    }
}

/// A right that is to be given.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewSecretPermission {
    /// On which secret.
    pub secret_id: SecretId,
    /// To which user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<UserId>,
    /// To which group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group_id: Option<GroupId>,
    /// To the user with this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_name: Option<String>,
    /// To the group with this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group_name: Option<String>,
    /// The directory domain of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) domain_name: Option<String>,
    /// What it allows. Not [`SecretRole::None`].
    pub secret_access_role_name: SecretRole,
}

impl NewSecretPermission {
    fn blank(secret: SecretId, role: SecretRole) -> Self {
        Self {
            secret_id: secret,
            user_id: None,
            group_id: None,
            user_name: None,
            group_name: None,
            domain_name: None,
            secret_access_role_name: role,
        }
    }

    /// This right on this secret for this user or group.
    pub fn new(secret: SecretId, to: Principal, role: SecretRole) -> Self {
        Self { user_id: to.user(), group_id: to.group(), ..Self::blank(secret, role) }
    }

    /// The same for the user with this name; with a domain, the one that comes from there.
    pub fn for_user_name(
        secret: SecretId,
        name: impl Into<String>,
        domain: Option<&str>,
        role: SecretRole,
    ) -> Self {
        Self {
            user_name: Some(name.into()),
            domain_name: domain.map(str::to_owned),
            ..Self::blank(secret, role)
        }
    }

    /// The same for the group with this name.
    pub fn for_group_name(secret: SecretId, name: impl Into<String>, role: SecretRole) -> Self {
        Self { group_name: Some(name.into()), ..Self::blank(secret, role) }
    }
}

/// Whether a secret has the rights of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Share {
    /// The secret.
    #[serde(default, deserialize_with = "optional")]
    pub secret_id: Option<SecretId>,
    /// Whether it has.
    pub inherit_permissions: bool,
}

/// Whether the caller would own a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Ownership {
    /// Whether it would.
    pub is_current_user_secret_owner: bool,
}

/// Which rights to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretPermissionFilter {
    /// Only on this secret.
    pub secret_id: Option<SecretId>,
    /// Only of this user.
    pub user_id: Option<UserId>,
    /// Only of this group.
    pub group_id: Option<GroupId>,
    /// Only of the user with this name.
    pub user_name: Option<String>,
    /// Only of the group with this name.
    pub group_name: Option<String>,
    /// Only of users and groups from the directory domain with this name.
    pub domain_name: Option<String>,
    /// Part of the name of whoever has it.
    pub search_text: Option<String>,
}

impl SecretPermissionFilter {
    /// Rights on this secret.
    pub fn on(secret: SecretId) -> Self {
        Self { secret_id: Some(secret), ..Self::default() }
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
            .with_some("filter.secretId", self.secret_id)
            .with_some("filter.userId", self.user_id)
            .with_some("filter.groupId", self.group_id)
            .with_some("filter.userName", self.user_name.as_ref())
            .with_some("filter.groupName", self.group_name.as_ref())
            .with_some("filter.domainName", self.domain_name.as_ref())
            .with_some("filter.searchText", self.search_text.as_ref())
    }
}

search_endpoint! {
    /// One page of `GET /v1/secret-permissions`.
    pub struct SearchSecretPermissions(SecretPermissionFilter);
    "secret_permissions.search" => SecretPermission;
    path = |_| Path::api("v1/secret-permissions");
    sort = crate::resource::sort::ID;
}

endpoint! {
    /// `GET /v1/secret-permissions/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetSecretPermission {
        /// Which.
        pub id: SecretPermissionId,
    }
    "secret_permissions.get": Get => SecretPermission;
    path = |e| Path::api("v1/secret-permissions").id(e.id);
}

/// A right on a secret as the server would fill it in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecretPermissionStub {
    /// The secret.
    #[serde(default, deserialize_with = "optional")]
    pub secret_id: Option<SecretId>,
    /// What it would allow.
    #[serde(default)]
    pub secret_access_role_name: Option<SecretRole>,
}

endpoint! {
    /// `GET /v1/secret-permissions/stub`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetSecretPermissionStub {
        /// On which secret.
        pub secret: SecretId,
    }
    "secret_permissions.stub": Get => SecretPermissionStub;
    path = |_| Path::api("v1/secret-permissions/stub");
    query = |e| Query::new().with("secretId", e.secret);
}

/// `POST /v1/secret-permissions`. Never repeated.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the new right")]
pub struct CreateSecretPermission(
    /// What to give.
    pub NewSecretPermission,
);

endpoint! {
    @impl CreateSecretPermission "secret_permissions.create": Post => SecretPermission;
    path = |_| Path::api("v1/secret-permissions");
    body = |e| e.0;
}

endpoint! {
    /// `PUT /v1/secret-permissions/{id}`.
    #[derive(Clone, Debug)]
    pub struct ReplaceSecretPermission {
        /// Which right.
        pub id: SecretPermissionId,
        /// Its secret.
        pub secret: SecretId,
        /// What it shall allow.
        pub role: SecretRole,
    }
    "secret_permissions.replace": Put => SecretPermission;
    path = |e| Path::api("v1/secret-permissions").id(e.id);
    body = |e| serde_json::json!({ "id": e.id, "secretId": e.secret, "secretAccessRoleName": e.role });
}

endpoint! {
    /// `DELETE /v1/secret-permissions/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct DeleteSecretPermission {
        /// Which.
        pub id: SecretPermissionId,
    }
    "secret_permissions.delete": Delete => Deleted;
    path = |e| Path::api("v1/secret-permissions").id(e.id);
}

endpoint! {
    /// `PATCH /v1/secrets/{secretId}/share`.
    #[derive(Clone, Copy, Debug)]
    pub struct ShareSecret {
        /// Which secret.
        pub secret: SecretId,
        /// Whether it has the rights of its folder.
        pub inherit: bool,
    }
    "secret_permissions.set_inheritance": Patch => Share;
    path = |e| Path::api("v1/secrets").id(e.secret).literal("share");
    body = |e| serde_json::json!({ "data": { "inheritPermissions": crate::patch::Change::Set(e.inherit) } });
}

endpoint! {
    /// `POST /v1/secret-permissions/is-current-user-secret-owner`. It only asks, so it is repeated like a read.
    #[derive(Clone, Debug)]
    pub struct IsOwner {
        /// The rights, as groups and roles.
        pub rights: Vec<(GroupId, RoleId)>,
    }
    "secret_permissions.would_own": Post => Ownership;
    path = |_| Path::api("v1/secret-permissions/is-current-user-secret-owner");
    body = |e| serde_json::json!({ "data": { "groupSecretAccessRoles": e.rights.iter()
        .map(|(group, role)| serde_json::json!({ "groupId": group, "secretAccessRoleId": role }))
        .collect::<Vec<_>>() } });
    idempotent = |_| true;
}
