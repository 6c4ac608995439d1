//! What has changed since a token.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{AttributeName, Dn, ObjectGuid};

pub(crate) mod filter;
pub(crate) mod token;

pub use token::ChangeToken;

/// What is read of every object, beside what [`ChangesOptions::attributes`](crate::ChangesOptions::attributes) adds. Members are named
/// apart, in [`ObjectChange::members`].
pub(crate) const ATTRIBUTES: &[&str] = &[
    "accountExpires",
    "adminCount",
    "adminDescription",
    "description",
    "displayName",
    "dNSHostName",
    "groupType",
    "lockoutTime",
    "msDS-GroupMSAMembership",
    "msDS-SupportedEncryptionTypes",
    "objectSid",
    "primaryGroupID",
    "pwdLastSet",
    "sAMAccountName",
    "servicePrincipalName",
    "userAccountControl",
    "userPrincipalName",
];

/// A piece of what has changed, and the token to store once it is applied.
///
/// Apply the changes, then store the token, then go on: whoever is killed in between hands the old token in again and is told the same
/// once more, and nothing is lost. Every change can be applied twice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeBatch {
    /// One entry for each object, in the order in which the directory told them.
    pub changes: Vec<ObjectChange>,
    /// Where the next reading begins, once the changes above are applied.
    pub token: ChangeToken,
    /// Whether this is the last piece: nothing more had changed when it was read.
    pub is_last: bool,
    /// Whether it belongs to a reading from the beginning. What was not named in any piece of it, up to the last, does not exist any more.
    pub is_full: bool,
    /// Whether deleted objects are among the changes. They are not when the account that signs in may not read them: then compare with a
    /// reading from the beginning from time to time. The right is "Replicating Directory Changes" on the domain, or reading
    /// `CN=Deleted Objects`.
    pub sees_deletions: bool,
    /// How the changes were found.
    pub source: ChangeSource,
}

impl ChangeBatch {
    /// An empty piece: a start for other backends.
    pub const fn new(token: ChangeToken, source: ChangeSource) -> Self {
        Self { changes: Vec::new(), token, is_last: true, is_full: false, sees_deletions: true, source }
    }
}

/// What has become of one object. Its identity is its GUID; everything else may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectChange {
    /// Its identity.
    pub guid: ObjectGuid,
    /// What it is; `None` when the directory did not say, as for deleted objects that may not be read.
    pub kind: Option<ObjectKind>,
    /// Where it is now; of a deleted object the name that the directory keeps it under.
    pub dn: Dn,
    /// What has happened.
    pub event: ChangeEvent,
    /// It has another name or place than before. Only ever false when [`is_complete`](Self::is_complete): then compare the name with the
    /// one you have.
    pub moved: bool,
    /// Where a deleted object was, when the directory says it.
    pub last_known_parent: Option<Dn>,
    /// Whether `attributes` holds all that it has of those that were asked for, and not only what has changed.
    pub is_complete: bool,
    /// The attributes that were asked for and have changed, with all their values as they are now; one without values was cleared.
    pub attributes: BTreeMap<AttributeName, AttributeValues>,
    /// What is known of its members.
    pub members: MembersSeen,
}

impl ObjectChange {
    /// A change of which nothing else is known: a start for other backends.
    pub const fn new(guid: ObjectGuid, dn: Dn, event: ChangeEvent) -> Self {
        Self {
            guid,
            kind: None,
            dn,
            event,
            moved: false,
            last_known_parent: None,
            is_complete: false,
            attributes: BTreeMap::new(),
            members: MembersSeen::Unchanged,
        }
    }

    /// The first value of an attribute, when it has changed, has one and is text.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        let name: AttributeName = attribute.parse().ok()?;
        self.attributes.get(&name)?.texts().next()
    }

    /// Takes what a later message says of the same object.
    pub(crate) fn absorb(&mut self, later: Self) {
        self.kind = later.kind.or(self.kind);
        self.dn = later.dn;
        self.event = match (self.event, later.event) {
            // Whoever applies it has not seen it yet.
            (ChangeEvent::Added, ChangeEvent::Changed) => ChangeEvent::Added,
            (_, event) => event,
        };
        self.moved |= later.moved;
        // A restored object is somewhere again.
        let before = self.last_known_parent.take().filter(|_| later.event != ChangeEvent::Added);
        self.last_known_parent = later.last_known_parent.or(before);
        if later.is_complete {
            self.attributes = later.attributes;
            self.is_complete = true;
        } else {
            self.attributes.extend(later.attributes);
        }
        self.members.absorb(later.members);
    }
}

