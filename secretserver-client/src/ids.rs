//! Numbers that name things. Each kind of thing has its own type, and none of them can hold 0 or less.
//!
//! So a number cannot get into the place of another:
//!
//! ```compile_fail,E0277
//! # async fn run(client: &secretserver_client::Client, user: secretserver_client::UserId) {
//! client.secrets().get(user).await; // a user is no secret
//! # }
//! ```
//! ```compile_fail,E0277
//! # async fn run(client: &secretserver_client::Client) {
//! client.secrets().get(-1).await; // nothing has this number: SecretId::new says so
//! # }
//! ```

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer};

/// A number that cannot name anything: Secret Server's ids are between 1 and 2147483647.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no id: ids are between 1 and 2147483647")]
pub struct InvalidId(i64);

fn checked(value: i64) -> Result<NonZeroU32, InvalidId> {
    i32::try_from(value)
        .ok()
        .and_then(|v| u32::try_from(v).ok())
        .and_then(NonZeroU32::new)
        .ok_or(InvalidId(value))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The id with this number.
            ///
            /// # Errors
            /// When it is not between 1 and 2147483647.
            pub fn new(value: i64) -> Result<Self, InvalidId> {
                checked(value).map(Self)
            }

            /// The number.
            pub const fn get(self) -> u32 {
                self.0.get()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl TryFrom<i64> for $name {
            type Error = InvalidId;
            fn try_from(value: i64) -> Result<Self, InvalidId> {
                Self::new(value)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.parse::<i64>().map_err(|_| InvalidId(0)).and_then(Self::new)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Self::new(i64::deserialize(from)?).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// Names a secret.
    SecretId,
    /// Names a folder.
    FolderId,
    /// Names a secret template.
    SecretTemplateId,
    /// Names a field of a secret template.
    FieldId,
    /// Names a site, that is a place from which engines reach machines. 1 is `Local`.
    SiteId,
    /// Names a user.
    UserId,
    /// Names a group.
    GroupId,
    /// Names a secret policy.
    SecretPolicyId,
    /// Names a role, also one that a right on a folder, a secret or a template is.
    RoleId,
    /// Names a directory domain. Users of Secret Server itself have none.
    DomainId,
    /// Names the right that somebody has on a folder.
    FolderPermissionId,
    /// Names the right that somebody has on a secret.
    SecretPermissionId,
    /// Names a dependency: a place where a secret's password is used.
    DependencyId,
    /// Names a group of dependencies.
    DependencyGroupId,
    /// Names a template of dependencies.
    DependencyTemplateId,
    /// Names a kind of dependency.
    DependencyTypeId,
    /// Names a script.
    ScriptId,
    /// Names the account of an SDK client.
    SdkClientId,
    /// Names a ticket system.
    TicketSystemId,
    /// Names a file that is kept in a secret.
    FileId,
    /// Names the use of an approval workflow by a secret.
    WorkflowMapId,
}

/// Reads an id that may be missing: the server writes `null`, `0` or `-1` for "none".
pub(crate) fn optional<'de, D, I>(from: D) -> Result<Option<I>, D::Error>
where
    D: Deserializer<'de>,
    I: TryFrom<i64, Error = InvalidId>,
{
    match Option::<i64>::deserialize(from)? {
        None => Ok(None),
        Some(none) if none <= 0 => Ok(None),
        Some(value) => I::try_from(value).map(Some).map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positive_numbers_are_ids() {
        for bad in [0, -1, i64::MIN, i64::MAX, 2_147_483_648] {
            assert_eq!(SecretId::new(bad), Err(InvalidId(bad)));
            assert!(serde_json::from_str::<SecretId>(&bad.to_string()).is_err());
        }
        assert_eq!(SecretId::new(2_147_483_647).unwrap().get(), 2_147_483_647);
        assert_eq!(serde_json::to_string(&SecretId::new(7).unwrap()).unwrap(), "7");
    }

    #[test]
    fn none_is_written_in_three_ways() {
        #[derive(Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "optional")]
            folder: Option<FolderId>,
        }
        for none in [r#"{"folder":-1}"#, r#"{"folder":0}"#, r#"{"folder":null}"#, "{}"] {
            assert_eq!(serde_json::from_str::<Row>(none).unwrap().folder, None);
        }
        assert_eq!(serde_json::from_str::<Row>(r#"{"folder":3}"#).unwrap().folder, FolderId::new(3).ok());
    }
}
