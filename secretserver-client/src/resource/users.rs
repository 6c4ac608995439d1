//! Users.

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::ids::UserId;
use crate::request::{Endpoint, Method, Path};
use crate::resource::or_default;

/// The operations on users. See [`Client::users`].
#[derive(Clone, Copy, Debug)]
pub struct Users<'c>(pub(crate) &'c Client);

impl Users<'_> {
    /// Who the client is signed in as, and what it may do. Dropping the future abandons the wait; nothing on the server changes.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn current(&self) -> Result<CurrentUser, Error> {
        self.0.request(GetCurrentUser).await
    }
}

/// The user of the token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CurrentUser {
    /// Its number.
    pub id: UserId,
    /// Its sign-in name.
    #[serde(default, deserialize_with = "or_default")]
    pub user_name: String,
    /// Its name for people.
    #[serde(default, deserialize_with = "or_default")]
    pub display_name: String,
    /// The permissions of its roles.
    #[serde(default, deserialize_with = "or_default")]
    pub permissions: Vec<RolePermission>,
}

impl CurrentUser {
    /// Whether one of its roles has this permission, such as `Add Secret`.
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.iter().any(|p| p.name.eq_ignore_ascii_case(permission))
    }
}

/// A permission of a role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RolePermission {
    /// Its name, such as `Add Secret`.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
}

/// `GET /v1/users/current`.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the operation has no arguments")]
pub struct GetCurrentUser;

impl Endpoint for GetCurrentUser {
    const OPERATION: &'static str = "users.current";
    const METHOD: Method = Method::Get;
    type Response = CurrentUser;

    fn path(&self) -> Path {
        Path::api("v1/users/current")
    }
}