/// What has happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeEvent {
    /// It was made or restored; in a reading from the beginning: it exists.
    Added,
    /// It was changed, moved or renamed.
    Changed,
    /// It was deleted.
    Deleted,
    /// It was changed and lies outside of [`ChangesOptions::below`](crate::ChangesOptions::below). Whoever knows it has lost it from there; whoever
    /// does not need not care.
    Outside,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ObjectKind {
    /// An account.
    Account,
    /// A managed service account, of a group or of one computer.
    ManagedAccount,
    /// A computer.
    Computer,
    /// A group.
    Group,
    /// An organizational unit, a container or a domain.
    Container,
    /// Something else.
    Other,
}

#[cfg(any(feature = "ldap", test))]
impl ObjectKind {
    /// By the object's classes, from the narrowest to the widest: managed accounts are computers, and computers are users.
    pub(crate) fn of(classes: &[&str]) -> Self {
        let is = |class: &str| classes.iter().any(|have| have.eq_ignore_ascii_case(class));
        if filter::MANAGED.iter().any(|class| is(class)) {
            Self::ManagedAccount
        } else if is("computer") {
            Self::Computer
        } else if is("user") {
            Self::Account
        } else if is("group") {
            Self::Group
        } else if is("organizationalUnit") || is("container") || is("domainDNS") {
            Self::Container
        } else {
            Self::Other
        }
    }
}

/// By what a backend finds changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeSource {
    /// The DirSync control (MS-ADTS 3.1.1.3.4.1.3). Says which attributes and which members have changed, and its token is good at every controller of
    /// the domain.
    DirSync,
    /// The numbers that one controller gives to its updates (`uSNChanged`). Gives objects that have changed as a whole; its token is good at
    /// that controller only.
    UpdateNumbers,
    /// A log that the backend keeps itself.
    Log,
}

/// The values of an attribute: bytes, since only who reads it knows whether they are text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AttributeValues(Vec<Vec<u8>>);

impl AttributeValues {
    /// These values.
    pub const fn new(values: Vec<Vec<u8>>) -> Self {
        Self(values)
    }

    /// Whether there are none: the attribute was cleared.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// Those that are text.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|value| std::str::from_utf8(value).ok())
    }
}

impl fmt::Debug for AttributeValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.0.len())
    }
}

/// What is known of the members of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MembersSeen {
    /// Nothing has changed.
    #[default]
    Unchanged,
    /// These joined, and those left.
    Changed {
        /// Who joined.
        joined: Vec<MemberName>,
        /// Who left.
        left: Vec<MemberName>,
    },
    /// These are the members now, and nobody else is.
    All(Vec<MemberName>),
}

impl MembersSeen {
    fn absorb(&mut self, later: Self) {
        match (&mut *self, later) {
            (_, Self::Unchanged) => {}
            (Self::Changed { joined, left }, Self::Changed { joined: new, left: gone }) => {
                joined.retain(|member| !gone.contains(member));
                left.retain(|member| !new.contains(member));
                joined.extend(new);
                left.extend(gone);
            }
            (Self::All(members), Self::Changed { joined, left }) => {
                members.retain(|member| !left.contains(member) && !joined.contains(member));
                members.extend(joined);
            }
            (_, later) => *self = later,
        }
    }
}

/// A member as its group names it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberName {
    /// Where it is now.
    pub dn: Dn,
    /// Its identity, when the directory says it.
    pub guid: Option<ObjectGuid>,
}

impl MemberName {
    /// A member of this name.
    pub const fn new(dn: Dn, guid: Option<ObjectGuid>) -> Self {
        Self { dn, guid }
    }
}

/// One change for each object, in the order of their first.
pub(crate) fn merged(changes: impl IntoIterator<Item = ObjectChange>) -> Vec<ObjectChange> {
    let mut places = std::collections::HashMap::new();
    let mut merged: Vec<ObjectChange> = Vec::new();
    for change in changes {
        let place = *places.entry(change.guid).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(before) => before.absorb(change),
            None => merged.push(change),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
