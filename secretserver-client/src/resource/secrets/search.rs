//! Finding secrets. `GET /v1/secrets`, `GET /v2/secrets/search-total`.

use std::sync::Arc;

use crate::error::Error;
use crate::ids::{FolderId, SecretId, SecretTemplateId};
use crate::page::{Page, Pager};
use crate::request::{DecodeError, Endpoint, Method, Path, Query, Reply};
use crate::resource::secrets::{LookupSecrets, SearchV2, Secrets, Summary};
use crate::resource::{Lookup, paging, search};

impl Secrets<'_> {
    /// Finds secrets by name or by one field, in order of their ids. Values are not part of it, and notes are not searched.
    pub fn search(&self, filter: SearchFilter) -> Pager<Summary> {
        let filter = Arc::new(filter);
        search(self.0, move |skip, take| Search { filter: Arc::clone(&filter), skip, take })
    }

    /// Like [`Secrets::search`], at the address that servers from 11.0 on have for it.
    pub fn search_v2(&self, filter: SearchFilter) -> Pager<Summary> {
        SearchV2::pager(self.0, filter)
    }

    /// How many secrets a search would find.
    ///
    /// # Errors
    /// As for [`Secrets::get`].
    pub async fn search_total(&self, filter: SearchFilter) -> Result<u32, Error> {
        self.0.request(SearchTotal { filter }).await
    }

    /// Like [`Secrets::search`], with ids and names only.
    pub fn lookup(&self, filter: SearchFilter) -> Pager<Lookup<SecretId>> {
        let filter = Arc::new(filter);
        search(self.0, move |skip, take| LookupSecrets { filter: Arc::clone(&filter), skip, take })
    }
}

/// What to find.
///
/// ```
/// # fn run(client: &secretserver_client::Client, folder: secretserver_client::FolderId) {
/// use secretserver_client::resource::secrets::SearchFilter;
/// let all_with_that_name = client.secrets().search(SearchFilter::exact_name("svc-web.corp").in_folder(folder).with_everything());
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "the server describes it so")]
pub struct SearchFilter {
    /// Only in this folder.
    pub folder_id: Option<FolderId>,
    /// Also in the folders below.
    pub include_sub_folders: bool,
    /// Part of the name, or of the searched field. Compared without case.
    pub search_text: Option<String>,
    /// The whole name, or value, must be the text.
    pub is_exact_match: bool,
    /// Also deactivated ones.
    pub include_inactive: bool,
    /// Also those behind check-out, approval, comment or a second lock.
    pub include_restricted: bool,
    /// Only of this template.
    pub secret_template_id: Option<SecretTemplateId>,
    /// Search in this field instead of the name, by its name for people.
    pub search_field: Option<String>,
    /// Search in this field instead of the name, by its name in addresses.
    pub search_field_slug: Option<String>,
}

impl SearchFilter {
    /// Secrets with exactly this name.
    pub fn exact_name(name: impl Into<String>) -> Self {
        Self { search_text: Some(name.into()), is_exact_match: true, ..Self::default() }
    }

    /// Secrets whose name has this text in it.
    pub fn text(text: impl Into<String>) -> Self {
        Self { search_text: Some(text.into()), ..Self::default() }
    }

    /// Only in this folder.
    #[must_use]
    pub fn in_folder(mut self, folder: FolderId) -> Self {
        self.folder_id = Some(folder);
        self
    }

    /// Also in the folders below.
    #[must_use]
    pub fn with_sub_folders(mut self) -> Self {
        self.include_sub_folders = true;
        self
    }

    /// Also deactivated and restricted ones: what to use before deciding that something does not exist.
    #[must_use]
    pub fn with_everything(mut self) -> Self {
        self.include_inactive = true;
        self.include_restricted = true;
        self
    }

    /// Only of this template.
    #[must_use]
    pub fn of_template(mut self, template: SecretTemplateId) -> Self {
        self.secret_template_id = Some(template);
        self
    }

    /// Search in the field with this slug instead of the name.
    #[must_use]
    pub fn by_field(mut self, slug: impl Into<String>) -> Self {
        self.search_field_slug = Some(slug.into());
        self
    }

    pub(super) fn query(&self) -> Query {
        // Clients of v1 use the first name of the template, the published document has the second. A name that the server does not know is
        // ignored, and then every template would be found.
        self.lookup_query().with_some("filter.secretTemplateIds", self.secret_template_id)
    }

    /// Looking up knows only one name of the template.
    pub(super) fn lookup_query(&self) -> Query {
        Query::new()
            .with_some("filter.folderId", self.folder_id)
            .with_flag("filter.includeSubFolders", self.include_sub_folders)
            .with_some("filter.searchText", self.search_text.as_ref())
            .with_flag("filter.isExactMatch", self.is_exact_match)
            .with_flag("filter.includeInactive", self.include_inactive)
            .with_flag("filter.includeRestricted", self.include_restricted)
            .with_some("filter.secretTemplateId", self.secret_template_id)
            .with_some("filter.searchField", self.search_field.as_ref())
            .with_some("filter.searchFieldSlug", self.search_field_slug.as_ref())
    }
}

/// One page of a search, in order of the ids.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "its arguments are those of the server's operation; more go into the filter"
)]
pub struct Search {
    /// What to find.
    pub filter: Arc<SearchFilter>,
    /// Where the page begins.
    pub skip: u32,
    /// How many entries.
    pub take: u32,
}

impl Endpoint for Search {
    const OPERATION: &'static str = "secrets.search";
    const METHOD: Method = Method::Get;
    type Response = Page<Summary>;

    fn path(&self) -> Path {
        Path::api("v1/secrets")
    }

    fn query(&self) -> Query {
        paging(self.filter.query(), self.skip, self.take, crate::resource::sort::ID)
    }
}

/// How many a search would find. The answer is a number, or a number in a string.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "see Search")]
pub struct SearchTotal {
    /// What to count.
    pub filter: SearchFilter,
}

impl Endpoint for SearchTotal {
    const OPERATION: &'static str = "secrets.search_total";
    const METHOD: Method = Method::Get;
    type Response = u32;

    fn path(&self) -> Path {
        Path::api("v2/secrets/search-total")
    }

    fn query(&self) -> Query {
        self.filter.query()
    }

    fn decode(&self, reply: &Reply) -> Result<u32, DecodeError> {
        reply.text()?.trim().trim_matches('"').parse().or_else(|_| reply.json())
    }
}
