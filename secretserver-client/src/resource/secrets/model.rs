//! What the server says of a secret.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::ids::{
    FieldId, FileId, FolderId, ScriptId, SecretId, SecretPolicyId, SecretTemplateId, SiteId, UserId,
    WorkflowMapId, optional,
};
use crate::open_enum::open_enum;
use crate::resource::or_default;
use crate::secret_value::SecretValue;
use crate::time;

open_enum! {
    /// How the last check of the stored password against its machine went.
    HeartbeatStatus {
        /// The password is right.
        Success = "Success",
        /// The password is wrong.
        Failed = "Failed",
        /// Not checked yet.
        Pending = "Pending",
        /// Not checked at all.
        Disabled = "Disabled",
        /// The machine was not reached.
        UnableToConnect = "UnableToConnect",
        /// The account is locked out: says nothing about the password.
        AccountLockedOut = "AccountLockedOut",
        /// Being checked.
        Processing = "Processing",
    }
}

/// A secret with its values.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct Secret {
    /// Its number.
    pub id: SecretId,
    /// Its name. Names need not be unique.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The template it was made from.
    pub secret_template_id: SecretTemplateId,
    /// The template's name.
    #[serde(default)]
    pub secret_template_name: Option<String>,
    /// Its folder, if it is in one.
    #[serde(default, deserialize_with = "optional")]
    pub folder_id: Option<FolderId>,
    /// The site from which its machine is reached.
    #[serde(default, deserialize_with = "optional")]
    pub site_id: Option<SiteId>,
    /// False when it is deactivated.
    #[serde(default, deserialize_with = "or_default")]
    pub active: bool,
    /// Its values.
    #[serde(default, deserialize_with = "or_default")]
    pub items: Vec<Item>,
    /// Whether somebody has it checked out.
    #[serde(default, deserialize_with = "or_default")]
    pub checked_out: bool,
    /// Who has it checked out.
    #[serde(default, deserialize_with = "optional")]
    pub check_out_user_id: Option<UserId>,
    /// Whether it must be checked out to be read.
    #[serde(default, deserialize_with = "or_default")]
    pub check_out_enabled: bool,
    /// Whether check-out, approval, comment or a second lock stand before its values.
    #[serde(default, deserialize_with = "or_default")]
    pub is_restricted: bool,
    /// Whether somebody must approve before it is read.
    #[serde(default, deserialize_with = "or_default")]
    pub requires_approval_for_access: bool,
    /// Whether a comment is due before it is read.
    #[serde(default, deserialize_with = "or_default")]
    pub requires_comment: bool,
    /// For how many minutes it is checked out; 0 or less: as long as the server thinks right.
    #[serde(default, deserialize_with = "or_default")]
    pub check_out_interval_minutes: i32,
    /// Whether checking it in changes the password.
    #[serde(default, deserialize_with = "or_default")]
    pub check_out_change_password_enabled: bool,
    /// Whether the policy is that of the folder.
    #[serde(default, deserialize_with = "or_default")]
    pub enable_inherit_secret_policy: bool,
    /// Whether sessions go through the server.
    #[serde(default, deserialize_with = "or_default")]
    pub proxy_enabled: bool,
    /// Whether sessions are recorded.
    #[serde(default, deserialize_with = "or_default")]
    pub session_recording_enabled: bool,
    /// Whether the browser must be in its private mode.
    #[serde(default, deserialize_with = "or_default")]
    pub web_launcher_requires_incognito_mode: bool,
    /// The secret with which sessions are begun instead.
    #[serde(default, deserialize_with = "optional")]
    pub launcher_connect_as_secret_id: Option<SecretId>,
    /// Whether a second password is due.
    #[serde(default, deserialize_with = "or_default")]
    pub is_double_lock: bool,
    /// Whether the server changes the password by itself.
    #[serde(default, deserialize_with = "or_default")]
    pub auto_change_enabled: bool,
    /// The password of the next automatic change, if one was set.
    #[serde(default)]
    pub auto_change_next_password: Option<SecretValue>,
    /// Whether the permissions are those of the folder.
    #[serde(default, deserialize_with = "or_default")]
    pub enable_inherit_permissions: bool,
    /// The policy that governs it.
    #[serde(default, deserialize_with = "optional")]
    pub secret_policy_id: Option<SecretPolicyId>,
    /// The script that changes it where it is the password of a web site.
    #[serde(default, deserialize_with = "optional")]
    pub password_type_web_script_id: Option<ScriptId>,
    /// Who must approve, and in which order.
    #[serde(default, deserialize_with = "optional")]
    pub access_request_workflow_map_id: Option<WorkflowMapId>,
    /// For how many minutes more it is checked out.
    #[serde(default, deserialize_with = "minutes")]
    pub check_out_minutes_remaining: Option<u32>,
    /// How the last check of the password went.
    #[serde(default)]
    pub last_heart_beat_status: Option<HeartbeatStatus>,
    /// When the password was last checked.
    #[serde(default, deserialize_with = "time::optional")]
    pub last_heart_beat_check: Option<Timestamp>,
    /// When the server last tried to change the password.
    #[serde(default, deserialize_with = "time::optional")]
    pub last_password_change_attempt: Option<Timestamp>,
}

