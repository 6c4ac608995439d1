//! Replacing a secret as a whole, and changing what is general about it. `PUT /v1/secrets/{id}`, `PATCH /v2/secrets/{id}/general`.

use serde::{Deserialize, Serialize};

use crate::compat::Feature;
use crate::error::Error;
use crate::ids::{
    FolderId, ScriptId, SecretId, SecretPolicyId, SecretTemplateId, SiteId, WorkflowMapId, optional,
};
use crate::patch::Change;
use crate::request::{Path, Query, Reply};
use crate::resource::secrets::{AccessOptions, HeartbeatStatus, NewItem, Secret, SecretRef, Secrets};
use crate::resource::{endpoint, or_default};

impl Secrets<'_> {
    /// Replaces a secret as a whole. Never sent twice: it can start a change of the password. To change little, use
    /// [`update_field`](Self::update_field) or [`patch`](Self::patch).
    ///
    /// # Errors
    /// As for [`Secrets::update_field`].
    pub async fn replace(&self, secret: SecretUpdate) -> Result<Secret, Error> {
        self.0.request(Replace(secret)).await
    }

    /// Changes what is general about a secret, such as its name or folder. Asks for the server's version once, unless it was stated: before 11.0 the
    /// address is another. Never sent twice.
    ///
    /// # Errors
    /// As for [`Secrets::update_field`].
    pub async fn patch(
        &self,
        id: impl Into<SecretRef> + Send,
        patch: GeneralPatch,
    ) -> Result<General, Error> {
        let id = id.into();
        if self.0.server_version().await?.has(Feature::V2) {
            self.0.request(PatchGeneral { id, patch }).await
        } else {
            self.0.request(PatchGeneralV1 { id, patch }).await
        }
    }
}

/// What a secret shall be. Start from [`SecretUpdate::of`]: what is not sent, the server may reset.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct SecretUpdate {
    /// Which.
    pub id: SecretId,
    /// Its name.
    pub name: String,
    /// Its values. Files are not among them.
    pub items: Vec<NewItem>,
    /// The folder it is in; another one moves it.
    pub folder_id: Option<FolderId>,
    /// The site from which its machine is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
    /// False when it is deactivated.
    pub active: bool,
    /// Whether the server changes the password by itself.
    pub auto_change_enabled: bool,
    /// Whether it must be checked out to be read.
    pub check_out_enabled: bool,
    /// Whether checking it in changes the password.
    pub check_out_change_password_enabled: bool,
    /// For how many minutes it is checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_out_interval_minutes: Option<u32>,
    /// Whether the permissions are those of the folder.
    pub enable_inherit_permissions: bool,
    /// Whether the policy is that of the folder.
    pub enable_inherit_secret_policy: bool,
    /// The policy that governs it.
    pub secret_policy_id: Option<SecretPolicyId>,
    /// Whether a comment is due before it is read.
    pub requires_comment: bool,
    /// Whether sessions go through the server.
    pub proxy_enabled: bool,
    /// Whether sessions are recorded.
    pub session_recording_enabled: bool,
    /// Whether the browser must be in its private mode.
    pub web_launcher_requires_incognito_mode: bool,
    /// The secret with which sessions are begun instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launcher_connect_as_secret_id: Option<SecretId>,
    /// The script that changes it where it is the password of a web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_type_web_script_id: Option<ScriptId>,
    /// Who must approve, and in which order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_request_workflow_map_id: Option<WorkflowMapId>,
    /// How to get past what stands before it; nothing of it is sent if there is none.
    #[serde(flatten)]
    pub access: Option<AccessOptions>,
}

impl SecretUpdate {
    /// Everything as it is. Read the secret with its values first.
    pub fn of(secret: &Secret) -> Self {
        Self {
            id: secret.id,
            name: secret.name.clone(),
            items: secret
                .items
                .iter()
                .filter(|item| !item.is_file)
                .map(|item| NewItem { slug: item.slug.clone(), value: item.value.clone() })
                .collect(),
            folder_id: secret.folder_id,
            site_id: secret.site_id,
            active: secret.active,
            auto_change_enabled: secret.auto_change_enabled,
            check_out_enabled: secret.check_out_enabled,
            check_out_change_password_enabled: secret.check_out_change_password_enabled,
            check_out_interval_minutes: u32::try_from(secret.check_out_interval_minutes)
                .ok()
                .filter(|m| *m > 0),
            enable_inherit_permissions: secret.enable_inherit_permissions,
            enable_inherit_secret_policy: secret.enable_inherit_secret_policy,
            secret_policy_id: secret.secret_policy_id,
            requires_comment: secret.requires_comment,
            proxy_enabled: secret.proxy_enabled,
            session_recording_enabled: secret.session_recording_enabled,
            web_launcher_requires_incognito_mode: secret.web_launcher_requires_incognito_mode,
            launcher_connect_as_secret_id: secret.launcher_connect_as_secret_id,
            password_type_web_script_id: secret.password_type_web_script_id,
            access_request_workflow_map_id: secret.access_request_workflow_map_id,
            access: None,
        }
    }
}

