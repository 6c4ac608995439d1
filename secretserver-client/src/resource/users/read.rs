//! Finding and reading users.

use crate::ids::{DomainId, UserId};
use crate::page::Page;
use crate::request::{Endpoint, Method, Path, Query};
use crate::resource::users::{CurrentUser, Domain, User, UserSummary};
use crate::resource::{Lookup, endpoint, paging, search_endpoint};

/// Which users to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserFilter {
    /// Part of the name: compare whole names yourself.
    pub search_text: Option<String>,
    /// Only in these fields, by their names in [`UserSummary`] as the server writes them, such as `userName`.
    pub search_fields: Vec<String>,
    /// Only from this directory domain.
    pub domain_id: Option<DomainId>,
    /// Only these.
    pub user_ids: Vec<UserId>,
    /// Also disabled ones.
    pub include_inactive: bool,
}

impl UserFilter {
    /// Users whose name has this text in it.
    pub fn text(text: impl Into<String>) -> Self {
        Self { search_text: Some(text.into()), ..Self::default() }
    }

    /// Only from this directory domain.
    #[must_use]
    pub fn in_domain(mut self, domain: DomainId) -> Self {
        self.domain_id = Some(domain);
        self
    }

    /// Also disabled ones.
    #[must_use]
    pub fn with_inactive(mut self) -> Self {
        self.include_inactive = true;
        self
    }

    fn query(&self) -> Query {
        Query::new()
            .with_some("filter.searchText", self.search_text.as_ref())
            .with_each("filter.searchFields", &self.search_fields)
            .with_some("filter.domainId", self.domain_id)
            .with_each("filter.userIds", &self.user_ids)
            .with_flag("filter.includeInactive", self.include_inactive)
    }
}

/// Which application accounts to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountFilter {
    /// Part of the name.
    pub search_text: Option<String>,
    /// Whether also disabled ones; the server's choice, which is yes, if not set.
    pub include_inactive: Option<bool>,
}

impl AccountFilter {
    /// Accounts whose name has this text in it.
    pub fn text(text: impl Into<String>) -> Self {
        Self { search_text: Some(text.into()), ..Self::default() }
    }

    /// Enabled ones only.
    #[must_use]
    pub fn enabled_only(mut self) -> Self {
        self.include_inactive = Some(false);
        self
    }

    fn query(&self) -> Query {
        Query::new()
            .with_some("filter.searchText", self.search_text.as_ref())
            .with_some("filter.includeInactive", self.include_inactive)
    }
}

search_endpoint! {
    /// One page of `GET /v1/users`.
    pub struct SearchUsers(UserFilter);
    "users.search" => UserSummary;
    path = |_| Path::api("v1/users");
    sort = crate::resource::sort::ID;
}

search_endpoint! {
    /// One page of `GET /v1/users/lookup`.
    pub struct LookupUsers(UserFilter);
    "users.lookup" => Lookup<UserId>;
    path = |_| Path::api("v1/users/lookup");
    sort = crate::resource::sort::ID;
}

search_endpoint! {
    /// One page of `GET /v1/application-accounts/lookup`.
    pub struct LookupApplicationAccounts(AccountFilter);
    "users.application_accounts" => Lookup<UserId>;
    path = |_| Path::api("v1/application-accounts/lookup");
    sort = crate::resource::sort::ID;
}

/// One page of `GET /v1/domains`.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "its arguments are those of the server's operation")]
pub struct ListDomains {
    /// Where the page begins.
    pub skip: u32,
    /// How many entries.
    pub take: u32,
}

impl Endpoint for ListDomains {
    const OPERATION: &'static str = "users.domains";
    const METHOD: Method = Method::Get;
    type Response = Page<Domain>;

    fn path(&self) -> Path {
        Path::api("v1/domains")
    }

    fn query(&self) -> Query {
        paging(Query::new(), self.skip, self.take, crate::resource::sort::DOMAIN_ID)
    }
}

endpoint! {
    /// `GET /v1/users/current`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetCurrentUser;
    "users.current": Get => CurrentUser;
    path = |_| Path::api("v1/users/current");
}

endpoint! {
    /// `GET /v1/users/{id}`.
    #[derive(Clone, Copy, Debug)]
    pub struct GetUser {
        /// Which.
        pub id: UserId,
        /// Also if it is disabled.
        pub include_inactive: bool,
    }
    "users.get": Get => User;
    path = |e| Path::api("v1/users").id(e.id);
    query = |e| Query::new().with_flag("includeInactive", e.include_inactive);
}

endpoint! {
    /// `GET /v1/users/stub`: a new user as the server would fill it in. It has no id yet.
    #[derive(Clone, Copy, Debug)]
    pub struct GetUserStub;
    "users.stub": Get => UserStub;
    path = |_| Path::api("v1/users/stub");
}

/// A new user as the server would fill it in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserStub {
    /// Whether it would be enabled.
    #[serde(default, deserialize_with = "crate::resource::or_default")]
    pub enabled: bool,
    /// Whether it would need a second factor.
    #[serde(default, deserialize_with = "crate::resource::or_default")]
    pub two_factor: bool,
    /// Whether it would be an application account.
    #[serde(default, deserialize_with = "crate::resource::or_default")]
    pub is_application_account: bool,
    /// The directory domain it would come from.
    #[serde(default, deserialize_with = "crate::ids::optional")]
    pub domain_id: Option<DomainId>,
}
