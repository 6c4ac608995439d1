//! What a domain looked like when it was last synchronized (O-12): external users, groups, memberships and places, by their identities.

use std::collections::{BTreeMap, BTreeSet};

use ad_directory::{AccountExpires, Dn, FileTime, ObjectGuid, Sid, UserAccountControl};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ids::DomainId;

/// What an object of the mirror is. Computers and other objects are not mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MirrorKind {
    /// A user.
    Account,
    /// A managed service account, of a group or of one computer.
    ManagedAccount,
    /// A group.
    Group,
    /// An organizational unit, a container, or the domain itself.
    Container,
}

impl MirrorKind {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Account, Self::ManagedAccount, Self::Group, Self::Container];
}

/// One object of a domain as the last sync saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MirrorEntry {
    /// In which domain.
    pub domain: DomainId,
    /// Its identity, whatever it is called and wherever it is.
    pub guid: ObjectGuid,
    /// What it is.
    pub kind: MirrorKind,
    /// Where it was then.
    pub dn: Dn,
    /// What was read of it: values as text by LDAP name in lower case. Passwords are never among them.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Of a group: its direct members, those of other domains among them. Whose primary group it is, is not said here but by each of them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub members: BTreeSet<ObjectGuid>,
    /// Whether administrators were told that nobody manages it (S-7).
    #[serde(default)]
    pub announced: bool,
}

impl MirrorEntry {
    /// An object of which nothing else is known.
    pub const fn new(domain: DomainId, guid: ObjectGuid, kind: MirrorKind, dn: Dn) -> Self {
        Self {
            domain,
            guid,
            kind,
            dn,
            attributes: BTreeMap::new(),
            members: BTreeSet::new(),
            announced: false,
        }
    }

    /// The first value of an attribute, by its LDAP name in lower case.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).and_then(|values| values.first()).map(String::as_str)
    }

    /// Its sAMAccountName; places have none.
    pub fn name(&self) -> Option<&str> {
        self.text("samaccountname")
    }

    /// Its name for people: `displayName`, or the last part of its DN.
    pub fn display_name(&self) -> &str {
        self.text("displayname").filter(|name| !name.trim().is_empty()).unwrap_or_else(|| self.dn.name())
    }

    /// Its mail address.
    pub fn email(&self) -> Option<&str> {
        self.text("mail").filter(|mail| !mail.trim().is_empty())
    }

    /// Its flags; none when they could not be read.
    pub fn flags(&self) -> Option<UserAccountControl> {
        // A signed number on the wire (MS-ADTS, `userAccountControl`).
        let bits: i32 = self.text("useraccountcontrol")?.parse().ok()?;
        Some(UserAccountControl::from_bits(bits.cast_unsigned()))
    }

    /// Whether it may sign in, as far as its flag goes; `None` when that could not be read.
    pub fn is_enabled(&self) -> Option<bool> {
        self.flags().map(|flags| !flags.contains(UserAccountControl::ACCOUNT_DISABLE))
    }

    /// When it stops working; `None` when that could not be read.
    pub fn expires(&self) -> Option<AccountExpires> {
        self.ticks("accountexpires").map(AccountExpires::from_file_time)
    }

    /// When its password was last set; `None` when never, when it must be changed, or when that could not be read.
    pub fn password_last_set(&self) -> Option<Timestamp> {
        self.instant("pwdlastset")
    }

    /// When somebody last signed in with it as far as it is replicated: up to 14 days too early (S-8). `None`: nobody ever did, or it could not
    /// be read.
    pub fn last_logon(&self) -> Option<Timestamp> {
        self.instant("lastlogontimestamp")
    }

    /// The relative identifier of its primary group.
    pub fn primary_group(&self) -> Option<u32> {
        self.text("primarygroupid")?.parse().ok()
    }

    /// Its own relative identifier: by that of a group its members name it as their primary one.
    pub fn rid(&self) -> Option<u32> {
        self.text("objectsid")?.parse::<Sid>().ok()?.rid()
    }

    /// Its Kerberos service names.
    pub fn service_names(&self) -> BTreeSet<String> {
        self.attributes.get("serviceprincipalname").into_iter().flatten().cloned().collect()
    }

    fn ticks(&self, attribute: &str) -> Option<FileTime> {
        self.text(attribute)?.parse().ok()
    }

    fn instant(&self, attribute: &str) -> Option<Timestamp> {
        self.ticks(attribute).filter(|ticks| *ticks != FileTime::ZERO).and_then(FileTime::to_timestamp)
    }
}

