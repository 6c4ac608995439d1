//! Who may make secrets from which templates, and change those.

use serde::Deserialize;

use crate::ids::{GroupId, RoleId, SecretTemplateId, UserId, optional};
use crate::request::{Path, Query};
use crate::resource::roles::NamedRole;
use crate::resource::{endpoint, or_default, search_endpoint};

/// Somebody's right on a template.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TemplatePermission {
    /// The group that has it; for a single user its personal one.
    #[serde(default, deserialize_with = "optional")]
    pub group_id: Option<GroupId>,
    /// The user, if it is a single one.
    #[serde(default, deserialize_with = "optional")]
    pub user_id: Option<UserId>,
    /// The name of whoever has it.
    #[serde(default, deserialize_with = "or_default")]
    pub display_name: String,
    /// The directory domain of that name.
    #[serde(default)]
    pub domain_name: Option<String>,
    /// The template, which these operations call a secret type.
    #[serde(default, rename = "secretTypeId", deserialize_with = "optional")]
    pub template_id: Option<SecretTemplateId>,
    /// That one's name.
    #[serde(default, rename = "secretTypeName")]
    pub template_name: Option<String>,
    /// What it allows.
    #[serde(default, rename = "secretTypeAccessRoleId", deserialize_with = "optional")]
    pub role_id: Option<RoleId>,
}

/// A right on a template, and all who have it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupedPermission {
    /// The right.
    #[serde(flatten)]
    pub role: NamedRole,
    /// The template.
    #[serde(default, rename = "secretTypeId", deserialize_with = "optional")]
    pub template_id: Option<SecretTemplateId>,
    /// That one's name.
    #[serde(default, rename = "secretTypeName")]
    pub template_name: Option<String>,
    /// Who has it.
    #[serde(default, deserialize_with = "or_default")]
    pub assignments: Vec<Assignment>,
}

/// Somebody who has a right on a template.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Assignment {
    /// The group.
    #[serde(default, deserialize_with = "optional")]
    pub group_id: Option<GroupId>,
    /// That one's name.
    #[serde(default)]
    pub group_name: Option<String>,
    /// The user, if it is a single one.
    #[serde(default, deserialize_with = "optional")]
    pub user_id: Option<UserId>,
    /// That one's name.
    #[serde(default)]
    pub user_display_name: Option<String>,
    /// Whether it was given directly.
    #[serde(default, deserialize_with = "or_default")]
    pub directly_assigned: bool,
}

/// Which rights to find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TemplatePermissionFilter {
    /// Only on this template.
    pub template_id: Option<SecretTemplateId>,
    /// Only of this group.
    pub group_id: Option<GroupId>,
    /// Only of this user. Not known to [`SearchTemplatePermissions`].
    pub user_id: Option<UserId>,
}

impl TemplatePermissionFilter {
    /// Rights on this template.
    pub fn on(template: SecretTemplateId) -> Self {
        Self { template_id: Some(template), ..Self::default() }
    }
}

/// The same filter as the older operation calls it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretTypeFilter {
    /// Only on this template.
    pub template_id: Option<SecretTemplateId>,
    /// Only of this group.
    pub group_id: Option<GroupId>,
}

impl SecretTypeFilter {
    fn query(self) -> Query {
        Query::new()
            .with_some("filter.secretTypeId", self.template_id)
            .with_some("filter.groupId", self.group_id)
    }
}

impl From<TemplatePermissionFilter> for SecretTypeFilter {
    fn from(filter: TemplatePermissionFilter) -> Self {
        Self { template_id: filter.template_id, group_id: filter.group_id }
    }
}

impl TemplatePermissionFilter {
    fn query(self) -> Query {
        Query::new()
            .with_some("filter.templateId", self.template_id)
            .with_some("filter.groupId", self.group_id)
            .with_some("filter.userId", self.user_id)
    }
}

search_endpoint! {
    /// One page of `GET /v1/secret-template-permissions`.
    pub struct SearchTemplatePermissions(SecretTypeFilter);
    "templates.permissions" => TemplatePermission;
    path = |_| Path::api("v1/secret-template-permissions");
    sort = crate::resource::sort::GROUP_ID;
}

search_endpoint! {
    /// One page of `GET /v1/secret-template-permissions/grouped`.
    pub struct SearchGroupedPermissions(TemplatePermissionFilter);
    "templates.grouped_permissions" => GroupedPermission;
    path = |_| Path::api("v1/secret-template-permissions/grouped");
    sort = crate::resource::sort::ROLE_ID;
}

endpoint! {
    /// `GET /v1/secret-template-permissions/roles`.
    #[derive(Clone, Copy, Debug)]
    pub struct ListTemplateRoles;
    "templates.roles": Get => Vec<NamedRole>;
    path = |_| Path::api("v1/secret-template-permissions/roles");
}
