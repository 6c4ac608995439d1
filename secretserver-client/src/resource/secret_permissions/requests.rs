//! The requests about rights on secrets.

use serde::Deserialize;

use crate::ids::{GroupId, RoleId, SecretId, SecretPermissionId, optional};
use crate::request::{Path, Query};
use crate::resource::secret_permissions::{
    NewSecretPermission, Ownership, SecretPermission, SecretPermissionFilter, SecretRole, Share,
};
use crate::resource::{Deleted, endpoint, search_endpoint};

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