/// The id of what is kept about an object of a domain. Two domains may have objects of one identity: one may be a copy of the other.
pub(crate) fn key(purpose: &str, domain: DomainId, object: ObjectGuid) -> Uuid {
    let mut hasher = Sha256::new();
    hasher.update(purpose.as_bytes());
    hasher.update(domain.uuid().as_bytes());
    hasher.update(object.as_uuid().as_bytes());
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(hasher.finalize()) {
        *byte = from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// What is to be read of a domain, and from when on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChangesOrder {
    /// Of which domain.
    pub domain: DomainId,
    /// What the last reading ended with; everything is read without one.
    pub token: Option<String>,
    /// Further attributes, by LDAP name.
    pub attributes: Vec<String>,
}

impl ChangesOrder {
    /// Everything that has changed since a token, or all there is.
    pub const fn new(domain: DomainId, token: Option<String>) -> Self {
        Self { domain, token, attributes: Vec::new() }
    }
}

/// What a reading of changes says next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reading {
    /// A piece.
    Batch(MirrorBatch),
    /// The token is of no use any more: everything has to be read anew. Nothing follows.
    Anew {
        /// Why.
        why: String,
    },
}

/// A piece of what has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MirrorBatch {
    /// Each can be applied twice.
    pub changes: Vec<MirrorChange>,
    /// Where the next reading begins, once all pieces of this one are applied.
    pub token: String,
    /// Whether it is the last piece.
    pub is_last: bool,
    /// Whether everything is being read: what no piece names does not exist any more.
    pub is_full: bool,
    /// Whether deletions are among the changes. Whoever may not see them has to read everything from time to time.
    pub sees_deletions: bool,
}

impl MirrorBatch {
    /// The last piece of a reading that sees deletions.
    pub const fn new(token: String, is_full: bool, changes: Vec<MirrorChange>) -> Self {
        Self { changes, token, is_last: true, is_full, sees_deletions: true }
    }
}

/// What has become of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MirrorChange {
    /// Which.
    pub guid: ObjectGuid,
    /// What it is, if that was said.
    pub kind: Option<MirrorKind>,
    /// Where it is now; of one that is gone, what the directory keeps it under.
    pub dn: Dn,
    /// Whether it does not exist any more.
    pub gone: bool,
    /// Whether it was made or restored since; in a reading of everything: it exists.
    pub added: bool,
    /// Whether `attributes` is all that it has, and not only what has changed.
    pub whole: bool,
    /// Values as text by LDAP name in lower case; one without values was cleared.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// What is known of its members.
    pub members: MembersRead,
}

impl MirrorChange {
    /// The object is there, and nothing else has changed about it.
    pub const fn new(guid: ObjectGuid, kind: Option<MirrorKind>, dn: Dn) -> Self {
        Self {
            guid,
            kind,
            dn,
            gone: false,
            added: false,
            whole: false,
            attributes: BTreeMap::new(),
            members: MembersRead::Unchanged,
        }
    }
}

/// What is known of the members of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MembersRead {
    /// Nothing has changed.
    #[default]
    Unchanged,
    /// These joined, and those left.
    Changed {
        /// Who joined.
        joined: Vec<ObjectGuid>,
        /// Who left.
        left: Vec<ObjectGuid>,
    },
    /// These are all.
    All(Vec<ObjectGuid>),
}
