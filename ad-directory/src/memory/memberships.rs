//! Who is in which group.

use super::world::{COMPUTERS, World};
use crate::{Dn, Group, ObjectGuid, Sid};

impl World {
    /// Whether it was none yet.
    pub(super) fn join(&mut self, group: ObjectGuid, member: ObjectGuid) -> bool {
        let joined = self.groups.get_mut(&group).is_some_and(|stored| stored.members.insert(member));
        if joined {
            self.index.join(group, member);
            self.log.joined(group, member);
        }
        joined
    }

    /// Whether it was one.
    pub(super) fn leave(&mut self, group: ObjectGuid, member: ObjectGuid) -> bool {
        let left = self.forget_member(group, member);
        if left {
            self.log.left(group, member);
        }
        left
    }

    fn forget_member(&mut self, group: ObjectGuid, member: ObjectGuid) -> bool {
        let left = self.groups.get_mut(&group).is_some_and(|stored| stored.members.remove(&member));
        if left {
            self.index.leave(group, member);
        }
        left
    }

    /// Out of every group, since it is gone itself: its deletion tells it, and no group has changed.
    pub(super) fn leave_all(&mut self, member: ObjectGuid) -> Vec<ObjectGuid> {
        let groups: Vec<_> = self.index.groups_of(member).collect();
        for group in &groups {
            self.forget_member(*group, member);
        }
        groups
    }

    /// The relative identifier of the group that it belongs to without being in its list of members.
    fn primary_group(&self, guid: ObjectGuid) -> Option<u32> {
        let account = self.accounts.get(guid).map(|stored| stored.account.primary_group_id);
        account.unwrap_or_else(|| self.managed.contains_key(&guid).then_some(COMPUTERS))
    }

    /// Whether it is the primary group of this account.
    pub(super) fn is_primary(&self, group: &Group, guid: ObjectGuid) -> bool {
        let rid = group.sid.as_ref().and_then(Sid::rid);
        rid.is_some() && rid == self.primary_group(guid)
    }

    /// Those whose primary group it is.
    pub(super) fn members_by_primary<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = ObjectGuid> {
        let accounts = self.accounts.iter().map(|stored| stored.account.guid);
        accounts.chain(self.managed.keys().copied()).filter(|guid| self.is_primary(group, *guid))
    }

    /// The groups it is a direct member of.
    pub(super) fn groups_of(&self, member: ObjectGuid) -> impl Iterator<Item = &Group> {
        self.index.groups_of(member).filter_map(|guid| self.groups.get(&guid)).map(|stored| &stored.group)
    }

    /// Their names, in order.
    pub(super) fn member_of(&self, member: ObjectGuid) -> Vec<Dn> {
        let mut names: Vec<_> = self.groups_of(member).map(|group| group.dn.clone()).collect();
        names.sort();
        names
    }
}
