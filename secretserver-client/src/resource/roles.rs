//! Roles: which permissions a user has on the server as a whole.

use jiff::Timestamp;
use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::ids::{GroupId, RoleId, UserId, optional};
use crate::open_enum::open_enum;
use crate::page::Pager;
use crate::request::{Path, Query};
use crate::resource::{endpoint, list_endpoint, or_default, search_endpoint};
use crate::time;

/// The operations on roles. See [`Client::roles`]. Need the role permission *View Roles*.
///
/// For every method: dropping its future abandons the wait; nothing on the server changes.
///
/// ```
/// # async fn run(client: &secretserver_client::Client) -> Result<(), secretserver_client::Error> {
/// use futures_util::TryStreamExt as _;
/// let roles: Vec<_> = client.roles().search(Default::default()).try_collect().await?;
/// for role in roles {
///     let permissions: Vec<_> = client.roles().permissions(role.id).try_collect().await?;
///     println!("{}: {}", role.name, permissions.len());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Roles<'c>(pub(crate) &'c Client);

impl Roles<'_> {
    /// Finds roles, in order of their ids.
    pub fn search(&self, filter: RoleFilter) -> Pager<Role> {
        SearchRoles::pager(self.0, filter)
    }

    /// Reads a role.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied): denied or absent.
    pub async fn get(&self, id: RoleId) -> Result<Role, Error> {
        self.0.request(GetRole { id }).await
    }

    /// The permissions of a role.
    pub fn permissions(&self, id: RoleId) -> Pager<AssignedPermission> {
        ListRolePermissions::pager(self.0, id)
    }
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Role {
    /// Its number.
    pub id: RoleId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Whether it gives anything.
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
    /// Whether it came with the server.
    #[serde(default, deserialize_with = "or_default")]
    pub is_system: bool,
    /// When it was made.
    #[serde(default, deserialize_with = "time::optional")]
    pub created: Option<Timestamp>,
}

/// A role, as lists of a user have it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RoleSummary {
    /// The role.
    pub role_id: RoleId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
}

/// A permission that a role gives.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AssignedPermission {
    /// Its number.
    #[serde(default)]
    pub role_permission_id: i32,
    /// Its name, such as `Add Secret`.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// What it is about.
    #[serde(default)]
    pub role_type: Option<RoleType>,
}

open_enum! {
    /// What a role is about.
    RoleType {
        /// The server as a whole.
        Global = "GlobalRoleType",
        /// A folder.
        Folder = "FolderRoleType",
        /// A secret.
        Secret = "SecretRoleType",
        /// A template.
        SecretTemplate = "SecretTemplateRoleType",
        /// A report.
        Report = "ReportRoleType",
        /// A category of reports.
        ReportCategory = "ReportCategoryRoleType",
    }
}

/// Which roles to find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleFilter {
    /// Only of this user.
    pub user_id: Option<UserId>,
    /// Only of this group.
    pub group_id: Option<GroupId>,
    /// Also disabled ones.
    pub include_inactive: bool,
}

impl RoleFilter {
    /// Roles of this user.
    pub fn of_user(user: UserId) -> Self {
        Self { user_id: Some(user), ..Self::default() }
    }

    /// Roles of this group.
    pub fn of_group(group: GroupId) -> Self {
        Self { group_id: Some(group), ..Self::default() }
    }

    /// Also disabled ones.
    #[must_use]
    pub fn with_inactive(mut self) -> Self {
        self.include_inactive = true;
        self
    }

    fn query(self) -> Query {
        Query::new()
            .with_some("filter.userId", self.user_id)
            .with_some("filter.groupId", self.group_id)
            .with_flag("filter.includeInactive", self.include_inactive)
    }
}

/// Somebody's right, by number and name: the part that rights on folders, secrets and templates share.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NamedRole {
    /// The right.
    #[serde(default, deserialize_with = "optional")]
    pub role_id: Option<RoleId>,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub role_name: String,
}

search_endpoint! {
    /// One page of `GET /v1/roles`.
    pub struct SearchRoles(RoleFilter);
    "roles.search" => Role;
    path = |_| Path::api("v1/roles");
    sort = crate::resource::sort::ID;
}

endpoint! {
    /// `GET /v1/roles/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetRole {
        /// Which.
        pub id: RoleId,
    }
    "roles.get": Get => Role;
    path = |e| Path::api("v1/roles").id(e.id);
}

list_endpoint! {
    /// One page of `GET /v1/roles/{id}/permissions`.
    pub struct ListRolePermissions(RoleId);
    "roles.permissions" => AssignedPermission;
    path = |e| Path::api("v1/roles").id(e.id).literal("permissions");
    sort = crate::resource::sort::NAME;
}
