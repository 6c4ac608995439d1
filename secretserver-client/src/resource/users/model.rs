//! What the server says of a user.

use jiff::Timestamp;
use serde::Deserialize;

use crate::ids::{DomainId, GroupId, UserId, optional};
use crate::open_enum::open_enum;
use crate::resource::or_default;
use crate::time;

open_enum! {
    /// Where a user comes from, if not from Secret Server or Active Directory.
    ExternalSource {
        /// From nowhere else.
        None = "None",
        /// Thycotic One, later Delinea One.
        ThycoticOne = "ThycoticOne",
        /// Entra ID.
        Azure = "Azure",
        /// The Delinea Platform.
        Platform = "Platform",
    }
}

open_enum! {
    /// The second factor of a user.
    TwoFactorMethod {
        /// No second factor.
        None = "None",
        /// RADIUS.
        Radius = "Radius",
        /// One-time codes of an app.
        Totp = "TOTPAuthenticator",
        /// Duo.
        Duo = "Duo",
        /// A key.
        Fido2 = "Fido2",
        /// Codes by e-mail.
        Email = "Email",
    }
}

open_enum! {
    /// How a user signs in to the SSH terminal.
    UnixAuthentication {
        /// By password.
        Password = "Password",
        /// By key.
        PublicKey = "PublicKey",
        /// By either.
        PasswordOrPublicKey = "PasswordOrPublicKey",
        /// By both.
        PasswordAndPublicKey = "PasswordAndPublicKey",
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct User {
    /// Its number.
    pub id: UserId,
    /// Its sign-in name.
    #[serde(default, deserialize_with = "or_default")]
    pub user_name: String,
    /// Its name for people.
    #[serde(default, deserialize_with = "or_default")]
    pub display_name: String,
    /// Its e-mail address.
    #[serde(default)]
    pub email_address: Option<String>,
    /// Whether it can sign in and uses a licence.
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
    /// Whether it is a program: no user interface, no licence of a person.
    #[serde(default, deserialize_with = "or_default")]
    pub is_application_account: bool,
    /// Whether it is locked out.
    #[serde(default, deserialize_with = "or_default")]
    pub is_locked_out: bool,
    /// Why it is locked out, in the server's words.
    #[serde(default)]
    pub lock_out_reason: Option<String>,
    /// Why it is locked out, in somebody's words.
    #[serde(default)]
    pub lock_out_reason_description: Option<String>,
    /// Failed sign-ins since the last good one.
    #[serde(default, deserialize_with = "or_default")]
    pub login_failures: u32,
    /// The directory domain it comes from; none for a user of Secret Server itself.
    #[serde(default, deserialize_with = "optional")]
    pub domain_id: Option<DomainId>,
    /// Its objectGUID, when it comes from a directory.
    #[serde(default)]
    pub ad_guid: Option<String>,
    /// Where else it comes from.
    #[serde(default)]
    pub external_user_source: Option<ExternalSource>,
    /// The group that has it as its only member. Not set in the answer to a creation.
    #[serde(default, deserialize_with = "optional")]
    pub personal_group_id: Option<GroupId>,
    /// When it was made.
    #[serde(default, deserialize_with = "time::optional")]
    pub created: Option<Timestamp>,
    /// When it last signed in; none: never.
    #[serde(default, deserialize_with = "time::optional")]
    pub last_login: Option<Timestamp>,
    /// When it was last active.
    #[serde(default, deserialize_with = "time::optional")]
    pub last_session_activity: Option<Timestamp>,
    /// When its password was last changed.
    #[serde(default, deserialize_with = "time::optional")]
    pub password_last_changed: Option<Timestamp>,
    /// When its account in the directory expires.
    #[serde(default, deserialize_with = "time::optional")]
    pub ad_account_expires: Option<Timestamp>,
    /// Whether it needs a second factor.
    #[serde(default, deserialize_with = "or_default")]
    pub two_factor: bool,
    /// Whether Duo is its second factor.
    #[serde(default, deserialize_with = "or_default")]
    pub duo_two_factor: bool,
    /// Whether a key is its second factor.
    #[serde(default, deserialize_with = "or_default")]
    pub fido2_two_factor: bool,
    /// Whether codes of an app are its second factor.
    #[serde(default, deserialize_with = "or_default")]
    pub oath_two_factor: bool,
    /// Whether RADIUS is its second factor.
    #[serde(default, deserialize_with = "or_default")]
    pub radius_two_factor: bool,
    /// Its name for RADIUS.
    #[serde(default)]
    pub radius_user_name: Option<String>,
    /// How it signs in to the SSH terminal.
    #[serde(default)]
    pub unix_authentication_method: Option<UnixAuthentication>,
}

/// A user, as lists have it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct UserSummary {
    /// Its number.
    pub id: UserId,
    /// Its sign-in name.
    #[serde(default, deserialize_with = "or_default")]
    pub user_name: String,
    /// Its name for people.
    #[serde(default, deserialize_with = "or_default")]
    pub display_name: String,
    /// Its e-mail address.
    #[serde(default)]
    pub email_address: Option<String>,
    /// Whether it can sign in and uses a licence.
    #[serde(default, deserialize_with = "or_default")]
    pub enabled: bool,
    /// Whether it is a program.
    #[serde(default, deserialize_with = "or_default")]
    pub is_application_account: bool,
    /// Whether it is locked out.
    #[serde(default, deserialize_with = "or_default")]
    pub is_locked_out: bool,
    /// Failed sign-ins since the last good one.
    #[serde(default, deserialize_with = "or_default")]
    pub login_failures: u32,
    /// The directory domain it comes from.
    #[serde(default, deserialize_with = "optional")]
    pub domain_id: Option<DomainId>,
    /// That domain's name.
    #[serde(default)]
    pub domain_name: Option<String>,
    /// Where else it comes from.
    #[serde(default)]
    pub external_user_source: Option<ExternalSource>,
    /// Its second factor.
    #[serde(default)]
    pub two_factor_method: Option<TwoFactorMethod>,
    /// When it was made.
    #[serde(default, deserialize_with = "time::optional")]
    pub created: Option<Timestamp>,
    /// When it last signed in; none: never.
    #[serde(default, deserialize_with = "time::optional")]
    pub last_login: Option<Timestamp>,
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
    /// Its e-mail address.
    #[serde(default)]
    pub email_address: Option<String>,
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

/// A directory domain.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Domain {
    /// Its number; none for Secret Server itself.
    #[serde(default, deserialize_with = "optional")]
    pub domain_id: Option<DomainId>,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub domain_name: String,
}