impl Secret {
    /// The value of the field with this slug, compared without case.
    pub fn value(&self, slug: &str) -> Option<&SecretValue> {
        self.items.iter().find(|i| i.slug.eq_ignore_ascii_case(slug)).map(|i| &i.value)
    }
}

/// One value of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Item {
    /// The field's number in the template.
    #[serde(default, deserialize_with = "optional")]
    pub field_id: Option<FieldId>,
    /// The field's name in addresses.
    #[serde(default, deserialize_with = "or_default")]
    pub slug: String,
    /// The field's name for people.
    #[serde(default, deserialize_with = "or_default")]
    pub field_name: String,
    /// The value; empty when the server gives none. For files a placeholder.
    #[serde(rename = "itemValue", default)]
    pub value: SecretValue,
    /// Whether it is a password.
    #[serde(default, deserialize_with = "or_default")]
    pub is_password: bool,
    /// Whether it is free text.
    #[serde(default, deserialize_with = "or_default")]
    pub is_notes: bool,
    /// Whether it is a file.
    #[serde(default, deserialize_with = "or_default")]
    pub is_file: bool,
    /// The name of the file.
    #[serde(default)]
    pub filename: Option<String>,
    /// The number of the file; none while there is no file.
    #[serde(default, deserialize_with = "optional")]
    pub file_attachment_id: Option<FileId>,
}

/// What is known of a secret without its values.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct Summary {
    /// Its number.
    pub id: SecretId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The template it was made from.
    #[serde(default, deserialize_with = "optional")]
    pub secret_template_id: Option<SecretTemplateId>,
    /// The template's name.
    #[serde(default)]
    pub secret_template_name: Option<String>,
    /// Its folder, if it is in one.
    #[serde(default, deserialize_with = "optional")]
    pub folder_id: Option<FolderId>,
    /// The path of its folder. Only newer servers say it.
    #[serde(default)]
    pub folder_path: Option<String>,
    /// The site from which its machine is reached.
    #[serde(default, deserialize_with = "optional")]
    pub site_id: Option<SiteId>,
    /// False when it is deactivated.
    #[serde(default, deserialize_with = "or_default")]
    pub active: bool,
    /// Whether somebody has it checked out.
    #[serde(default, deserialize_with = "or_default")]
    pub checked_out: bool,
    /// Whether it must be checked out to be read.
    #[serde(default, deserialize_with = "or_default")]
    pub check_out_enabled: bool,
    /// Whether something stands before its values.
    #[serde(default, deserialize_with = "or_default")]
    pub is_restricted: bool,
    /// Whether somebody must approve before it is read.
    #[serde(default, deserialize_with = "or_default")]
    pub requires_approval: bool,
    /// Whether a comment is due before it is read.
    #[serde(default, deserialize_with = "or_default")]
    pub requires_comment: bool,
    /// Whether the permissions are those of the folder.
    #[serde(default, deserialize_with = "or_default")]
    pub inherits_permissions: bool,
    /// How the last check of the password went.
    #[serde(default)]
    pub last_heart_beat_status: Option<HeartbeatStatus>,
    /// When it was made.
    #[serde(default, deserialize_with = "time::optional")]
    pub create_date: Option<Timestamp>,
    /// When it was last read.
    #[serde(default, deserialize_with = "time::optional")]
    pub last_accessed: Option<Timestamp>,
    /// Who has it checked out. Only newer servers say it.
    #[serde(default, deserialize_with = "optional")]
    pub check_out_user_id: Option<UserId>,
    /// Whether a second password is due.
    #[serde(default, deserialize_with = "or_default")]
    pub double_lock_enabled: bool,
    /// Whether the server changes the password by itself.
    #[serde(default, deserialize_with = "or_default")]
    pub auto_change_enabled: bool,
    /// Whether the stored password is known not to be the one on the machine.
    #[serde(default, deserialize_with = "or_default")]
    pub is_out_of_sync: bool,
    /// When the server last tried to change the password.
    #[serde(default, deserialize_with = "time::optional")]
    pub last_password_change_attempt: Option<Timestamp>,
    /// What the server has to remark, in its own words.
    #[serde(default, deserialize_with = "crate::lenient::texts")]
    pub response_codes: Vec<String>,
}

/// Minutes; what is less than 0 counts as missing.
pub(super) fn minutes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    Ok(crate::lenient::number(from)?.and_then(|minutes| u32::try_from(minutes).ok()))
}
