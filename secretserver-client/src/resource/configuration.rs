//! How the server is configured. `GET /v2/configuration/general`. Only settings that matter to a client are read; its passwords are not.

use serde::Deserialize;

use crate::lenient;
use crate::open_enum::open_enum;
use crate::request::{Path, Query};
use crate::resource::{endpoint, or_default};

/// The part of the server's configuration that matters to clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Configuration {
    /// About sessions and web services.
    #[serde(default, deserialize_with = "or_default")]
    pub application_settings: ApplicationSettings,
    /// About folders.
    #[serde(default, deserialize_with = "or_default")]
    pub folders: FolderSettings,
    /// What passwords of users of Secret Server itself must be like.
    #[serde(default, deserialize_with = "or_default")]
    pub local_user_passwords: PasswordSettings,
    /// About names and rights.
    #[serde(default, deserialize_with = "or_default")]
    pub permission_options: PermissionSettings,
    /// About secrets in general.
    #[serde(default, deserialize_with = "or_default")]
    pub user_experience: SecretSettings,
}

/// About sessions and web services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct ApplicationSettings {
    /// Whether this API works at all.
    #[serde(default, deserialize_with = "or_default")]
    pub enable_web_services: bool,
    /// Whether only application accounts may sign in to this API directly.
    #[serde(default, deserialize_with = "or_default")]
    pub prevent_direct_api_authentication: bool,
    /// Whether tokens can be renewed by refresh tokens.
    #[serde(default, deserialize_with = "or_default")]
    pub api_refresh_tokens_enabled: bool,
    /// How often.
    #[serde(default, deserialize_with = "lenient::number")]
    pub maximum_token_refreshes_allowed: Option<i64>,
    /// Whether tokens never end.
    #[serde(default, deserialize_with = "or_default")]
    pub api_session_timeout_unlimited: bool,
    /// How long a token is valid: days, to which hours and minutes are added.
    #[serde(default, deserialize_with = "lenient::number")]
    pub api_session_timeout_days: Option<i64>,
    /// The hours.
    #[serde(default, deserialize_with = "lenient::number")]
    pub api_session_timeout_hours: Option<i64>,
    /// The minutes.
    #[serde(default, deserialize_with = "lenient::number")]
    pub api_session_timeout_minutes: Option<i64>,
    /// The address that the server gives itself.
    #[serde(default, deserialize_with = "lenient::text")]
    pub custom_url: Option<String>,
}

/// About folders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FolderSettings {
    /// Whether everybody has a folder of their own.
    #[serde(default, deserialize_with = "or_default")]
    pub enable_personal_folders: bool,
    /// The name of the folder in which those are.
    #[serde(default, deserialize_with = "lenient::text")]
    pub personal_folder_name: Option<String>,
    /// Whether one must see all folders above one to see it.
    #[serde(default, deserialize_with = "or_default")]
    pub require_view_folder_permission: bool,
}

/// What passwords of users of Secret Server itself must be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct PasswordSettings {
    /// At least so many characters.
    #[serde(default, deserialize_with = "lenient::number")]
    pub password_minimum_length: Option<i64>,
    /// A small letter.
    #[serde(default, deserialize_with = "or_default")]
    pub password_require_lowercase: bool,
    /// A capital.
    #[serde(default, deserialize_with = "or_default")]
    pub password_require_uppercase: bool,
    /// A digit.
    #[serde(default, deserialize_with = "or_default")]
    pub password_require_numbers: bool,
    /// Another character.
    #[serde(default, deserialize_with = "or_default")]
    pub password_require_symbols: bool,
}

open_enum! {
    /// Which rights a new secret gets.
    DefaultPermissions {
        /// Those of its folder.
        Inherit = "InheritsPermissions",
        /// A copy of those of its folder.
        CopyFromFolder = "CopyFromFolder",
        /// Only for whoever made it.
        OnlyCreator = "OnlyAllowCreator",
    }
}

/// About names and rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PermissionSettings {
    /// Whether two secrets of a folder may have the same name.
    #[serde(default)]
    pub allow_duplicate_secret_names: Option<bool>,
    /// Which rights a new secret gets.
    #[serde(default)]
    pub default_secret_permissions: Option<DefaultPermissions>,
}

/// About secrets in general.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecretSettings {
    /// Whether each secret must be in a folder.
    #[serde(default)]
    pub require_folder_for_secret: Option<bool>,
    /// For how many minutes a secret that was read stays readable without another comment or approval.
    #[serde(default, deserialize_with = "lenient::number")]
    pub secret_view_interval_minutes: Option<i64>,
    /// The server's time zone.
    #[serde(default, deserialize_with = "lenient::text")]
    pub server_time_zone_id: Option<String>,
}

endpoint! {
    /// `GET /v2/configuration/general`. Needs the role permission *View Configuration*.
    #[derive(Clone, Copy, Debug)]
    pub struct GetConfiguration;
    "system.configuration": Get => Configuration;
    path = |_| Path::api("v2/configuration/general");
    query = |_| Query::new()
        .with("loadApplicationSettings", true)
        .with("loadFolders", true)
        .with("loadLocalUserPasswords", true)
        .with("loadPermissionOptions", true)
        .with("loadUserExperience", true);
}
