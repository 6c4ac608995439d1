//! Groups.

use serde::{Deserialize, Serialize};

use crate::{Dn, GroupName, ObjectGuid, Sid};

mod new;

pub use new::{GroupScope, MemberChanges, MembersChanged, NewGroup};

/// A group as the directory holds it. Its members are not in it: [`list_members`](crate::Directory::list_members) reads them.
///
/// What an account has in [`member_of`](crate::Account::member_of) is the other end of the same link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Group {
    /// Its identity.
    pub guid: ObjectGuid,
    /// Where it is now.
    pub dn: Dn,
    /// Its `sAMAccountName`.
    pub name: GroupName,
    /// Its description.
    pub description: Option<String>,
    /// Its security identifier.
    pub sid: Option<Sid>,
    /// `groupType`: scope, and whether it is a security group (MS-ADTS 2.2.12).
    pub group_type: i32,
    /// `adminCount` is 1: an administrative group.
    pub is_protected: bool,
}

impl Group {
    /// A global security group.
    pub const fn new(guid: ObjectGuid, dn: Dn, name: GroupName) -> Self {
        Self { guid, dn, name, description: None, sid: None, group_type: -2_147_483_646, is_protected: false }
    }

    /// Those of scope global take members of their own domain only (MS-ADTS 2.2.12).
    #[cfg(feature = "ldap")]
    pub(crate) const fn takes_members_of_other_domains(&self) -> bool {
        self.group_type & 2 == 0
    }

    /// Whether it grants rights; a distribution list does not.
    pub const fn is_security(&self) -> bool {
        self.group_type < 0
    }
}

/// What a member of a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MemberKind {
    /// An account.
    Account,
    /// Another group.
    Group,
    /// A computer.
    Computer,
    /// A managed service account.
    ManagedAccount,
    /// Something else: a contact, or a principal of another forest.
    Other,
    /// An object of another domain of the forest: what it is called and what it is, only a controller of that domain knows.
    Elsewhere,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Member {
    /// Its identity.
    pub guid: ObjectGuid,
    /// Where it is now.
    pub dn: Dn,
    /// What it is.
    pub kind: MemberKind,
    /// Its `sAMAccountName`.
    pub name: Option<String>,
    /// Its security identifier.
    pub sid: Option<Sid>,
}

impl Member {
    /// A member without a name.
    pub const fn new(guid: ObjectGuid, dn: Dn, kind: MemberKind) -> Self {
        Self { guid, dn, kind, name: None, sid: None }
    }
}

/// What a change of membership did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(
    clippy::exhaustive_enums,
    reason = "the membership was changed or it was as wanted; anything else is an error"
)]
pub enum MembershipChange {
    /// It was changed.
    Changed,
    /// It was as wanted already.
    Already,
}
