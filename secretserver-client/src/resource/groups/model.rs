//! What the server says of a group, and finding them.

use jiff::Timestamp;
use serde::Deserialize;

use crate::ids::{DomainId, GroupId, UserId, optional};
use crate::request::{Path, Query};
use crate::resource::{Lookup, endpoint, or_default, search_endpoint};
use crate::time;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Whether it gives its members anything.
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
    /// The directory domain it comes from.
    #[serde(default, deserialize_with = "optional")]
    pub domain_id: Option<DomainId>,
    /// That domain's name.
    #[serde(default)]
    pub domain_name: Option<String>,
    /// Its objectGUID, when it comes from a directory.
    #[serde(default)]
    pub ad_guid: Option<String>,
    /// Whether the caller can add and remove members. Only newer servers say it.
    #[serde(default)]
    pub can_edit_members: Option<bool>,
    /// Whether the caller can change it. Only newer servers say it.
    #[serde(default)]
    pub is_editable: Option<bool>,
    /// Whether its members are those of a group of a directory.
    #[serde(default, deserialize_with = "or_default")]
    pub synchronized: bool,
    /// Whether they are to be read from there soon.
    #[serde(default, deserialize_with = "or_default")]
    pub synchronize_now: bool,
    /// Whether it comes from the Delinea Platform.
    #[serde(default, deserialize_with = "or_default")]
    pub is_platform: bool,
    /// Whether it came with the server.
    #[serde(default, deserialize_with = "or_default")]
    pub system_group: bool,
    /// Whether others than administrators own it.
    #[serde(default, deserialize_with = "or_default")]
    pub has_group_owners: bool,
    /// Those owners.
    #[serde(default, deserialize_with = "or_default")]
    pub owners: Vec<GroupOwner>,
    /// When it was made.
    #[serde(default, deserialize_with = "time::optional")]
    pub created: Option<Timestamp>,
}

/// An owner of a group: another group, which for a single user is its personal one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupOwner {
    /// The group that owns.
    #[serde(default, deserialize_with = "optional")]
    pub group_id: Option<GroupId>,
    /// The user, if it is a single one.
    #[serde(default, deserialize_with = "optional")]
    pub user_id: Option<UserId>,
    /// The name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
}

/// A group, as lists have it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct GroupSummary {
    /// Its number.
    pub id: GroupId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Whether it gives its members anything.
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
    /// The directory domain it comes from.
    #[serde(default, deserialize_with = "optional")]
    pub domain_id: Option<DomainId>,
    /// That domain's name.
    #[serde(default)]
    pub domain_name: Option<String>,
    /// How many members it has.
    #[serde(default)]
    pub member_count: Option<u32>,
    /// Whether its members are those of a group of a directory.
    #[serde(default, deserialize_with = "or_default")]
    pub synchronized: bool,
    /// Whether they are to be read from there soon.
    #[serde(default, deserialize_with = "or_default")]
    pub synchronize_now: bool,
    /// Whether it comes from the Delinea Platform.
    #[serde(default, deserialize_with = "or_default")]
    pub is_platform: bool,
    /// When it was made.
    #[serde(default, deserialize_with = "time::optional")]
    pub created: Option<Timestamp>,
}

/// A user in a group, as lists have it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Membership {
    /// The group.
    pub group_id: GroupId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub group_name: String,
    /// The directory domain it comes from.
    #[serde(default, deserialize_with = "optional")]
    pub group_domain_id: Option<DomainId>,
    /// That domain's name.
    #[serde(default)]
    pub group_domain_name: Option<String>,
    /// The user.
    pub user_id: UserId,
    /// Its sign-in name.
    #[serde(default, deserialize_with = "or_default")]
    pub user_name: String,
    /// Its name for people.
    #[serde(default, deserialize_with = "or_default")]
    pub display_name: String,
    /// Whether it is enabled.
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
    /// The directory domain it comes from.
    #[serde(default, deserialize_with = "optional")]
    pub user_domain_id: Option<DomainId>,
    /// That domain's name.
    #[serde(default)]
    pub user_domain_name: Option<String>,
}

/// A user in a group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Member {
    /// The group.
    pub group_id: GroupId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub group_name: String,
    /// The user.
    pub user_id: UserId,
    /// Its sign-in name.
    #[serde(default, deserialize_with = "or_default")]
    pub user_name: String,
}

/// Which groups to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupFilter {
    /// Part of the name: compare whole names yourself.
    pub search_text: Option<String>,
    /// Only from this directory domain.
    pub domain_id: Option<DomainId>,
    /// Also disabled ones.
    pub include_inactive: bool,
    /// Only those that the caller can see the members of.
    pub limit_to_viewable_groups: bool,
    /// Only those from the Delinea Platform.
    pub platform_only: bool,
}

impl GroupFilter {
    /// Groups whose name has this text in it.
    pub fn text(text: impl Into<String>) -> Self {
        Self { search_text: Some(text.into()), ..Self::default() }
    }

    /// Only from this directory domain.
    #[must_use]
    pub fn in_domain(mut self, domain: DomainId) -> Self {
        self.domain_id = Some(domain);
        self
    }

    /// Also disabled ones.
    #[must_use]
    pub fn with_inactive(mut self) -> Self {
        self.include_inactive = true;
        self
    }

    fn query(&self) -> Query {
        Query::new()
            .with_some("filter.searchText", self.search_text.as_ref())
            .with_some("filter.domainId", self.domain_id)
            .with_flag("filter.includeInactive", self.include_inactive)
            .with_flag("filter.limitToViewableGroups", self.limit_to_viewable_groups)
            .with_flag("filter.platformOnly", self.platform_only)
    }
}

search_endpoint! {
    /// One page of `GET /v1/groups`.
    pub struct SearchGroups(GroupFilter);
    "groups.search" => GroupSummary;
    path = |_| Path::api("v1/groups");
    sort = crate::resource::sort::ID;
}

search_endpoint! {
    /// One page of `GET /v1/groups/lookup`.
    pub struct LookupGroups(GroupFilter);
    "groups.lookup" => Lookup<GroupId>;
    path = |_| Path::api("v1/groups/lookup");
    sort = crate::resource::sort::ID;
}

endpoint! {
    /// `GET /v1/groups/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetGroup {
        /// Which.
        pub id: GroupId,
    }
    "groups.get": Get => Group;
    path = |e| Path::api("v1/groups").id(e.id);
}
