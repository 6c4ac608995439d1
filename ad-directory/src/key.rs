//! By what an object is looked up.

use std::fmt;

use crate::{Dn, GroupName, Marker, ObjectGuid, SamAccountName, Sid, UserPrincipalName};

/// By what an account is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountKey {
    /// Its identity, which never changes.
    Guid(ObjectGuid),
    /// Its security identifier, which changes only when it moves to another domain.
    Sid(Sid),
    /// Its sign-in name.
    SamAccountName(SamAccountName),
    /// Its principal name.
    UserPrincipalName(UserPrincipalName),
    /// Where it is now.
    Dn(Dn),
    /// Its marker. The attribute is not indexed, so the search goes below one container only.
    Marker {
        /// The marker to look for.
        marker: Marker,
        /// The container to search, with all that is below it.
        below: Dn,
    },
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guid(guid) => guid.fmt(f),
            Self::Sid(sid) => sid.fmt(f),
            Self::SamAccountName(name) => name.fmt(f),
            Self::UserPrincipalName(name) => name.fmt(f),
            Self::Dn(dn) => dn.fmt(f),
            Self::Marker { marker, below } => write!(f, "marker {marker} below {below}"),
        }
    }
}

/// By what a group is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupKey {
    /// Its identity, which never changes.
    Guid(ObjectGuid),
    /// Where it is now.
    Dn(Dn),
    /// Its `sAMAccountName`.
    SamAccountName(GroupName),
}

impl fmt::Display for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guid(guid) => guid.fmt(f),
            Self::Dn(dn) => dn.fmt(f),
            Self::SamAccountName(name) => name.fmt(f),
        }
    }
}

macro_rules! from {
    ($($key:ident::$variant:ident($type:ty)),* $(,)?) => {
        $(impl From<$type> for $key {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        })*
    };
}

from!(
    AccountKey::Guid(ObjectGuid),
    AccountKey::Sid(Sid),
    AccountKey::SamAccountName(SamAccountName),
    AccountKey::UserPrincipalName(UserPrincipalName),
    AccountKey::Dn(Dn),
    GroupKey::Guid(ObjectGuid),
    GroupKey::Dn(Dn),
    GroupKey::SamAccountName(GroupName),
);
