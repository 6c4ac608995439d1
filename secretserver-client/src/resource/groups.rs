//! Groups: find, create, change, and who is in them.

mod change;
mod members;
mod model;

use crate::client::Client;
use crate::error::{Error, ErrorKind, Outcome};
use crate::ids::{GroupId, UserId};
use crate::page::Pager;
use crate::resource::{Deleted, Lookup};
pub use change::{
    CreateGroup, DeleteGroup, GetGroupStub, GroupPatch, GroupStub, GroupUpdate, NewGroup, PatchGroup,
    ReplaceGroup,
};
pub use members::{
    AddMember, GetMember, MemberFilter, PatchMembers, RemoveMember, SearchMembers, SetMembers,
};
pub use model::{
    GetGroup, Group, GroupFilter, GroupOwner, GroupSummary, LookupGroups, Member, Membership, SearchGroups,
};

/// The operations on groups. See [`Client::groups`].
///
/// For every method: dropping its future abandons the wait; what was sent may be carried out all the same. Errors are described at
/// [`ErrorKind`]. Changing needs the role permission *Administer Groups*, or being an owner of the group.
///
/// ```
/// # async fn run(client: &secretserver_client::Client) -> Result<(), secretserver_client::Error> {
/// use secretserver_client::resource::groups::NewGroup;
/// use secretserver_client::UserId;
///
/// let group = client.groups().create(NewGroup::new("web operators")).await?;
/// client.groups().add_member(group.id, UserId::new(20).unwrap()).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Groups<'c>(pub(crate) &'c Client);

impl Groups<'_> {
    /// Finds groups, in order of their ids.
    pub fn search(&self, filter: GroupFilter) -> Pager<GroupSummary> {
        SearchGroups::pager(self.0, filter)
    }

    /// Like [`Groups::search`], with ids and names only.
    pub fn lookup(&self, filter: GroupFilter) -> Pager<Lookup<GroupId>> {
        LookupGroups::pager(self.0, filter)
    }

    /// Reads a group.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`]: denied or absent.
    pub async fn get(&self, id: GroupId) -> Result<Group, Error> {
        self.0.request(GetGroup { id }).await
    }

    /// Creates a group. Never sent twice: when the answer is lost, look for the name first.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`]: the name is taken or not allowed.
    pub async fn create(&self, group: NewGroup) -> Result<Group, Error> {
        self.0.request(CreateGroup(group)).await
    }

    /// Replaces what can be changed of a group. Start from what [`Groups::get`] gave.
    ///
    /// # Errors
    /// As for [`Groups::get`].
    pub async fn replace(&self, group: GroupUpdate) -> Result<Group, Error> {
        self.0.request(ReplaceGroup(group)).await
    }

    /// Changes single fields.
    ///
    /// # Errors
    /// As for [`Groups::get`].
    pub async fn patch(&self, id: GroupId, patch: GroupPatch) -> Result<Group, Error> {
        self.0.request(PatchGroup { id, patch }).await
    }

    /// Deletes a group.
    ///
    /// # Errors
    /// As for [`Groups::get`].
    pub async fn delete(&self, id: GroupId) -> Result<Deleted, Error> {
        self.0.request(DeleteGroup { id }).await
    }

    /// Who is in a group, in order of the users' ids.
    pub fn members(&self, id: GroupId, filter: MemberFilter) -> Pager<Membership> {
        SearchMembers::pager(self.0, id, filter)
    }

    /// Whether a user is in a group; `None`: it is not, or there is no such user.
    ///
    /// The server answers "not in it" and "denied" alike. So then the list of all members is looked through, which a caller without rights
    /// cannot read: one more request for each 1000 members.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] or [`ErrorKind::NotFound`]: the members cannot be read, or there is no such group.
    pub async fn member(&self, id: GroupId, user: UserId) -> Result<Option<Member>, Error> {
        match self.0.request(GetMember { id, user }).await {
            Err(error)
                if error.outcome() == Outcome::NotDone
                    && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Denied) =>
            {
                use futures_util::TryStreamExt as _;
                let mut members = self.members(id, MemberFilter::default().with_inactive()).page_size(1000);
                loop {
                    match members.try_next().await {
                        // In the list, and yet not to be read alone: then the first answer stands.
                        Ok(Some(member)) if member.user_id == user => return Err(error),
                        Ok(Some(_)) => {}
                        Ok(None) => return Ok(None),
                        Err(list) if list.is_denied_or_absent() => return Err(error),
                        Err(list) => return Err(list),
                    }
                }
            }
            result => result.map(Some),
        }
    }

    /// Puts a user into a group. Groups that are kept by a directory refuse it: see [`Group::can_edit_members`].
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] with the code `API_CannotAddRemoveUsersFromDirectoryManagedGroups`.
    pub async fn add_member(&self, id: GroupId, user: UserId) -> Result<Member, Error> {
        self.0.request(AddMember { id, user }).await
    }

    /// Takes a user out of a group.
    ///
    /// # Errors
    /// As for [`Groups::add_member`].
    pub async fn remove_member(&self, id: GroupId, user: UserId) -> Result<Deleted, Error> {
        self.0.request(RemoveMember { id, user }).await
    }

    /// Puts users into a group and takes others out of it, in one request.
    ///
    /// # Errors
    /// As for [`Groups::add_member`].
    pub async fn change_members(
        &self,
        id: GroupId,
        add: Vec<UserId>,
        remove: Vec<UserId>,
    ) -> Result<(), Error> {
        self.0.request(PatchMembers { id, add, remove }).await?.checked("groups.change_members")
    }

    /// Makes exactly these users the members of a group.
    ///
    /// # Errors
    /// As for [`Groups::add_member`].
    pub async fn set_members(&self, id: GroupId, users: Vec<UserId>) -> Result<(), Error> {
        self.0.request(SetMembers { id, users }).await?.checked("groups.set_members")
    }
}
