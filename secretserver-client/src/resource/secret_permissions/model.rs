//! Rights on secrets, as they are and as they shall be.

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, RoleId, SecretId, SecretPermissionId, UserId, optional};
use crate::request::Query;
use crate::resource::folder_permissions::SecretRole;
use crate::resource::{Principal, or_default};

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

    pub(super) fn query(&self) -> Query {
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
