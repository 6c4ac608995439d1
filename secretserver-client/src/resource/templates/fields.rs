//! Fields of templates, passwords that fit them, and where templates may be used.

use serde::Deserialize;

use crate::ids::{FieldId, FolderId, SecretTemplateId, optional};
use crate::request::{Path, Query};
use crate::resource::{endpoint, or_default, search_endpoint};
use crate::secret_value::SecretValue;

/// What newer servers say of a template. Its fields are found by [`SearchFields`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct TemplateDetails {
    /// Its number.
    pub id: SecretTemplateId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// What people should know.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether secrets can be made from it.
    #[serde(default, deserialize_with = "or_default")]
    pub active: bool,
    /// The regular expression that names of secrets must fit.
    #[serde(default)]
    pub name_pattern: Option<String>,
    /// What people are told whose name does not.
    #[serde(default)]
    pub name_pattern_error_message: Option<String>,
    /// Whether passwords of new secrets must meet its requirements.
    #[serde(default, deserialize_with = "or_default")]
    pub validate_password_requirements_on_create: bool,
    /// Whether changed passwords must.
    #[serde(default, deserialize_with = "or_default")]
    pub validate_password_requirements_on_edit: bool,
    /// After how many days secrets expire.
    #[serde(default)]
    pub expiration_days: Option<i32>,
    /// The field that must change when they do.
    #[serde(default, deserialize_with = "optional")]
    pub expiration_change_required_on_field_id: Option<FieldId>,
    /// Whether it has one-time codes.
    #[serde(default, deserialize_with = "or_default")]
    pub one_time_password_enabled: bool,
    /// How many secrets were made from it.
    #[serde(default)]
    pub secret_count: i32,
}

endpoint! {
    /// `GET /v2/secret-templates/{secretTemplateId}`. From 11.0 on.
    #[derive(Clone, Copy, Debug)]
    pub struct GetTemplateDetails {
        /// Which.
        pub id: SecretTemplateId,
    }
    "templates.details": Get => TemplateDetails;
    path = |e| Path::api("v2/secret-templates").id(e.id);
}

/// A field of a template, as newer servers say it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct FieldSummary {
    /// Its number.
    pub id: FieldId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its name in addresses.
    #[serde(default, deserialize_with = "or_default")]
    pub slug_name: String,
    /// What sort it is, in the server's words.
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    /// Whether new secrets have it.
    #[serde(default, deserialize_with = "or_default")]
    pub active: bool,
    /// Whether a secret must have a value for it.
    #[serde(default, deserialize_with = "or_default")]
    pub required: bool,
    /// Whether it can be searched in.
    #[serde(default, deserialize_with = "or_default")]
    pub searchable: bool,
    /// Whether lists can show it.
    #[serde(default, deserialize_with = "or_default")]
    pub expose_for_display: bool,
    /// Whether one must be able to change a secret to see it.
    #[serde(default, deserialize_with = "or_default")]
    pub viewing_requires_edit: bool,
    /// Its place among the others.
    #[serde(default)]
    pub sort_order: i32,
}

/// Which fields to find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldFilter {
    /// Only of this template.
    pub secret_template_id: Option<SecretTemplateId>,
    /// Also those that new secrets do not have.
    pub include_inactive: bool,
}

impl FieldFilter {
    /// Fields of this template that new secrets have.
    pub fn of(template: SecretTemplateId) -> Self {
        Self { secret_template_id: Some(template), include_inactive: false }
    }

    fn query(self) -> Query {
        Query::new()
            .with_some("filter.secretTemplateId", self.secret_template_id)
            .with_flag("filter.includeInactive", self.include_inactive)
    }
}

search_endpoint! {
    /// One page of `GET /v1/secret-templates/fields/search`.
    pub struct SearchFields(FieldFilter);
    "templates.fields" => FieldSummary;
    path = |_| Path::api("v1/secret-templates/fields/search");
    sort = crate::resource::sort::ID;
}

endpoint! {
    /// `POST /v1/secret-templates/generate-password/{secretfieldId}`: a password that meets the field's requirements, as a bare JSON string.
    /// Nothing changes, so it is repeated like a read. Since 10.3.
    #[derive(Clone, Copy, Debug)]
    pub struct GeneratePassword {
        /// For which field.
        pub field: FieldId,
    }
    "templates.generate_password": Post => SecretValue;
    path = |e| Path::api("v1/secret-templates/generate-password").id(e.field);
    idempotent = |_| true;
}

/// A template that the caller can use.
pub type Usable = crate::resource::folders::AllowedTemplate;

endpoint! {
    /// `GET /v1/templates/{folderId}`: the templates that secrets in a folder may be made from.
    #[derive(Clone, Copy, Debug)]
    pub struct ListUsable {
        /// In which folder.
        pub folder: FolderId,
    }
    "templates.usable": Get => Vec<Usable>;
    path = |e| Path::api("v1/templates").id(e.folder);
    decode = one_or_many;
}

/// The document says that one template is answered, and the operation's name says that it is a list: both are read.
fn one_or_many(reply: &crate::request::Reply) -> Result<Vec<Usable>, crate::request::DecodeError> {
    if reply.bytes().trim_ascii_start().starts_with(b"[") {
        reply.json()
    } else {
        reply.json().map(|one| vec![one])
    }
}
