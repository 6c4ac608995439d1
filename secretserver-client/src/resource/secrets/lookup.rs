//! Names of secrets, what was done to them, a new one as the server would fill it in, and the reads under their addresses of version 2.

use jiff::Timestamp;
use serde::Deserialize;

use crate::ids::{FolderId, SecretId, SecretTemplateId, SiteId, optional};
use crate::page::Page;
use crate::request::{Endpoint, Method, Path, Query};
use crate::resource::secrets::{Item, ReadOptions, SearchFilter, Secret, SecretRef, Summary};
use crate::resource::{Lookup, endpoint, or_default, paging, search_endpoint, sort};
use crate::time;

/// One page of `GET /v1/secrets/lookup`.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "its arguments are those of the server's operation; more go into the filter"
)]
pub struct LookupSecrets {
    /// What to find.
    pub filter: std::sync::Arc<SearchFilter>,
    /// Where the page begins.
    pub skip: u32,
    /// How many entries.
    pub take: u32,
}

impl Endpoint for LookupSecrets {
    const OPERATION: &'static str = "secrets.lookup";
    const METHOD: Method = Method::Get;
    type Response = Page<Lookup<SecretId>>;

    fn path(&self) -> Path {
        Path::api("v1/secrets/lookup")
    }

    fn query(&self) -> Query {
        paging(self.filter.lookup_query(), self.skip, self.take, sort::ID)
    }
}

endpoint! {
    /// `GET /v1/secrets/lookup/{id}`: the name of a secret, without a record of its being read.
    #[derive(Clone, Debug)]
    pub struct GetName {
        /// Which.
        pub id: SecretRef,
    }
    "secrets.name": Get => Lookup<SecretId>;
    path = |e| e.id.segment(Path::api("v1/secrets/lookup"));
    query = |e| e.id.query(Query::new());
}

search_endpoint! {
    /// One page of `GET /v2/secrets`. From 11.0 on; the same as [`Search`](crate::resource::secrets::Search).
    pub struct SearchV2(SearchFilter);
    "secrets.search_v2" => Summary;
    path = |_| Path::api("v2/secrets");
    sort = sort::ID;
}

endpoint! {
    /// `GET /v2/secrets/{id}`. From 11.0 on; the same as [`GetSecret`](crate::resource::secrets::GetSecret).
    #[derive(Clone, Debug)]
    pub struct GetSecretV2 {
        /// Which.
        pub id: SecretRef,
        /// How.
        pub options: ReadOptions,
    }
    "secrets.get_v2": Get => Secret;
    path = |e| e.id.segment(Path::api("v2/secrets"));
    query = |e| e.id.query(e.options.query());
    idempotent = |e| e.options.no_auto_checkout;
}

/// A new secret as the server would fill it in. It has no number yet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stub {
    /// The template it would be made from.
    #[serde(default, deserialize_with = "optional")]
    pub secret_template_id: Option<SecretTemplateId>,
    /// The folder it would be in.
    #[serde(default, deserialize_with = "optional")]
    pub folder_id: Option<FolderId>,
    /// The site from which its machine would be reached.
    #[serde(default, deserialize_with = "optional")]
    pub site_id: Option<SiteId>,
    /// Its fields, with the values that they would have.
    #[serde(deserialize_with = "or_default")]
    pub items: Vec<Item>,
    /// Whether the permissions would be those of the folder.
    #[serde(default, deserialize_with = "or_default")]
    pub enable_inherit_permissions: bool,
    /// Whether the server would change the password by itself.
    #[serde(default, deserialize_with = "or_default")]
    pub auto_change_enabled: bool,
}

endpoint! {
    /// `GET /v1/secrets/stub`. That it succeeds is the nearest there is to asking whether a secret could be made there.
    #[derive(Clone, Copy, Debug)]
    pub struct GetStub {
        /// From which template.
        pub template: SecretTemplateId,
        /// In which folder. Servers that want a folder refuse without one, with the code `API_FolderIdRequired`.
        pub folder: Option<FolderId>,
    }
    "secrets.stub": Get => Stub;
    path = |_| Path::api("v1/secrets/stub");
    query = |e| Query::new().with("secretTemplateId", e.template).with_some("folderId", e.folder);
}

/// One thing that was done to a secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecretAuditEntry {
    /// The entry's number.
    #[serde(default)]
    pub id: i32,
    /// What, such as `VIEW`.
    #[serde(default, deserialize_with = "or_default")]
    pub action: String,
    /// When.
    #[serde(default, deserialize_with = "time::optional")]
    pub date_recorded: Option<Timestamp>,
    /// Who did it.
    #[serde(default)]
    pub by_user_display_name: Option<String>,
    /// That one's sign-in name.
    #[serde(default)]
    pub username: Option<String>,
    /// More about it.
    #[serde(default)]
    pub notes: Option<String>,
    /// The ticket that asked for it.
    #[serde(default, deserialize_with = "crate::lenient::text")]
    pub ticket_number: Option<String>,
}

/// One page of `GET /v1/secrets/{id}/audits`.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct ListAudit {
    /// Of which secret.
    pub id: SecretRef,
    /// Where the page begins.
    pub skip: u32,
    /// How many entries.
    pub take: u32,
}

impl Endpoint for ListAudit {
    const OPERATION: &'static str = "secrets.audit";
    const METHOD: Method = Method::Get;
    type Response = Page<SecretAuditEntry>;

    fn path(&self) -> Path {
        self.id.segment(Path::api("v1/secrets")).literal("audits")
    }

    fn query(&self) -> Query {
        self.id.query(paging(Query::new(), self.skip, self.take, sort::DATE))
    }
}
