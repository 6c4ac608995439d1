//! Who is in a group.

use crate::client::Client;
use crate::ids::{DomainId, GroupId, UserId};
use crate::page::{Page, Pager};
use crate::request::{Endpoint, Method, Path, Query};
use crate::resource::groups::{Member, Membership};
use crate::resource::{Acknowledged, Deleted, endpoint, paging};

/// Which members to find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberFilter {
    /// Also disabled users. Servers before 10.9 do not know it.
    pub include_inactive: bool,
    /// Only users from this directory domain.
    pub user_domain_id: Option<DomainId>,
}

impl MemberFilter {
    /// Also disabled users.
    #[must_use]
    pub fn with_inactive(mut self) -> Self {
        self.include_inactive = true;
        self
    }
}

/// One page of `GET /v1/groups/{id}/users`.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "its arguments are those of the server's operation; more go into the filter"
)]
pub struct SearchMembers {
    /// Of which group.
    pub id: GroupId,
    /// What to find.
    pub filter: MemberFilter,
    /// Where the page begins.
    pub skip: u32,
    /// How many entries.
    pub take: u32,
}

impl Endpoint for SearchMembers {
    const OPERATION: &'static str = "groups.members";
    const METHOD: Method = Method::Get;
    type Response = Page<Membership>;

    fn path(&self) -> Path {
        Path::api("v1/groups").id(self.id).literal("users")
    }

    fn query(&self) -> Query {
        let query = Query::new()
            .with_flag("filter.includeInactiveUsersForGroup", self.filter.include_inactive)
            .with_some("filter.userDomainId", self.filter.user_domain_id);
        paging(query, self.skip, self.take, crate::resource::sort::USER_ID)
    }
}

impl SearchMembers {
    pub(super) fn pager(client: &Client, id: GroupId, filter: MemberFilter) -> Pager<Membership> {
        crate::resource::search(client, move |skip, take| Self { id, filter, skip, take })
    }
}

endpoint! {
    /// `GET /v1/groups/{id}/users/{userId}`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetMember {
        /// The group.
        pub id: GroupId,
        /// The user.
        pub user: UserId,
    }
    "groups.member": Get => Member;
    path = |e| Path::api("v1/groups").id(e.id).literal("users").id(e.user);
}

endpoint! {
    /// `POST /v1/groups/{id}/users`.
    #[derive(Clone, Copy, Debug)]
    pub struct AddMember {
        /// The group.
        pub id: GroupId,
        /// The user.
        pub user: UserId,
    }
    "groups.add_member": Post => Member;
    path = |e| Path::api("v1/groups").id(e.id).literal("users");
    body = |e| serde_json::json!({ "userId": e.user });
}

endpoint! {
    /// `DELETE /v1/groups/{id}/users/{userId}`.
    #[derive(Clone, Copy, Debug)]
    pub struct RemoveMember {
        /// The group.
        pub id: GroupId,
        /// The user.
        pub user: UserId,
    }
    "groups.remove_member": Delete => Deleted;
    path = |e| Path::api("v1/groups").id(e.id).literal("users").id(e.user);
}

endpoint! {
    /// `PATCH /v1/groups/{id}/users`. The server's names of the two lists are not alike: `addedUserIds`, `removeUserIds`.
    #[derive(Clone, Debug)]
    pub struct PatchMembers {
        /// The group.
        pub id: GroupId,
        /// Who comes in.
        pub add: Vec<UserId>,
        /// Who goes out.
        pub remove: Vec<UserId>,
    }
    "groups.change_members": Patch => Acknowledged;
    path = |e| Path::api("v1/groups").id(e.id).literal("users");
    body = |e| serde_json::json!({ "addedUserIds": e.add, "removeUserIds": e.remove });
}

endpoint! {
    /// `PUT /v1/groups/{groupId}/users`.
    #[derive(Clone, Debug)]
    pub struct SetMembers {
        /// The group.
        pub id: GroupId,
        /// All that shall be in it.
        pub users: Vec<UserId>,
    }
    "groups.set_members": Put => Acknowledged;
    path = |e| Path::api("v1/groups").id(e.id).literal("users");
    body = |e| serde_json::json!({ "userIds": e.users });
}
