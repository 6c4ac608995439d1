//! Secret templates: which fields a secret has.

mod fields;
mod permissions;

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::ids::{FieldId, FolderId, SecretTemplateId, optional};
use crate::page::{Page, Pager};
use crate::request::{Endpoint, Method, Path, Query};
use crate::resource::roles::NamedRole;
use crate::resource::{or_default, paging};
use crate::secret_value::SecretValue;
pub use fields::{
    FieldFilter, FieldSummary, GeneratePassword, GetTemplateDetails, ListUsable, SearchFields,
    TemplateDetails, Usable,
};
pub use permissions::{
    Assignment, GroupedPermission, ListTemplateRoles, SearchGroupedPermissions, SearchTemplatePermissions,
    SecretTypeFilter, TemplatePermission, TemplatePermissionFilter,
};

/// The operations on secret templates. See [`Client::templates`].
///
/// For every method: dropping its future abandons the wait; nothing on the server changes.
///
/// ```
/// # async fn run(client: &secretserver_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let template = client.templates().get(secretserver_client::SecretTemplateId::new(6001)?).await?;
/// if let Some(field) = template.field("password").and_then(|f| f.secret_template_field_id) {
///     let password = client.templates().generate_password(field).await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Templates<'c>(pub(crate) &'c Client);

impl Templates<'_> {
    /// Reads a template with its fields.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied): denied or absent. Otherwise see [`ErrorKind`](crate::ErrorKind).
    pub async fn get(&self, id: SecretTemplateId) -> Result<Template, Error> {
        self.0.request(GetTemplate { id }).await
    }

    /// Reads what newer servers say of a template. Needs Secret Server 11.
    ///
    /// # Errors
    /// As for [`Templates::get`].
    pub async fn details(&self, id: SecretTemplateId) -> Result<TemplateDetails, Error> {
        self.0.request(GetTemplateDetails { id }).await
    }

    /// Finds fields of templates, in order of their ids. Only newer servers know it.
    pub fn fields(&self, filter: FieldFilter) -> Pager<FieldSummary> {
        SearchFields::pager(self.0, filter)
    }

    /// Has the server make a password that meets a field's requirements. It is not kept anywhere. Needs Secret Server 10.3.
    ///
    /// # Errors
    /// As for [`Templates::get`].
    pub async fn generate_password(&self, field: FieldId) -> Result<SecretValue, Error> {
        self.0.request(GeneratePassword { field }).await
    }

    /// The templates that secrets in a folder may be made from.
    ///
    /// # Errors
    /// As for [`Templates::get`].
    pub async fn usable_in(&self, folder: FolderId) -> Result<Vec<Usable>, Error> {
        self.0.request(ListUsable { folder }).await
    }

    /// Who has rights on templates, one by one.
    pub fn permissions(&self, filter: TemplatePermissionFilter) -> Pager<TemplatePermission> {
        SearchTemplatePermissions::pager(self.0, filter.into())
    }

    /// Who has rights on templates, right by right. Only newer servers know it.
    pub fn grouped_permissions(&self, filter: TemplatePermissionFilter) -> Pager<GroupedPermission> {
        SearchGroupedPermissions::pager(self.0, filter)
    }

    /// The rights that one can have on templates.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn roles(&self) -> Result<Vec<NamedRole>, Error> {
        self.0.request(ListTemplateRoles).await
    }

    /// Finds templates whose name has this text in it, in order of their ids. An empty text finds all.
    pub fn search(&self, text: &str, include_inactive: bool) -> Pager<TemplateSummary> {
        let text = text.to_owned();
        crate::resource::search(self.0, move |skip, take| SearchTemplates {
            text: text.clone(),
            include_inactive,
            skip,
            take,
        })
    }
}

/// A template with its fields.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Template {
    /// Its number.
    pub id: SecretTemplateId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its fields.
    #[serde(default, deserialize_with = "or_default")]
    pub fields: Vec<TemplateField>,
}

impl Template {
    /// The field with this slug, compared without case.
    pub fn field(&self, slug: &str) -> Option<&TemplateField> {
        self.fields.iter().find(|f| f.field_slug_name.eq_ignore_ascii_case(slug))
    }
}

/// One field of a template.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes a field so")]
pub struct TemplateField {
    /// Its number.
    #[serde(default, deserialize_with = "optional")]
    pub secret_template_field_id: Option<FieldId>,
    /// Its name in addresses.
    #[serde(default, deserialize_with = "or_default")]
    pub field_slug_name: String,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Whether a secret must have a value for it.
    #[serde(default, deserialize_with = "or_default")]
    pub is_required: bool,
    /// Whether it is a password.
    #[serde(default, deserialize_with = "or_default")]
    pub is_password: bool,
    /// Whether it is free text.
    #[serde(default, deserialize_with = "or_default")]
    pub is_notes: bool,
    /// Whether it is a file.
    #[serde(default, deserialize_with = "or_default")]
    pub is_file: bool,
    /// Whether it is a list.
    #[serde(default, deserialize_with = "or_default")]
    pub is_list: bool,
}

/// A template without its fields.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TemplateSummary {
    /// Its number.
    pub id: SecretTemplateId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Whether secrets can be made from it.
    #[serde(default, deserialize_with = "or_default")]
    pub active: bool,
}

/// `GET /v1/secret-templates/{id}`.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct GetTemplate {
    /// Which.
    pub id: SecretTemplateId,
}

impl Endpoint for GetTemplate {
    const OPERATION: &'static str = "templates.get";
    const METHOD: Method = Method::Get;
    type Response = Template;

    fn path(&self) -> Path {
        Path::api("v1/secret-templates").id(self.id)
    }
}

/// One page of `GET /v1/secret-templates`.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "see GetTemplate")]
pub struct SearchTemplates {
    /// Part of the name.
    pub text: String,
    /// Also those that secrets cannot be made from.
    pub include_inactive: bool,
    /// Where the page begins.
    pub skip: u32,
    /// How many entries.
    pub take: u32,
}

impl Endpoint for SearchTemplates {
    const OPERATION: &'static str = "templates.search";
    const METHOD: Method = Method::Get;
    type Response = Page<TemplateSummary>;

    fn path(&self) -> Path {
        Path::api("v1/secret-templates")
    }

    fn query(&self) -> Query {
        let query = Query::new()
            .with_some("filter.searchText", Some(&self.text).filter(|t| !t.is_empty()))
            .with_flag("filter.includeInactive", self.include_inactive);
        paging(query, self.skip, self.take, crate::resource::sort::ID)
    }
}
