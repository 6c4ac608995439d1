//! What stands before a secret, as the server says it. `GET /v1/secrets/{id}/state`.

use jiff::Timestamp;
use serde::Deserialize;

use super::model::minutes;
use crate::ids::{SecretId, UserId, optional};
use crate::open_enum::open_enum;
use crate::resource::or_default;
use crate::time;

open_enum! {
    /// What stands between the caller and the values of a secret.
    AccessState {
        /// Nothing.
        None = "None",
        /// Somebody must approve.
        RequiresApproval = "RequiresApproval",
        /// It must be checked out.
        RequiresCheckout = "RequiresCheckout",
        /// A comment is due.
        RequiresComment = "RequiresComment",
        /// A second password is due.
        RequiresDoubleLockPassword = "RequiresDoubleLockPassword",
        /// A second password must be made first.
        CreateDoubleLockPassword = "CreateDoubleLockPassword",
        /// No access to the second lock.
        DoubleLockNoAccess = "DoubleLockNoAccess",
        /// No right to view.
        CannotView = "CannotView",
        /// It is deactivated.
        RequiresUndelete = "RequiresUndelete",
        /// Its password is being changed.
        RequiresCheckoutPendingRpc = "RequiresCheckoutPendingRPC",
        /// It must be checked out, with a comment.
        RequiresCheckoutAndComment = "RequiresCheckoutAndComment",
        /// A second factor is due.
        RequiresMfaChallenge = "RequiresMfaChallenge",
    }
}

/// Whether a secret can be read as it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct State {
    /// Of which secret.
    #[serde(default, deserialize_with = "optional")]
    pub id: Option<SecretId>,
    /// What stands before its values.
    pub secret_state: AccessState,
    /// Whether somebody has it checked out.
    #[serde(default, deserialize_with = "or_default")]
    pub is_checked_out: bool,
    /// Whether the caller has it checked out.
    #[serde(default, deserialize_with = "or_default")]
    pub is_checked_out_by_current_user: bool,
    /// Who has it checked out.
    #[serde(default, deserialize_with = "optional")]
    pub checked_out_user_id: Option<UserId>,
    /// That one's name for people.
    #[serde(default)]
    pub checked_out_user_display_name: Option<String>,
    /// For how many minutes more it is checked out.
    #[serde(default, deserialize_with = "minutes")]
    pub check_out_minutes_remaining: Option<u32>,
    /// For how many minutes a check-out lasts.
    #[serde(default, deserialize_with = "minutes")]
    pub check_out_interval_minutes: Option<u32>,
    /// Whether its password is to be changed, or is being changed.
    #[serde(default, deserialize_with = "or_default")]
    pub password_change_pending: bool,
    /// When the approval that the caller has ends.
    #[serde(default, deserialize_with = "time::optional")]
    pub approval_end: Option<Timestamp>,
    /// False when it is deactivated. Only newer servers say it.
    #[serde(default)]
    pub is_active: Option<bool>,
    /// The caller's role on the secret.
    #[serde(default)]
    pub role: Option<String>,
    /// What the caller may do with it, in the server's words.
    #[serde(default, deserialize_with = "or_default")]
    pub actions: Vec<String>,
}
