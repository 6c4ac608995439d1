//! What was done to a user. `GET /v1/users/{userId}/audit`.

use jiff::Timestamp;
use serde::Deserialize;

use crate::ids::{UserId, optional};
use crate::request::Path;
use crate::resource::{list_endpoint, or_default};
use crate::time;

/// One thing that was done to a user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserAuditEntry {
    /// What, in the server's words.
    #[serde(default, deserialize_with = "or_default")]
    pub action: String,
    /// When.
    #[serde(default, deserialize_with = "time::optional")]
    pub date_recorded: Option<Timestamp>,
    /// Who did it.
    #[serde(default, deserialize_with = "optional")]
    pub user_id: Option<UserId>,
    /// That one's name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// To whom.
    #[serde(default, deserialize_with = "optional")]
    pub user_id_affected: Option<UserId>,
    /// That one's name.
    #[serde(default)]
    pub display_name_affected: Option<String>,
    /// More about it.
    #[serde(default)]
    pub notes: Option<String>,
    /// From where.
    #[serde(default)]
    pub ip_address: Option<String>,
    /// From which machine.
    #[serde(default)]
    pub machine_name: Option<String>,
}

list_endpoint! {
    /// One page of `GET /v1/users/{userId}/audit`.
    pub struct ListUserAudit(UserId);
    "users.audit" => UserAuditEntry;
    path = |e| Path::api("v1/users").id(e.id).literal("audit");
    sort = crate::resource::sort::DATE;
}
