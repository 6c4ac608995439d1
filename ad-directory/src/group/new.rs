//! Groups that do not exist yet, and changes of many memberships at once.

use serde::{Deserialize, Serialize};

use crate::{Dn, GroupName, ObjectGuid, ParseError};

/// From where the members of a group may come, and where it counts (MS-ADTS 2.2.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroupScope {
    /// Members of its own domain; it counts in the whole forest.
    #[default]
    Global,
    /// Members from everywhere; it counts in its own domain.
    DomainLocal,
    /// Members from the forest; it counts in the forest.
    Universal,
}

/// A group to be made.
///
/// ```
/// # use ad_directory::{GroupScope, NewGroup};
/// let group = NewGroup::new("OU=Groups,DC=corp,DC=example".parse()?, "payroll-hosts".parse()?).scope(GroupScope::DomainLocal);
/// assert_eq!(group.dn()?.to_string(), "CN=payroll-hosts,OU=Groups,DC=corp,DC=example");
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewGroup {
    /// The container it is made in.
    pub parent: Dn,
    /// Its common name, at most 64 characters; unique in the container.
    pub cn: String,
    /// Its `sAMAccountName`, unique in the domain.
    pub name: GroupName,
    /// From where its members may come.
    pub scope: GroupScope,
    /// Whether it can grant rights. On by default; a distribution list cannot.
    pub security: bool,
    /// Its description.
    pub description: Option<String>,
}

impl NewGroup {
    /// A global security group whose common name is its name.
    pub fn new(parent: Dn, name: GroupName) -> Self {
        Self {
            parent,
            cn: name.as_str().to_owned(),
            name,
            scope: GroupScope::Global,
            security: true,
            description: None,
        }
    }

    /// With another common name.
    #[must_use]
    pub fn cn(mut self, cn: impl Into<String>) -> Self {
        self.cn = cn.into();
        self
    }

    /// From where its members may come.
    #[must_use]
    pub const fn scope(mut self, scope: GroupScope) -> Self {
        self.scope = scope;
        self
    }

    /// Whether it can grant rights.
    #[must_use]
    pub const fn security(mut self, security: bool) -> Self {
        self.security = security;
        self
    }

    /// With a description.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Where it will be.
    ///
    /// # Errors
    /// When the common name is empty or too long.
    pub fn dn(&self) -> Result<Dn, ParseError> {
        self.parent.child(&self.cn)
    }

    /// The value of `groupType`.
    pub const fn group_type(&self) -> i32 {
        let scope = match self.scope {
            GroupScope::Global => 2,
            GroupScope::DomainLocal => 4,
            GroupScope::Universal => 8,
        };
        if self.security { scope | i32::MIN } else { scope }
    }
}

/// Memberships of one group to begin and to end, all in one request: all of it is done, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberChanges {
    /// Who joins: accounts, groups, computers.
    pub add: Vec<ObjectGuid>,
    /// Who leaves.
    pub remove: Vec<ObjectGuid>,
}

impl MemberChanges {
    /// How many can be in one request.
    pub const MAX: usize = 1000;

    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Who joins, too.
    #[must_use]
    #[allow(
        clippy::should_implement_trait,
        reason = "beside `remove`, on a list of members: nobody takes it for a sum"
    )]
    pub fn add(mut self, members: impl IntoIterator<Item = ObjectGuid>) -> Self {
        self.add.extend(members);
        self
    }

    /// Who leaves, too.
    #[must_use]
    pub fn remove(mut self, members: impl IntoIterator<Item = ObjectGuid>) -> Self {
        self.remove.extend(members);
        self
    }

    /// Why it cannot be sent as it is.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        if self.add.len() + self.remove.len() > Self::MAX {
            return Some("there are more than 1000 members in one request");
        }
        self.add.iter().any(|member| self.remove.contains(member)).then_some("a member both joins and leaves")
    }
}

/// What a change of many memberships did. Who was as wanted already is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembersChanged {
    /// How many have joined.
    pub added: usize,
    /// How many have left.
    pub removed: usize,
}
