//! The groups and roles of a user.

use serde::Deserialize;

use crate::ids::{GroupId, RoleId, UserId};
use crate::request::{Path, Query};
use crate::resource::groups::Membership;
use crate::resource::roles::RoleSummary;
use crate::resource::{Acknowledged, endpoint, list_endpoint, or_default};

/// A role of a user, and how it came by it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AssignedRole {
    /// The role.
    pub role_id: RoleId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub role_name: String,
    /// Whether the user was given it directly.
    #[serde(default, deserialize_with = "or_default")]
    pub is_direct_assignment: bool,
    /// The groups through which the user has it.
    #[serde(default, deserialize_with = "or_default")]
    pub groups: Vec<AssignedThrough>,
}

/// A group that passes a role on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AssignedThrough {
    /// The group.
    pub group_id: GroupId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub group_name: String,
}

list_endpoint! {
    /// One page of `GET /v1/users/{id}/groups`.
    pub struct ListUserGroups(UserId);
    "users.groups" => Membership;
    path = |e| Path::api("v1/users").id(e.id).literal("groups");
    sort = crate::resource::sort::GROUP_ID;
}

list_endpoint! {
    /// One page of `GET /v1/users/{id}/roles`.
    pub struct ListUserRoles(UserId);
    "users.roles" => RoleSummary;
    path = |e| Path::api("v1/users").id(e.id).literal("roles");
    sort = crate::resource::sort::ROLE_ID;
}

list_endpoint! {
    /// One page of `GET /v1/users/{userId}/roles-assigned`.
    pub struct ListAssignedRoles(UserId);
    "users.assigned_roles" => AssignedRole;
    path = |e| Path::api("v1/users").id(e.id).literal("roles-assigned");
    sort = crate::resource::sort::ROLE_ID;
}

endpoint! {
    /// `POST /v1/users/{id}/groups`.
    #[derive(Clone, Debug)]
    pub struct AddGroups {
        /// Whom.
        pub id: UserId,
        /// To which.
        pub groups: Vec<GroupId>,
    }
    "users.add_groups": Post => Acknowledged;
    path = |e| Path::api("v1/users").id(e.id).literal("groups");
    body = |e| serde_json::json!({ "groupIds": e.groups });
}

endpoint! {
    /// `PUT /v1/users/{id}/groups`.
    #[derive(Clone, Debug)]
    pub struct SetGroups {
        /// Whom.
        pub id: UserId,
        /// All that it shall be in.
        pub groups: Vec<GroupId>,
    }
    "users.set_groups": Put => Acknowledged;
    path = |e| Path::api("v1/users").id(e.id).literal("groups");
    body = |e| serde_json::json!({ "groupIds": e.groups });
}

endpoint! {
    /// `DELETE /v1/users/{id}/groups`. Unlike the roles, the groups are in the query.
    #[derive(Clone, Debug)]
    pub struct RemoveGroups {
        /// Whom.
        pub id: UserId,
        /// From which.
        pub groups: Vec<GroupId>,
    }
    "users.remove_groups": Delete => Acknowledged;
    path = |e| Path::api("v1/users").id(e.id).literal("groups");
    query = |e| Query::new().with_each("groupIds", &e.groups);
}

endpoint! {
    /// `POST /v1/users/{id}/roles`.
    #[derive(Clone, Debug)]
    pub struct AddRoles {
        /// Whom.
        pub id: UserId,
        /// Which.
        pub roles: Vec<RoleId>,
    }
    "users.add_roles": Post => Acknowledged;
    path = |e| Path::api("v1/users").id(e.id).literal("roles");
    body = |e| serde_json::json!({ "roleIds": e.roles });
}

endpoint! {
    /// `PUT /v1/users/{id}/roles`.
    #[derive(Clone, Debug)]
    pub struct SetRoles {
        /// Whom.
        pub id: UserId,
        /// All that it shall have.
        pub roles: Vec<RoleId>,
    }
    "users.set_roles": Put => Acknowledged;
    path = |e| Path::api("v1/users").id(e.id).literal("roles");
    body = |e| serde_json::json!({ "roleIds": e.roles });
}

endpoint! {
    /// `DELETE /v1/users/{id}/roles`. Unlike the groups, the roles are in the body.
    #[derive(Clone, Debug)]
    pub struct RemoveRoles {
        /// Whom.
        pub id: UserId,
        /// Which.
        pub roles: Vec<RoleId>,
    }
    "users.remove_roles": Delete => Acknowledged;
    path = |e| Path::api("v1/users").id(e.id).literal("roles");
    body = |e| serde_json::json!({ "roleIds": e.roles });
}
