//! Creating a secret. `POST /v1/secrets`.

use serde::Serialize;

use crate::ids::{FolderId, SecretTemplateId, SiteId};
use crate::request::{EncodeError, Endpoint, Method, Path, Payload};
use crate::resource::secrets::Secret;
use crate::secret_value::{SecretValue, exposed};

/// A secret that is to be made.
///
/// ```
/// # use secretserver_client::{FolderId, SecretTemplateId, SiteId};
/// use secretserver_client::resource::secrets::NewSecret;
/// # fn run() -> Result<(), secretserver_client::InvalidId> {
/// let secret = NewSecret::new("svc-web.corp", SecretTemplateId::new(6001)?)
///     .folder(FolderId::new(7)?)
///     .site(SiteId::new(1)?)
///     .item("username", "svc-web")
///     .item("password", "correct horse");
/// assert!(!format!("{secret:?}").contains("horse"));
/// # Ok(()) }
/// # run().unwrap();
/// ```
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewSecret {
    /// Its name.
    pub name: String,
    /// The template to make it from.
    pub secret_template_id: SecretTemplateId,
    /// The folder to put it in. Most servers want one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder_id: Option<FolderId>,
    /// The site from which its machine is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
    /// Its values. The server wants the list even when it is empty.
    pub items: Vec<Item>,
    /// Whether the server changes the password by itself; the template's choice if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_change_enabled: Option<bool>,
    /// Whether the permissions are those of the folder; the server's choice if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_inherit_permissions: Option<bool>,
}

/// One value of a secret that is to be made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Item {
    /// The field's name in addresses.
    pub slug: String,
    /// The value.
    #[serde(rename = "itemValue", serialize_with = "exposed")]
    pub value: SecretValue,
}

impl NewSecret {
    /// A secret with this name, from this template.
    pub fn new(name: impl Into<String>, template: SecretTemplateId) -> Self {
        Self {
            name: name.into(),
            secret_template_id: template,
            folder_id: None,
            site_id: None,
            items: Vec::new(),
            auto_change_enabled: None,
            enable_inherit_permissions: None,
        }
    }

    /// Puts it into this folder.
    #[must_use]
    pub fn folder(mut self, folder: FolderId) -> Self {
        self.folder_id = Some(folder);
        self
    }

    /// Reaches its machine from this site.
    #[must_use]
    pub fn site(mut self, site: SiteId) -> Self {
        self.site_id = Some(site);
        self
    }

    /// Adds a value.
    #[must_use]
    pub fn item(mut self, slug: impl Into<String>, value: impl Into<SecretValue>) -> Self {
        self.items.push(Item { slug: slug.into(), value: value.into() });
        self
    }
}

/// Creates a secret. Never repeated: the server has no key by which it could tell a repetition.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are in the new secret")]
pub struct Create(
    /// What to make.
    pub NewSecret,
);

impl Endpoint for Create {
    const OPERATION: &'static str = "secrets.create";
    const METHOD: Method = Method::Post;
    type Response = Secret;

    fn path(&self) -> Path {
        Path::api("v1/secrets")
    }

    fn body(&self) -> Result<Payload, EncodeError> {
        Payload::json(&self.0)
    }
}
