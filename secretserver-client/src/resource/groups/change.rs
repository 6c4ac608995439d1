//! Creating, changing and deleting groups.

use serde::{Deserialize, Serialize};

use crate::ids::{DomainId, GroupId, UserId, optional};
use crate::patch::Change;
use crate::request::Path;
use crate::resource::groups::Group;
use crate::resource::{Deleted, endpoint, or_default};

/// A group that is to be made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewGroup {
    /// Its name.
    pub name: String,
    /// Whether it gives its members anything.
    pub enabled: bool,
    /// The directory domain it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_id: Option<DomainId>,
    /// Its objectGUID in that domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_guid: Option<String>,
    /// Whether its members are those of a group of a directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synchronized: Option<bool>,
    /// Groups that own it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owner_group_ids: Vec<GroupId>,
    /// Users who own it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owner_user_ids: Vec<UserId>,
    /// Whether others than administrators own it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_group_owners: Option<bool>,
}

impl NewGroup {
    /// An enabled group of Secret Server itself.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            enabled: true,
            domain_id: None,
            ad_guid: None,
            synchronized: None,
            owner_group_ids: Vec::new(),
            owner_user_ids: Vec::new(),
            has_group_owners: None,
        }
    }

    /// Owned by these users.
    #[must_use]
    pub fn owned_by(mut self, users: Vec<UserId>) -> Self {
        self.has_group_owners = Some(!users.is_empty());
        self.owner_user_ids = users;
        self
    }
}

/// `POST /v1/groups`. Never repeated.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the new group")]
pub struct CreateGroup(
    /// What to make.
    pub NewGroup,
);

endpoint! {
    @impl CreateGroup "groups.create": Post => Group;
    path = |_| Path::api("v1/groups");
    body = |e| e.0;
}

/// What can be replaced of a group. Start from [`GroupUpdate::of`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupUpdate {
    /// Which.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Whether it gives its members anything.
    pub enabled: bool,
    /// The directory domain it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_id: Option<DomainId>,
    /// Its objectGUID in that domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_guid: Option<String>,
    /// Whether its members are those of a group of a directory.
    pub synchronized: bool,
    /// Whether others than administrators own it.
    pub has_group_owners: bool,
    /// Groups that own it.
    pub owner_group_ids: Vec<GroupId>,
    /// Users who own it.
    pub owner_user_ids: Vec<UserId>,
}

impl GroupUpdate {
    /// Everything as it is.
    pub fn of(group: &Group) -> Self {
        Self {
            id: group.id,
            name: group.name.clone(),
            enabled: group.enabled,
            domain_id: group.domain_id,
            ad_guid: group.ad_guid.clone(),
            synchronized: group.synchronized,
            has_group_owners: group.has_group_owners,
            // Only one of the two numbers names an owner: the group of a single user is its personal one.
            owner_group_ids: group
                .owners
                .iter()
                .filter(|o| o.user_id.is_none())
                .filter_map(|o| o.group_id)
                .collect(),
            owner_user_ids: group.owners.iter().filter_map(|o| o.user_id).collect(),
        }
    }
}

/// `PUT /v1/groups/{id}`.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the update")]
pub struct ReplaceGroup(
    /// What it shall be.
    pub GroupUpdate,
);

endpoint! {
    @impl ReplaceGroup "groups.replace": Put => Group;
    path = |e| Path::api("v1/groups").id(e.0.id);
    body = |e| e.0;
}

/// Which fields of a group to change.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(
    clippy::exhaustive_structs,
    reason = "made with `..GroupPatch::default()`, which non_exhaustive forbids"
)]
pub struct GroupPatch {
    /// Its name.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub name: Change<String>,
    /// Whether it gives its members anything.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub enabled: Change<bool>,
    /// All groups that own it.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub owner_group_ids: Change<Vec<GroupId>>,
    /// More groups that own it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added_owner_group_ids: Vec<GroupId>,
    /// Groups that own it no more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed_owner_group_ids: Vec<GroupId>,
}

endpoint! {
    /// `PATCH /v1/groups/{groupId}`.
    #[derive(Clone, Debug)]
    pub struct PatchGroup {
        /// Which.
        pub id: GroupId,
        /// What to change.
        pub patch: GroupPatch,
    }
    "groups.patch": Patch => Group;
    path = |e| Path::api("v1/groups").id(e.id);
    body = |e| serde_json::json!({ "data": e.patch });
}

endpoint! {
    /// `DELETE /v1/groups/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct DeleteGroup {
        /// Which.
        pub id: GroupId,
    }
    "groups.delete": Delete => Deleted;
    path = |e| Path::api("v1/groups").id(e.id);
}

/// A new group as the server would fill it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupStub {
    /// Whether it would be enabled.
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
    /// Whether its members would be those of a group of a directory.
    #[serde(default, deserialize_with = "or_default")]
    pub synchronized: bool,
    /// The directory domain it would come from.
    #[serde(default, deserialize_with = "optional")]
    pub domain_id: Option<DomainId>,
}

endpoint! {
    /// `GET /v1/groups/stub`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetGroupStub;
    "groups.stub": Get => GroupStub;
    path = |_| Path::api("v1/groups/stub");
}