/// `PUT /v1/secrets/{id}`. Not repeated, although it is a PUT: it can start a change of the password on the machine.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the update")]
pub struct Replace(
    /// What it shall be.
    pub SecretUpdate,
);

endpoint! {
    @impl Replace "secrets.replace": Put => Secret;
    path = |e| Path::api("v1/secrets").id(e.0.id);
    body = |e| e.0;
    idempotent = |_| false;
}

/// Which general properties of a secret to change. Values are written by [`UpdateField`](crate::resource::secrets::UpdateField).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(
    clippy::exhaustive_structs,
    reason = "made with `..GeneralPatch::default()`, which non_exhaustive forbids"
)]
pub struct GeneralPatch {
    /// Its name.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub name: Change<String>,
    /// The folder it is in.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub folder: Change<Option<FolderId>>,
    /// The site from which its machine is reached.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub site: Change<Option<SiteId>>,
    /// The template it is made from.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub template: Change<Option<SecretTemplateId>>,
    /// Whether it is active.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub active: Change<bool>,
    /// Whether the password is checked now and then.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub heartbeat_enabled: Change<bool>,
    /// Whether the policy is that of the folder.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub enable_inherit_secret_policy: Change<bool>,
    /// The policy that governs it.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub secret_policy: Change<Option<SecretPolicyId>>,
}

endpoint! {
    /// `PATCH /v2/secrets/{id}/general`. From 11.0 on. Never repeated.
    #[derive(Clone, Debug)]
    pub struct PatchGeneral {
        /// Which.
        pub id: SecretRef,
        /// What to change.
        pub patch: GeneralPatch,
    }
    "secrets.patch": Patch => General;
    path = |e| e.id.segment(Path::api("v2/secrets")).literal("general");
    query = |e| e.id.query(Query::new());
    body = |e| serde_json::json!({ "data": e.patch });
}

endpoint! {
    /// `PATCH /v1/secrets/{id}/general`: the same before 11.0, with each field of the answer wrapped. Never repeated.
    #[derive(Clone, Debug)]
    pub struct PatchGeneralV1 {
        /// Which.
        pub id: SecretRef,
        /// What to change.
        pub patch: GeneralPatch,
    }
    "secrets.patch": Patch => General;
    path = |e| e.id.segment(Path::api("v1/secrets")).literal("general");
    query = |e| e.id.query(Query::new());
    body = |e| serde_json::json!({ "data": e.patch });
    decode = |reply: &Reply| reply.json::<GeneralV1>().map(General::from);
}

/// What is general about a secret, each field with what a page would need to show it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GeneralV1 {
    id: SecretId,
    #[serde(default)]
    name: Option<Shown<Option<String>>>,
    #[serde(default)]
    active: Option<Shown<bool>>,
    #[serde(default)]
    folder: Option<Shown<Option<i64>>>,
    #[serde(default)]
    site: Option<Shown<Option<i64>>>,
    #[serde(default)]
    template: Option<Shown<Option<i64>>>,
    #[serde(default)]
    secret_policy: Option<Shown<Option<i64>>>,
    #[serde(default)]
    heartbeat_enabled: Option<Shown<bool>>,
    #[serde(default)]
    last_heart_beat_status: Option<Shown<Option<HeartbeatStatus>>>,
}

#[derive(Deserialize)]
struct Shown<T> {
    value: T,
}

impl From<GeneralV1> for General {
    fn from(v1: GeneralV1) -> Self {
        fn id<I: TryFrom<i64>>(field: Option<Shown<Option<i64>>>) -> Option<I> {
            field.and_then(|f| f.value).and_then(|value| I::try_from(value).ok())
        }
        Self {
            id: v1.id,
            name: v1.name.and_then(|f| f.value).unwrap_or_default(),
            active: v1.active.is_some_and(|f| f.value),
            folder: id(v1.folder),
            site: id(v1.site),
            template: id(v1.template),
            secret_policy: id(v1.secret_policy),
            heartbeat_enabled: v1.heartbeat_enabled.is_some_and(|f| f.value),
            last_heart_beat_status: v1.last_heart_beat_status.and_then(|f| f.value),
        }
    }
}

/// What is general about a secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct General {
    /// Its number.
    pub id: SecretId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// False when it is deactivated.
    #[serde(default, deserialize_with = "or_default")]
    pub active: bool,
    /// The folder it is in.
    #[serde(default, deserialize_with = "optional")]
    pub folder: Option<FolderId>,
    /// The site from which its machine is reached.
    #[serde(default, deserialize_with = "optional")]
    pub site: Option<SiteId>,
    /// The template it is made from.
    #[serde(default, deserialize_with = "optional")]
    pub template: Option<SecretTemplateId>,
    /// The policy that governs it.
    #[serde(default, deserialize_with = "optional")]
    pub secret_policy: Option<SecretPolicyId>,
    /// Whether the password is checked now and then.
    #[serde(default, deserialize_with = "or_default")]
    pub heartbeat_enabled: bool,
    /// How the last check of the password went.
    #[serde(default)]
    pub last_heart_beat_status: Option<HeartbeatStatus>,
}
